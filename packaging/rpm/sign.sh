#!/usr/bin/env bash
# sign.sh FILE KEY: the signature in the header of an rpm, as rpm -K and dnf check it.
set -euo pipefail
said=$(rpmsign --define "__gpg $(command -v gpg)" --define "_gpg_name $2" --addsign "$1" </dev/null 2>&1) ||
	{ printf '%s\n' "$said" >&2; exit 1; }
