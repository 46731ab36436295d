#!/usr/bin/env bash
# test.sh ROOT: the menu entry below ROOT is valid, starts what is installed, and its window stays
# open after the program has ended, whatever the program said.
set -uo pipefail
root=$1
bad=0
fail() { printf 'FAIL  %s\n' "$*"; bad=1; }

entry=$(find "$root" -name assent-agent.desktop)
said=$(desktop-file-validate "$entry") || fail "$said"
[ -z "$said" ] || fail "$said"
grep -qx 'Terminal=true' "$entry" || fail "the menu entry opens no terminal"
window=$(sed -n 's/^Exec=//p' "$entry")
[ -x "$root$window" ] || fail "the menu entry starts $window, which is not installed"
icon=$(find "$root" -name "$(sed -n 's/^Icon=//p' "$entry").svg")
python3 -c 'import sys, xml.dom.minidom; xml.dom.minidom.parse(sys.argv[1])' "$icon" || fail "the icon is no svg"

# In a window without a configuration: the message, the wait for Enter, and the agent's exit code.
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
sed "s|^/[^ ]*/assent-agent support|$(find "$root" -path '*bin/assent-agent') support --config /nonexistent/agent.conf|" "$root$window" >"$work/window"
out=$(echo | sh "$work/window" 2>&1)
code=$?
[ $code -eq 20 ] || fail "the window ends with $code, not with the agent's 20"
case "$out" in
*"Ask your support organisation"*"Press Enter"*) ;;
*) fail "the window says: $out" ;;
esac
exit $bad
