#!/usr/bin/env bash
# A wine prefix for the tests, as Windows 10, made once and kept; each build gets a copy of its own,
# so that nothing that runs beside it matters.
# Usage: wine.sh FOLDER          FOLDER: where the copy goes; one that is there is left as it is
#        wine.sh FOLDER --like COPY   a small prefix for one test: its own registry and users, and
#                                     COPY's programs, which nobody changes
set -euo pipefail
copy=$1

if [ "${2:-}" = --like ]; then
	like=$3
	mkdir -p "$copy/drive_c" "$copy/dosdevices"
	cp -a "$like"/*.reg "$like/.update-timestamp" "$copy/"
	cp -a "$like/drive_c/users" "$like/drive_c/ProgramData" "$copy/drive_c/"
	for programs in windows "Program Files" "Program Files (x86)"; do
		ln -s "$like/drive_c/$programs" "$copy/drive_c/$programs"
	done
	ln -s ../drive_c "$copy/dosdevices/c:"
	ln -s / "$copy/dosdevices/z:"
	exit 0
fi
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
