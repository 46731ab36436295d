# shellcheck shell=bash
# the same commit gives the same bytes, in another folder, at another time, for another locale

# a copy with its history, deeper in the tree than this one
copy=$work/another/folder/with/a/longer/name
mkdir -p "$copy"
(cd "$root" && git ls-files -co --exclude-standard -z | tar --null --no-recursion -cf - -T -) | tar -C "$copy" -xf -
cp -r "$(git -C "$root" rev-parse --absolute-git-dir)" "$copy/.git"
mkdir -p "$work/elsewhere"
(umask 077 && cd / && TMPDIR=$work/elsewhere XDG_CACHE_HOME=${XDG_CACHE_HOME:-$HOME/.cache} TZ=Asia/Tokyo LANG=C.UTF-8 HOME=$work "$copy/packaging/package.sh" --out "$work/again" >/dev/null 2>&1) ||
	bad "the packages cannot be built a second time"

count=0
for file in "$packages"/*; do
	name=$(basename "$file")
	case $name in SHA256SUMS*) continue ;; esac
	cmp "$file" "$work/again/$name" >&2 || bad "$name differs"
	count=$((count + 1))
done
[ "$count" -ge 14 ] || bad "only $count files were compared"
say "$count files, the same bytes"
