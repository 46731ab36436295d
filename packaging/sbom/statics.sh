#!/usr/bin/env bash
# statics.sh BUILD: which libraries from outside are inside which program, one "PROGRAM LIBRARY" a
# line: those the program was linked with of which it has a symbol. What is inside a program does
# not show in its dynamic dependencies, and belongs into its bill of materials all the same.
set -euo pipefail
build=$1

symbols() { nm "$@" 2>/dev/null | awk 'NF >= 2 && $(NF - 1) ~ /^[TtDdRrBb]$/ { print $NF }' | LC_ALL=C sort -u; }

for program in $(cd "$build" && find bin libexec -type f -name 'assent-*' | LC_ALL=C sort); do
	for library in $(ninja -C "$build" -t commands "$program" | tail -1 | tr ' ' '\n' | grep '^/.*\.a$' | LC_ALL=C sort -u); do
		[ -z "$(LC_ALL=C comm -12 <(symbols --defined-only -g "$library") <(symbols "$build/$program") | head -1)" ] ||
			printf '%s %s\n' "$(basename "$program")" "$library"
	done
done
