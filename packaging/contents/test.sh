#!/usr/bin/env bash
# test.sh COMPONENT ROOT: what was installed below ROOT is what contents/COMPONENT says: nothing is
# missing, and nothing came along unseen. Where systems have other places for the same thing
# (compressed manuals, /lib, completion of zsh) the list has CMake's.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
component=$1 root=$2

(cd "$root" && find . -type f -o -type l) | sed -E '
	s|^\./||
	s|^usr/local/||; s|^usr/||
	s|^lib/systemd/|lib/systemd/|
	s|(share/man/.*)\.gz$|\1|
	s|zsh/site-functions|zsh/vendor-completions|
	\,^share/(doc|licenses|lintian)/,d' | LC_ALL=C sort | diff -u "$here/$component" -
