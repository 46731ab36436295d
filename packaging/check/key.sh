# shellcheck shell=bash
# A throw-away key in $GNUPGHOME; its name is in $key.
mkdir -p -m 700 "$GNUPGHOME"
gpg --batch --quiet --pinentry-mode loopback --passphrase '' --quick-generate-key 'Throw Away <key@example.org>' rsa3072 sign 1d 2>/dev/null
key=$(gpg --batch --with-colons --list-secret-keys 2>/dev/null | awk -F: '/^fpr/ { print $10; exit }')
[ -n "$key" ] || bad "no key could be made"
