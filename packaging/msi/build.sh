#!/usr/bin/env bash
# The msi package of the agent for Windows, with wixl and msibuild: see ../package.sh for the arguments.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$1 work=$2 out=$3

# Windows compares three numbers, so snapshots have the version of the release they lead to; their
# names, and the codes by which Windows knows them, tell them apart.
version=${PACKAGE_VERSION%%~*}
name=assent-agent-$PACKAGE_VERSION-x64
product=$(python3 -c 'import sys, uuid; print(str(uuid.uuid5(uuid.UUID("6bd5c1e5-7c27-5e0b-9a53-0f3c6a0f8e11"), sys.argv[1])).upper())' "$name")

cd "$source"
ASSENT_SYSROOT=$(cmake/mingw64/deps.sh)
export ASSENT_SYSROOT
cmake --preset windows
cmake --build --preset windows -- bin/assent-agent.exe libexec/assent-collect.exe
"$here/../../.ci/windows.sh" "$PWD/build/windows"

# Which library is inside which program, by the line that linked it: "PROGRAM SOURCE VERSION".
source_of() {
	case $1 in
	libcrypto | libssl) echo openssl ;;
	libz) echo zlib ;;
	libuv) echo libuv1 ;;
	libprotobuf-nanopb) echo nanopb ;;
	libpcre2-8) echo pcre2 ;;
	*) echo "$1" ;;
	esac
}
for program in bin/assent-agent.exe libexec/assent-collect.exe; do
	ninja -C build/windows -t commands "$program" | tail -1 | tr ' ' '\n' | grep "^$ASSENT_SYSROOT/.*\.a$" | while read -r library; do
		name=$(source_of "$(basename "$library" .a)")
		version_of=$(awk -v n="$name" '$1 == n { print $2 }' "$ASSENT_SYSROOT/versions")
		[ -n "$version_of" ] || { echo "$library: from where?" >&2; exit 1; }
		printf '%s %s %s\n' "$(basename "$program")" "$name" "$version_of"
	done | LC_ALL=C sort -u
done >"$work/statics"
# A library that is nothing but a header leaves no archive: it is in the program that links the room whose
# objects read it.
ninja -C build/windows -t deps 2>/dev/null | awk '/^[^ ]/ { object = $1 } /\/xxhash\.h$/ { print object }' |
	sed -n 's|^\(.*\)/CMakeFiles/\([a-z0-9_]*\)\.dir/.*|\1/lib\2.a|p' | sort -u >"$work/with-xxhash"
for program in bin/assent-agent.exe libexec/assent-collect.exe; do
	if ninja -C build/windows -t commands "$program" | tail -1 | tr ' ' '\n' | grep -qxF -f "$work/with-xxhash"; then
		printf '%s xxhash %s\n' "$(basename "$program")" "$(awk '$1 == "xxhash" { print $2 }' "$ASSENT_SYSROOT/versions")"
	fi
done >>"$work/statics"
grep -q ' xxhash [0-9]' "$work/statics" || { echo "nobody has xxhash inside: that cannot be" >&2; exit 1; }
LC_ALL=C sort -u -o "$work/statics" "$work/statics"
[ -s "$work/statics" ] || { echo "no library is inside the programs: that cannot be" >&2; exit 1; }

mkdir -p "$work/files"
cp build/windows/bin/assent-agent.exe build/windows/libexec/assent-collect.exe "$work/files/"
sed 's/$/\r/' LICENSE >"$work/files/LICENSE.txt"
cmake/mingw64/deps.sh --licences "$work/licences" >/dev/null
while read -r _ library version_of; do # who is inside is named with his licence
	grep -qxF "==== $library $version_of ====" "$work/licences" || { echo "$library $version_of: no licence" >&2; exit 1; }
done <"$work/statics"
sed 's/\r*$/\r/' "$work/licences" >"$work/files/THIRD-PARTY-LICENSES.txt"
cp build/windows/agent/icon/app.ico "$work/files/"
chmod 644 "$work/files"/*
touch -d "@$SOURCE_DATE_EPOCH" "$work/files"/*

# wixl looks for files where the description is.
cp "$here/assent-agent.wxs" "$work/"
# It warns and goes on when it does not know a word, so a warning is a failure.
said=$(wixl -a x64 -D VERSION="$version" -D MAKER="${PACKAGE_MAINTAINER%% <*}" -D PRODUCT="$product" -D FILES=files \
	-o "$work/$name.msi" "$work/assent-agent.wxs" 2>&1) && [ -z "$said" ] || { printf 'wixl: %s\n' "$said" >&2; exit 1; }
"$here/finish.sh" "$work/$name.msi" "$version"
"$here/normal.py" "$work/$name.msi" "$SOURCE_DATE_EPOCH"
[ "$(stat -c %s "$work/$name.msi")" -lt 6000000 ] || { echo "the msi has 6 MB or more" >&2; exit 1; }
mv "$work/$name.msi" "$out/"
