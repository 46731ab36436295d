#!/usr/bin/env bash
# A wine prefix for the tests, as Windows 10, made once and kept; each build gets a copy of its own,
# so that nothing that runs beside it matters.
# Usage: wine.sh FOLDER    FOLDER: where the copy goes; one that is there is left as it is
set -euo pipefail
copy=$1
cache=${XDG_CACHE_HOME:-${HOME:-/var/cache}/.cache}/assent
kept=$cache/wine-$(dpkg-query -W -f='${Version}' wine | tr -c 'a-zA-Z0-9.\n' _)-1

[ -f "$copy/system.reg" ] && exit 0
mkdir -p "$cache"
exec 9>"$cache/wine.lock"
flock 9
if [ ! -f "$kept/complete" ]; then
	printf '== making a wine prefix, once (kept in %s)\n' "$kept" >&2
	rm -rf "$kept"
	export WINEPREFIX=$kept WINEDEBUG=-all
	unset DISPLAY
	# wine wants to be waited for, and holds our lock for as long as it runs
	{ wineboot -i && wine winecfg -v win10 && wineserver -w; } >"$cache/wine.log" 2>&1 9>&- ||
		{ cat "$cache/wine.log" >&2; exit 1; }
	touch "$kept/complete"
fi
rm -rf "$copy"
mkdir -p "$(dirname "$copy")"
cp -a --reflink=auto "$kept" "$copy"
