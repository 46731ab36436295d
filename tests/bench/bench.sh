#!/usr/bin/env bash
# ./run bench: measures the programs of build/bench and keeps the figures in build/bench/results.json.
# Arguments go to assent-bench: --runs N, and names of measures (none: all of them).
set -euo pipefail
cd "$(dirname "$0")/../.."
build=$(realpath "${BENCH_BUILD:-build/bench}")

about=(--about "system=$(. /etc/os-release && echo "$PRETTY_NAME")"
	--about "processor=$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -1)"
	--about "compiler=$(sed -n 's/^CMAKE_C_COMPILER:[^=]*=//p' "$build/CMakeCache.txt") $(
		"$(sed -n 's/^CMAKE_C_COMPILER:[^=]*=//p' "$build/CMakeCache.txt")" -dumpfullversion)"
	--about "date=$(date -u +%FT%TZ)")
for library in libuv openssl zlib jansson libarchive; do
	about+=(--about "$library=$(pkg-config --modversion "$library")")
done
if commit=$(git rev-parse --short HEAD 2>/dev/null); then
	[ -z "$(git status --porcelain 2>/dev/null)" ] || commit+=" and changes"
	about+=(--about "commit=$commit")
fi

"$build/tests/bench/assent-bench" --programs "$build/bin" --json "$build/results.json" "${about[@]}" "$@"
echo
echo "The figures, and every single value behind them: $build/results.json"
