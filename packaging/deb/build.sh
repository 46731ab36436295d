#!/usr/bin/env bash
# The deb packages, with debhelper: see ../package.sh for the arguments.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$1 work=$2 out=$3

cp -r "$here/debian" "$source/debian"
sed -i "s|^Maintainer: .*|Maintainer: $PACKAGE_MAINTAINER|" "$source/debian/control"
cat >"$source/debian/changelog" <<-E
	assent ($PACKAGE_VERSION) unstable; urgency=medium

	  * See the release notes.

	 -- $PACKAGE_MAINTAINER  $(date -u -R -d "@$SOURCE_DATE_EPOCH")
E
cd "$source"
dpkg-buildpackage --build=binary --no-sign --no-pre-clean -d
"$here/../sbom/statics.sh" obj-*/ >"$work/statics"
mv ../*.deb "$out/"
