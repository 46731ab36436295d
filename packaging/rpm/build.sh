#!/usr/bin/env bash
# The rpm packages, with rpmbuild: see ../package.sh for the arguments. What Debian has under another
# name than BuildRequires is not looked for (--nodeps); a distribution with those names looks.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
source=$1 work=$2 out=$3
top=$work/rpmbuild

mkdir -p "$top"/{SOURCES,BUILD,RPMS}
tar -C "$source" -cf "$top/SOURCES/assent.tar" .
# The programs must not depend on where, when and by whom they were built.
rpmbuild -bb --noclean --nodeps \
	--define "_topdir $top" --define "_dbpath $work/rpmdb" \
	--define "package_version $PACKAGE_VERSION" --define "package_maintainer $PACKAGE_MAINTAINER" \
	--define "package_date $(date -u -d "@$SOURCE_DATE_EPOCH" '+%a %b %d %Y')" \
	--define '_buildhost reproducible' --define 'use_source_date_epoch_as_buildtime 1' \
	--define 'clamp_mtime_to_source_date_epoch 1' --define 'source_date_epoch_from_changelog 0' \
	--define '_binary_payload w6.xzdio' \
	"$here/assent.spec"
"$here/../sbom/statics.sh" "$top/BUILD/assent/build/rpm" >"$work/statics"
mv "$top"/RPMS/*/*.rpm "$out/"
