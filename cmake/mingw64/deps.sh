#!/usr/bin/env bash
# The libraries of the Windows programs, built once and kept: static, for x86-64, from Debian's
# source packages. Prints the folder they are in (the sysroot).
#
# Usage: deps.sh [FOLDER]            FOLDER: where to keep them; default ${XDG_CACHE_HOME:-~/.cache}/assent
#        deps.sh --licences FILE     their licences as one text, from the same sources
#
# Sources come from the mirror that this computer's apt uses, through apt's own downloader. A
# source is taken only if its .dsc has the hash that stands here; the .dsc holds the hashes of the
# rest, and dpkg-source checks those. Mirrors drop old versions, so each library has several known
# ones, newest first. When none is left: add a line (the hash is in the Sources index of a signed
# release), run this script, run the tests, commit.
set -euo pipefail

# library, version, SHA-256 of the .dsc, folder below pool/main, name
sources='
openssl 3.5.9-1~deb13u1 b038dfab5ee111242b7439e07c820d228519273e7fd1f514014b039e929aad9f o/openssl
openssl 3.5.7-1~deb13u3 9cdb0d9daf0773ca5c0f3f5ea1fc59b1106a99e005a5c048948b826e8d3b47e1 o/openssl
openssl 3.5.7-1~deb13u2 25904642004d30c5c3da4642a72a7d09f8d9eb6e5ce62dab53c0371114faf8f2 o/openssl
openssl 3.5.6-1~deb13u2 6a7f8fef28a5134eeb1a88435c35704f6200a268b913232eca09775651a19210 o/openssl
zlib 1.3.dfsg+really1.3.1-1+deb13u1 7954224611bd043d62c094abf81cefcf9d97276479fc495767fcbc92cc6552f2 z/zlib
zlib 1.3.dfsg+really1.3.1-1 ede2791e29c1d3b422f9208bdd7edf040c20445ea1e7453a72037576e64fa197 z/zlib
zlib 1.2.13.dfsg-1 3fa1e6b2fc525062aa88207dda52fed8e045373c809d362fe8a2bfbf7cf515a8 z/zlib
libuv1 1.50.0-2 5691ae93bdd0c9b147e76290bc8816c805f565b6a52ad23691a31b6092056abc libu/libuv1
nanopb 0.4.7-2 49027ea6f5e16fdc740868833346b6f073485ac44bcdcfa92069f43563eedbe7 n/nanopb
pcre2 10.46-1~deb13u3 5f317534eff1e33f0a5690a866ba2f2c9399c60ce9b74c89039d4de372420c5c p/pcre2
pcre2 10.46-1~deb13u1 15fd556b0182dac4decee5408ab4908654bb6a7f2002774a46e908c1ec7937b8 p/pcre2
pcre2 10.42-1 726dafe7a8d07332d4df61edf23f384ddb158b2b263846273d1103b6b9a7c176 p/pcre2
libzstd 1.5.7+dfsg-1 8f6ab97fa772d921334e50fa5756a0951e23c718dc913e43a228f28c1a23adf9 libz/libzstd
libzstd 1.5.4+dfsg2-5 8f602f92b575aa8b5e979196fb6ee82d78f233521dc9636526d3ecba1f63c1b1 libz/libzstd
xxhash 0.8.3-2 9d1f7aaace7871fbdb8775d756c6eaca84e6ad5d8e9c6ac465b7e0adc06ff90c x/xxhash
xxhash 0.8.1-1 4a961627c06efc8fa3bc4b06ee9dba6cfaf092f2550b88d63e9218a2728721b4 x/xxhash
'

target=x86_64-w64-mingw32
here=$(cd "$(dirname "$0")" && pwd)
licences=
[ "${1:-}" != --licences ] || { licences=$2; shift 2; }
cache=${1:-${XDG_CACHE_HOME:-${HOME:-/var/cache}/.cache}/assent}

say() { printf '== %s\n' "$*" >&2; }
die() { printf 'deps.sh: %s\n' "$*" >&2; exit 1; }

command -v $target-gcc >/dev/null || die "$target-gcc is missing: apt-get install gcc-mingw-w64-x86-64"

mkdir -p "$cache"
exec 9>"$cache/lock"
flock 9 # two builds at once would do the work twice

jobs=$(nproc)
work= # of the library that is being built

# ---- sources ----

# Every place that may hold a pool: the sites apt knows, and their two layouts.
pools() {
	apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 2>/dev/null | sort -u | grep -i debian |
		while read -r site; do printf '%s/pool/main\n%s/pool/updates/main\n' "$site" "$site"; done
}

get() { # POOL-PATH FILE SHA256
	local pool
	for pool in $(pools); do
		/usr/lib/apt/apt-helper download-file "$pool/$1" "$2" "SHA256:$3" >>"$work/download.log" 2>&1 && return 0
		rm -f "$2"
	done
	return 1
}

# The hashes in a .dsc: "SHA256 SIZE NAME" below "Checksums-Sha256:".
files_of() { awk '/^[^ ]/ { on = /^Checksums-Sha256:/ } on && NF == 3 { print $1, $3 }' "$1"; }

fetch() { # LIBRARY: unpacked into $work/LIBRARY
	local name=$1 version hash dir dsc file sum
	while read -r _ version hash dir; do
		dsc=${dir##*/}_$version.dsc
		get "$dir/$dsc" "$work/$dsc" "$hash" || continue
		while read -r sum file; do
			get "$dir/$file" "$work/$file" "$sum" || continue 2
		done < <(files_of "$work/$dsc")
		(cd "$work" && dpkg-source --no-copy -x "$dsc" "$name" >"$name.log" 2>&1) || die "$dsc cannot be unpacked: $(tail -1 "$work/$name.log")"
		printf '%s %s\n' "$name" "$version" >>"$prefix/versions"
		say "$name $version"
		return 0
	done < <(grep "^$name " <<<"$sources")
	die "no known version of $name can be had from this computer's mirror (tried:$(awk -v n="$name" '$1 == n { printf " %s", $2 }' <<<"$sources")); add the mirror's version to cmake/mingw64/deps.sh as its head says"
}

quietly() { # NAME COMMAND...: the output only when it fails
	local log=$work/$1.log
	shift
	"$@" >"$log" 2>&1 || { tail -40 "$log" >&2; die "failed: $*"; }
}

# ---- builds ----

# No machine's paths in the programs: __FILE__ is cut, and OpenSSL's own folders lead nowhere. Whatever could
# load code or configuration at run time is left out, so nothing is ever looked for there. (Sections
# for each function and datum would make the programs larger: GNU ld stores empty data then.)
flags_for() { # LIBRARY; what only moves bytes is made small, what computes is made fast
	local o=-O2
	[ "$1" = openssl ] && o=-Os
	printf '%s' "$o -ffile-prefix-map=$work=."
}

build_openssl() {
	cd "$work/openssl"
	quietly openssl ./Configure mingw64 --cross-compile-prefix=$target- --prefix=/nonexistent --libdir=lib \
		--openssldir=/nonexistent/ssl no-shared no-tests no-apps no-docs no-demos no-h3demo no-hqinterop \
		no-engine no-dso no-module no-legacy no-ssl3 no-tls1 no-tls1_1 no-dtls no-srtp no-nextprotoneg \
		no-comp no-psk no-srp no-ssl-trace no-aria no-bf no-blake2 no-camellia no-cast no-idea no-md4 \
		no-mdc2 no-ocb no-rc2 no-rc4 no-rmd160 no-seed no-siphash no-siv no-sm2 no-sm3 no-sm4 no-whirlpool \
		no-gost no-ec2m no-dsa no-cmp no-cms no-ct no-ts no-ocsp no-rfc3779 no-multiblock no-async \
		no-autoload-config no-ui-console no-filenames no-uplink no-capieng no-padlockeng no-static-engine \
		no-dynamic-engine no-makedepend no-quic no-http no-ml-dsa no-slh-dsa no-argon2 no-jitter no-winstore \
		no-thread-pool no-default-thread-pool no-tls-deprecated-ec no-integrity-only-ciphers \
		"$cflags"
	quietly openssl make -j"$jobs" build_libs
	quietly openssl make install_dev DESTDIR="$work/installed"
	cp -a "$work/installed/nonexistent"/{lib,include} "$prefix/"
}

build_zlib() {
	cd "$work/zlib"
	quietly zlib env CHOST=$target CFLAGS="$cflags" ./configure --static --prefix="$prefix"
	quietly zlib make -j"$jobs" libz.a
	quietly zlib make install
}

with_cmake() { # NAME OPTION...
	local name=$1
	shift
	quietly "$name" cmake -S "$work/$name" -B "$work/$name-build" -G Ninja -DCMAKE_BUILD_TYPE=None \
		-DCMAKE_TOOLCHAIN_FILE="$here/toolchain.cmake" -DCMAKE_INSTALL_PREFIX="$prefix" \
		-DCMAKE_C_FLAGS="$cflags" -DCMAKE_POLICY_DEFAULT_CMP0135=NEW "$@"
	quietly "$name" ninja -C "$work/$name-build" install
}

build_libuv1() { with_cmake libuv1 -DLIBUV_BUILD_SHARED=OFF -DBUILD_TESTING=OFF; }

# The run-time is three C files; the generator is this computer's own nanopb package.
build_nanopb() {
	cd "$work/nanopb"
	quietly nanopb $target-gcc $cflags -c pb_common.c pb_encode.c pb_decode.c
	$target-gcc-ar rcs "$prefix/lib/libprotobuf-nanopb.a" pb_common.o pb_encode.o pb_decode.o
	cp pb.h pb_common.h pb_encode.h pb_decode.h "$prefix/include/"
}

build_pcre2() {
	with_cmake pcre2 -DBUILD_SHARED_LIBS=OFF -DPCRE2_SUPPORT_JIT=ON -DPCRE2_BUILD_PCRE2_8=ON \
		-DPCRE2_BUILD_PCRE2GREP=OFF -DPCRE2_BUILD_TESTS=OFF -DPCRE2_STATIC_PIC=ON
}

# Only two of its folders, so that its many programs are not built.
build_libzstd() {
	cd "$work/libzstd"
	quietly libzstd make -C lib -j"$jobs" CC=$target-gcc AR=$target-gcc-ar RANLIB=$target-gcc-ranlib CFLAGS="$cflags" \
		TARGET_SYSTEM=Windows_NT UNAME=Linux ZSTD_LEGACY_SUPPORT=0 ZSTD_LIB_DICTBUILDER=0 ZSTD_LIB_DEPRECATED=0 libzstd.a
	cp lib/libzstd.a "$prefix/lib/"
	cp lib/zstd.h lib/zstd_errors.h "$prefix/include/"
}

# Its header is all of it.
build_xxhash() { cp "$work/xxhash/xxhash.h" "$prefix/include/"; }

# ---- one library after the other, each kept by itself ----

# What it is made from and how: when any of this changes, it is built again, and it alone.
key_of() {
	{
		declare -f "build_$1" with_cmake fetch flags_for
		grep "^$1 " <<<"$sources"
		cat "$here/toolchain.cmake"
		$target-gcc --version
	} | sha256sum | cut -c1-16
}

# Where each says what may be done with it; of several names the first that is there.
licence_files() {
	case $1 in
	pcre2) echo LICENCE.md LICENCE ;;
	zlib) echo LICENSE README ;;
	openssl) echo LICENSE.txt ;;
	nanopb) echo LICENSE.txt ;;
	*) echo LICENSE ;;
	esac
}
take_licence() { # NAME TO
	local f
	for f in $(licence_files "$1"); do
		[ -f "$work/$1/$f" ] || continue
		cp "$work/$1/$f" "$2"
		[ ! -f "$work/$1/$f-extra" ] || cat "$work/$1/$f-extra" >>"$2" # of what it took over from others
		return
	done
	die "$1: there is no licence in its source"
}

# For what was built before licences were kept: the source of that version once more.
fetch_licence() { # NAME KEPT-FOLDER
	work=$(mktemp -d "$cache/work.XXXXXX")
	(
		version=$(awk '{ print $2 }' "$2/versions")
		sources=$(grep -F "$1 $version " <<<"$sources")
		prefix=$work
		fetch "$1"
	)
	take_licence "$1" "$2/licence"
	rm -rf "$work"
	work=
}

finish() { [ -z "$work" ] || rm -rf "$work"; }
trap finish EXIT

make_library() { # NAME KEPT-FOLDER
	say "building $1 for Windows, once (kept in $2)"
	work=$(mktemp -d "$cache/work.XXXXXX")
	cflags=$(flags_for "$1")
	prefix=$work/sysroot
	mkdir -p "$prefix/lib" "$prefix/include"
	fetch "$1"
	take_licence "$1" "$prefix/licence"
	(build_"$1")
	rm -rf "$prefix/share" "$prefix/bin" "$prefix/lib/pkgconfig" "$prefix/lib/cmake" "$2"
	mkdir -p "$(dirname "$2")"
	mv "$prefix" "$2"
	rm -rf "$work"
	work=
}

libraries='zlib libuv1 nanopb pcre2 libzstd xxhash openssl'
keys=
for lib in $libraries; do keys+="$lib-$(key_of $lib) "; done

# A sysroot of all of them, for CMake: links to what is kept.
sysroot=$cache/mingw64-$(printf '%s' "$keys" | sha256sum | cut -c1-16)
if [ ! -f "$sysroot/complete" ]; then
	rm -rf "$sysroot"
	mkdir -p "$sysroot/lib" "$sysroot/include"
	for lib in $keys; do
		kept=$cache/mingw64-libraries/$lib
		[ -d "$kept" ] || make_library "${lib%-*}" "$kept"
		cp -al "$kept"/{lib,include} "$sysroot/" 2>/dev/null || cp -a "$kept"/{lib,include} "$sysroot/"
		cat "$kept/versions" >>"$sysroot/versions"
	done
	touch "$sysroot/complete"
fi
if [ -n "$licences" ]; then
	for lib in $(tr ' ' '\n' <<<"$keys" | LC_ALL=C sort); do
		kept=$cache/mingw64-libraries/$lib
		[ -f "$kept/licence" ] || fetch_licence "${lib%-*}" "$kept"
		printf '==== %s ====\n\n' "$(cat "$kept/versions")"
		cat "$kept/licence"
		printf '\n\n'
	done >"$licences"
fi
printf '%s\n' "$sysroot"
