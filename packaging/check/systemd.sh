# shellcheck shell=bash
# the relay deb on a machine with real systemd: activation, hardening, reload, restart, upgrade

sys=$work/machine
fresh "$sys"
install_debs "$sys" "$(deb_of agent)" "$(deb_of relay)" "$(deb_of console)"
in_root "$sys" apt-get install -y -qq --no-install-recommends systemd-sysv dbus openssl >/dev/null
rm "$sys/usr/sbin/policy-rc.d" # from here on it is an ordinary machine
relay=127.0.0.77:7443
organisation "$sys" "$relay"
in_root "$sys" assent-console ca agent-package --config /root/acme/agent/agent.conf --format deb --package-version 1 --out /root/acme >/dev/null
in_root "$sys" apt-get install -y -qq /root/acme/assent-agent-config-acme-support_1_all.deb >/dev/null
in_root "$sys" assent-console ca relay --dir /root/acme/ca --name 127.0.0.77 --out /root/acme/relay2 >/dev/null
umount -l "$sys/dev" "$sys/proc"

# ---- boot ----
person machine "systemd-nspawn -q --register=no --keep-unit --console=pipe -b -D $sys </dev/null >$work/boot.log 2>&1"
leader() { # the machine's first process, and not the one that makes it and ends
	local nspawn
	nspawn=$(pgrep -f "systemd-nspawn .* -D $sys" | tail -1) && init=$(pgrep -P "$nspawn" | head -1) && [ -n "$init" ] &&
		grep -qsE '^NSpid:.*[[:space:]]1$' "/proc/$init/status"
}
until_true "the machine's boot" leader
enter="nsenter -t $init -m -u -i -n -p -r -w env -i HOME=/root TERM=screen PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8"
in_machine() { $enter "$@" >"$work/last.log" 2>&1; }
must() { in_machine "$@" || { tail -20 "$work/last.log" >&2; $enter journalctl -u assent-relay.service --no-pager -n 15 >&2; bad "in the machine: $*"; }; cat "$work/last.log"; }
state() { $enter systemctl show -P "$1" "$2" 2>/dev/null; }
is() { [ "$(state "$1" "$2")" = "$3" ]; }
running() { in_machine systemctl is-system-running || grep -qE 'running|degraded' "$work/last.log"; }
until_true "systemd's start" running

# ---- installed and quiet ----
for u in assent-relay.socket assent-relay.service; do
	equals "$($enter systemctl is-enabled $u 2>/dev/null)" disabled "$u after installation"
	equals "$(state ActiveState $u)" inactive "$u after installation"
done

# ---- without certificates: a start fails, and says why ----
must mkdir -p /etc/systemd/system/assent-relay.socket.d
printf '[Socket]\nListenStream=\nListenStream=%s\n' "$relay" >"$sys/etc/systemd/system/assent-relay.socket.d/port.conf"
must systemctl daemon-reload >/dev/null
! in_machine systemctl start assent-relay.service || bad "the relay starts without certificates"
must journalctl -u assent-relay.service --no-pager -o cat >"$work/journal"
grep -q 'cannot read /etc/assent/relay/relay.crt' "$work/journal" || { tail -5 "$work/journal" >&2; bad "the journal does not say what is missing"; }
must systemctl stop assent-relay.socket >/dev/null
must systemctl reset-failed >/dev/null

# ---- socket activation ----
install_key() { # FOLDER
	must install -m 600 "$1/relay.key" /etc/assent/relay/relay.key
	must install -m 644 "$1/relay.crt" "$1/ca.crt" /etc/assent/relay/
}
install_key /root/acme/relay
must systemctl enable --now assent-relay.socket >/dev/null
equals "$(state ActiveState assent-relay.service)" inactive "the relay before the first connection"
serial() { $enter sh -c "openssl s_client -connect $relay -alpn assent-relay/1 </dev/null 2>/dev/null | openssl x509 -noout -serial"; }
first=$(serial)
[ -n "$first" ] || bad "nobody answers at $relay"
until_true "the start by a connection" is ActiveState assent-relay.service active
equals "$(state StatusText assent-relay.service)" "listening on $relay" "what the relay told systemd"
equals "$($enter stat -c '%U:%G %a' /etc/assent/relay/relay.key)" "root:assent-relay 640" "the key that root had copied"

# ---- hardening, as the kernel sees it ----
pid=$(state MainPID assent-relay.service)
status=$($enter cat "/proc/$pid/status")
for want in 'CapEff:	0000000000000000' 'CapBnd:	0000000000000000' 'NoNewPrivs:	1' 'Seccomp:	2'; do
	grep -qx "$want" <<<"$status" || bad "the relay's process has not '$want'"
done
equals "$($enter stat -c %U "/proc/$pid")" assent-relay "the relay's user"
equals "$($enter sed 1,2d "/proc/$pid/net/dev" | grep -vc ' lo:\|^ *lo:' || true)" 0 "network devices that the relay sees"
score=$($enter systemd-analyze security --no-pager assent-relay.service | awk '/Overall exposure level/ { for (i = 1; i <= NF; i++) if ($i ~ /^[0-9.]+$/) print $i }')
awk -v s="${score:-99}" 'BEGIN { exit !(s <= 2.0) }' || bad "exposure ${score:-unknown}"
say "exposure $score"

# ---- a session that lives through reload, restart and upgrade ----
customer="nsenter -t $init -m -u -i -n -p -r -w setpriv --reuid=customer --regid=customer --init-groups env -i HOME=/home/customer TERM=screen PATH=/usr/bin:/bin LC_ALL=C.UTF-8"
session_begin "$enter" "$customer"
collects os

begin=$SECONDS
must systemctl restart assent-relay.service >/dev/null
[ $((SECONDS - begin)) -lt 20 ] || bad "a restart waits for the sessions"
[ "$(state MainPID assent-relay.service)" != "$pid" ] || bad "the restart was none"
sees customer "The connection is back"
collects cpu

pid=$(state MainPID assent-relay.service)
later_deb "$(deb_of relay)" "$sys/root/later.deb"
must dpkg -i /root/later.deb >/dev/null
until_true "the new process after the upgrade" sh -c "[ \"\$($enter systemctl show -P MainPID assent-relay.service)\" != $pid ]"
until_true "the start after the upgrade" is ActiveState assent-relay.service active
collects memory

pid=$(state MainPID assent-relay.service)
install_key /root/acme/relay2
must systemctl reload assent-relay.service >/dev/null
until_true "the reload" is StatusText assent-relay.service "the certificates were read again"
second=$(serial)
[ "$second" != "$first" ] || bad "after the reload the old certificate is still shown"
equals "$(state MainPID assent-relay.service)" "$pid" "the process after a reload"
must cp /root/acme/ca/ca.crt /etc/assent/relay/relay.crt
must systemctl reload assent-relay.service >/dev/null
until_true "the reload that fails" is StatusText assent-relay.service "reload failed, the old certificates stay in use"
equals "$(serial)" "$second" "the certificate after a reload that failed"
install_key /root/acme/relay2
must systemctl reload assent-relay.service >/dev/null
collects dns

types engineer end
sees engineer "-- exit 0"
sees customer "Press Enter to close this window"
must sh -c 'assent-console bundle verify /root/out/assent-*' >/dev/null
leaves customer
leaves engineer
say "one session lived through reload, restart and upgrade"

# ---- stop, and away ----
must systemctl stop assent-relay.socket assent-relay.service >/dev/null
equals "$(state Result assent-relay.service)" success "how the relay ended"
must systemctl start assent-relay.socket assent-relay.service >/dev/null
must apt-get purge -y -qq assent-relay >/dev/null
[ -z "$($enter ss -Hltn "sport = :${relay#*:}" 2>/dev/null)" ] || bad "the port is still open after purge"
! in_machine systemctl is-active assent-relay.service || bad "the relay still runs after purge"
[ -z "$(find "$sys/etc/systemd/system" -name 'assent-relay.s*' ! -name '*.d')" ] || bad "purge left links to the units"
in_machine systemctl poweroff || true
until_true "the machine's end" sh -c "! kill -0 $init 2>/dev/null"
