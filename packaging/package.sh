#!/usr/bin/env bash
# ./run package: the packages of this commit, the same bytes wherever and whenever they are built.
#
# A kind of package is a folder beside this file with a build.sh and, when packages of the kind can carry
# a signature, a sign.sh; nothing here knows the kinds. They get what is the same for all:
#   build.sh SOURCE WORK OUT   packages into OUT; WORK is for everything else, and in it statics
#                              lists the libraries that were linked into the programs
#   sign.sh FILE KEY           the signature inside FILE
# with PACKAGE_VERSION, PACKAGE_MAINTAINER and SOURCE_DATE_EPOCH in the environment.
#
# CPack was tried and left: its debs have no scripts for systemd, sysusers and tmpfiles but those we
# would copy into it, its rpms make every file in /etc a %config and need a generated specification. debhelper and
# rpmbuild do both as a distribution does, which can take deb/debian and rpm/assent.spec as they are.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
usage='usage: ./run package [--format deb|msi|rpm]... [--out DIR] [--sign KEY]
       ./run package --check [CHECK...]

  --format deb|msi|rpm
                    only these; may be repeated
  --out DIR         where the packages go (default: dist)
  --sign KEY        sign packages and checksums with this OpenPGP key (or: ASSENT_SIGN_KEY)
  --check           build, then install, use, upgrade and remove them for real (minutes, as root)'

say() { printf '== %s\n' "$*" >&2; }
die() { printf 'package: %s\n' "$*" >&2; exit 1; }

# A release when the commit has its tag; else a snapshot, which sorts before the release.
version() {
	local base commit
	base=$(sed -n 's/^project(assent VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
	if ! commit=$(git -C "$root" rev-parse --short=7 HEAD 2>/dev/null) ||
		[ "$(git -C "$root" tag --points-at HEAD "v$base")" = "v$base" ]; then
		printf '%s\n' "$base"
		return
	fi
	printf '%s~git%s.%s%s\n' "$base" "$(TZ=UTC git -C "$root" log -1 --date=format-local:%Y%m%d%H%M --format=%cd)" "$commit" \
		"$([ -z "$(git -C "$root" status --porcelain)" ] || printf '.changed')"
}

# What is committed or could be: never what lies about, and in the same order everywhere.
export_source() { # DIR
	mkdir -p "$1"
	(cd "$root" && git ls-files -co --exclude-standard -z | LC_ALL=C sort -z | tar --no-recursion --null -cf - -T -) | tar -C "$1" -xf -
}

formats=()
out=$root/dist
key=${ASSENT_SIGN_KEY:-}
while [ $# -gt 0 ]; do
	case "$1" in
	--format) [ -x "$here/${2:-}/build.sh" ] || die "there is no kind of package '${2:-}'"; formats+=("$2"); shift 2 ;;
	--out) [ -n "${2:-}" ] || die "--out needs a folder"; out=$2; shift 2 ;;
	--sign) [ -n "${2:-}" ] || die "--sign needs a key"; key=$2; shift 2 ;;
	--check) shift; exec "$here/check/check.sh" "$@" ;;
	--help | -h) printf '%s\n' "$usage"; exit 0 ;;
	*) printf '%s\n' "$usage" >&2; exit 2 ;;
	esac
done
if [ ${#formats[@]} -eq 0 ]; then
	for f in "$here"/*/build.sh; do formats+=("$(basename "$(dirname "$f")")"); done
fi

umask 022
export LC_ALL=C TZ=UTC
PACKAGE_VERSION=${PACKAGE_VERSION:-$(version)}
PACKAGE_MAINTAINER=${PACKAGE_MAINTAINER:-The Assent developers <assent@example.org>}
SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$(git -C "$root" log -1 --format=%ct)}
export PACKAGE_VERSION PACKAGE_MAINTAINER SOURCE_DATE_EPOCH
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/assent-package.XXXXXX")
trap 'rm -rf "$work"' EXIT

made=()
for format in "${formats[@]}"; do
	say "$format packages of $PACKAGE_VERSION"
	export_source "$work/$format/source"
	mkdir -p "$work/$format/out"
	"$here/$format/build.sh" "$work/$format/source" "$work/$format" "$work/$format/out" >"$work/$format.log" 2>&1 ||
		{ tail -40 "$work/$format.log" >&2; die "the $format packages cannot be built"; }
	for file in "$work/$format/out"/*; do
		name=$(basename "$file")
		[ -z "$key" ] || "$here/$format/sign.sh" "$file" "$key"
		python3 "$here/sbom/generate.py" "$file" --statics "$work/$format/statics" >"$work/$name.spdx.json"
		mv "$file" "$out/$name"
		mv "$work/$name.spdx.json" "$out/$name.spdx.json"
		made+=("$name" "$name.spdx.json")
	done
done
(cd "$out" && sha256sum "${made[@]}" >SHA256SUMS)
rm -f "$out/SHA256SUMS.asc"
[ -z "$key" ] || gpg --batch --yes --armor --local-user "$key" --detach-sign --output "$out/SHA256SUMS.asc" "$out/SHA256SUMS"
for name in "${made[@]}"; do printf '%9d %s\n' "$(stat -c %s "$out/$name")" "$name"; done
say "they are in $out"
