# shellcheck shell=bash
# the debs in a fresh Debian: installed, used for a session, upgraded while it runs, purged

sys=$work/debian
fresh "$sys"
install_debs "$sys" "$(deb_of agent)" "$(deb_of relay)" "$(deb_of console)"

# ---- what is there, and what is not ----
in_root "$sys" getent passwd assent-relay >/dev/null
equals "$(in_root "$sys" stat -c '%U:%G %a' /etc/assent/relay)" "root:assent-relay 750" "/etc/assent/relay"
[ -z "$(find "$sys/etc/systemd" -name 'assent*')" ] || bad "the relay is enabled without its certificates"
[ -z "$(chroot "$sys" dpkg -L assent-agent | grep -E 'systemd|init\.d|cron|autostart')" ] || bad "the agent brings a service"
in_root "$sys" sh -c 'for p in agent relay console; do assent-$p --version || exit 1; done' >/dev/null
say "without a configuration the agent says what to do:"
person customer "chroot --userspec=customer:customer $sys env -i HOME=/home/customer TERM=screen /usr/libexec/assent/assent-window"
sees customer "Ask your support organisation for the configuration"
sees customer "Press Enter to close this window"
types customer ""
sees customer "-- exit"
leaves customer

# ---- an organisation, its relay by hand, its package ----
person relay "chroot $sys sh -c 'until [ -e /root/acme/relay/relay.crt ]; do sleep 0.2; done; exec assent-relay --listen 127.0.0.1:0 --cert /root/acme/relay/relay.crt --key /root/acme/relay/relay.key --console-ca /root/acme/relay/ca.crt'"
in_root "$sys" assent-console ca init --org "Acme Support" --dir /root/acme/ca >/dev/null
in_root "$sys" assent-console ca relay --dir /root/acme/ca --name 127.0.0.1 --out /root/acme/relay >/dev/null
sees relay "listening on "
address=$(shown relay | sed -n 's/.*listening on \([0-9.:]*\).*/\1/p' | head -1)
staff "$sys" "$address"
in_root "$sys" assent-console ca agent-package --config /root/acme/agent/agent.conf --format deb --package-version 1 --out /root/acme >/dev/null
cp "$sys/root/acme/assent-agent-config-acme-support_1_all.deb" "$work/"
said=$(lintian --allow-root --fail-on error "$work/assent-agent-config-acme-support_1_all.deb" 2>&1) || bad "lintian: $said"
install_debs "$sys" "$work/assent-agent-config-acme-support_1_all.deb"
cmp "$sys/etc/assent/agent.conf" "$sys/root/acme/agent/agent.conf" || bad "the configuration is not what was packed"

# ---- a session, and an upgrade in its middle ----
enter="chroot $sys env -i HOME=/root TERM=screen PATH=/usr/bin:/bin LC_ALL=C.UTF-8"
customer="chroot --userspec=customer:customer $sys env -i HOME=/home/customer TERM=screen PATH=/usr/bin:/bin LC_ALL=C.UTF-8"
session_begin "$enter" "$customer"
collects os
echo '# the administrator was here' >>"$sys/etc/assent/relay.conf"
echo 'resume = 90' >>"$sys/etc/assent/agent.conf"
before=$(cat "$sys/etc/assent/agent.conf" "$sys/etc/assent/relay.conf" | sha256sum)
for c in agent relay console; do later_deb "$(deb_of $c)" "$work/later-$c.deb"; done
in_root "$sys" assent-console ca agent-package --config /root/acme/agent/agent.conf --format deb --package-version 2 --out /root/acme >/dev/null
cp "$sys/root/acme/assent-agent-config-acme-support_2_all.deb" "$work/later-config.deb"
install_debs "$sys" "$work"/later-*.deb
equals "$(chroot "$sys" dpkg-query -W -f '${Version}' assent-agent)" "$(dpkg-deb -f "$(deb_of agent)" Version)+later" "the version after the upgrade"
collects memory
equals "$(cat "$sys/etc/assent/agent.conf" "$sys/etc/assent/relay.conf" | sha256sum)" "$before" "the configuration after the upgrade"
types engineer end
sees engineer "-- exit 0"
sees customer "Press Enter to close this window"
types customer ""
sees customer "-- exit 0"
in_root "$sys" sh -c 'assent-console bundle verify /root/out/assent-*' >/dev/null
chroot --userspec=customer:customer "$sys" env HOME=/home/customer assent-agent record list | grep Ada >/dev/null || bad "the customer has no record"
leaves customer
leaves engineer
say "the session went on through the upgrade"

# ---- a new configuration of the organisation replaces one that nobody has changed ----
cp "$sys/root/acme/agent/agent.conf" "$sys/etc/assent/agent.conf"
in_root "$sys" sh -c 'rm -r /root/acme/agent && assent-console ca agent-config --dir /root/acme/ca --relay '"$address"' --phone "+49 30 7654321" --out /root/acme/agent' >/dev/null
in_root "$sys" assent-console ca agent-package --config /root/acme/agent/agent.conf --format deb --package-version 3 --out /root/acme >/dev/null
cp "$sys/root/acme/assent-agent-config-acme-support_3_all.deb" "$work/"
install_debs "$sys" "$work/assent-agent-config-acme-support_3_all.deb"
grep -q 7654321 "$sys/etc/assent/agent.conf" || bad "the new configuration did not arrive"

# ---- away with it ----
leaves relay
install -m 600 "$sys/root/acme/relay/relay.key" "$sys/etc/assent/relay/relay.key"
in_root "$sys" apt-get remove -y -qq assent-agent assent-relay assent-console assent-agent-config-acme-support >/dev/null
for f in usr/bin/assent-agent usr/libexec/assent lib/systemd/system/assent-relay.service usr/share/applications/assent-agent.desktop; do absent "$sys/$f"; done
for f in agent.conf ca.crt relay.conf; do [ -f "$sys/etc/assent/$f" ] || bad "remove took /etc/assent/$f"; done
in_root "$sys" dpkg --purge assent-agent assent-relay assent-console assent-agent-config-acme-support >/dev/null
left=$(cd "$sys" && find . -xdev \( -path ./proc -o -path ./dev -o -path ./root -o -path ./tmp -o -path ./var/log -o -path ./var/cache \) -prune -o -path '*assent*' -print | LC_ALL=C sort | grep -v '^\./home/customer/\.local/state/assent')
equals "$left" "./etc/assent
./etc/assent/relay
./etc/assent/relay/relay.key" "what is left after purge: the administrator's key"
[ -n "$(find "$sys/home/customer/.local/state/assent/record" -name '*.jsonl')" ] || bad "the customer's record is gone"
say "purge left the customer's record and the key that the administrator had put there"
