#!/usr/bin/env bash
# install.sh BUILD COMPONENT ROOT: one package's files below a new ROOT, for the tests.
set -euo pipefail
rm -rf "$3"
DESTDIR=$3 cmake --install "$1" --component "$2" >/dev/null
[ -d "$3" ]
