#!/usr/bin/env bash
# The structure checks: what the folders promise, checked on the sources and on the programs.
# Usage: structure.sh BUILD (a folder with built programs)
set -u
cd "$(dirname "$0")/.."
build=$1
bad=0
check() { # WHAT COMMAND...
	local what=$1
	shift
	if "$@"; then printf 'ok    %s\n' "$what"; else printf 'FAIL  %s\n' "$what"; bad=1; fi
}

formatted() { git ls-files -co --exclude-standard '*.c' '*.h' | xargs clang-format --dry-run -Werror; }

# What the relay does not link it cannot do: no symbol of the rooms beyond transport.
relay_is_blind() {
	local lib
	for lib in e2e; do
		nm --defined-only -g "$(find "$build" -name "lib$lib.a")" 2>/dev/null | awk 'NF == 3 { print $3 }'
	done | sort -u >"$build/e2e.symbols"
	[ -s "$build/e2e.symbols" ] || { echo "no symbols of e2e found: the check itself is broken"; return 1; }
	! nm "$build/bin/assent-relay" | awk '{ print $NF }' | sort -u | comm -12 - "$build/e2e.symbols" | grep .
}

# Collectors have no TLS and no event loop; the broker has no transport.
links_nothing_of() { # PROGRAM PATTERN
	! readelf -d "$1" | grep NEEDED | grep -E "$2"
}

main_is_short() {
	local f n
	for f in $(git ls-files -co --exclude-standard '*/main.c'); do
		n=$(wc -l <"$f")
		[ "$n" -le 100 ] || { echo "$f has $n lines"; return 1; }
	done
}

no_generated_files() { ! git ls-files | grep -E '\.pb\.[ch]$|^build/'; }

# One environment variable, option or file that answers the prompt would break the first promise.
no_bypass() {
	local b
	for b in assent-agent assent-console assent-relay; do
		! strings "$build/bin/$b" | grep -iE 'ASSENT_(TEST|DEBUG|YES|ALLOW|INSECURE)|--(yes|insecure|allow|unattended|test)\b' || return 1
	done
}

check "include walls" sh .ci/rooms.sh
check "clang-format" formatted
check "the relay links nothing of e2e" relay_is_blind
check "assent-collect links no TLS, no loop" links_nothing_of "$build/libexec/assent-collect" 'libssl|libcrypto|libuv'
check "assent-dial links no libsystemd, no zlib" links_nothing_of "$build/libexec/assent-dial" 'libsystemd|libz'
check "main.c stays short" main_is_short
check "nothing generated is committed" no_generated_files
check "no bypass in the programs" no_bypass
exit $bad
