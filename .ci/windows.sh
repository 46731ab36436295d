#!/usr/bin/env bash
# What the Windows programs promise as files. Usage: windows.sh BUILD (build/windows)
set -u
cd "$(dirname "$0")/.."
build=$1
target=x86_64-w64-mingw32
programs=("$build/bin/assent-agent.exe" "$build/libexec/assent-collect.exe")
bad=0
check() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@"; then printf 'ok    %s\n' "$what"; else printf 'FAIL  %s\n' "$what"; bad=1; fi
}

# The libraries of every Windows 10; what only some have is looked for at run time.
system='advapi32|bcrypt|comctl32|crypt32|dbghelp|gdi32|iphlpapi|kernel32|mpr|msvcrt|ole32|oleaut32|psapi|secur32|shell32|user32|userenv|version|winhttp|ws2_32'

imports() { $target-objdump -p "$1" | sed -n 's/.*DLL Name: //p'; }
only_system_dlls() {
	local p
	for p in "${programs[@]}"; do
		[ -n "$(imports "$p")" ] || { echo "$p imports nothing: the check itself is broken"; return 1; }
		! imports "$p" | grep -viE "^($system)\.dll$" || return 1
	done
}

collect_has_no_tls() { ! imports "$build/libexec/assent-collect.exe" | grep -iE 'winhttp|secur32' && ! strings "$build/libexec/assent-collect.exe" | grep -i 'openssl'; }

# Nobody learns from a program where it was built.
no_build_paths() {
	local p
	for p in "${programs[@]}"; do
		! strings "$p" | grep -F -e "$PWD" -e "$HOME/" -e "${XDG_CACHE_HOME:-$HOME/.cache}" -e /tmp/ | grep -F / || return 1
	done
}

small_enough() {
	local n=0 p
	for p in "${programs[@]}"; do n=$((n + $(stat -c %s "$p"))); done
	printf '      %d bytes together\n' "$n"
	[ "$n" -lt 6000000 ]
}

# ASLR with 64 bits, no execution of data.
hardened() {
	local p
	for p in "${programs[@]}"; do
		for flag in HIGH_ENTROPY_VA DYNAMIC_BASE NX_COMPAT; do
			$target-objdump -p "$p" | grep -q "$flag" || { echo "$p: no $flag"; return 1; }
		done
	done
}

has_manifest() { strings "$build/bin/assent-agent.exe" | grep -q 'activeCodePage.*UTF-8' && strings "$build/bin/assent-agent.exe" | grep -q 'level="asInvoker"'; }

no_bypass() {
	local p
	for p in "${programs[@]}"; do
		! strings "$p" | grep -iE 'ASSENT_(TEST|DEBUG|YES|ALLOW|INSECURE)|--(yes|insecure|allow|unattended|test)\b' || return 1
	done
}

check "only system DLLs are imported" only_system_dlls
check "assent-collect.exe has no TLS" collect_has_no_tls
check "no path of the build machine" no_build_paths
check "less than 6 MB together" small_enough
check "address space and data are protected" hardened
check "the manifest asks for no rights" has_manifest
check "no bypass in the Windows programs" no_bypass
exit $bad
