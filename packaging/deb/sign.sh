#!/usr/bin/env bash
# sign.sh FILE KEY: the origin signature inside a deb, as debsig-verify(1) checks it: a detached one
# over the three members, as a fourth. debsigs(1) makes the same, but with SHA-1, which gpg refuses.
set -euo pipefail
file=$1 key=$2
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
members=()
for m in $(ar t "$file"); do case $m in debian-binary | control.tar* | data.tar*) members+=("$m") ;; esac; done
[ ${#members[@]} -eq 3 ] || { echo "$file is no deb" >&2; exit 1; }
ar p "$file" "${members[@]}" | gpg --batch --quiet --local-user "$key" --digest-algo SHA512 --detach-sign --output "$work/_gpgorigin"
ar qDS "$file" "$work/_gpgorigin"
