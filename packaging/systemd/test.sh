#!/usr/bin/env bash
# test.sh ROOT: the relay's units as installed below ROOT. systemd must understand them, the score of
# their hardening must stay at 2.0 or below, and user and folder must come from their files.
set -uo pipefail
root=$1
bad=0
fail() { printf 'FAIL  %s\n' "$*"; bad=1; }

units=$(dirname "$(find "$root" -name assent-relay.service)")
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# verify looks for programs on this computer; the relay is only below ROOT
for unit in assent-relay.service assent-relay.socket; do
	sed "s|^ExecStart=/[^ ]*/assent-relay|ExecStart=$(find "$root" -path '*bin/assent-relay')|" "$units/$unit" >"$work/$unit"
done
said=$(systemd-analyze verify --man=no --recursive-errors=no "$work/assent-relay.service" "$work/assent-relay.socket" 2>&1) ||
	fail "systemd-analyze verify: $said"
[ -z "$said" ] || fail "systemd-analyze verify says: $said"

score=$(systemd-analyze security --offline=true --no-pager "$work/assent-relay.service" 2>/dev/null | awk '/Overall exposure level/ { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9.]+$/) print $i }')
awk -v s="${score:-99}" 'BEGIN { exit !(s <= 2.0) }' || fail "the exposure of assent-relay.service is ${score:-unknown}, at most 2.0 is wanted"

for wanted in PrivateNetwork=yes User=assent-relay CapabilityBoundingSet= RestrictAddressFamilies=AF_UNIX; do
	grep -qx "$wanted" "$units/assent-relay.service" || fail "assent-relay.service has no $wanted"
done

mkdir -p "$work/root/etc"
cp -r "$root/usr" "$work/root/usr" 2>/dev/null || cp -r "$root"/* "$work/root/"
lib=$(dirname "$(dirname "$(find "$root" -path '*sysusers.d/assent-relay.conf')")")
systemd-sysusers --root="$work/root" "$lib/sysusers.d/assent-relay.conf" 2>/dev/null || fail "systemd-sysusers"
grep -q '^assent-relay:' "$work/root/etc/passwd" || fail "the user assent-relay is not made"
[ "$bad" -eq 0 ] && printf 'exposure %s\n' "$score"
exit $bad
