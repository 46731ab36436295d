#!/usr/bin/env bash
# sign.sh FILE KEY: the origin signature inside a deb, as debsig-verify(1) checks it.
set -euo pipefail
debsigs --sign=origin --default-key="$2" "$1"
