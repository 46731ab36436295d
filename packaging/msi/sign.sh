#!/usr/bin/env bash
# sign.sh FILE KEY: the signature that Windows shows, as osslsigncode(1) makes it. It needs a
# code-signing certificate, which is no OpenPGP key: a PKCS#12 file in ASSENT_CODE_SIGN, its password
# in the file ASSENT_CODE_SIGN_PASS, and, for a signature that outlives the certificate, the time
# stamp server in ASSENT_CODE_SIGN_TIME. Without it the msi is signed by SHA256SUMS.asc alone.
set -euo pipefail
file=$1
if [ -z "${ASSENT_CODE_SIGN:-}" ]; then
	echo "$(basename "$file"): no code-signing certificate in ASSENT_CODE_SIGN, so Windows will show no publisher" >&2
	exit 0
fi
more=()
[ -z "${ASSENT_CODE_SIGN_PASS:-}" ] || more+=(-readpass "$ASSENT_CODE_SIGN_PASS")
[ -z "${ASSENT_CODE_SIGN_TIME:-}" ] || more+=(-ts "$ASSENT_CODE_SIGN_TIME")
osslsigncode sign -pkcs12 "$ASSENT_CODE_SIGN" "${more[@]}" -h sha256 -n "Assent agent" -in "$file" -out "$file.signed" >/dev/null
mv "$file.signed" "$file"
