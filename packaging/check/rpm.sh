# shellcheck shell=bash
# the rpms under a root of their own with their scriptlets: installed, used, upgraded, removed

sys=$work/rpmroot
fresh "$sys"
# what the rpms ask for, under Debian's names; rpm does not know them, so it is told not to look
in_root "$sys" apt-get install -y -qq --no-install-recommends rpm systemd libuv1 libssl3 libarchive13 libjansson4 zlib1g >/dev/null
rpm_in() { in_root "$sys" rpm --nodeps "$@"; }
for c in agent relay console; do cp "$(rpm_of $c)" "$sys/tmp/$c.rpm"; done
(cd "$sys" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./tmp -o -path ./root -o -path ./var \) -prune -o -print | LC_ALL=C sort) >"$work/before"

# ---- installed ----
rpm_in -i /tmp/agent.rpm /tmp/relay.rpm /tmp/console.rpm >/dev/null
in_root "$sys" rpm -V --nodeps assent-agent assent-relay assent-console >/dev/null
in_root "$sys" getent passwd assent-relay >/dev/null
equals "$(in_root "$sys" stat -c '%U:%G %a' /etc/assent/relay)" "root:assent-relay 750" "/etc/assent/relay"
[ -z "$(find "$sys/etc/systemd" -name 'assent*')" ] || bad "the relay is enabled without its certificates"
equals "$(in_root "$sys" rpm -q --configfiles assent-relay)" "/etc/assent/relay.conf" "the configuration files of the relay"
[ -z "$(in_root "$sys" rpm -q --scripts assent-agent)" ] || bad "the agent has scriptlets"
in_root "$sys" rpm -q --licensefiles assent-agent >/dev/null

# ---- used: the console of the rpm makes an rpm, the agent of the rpm believes it ----
organisation "$sys" 127.0.0.1:7443
in_root "$sys" assent-console ca agent-package --config /root/acme/agent/agent.conf --format rpm --package-version 1 --out /root/acme >/dev/null
rpm_in -i /root/acme/assent-agent-config-acme-support-1-1.noarch.rpm >/dev/null
cmp "$sys/etc/assent/agent.conf" "$sys/root/acme/agent/agent.conf" || bad "the configuration is not what was packed"
person relay "chroot $sys assent-relay --listen 127.0.0.1:7443 --cert /root/acme/relay/relay.crt --key /root/acme/relay/relay.key --console-ca /root/acme/relay/ca.crt"
sees relay "listening on "
session_begin "chroot $sys env -i HOME=/root TERM=screen PATH=/usr/bin:/bin LC_ALL=C.UTF-8" \
	"chroot --userspec=customer:customer $sys env -i HOME=/home/customer TERM=screen PATH=/usr/bin:/bin LC_ALL=C.UTF-8"
collects os
rpm_in -U --force /tmp/agent.rpm /tmp/relay.rpm /tmp/console.rpm >/dev/null # every scriptlet of an upgrade
collects memory
types engineer end
sees engineer "-- exit 0"
sees customer "Press Enter to close this window"
leaves customer
leaves engineer
leaves relay
say "the session went on through the upgrade"

# ---- upgraded: what the administrator changed stays, what he did not is replaced ----
echo 'resume = 90' >>"$sys/etc/assent/agent.conf"
in_root "$sys" sh -c 'rm -r /root/acme/agent && assent-console ca agent-config --dir /root/acme/ca --relay 127.0.0.1:7443 --phone "+49 30 7654321" --out /root/acme/agent' >/dev/null
in_root "$sys" assent-console ca agent-package --config /root/acme/agent/agent.conf --format rpm --package-version 2 --out /root/acme >/dev/null
rpm_in -U /root/acme/assent-agent-config-acme-support-2-1.noarch.rpm >/dev/null
grep -q 'resume = 90' "$sys/etc/assent/agent.conf" || bad "the upgrade lost the administrator's change"
grep -q 7654321 "$sys/etc/assent/agent.conf.rpmnew" || bad "the new configuration is not beside it"
mv "$sys/etc/assent/agent.conf.rpmnew" "$sys/etc/assent/agent.conf"
echo '# the administrator was here' >>"$sys/etc/assent/relay.conf"

# ---- removed ----
rpm_in -e assent-agent-config-acme-support assent-agent assent-relay assent-console >/dev/null
(cd "$sys" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./tmp -o -path ./root -o -path ./var \) -prune -o -print | LC_ALL=C sort) >"$work/after"
# systemd-sysusers keeps copies of the files that it changes; three folders are of "filesystem" there
left=$(comm -13 "$work/before" "$work/after" | grep -vE '^\./home/customer/\.local|^\./usr/share/(applications|icons|licenses)$|^\./etc/(passwd|group|shadow|gshadow|\.pwd\.lock)-?' || true)
equals "$left" "./etc/assent
./etc/assent/relay.conf.rpmsave" "what is left after removal: the file that the administrator had changed"
[ -n "$(find "$sys/home/customer/.local/state/assent/record" -name '*.jsonl')" ] || bad "the customer's record is gone"
