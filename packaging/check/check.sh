#!/usr/bin/env bash
# ./run package --check [CHECK...]: makes the packages and uses them as people would, as root, in fresh
# systems of their own. Minutes, and the first time a download of Debian; not a part of ./run test.
# CHECK_PACKAGES=DIR takes packages that were built before.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$(dirname "$here")")
[ "$(id -u)" -eq 0 ] || { echo "package: --check makes systems of its own and needs root" >&2; exit 1; }
[ "${1:-}" != --inside ] || { shift; inside=1; }
# Mounts and processes of its own: whatever a check leaves behind ends with this script.
[ -n "${inside:-}" ] || exec unshare --mount --propagation private --pid --fork --kill-child --mount-proc "$0" --inside "$@"

all=(reproduce lint sign deb rpm msi systemd)
checks=("$@")
[ ${#checks[@]} -gt 0 ] || checks=("${all[@]}")
for c in "${checks[@]}"; do
	[[ " ${all[*]} " == *" $c "* ]] || { echo "package: the checks are ${all[*]}" >&2; exit 2; }
done

work=$(mktemp -d "${TMPDIR:-/tmp}/assent-check.XXXXXX")
tmux=assent-check-$$
export PYTHONDONTWRITEBYTECODE=1
finish() {
	tmux -L "$tmux" kill-server 2>/dev/null || true
	# nothing of what is mounted here may be removed with it
	findmnt -rno TARGET | { grep "^$work" || true; } | sort -r | while read -r m; do umount -l "$m" || true; done
	rm -rf --one-file-system "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM HUP
. "$here/lib.sh"

packages=${CHECK_PACKAGES:-$work/packages}
if [ -z "${CHECK_PACKAGES:-}" ]; then
	printf '== packages\n' >&2
	"$here/../package.sh" --out "$packages" >/dev/null 2>"$work/package.log" || { tail -20 "$work/package.log" >&2; bad "the packages cannot be built"; }
fi
for c in "${checks[@]}"; do
	printf '== %s: %s\n' "$c" "$(sed -n '2s/^# //p' "$here/$c.sh")" >&2
	# in a process of its own: a check that fails leaves, and the others still run
	(. "$here/$c.sh") && passed=$((${passed:-0} + 1)) || failed=$((${failed:-0} + 1))
done
printf '%d passed, %d failed\n' "${passed:-0}" "${failed:-0}"
[ "${failed:-0}" -eq 0 ]
