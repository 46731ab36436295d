#!/usr/bin/env bash
# ./run network [SCENARIO...]: whole sessions in company networks, with the real tinyproxy, squid, dante,
# nginx and dnsmasq, in network namespaces of their own (needs root). Nothing leaves this computer.
#
#   inside (customer, engineer)  10.1.0.2 fd01::2
#      |
#   edge (the company's)         10.1.0.1 fd01::1 | 10.2.0.1 fd02::1     proxies, DNS, inspection, portal
#      |
#   outside (the internet)       10.2.0.2 10.2.0.22 fd02::2 10.3.0.1     relay
#      |
#   web                          10.2.0.3 fd02::3 10.3.0.2               nginx
#
# Each session collects, loses its relay in the middle, comes back by the same way, and ends. What cannot
# work must say why: those messages are printed, to be read as the customer who must phone his
# administrator. Exit 0: all as it should be.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$PWD/build/demo/bin
# 10.9.9.9 and fd02::9 drop what comes, silently: an item that asks them takes its time
limit=90 # seconds that a step may take; only a broken one needs them

if [ "${1:-}" != --in-namespace ]; then
	[ "$(id -u)" -eq 0 ] || { echo "network: needs root for network namespaces" >&2; exit 1; }
	exec unshare --net --mount --pid --fork --kill-child --mount-proc "$0" --in-namespace "$@"
fi
shift

mount --make-rprivate /
mkdir -p /run/netns
mount -t tmpfs tmpfs /run/netns
work=$(mktemp -d /tmp/assent-network.XXXXXX)
chmod 755 "$work"
trap '[ -n "${KEEP:-}" ] || rm -rf "$work"' EXIT
failed=0
failed_names=

say() { printf '\n== %s\n' "$*"; }
ok() { printf 'ok    %s\n' "$*"; }
bad() {
	printf 'FAIL  %s\n' "$*"
	failed=$((failed + 1))
	failed_names+=" $scenario"
}
wait_for() { # COMMAND...: until it succeeds
	local end=$((SECONDS + limit))
	until "$@" >/dev/null 2>&1; do
		[ $SECONDS -lt $end ] || return 1
		read -r -t 0.1 <>"$work/never" || true
	done
}
mkfifo "$work/never"

# ---- the networks ----

for ns in inside edge outside web; do
	ip netns add $ns
	ip -n $ns link set lo up
done
ip link add i0 netns inside type veth peer name e0 netns edge
ip link add o0 netns outside type veth peer name e1 netns edge
ip link add w0 netns web type veth peer name o1 netns outside
address() { # NS DEVICE ADDRESS...
	local ns=$1 device=$2 a
	shift 2
	for a; do ip -n "$ns" addr add "$a" dev "$device" $([[ $a == *:* ]] && echo nodad); done
	ip -n "$ns" link set "$device" up
}
address inside i0 10.1.0.2/24 fd01::2/64
address edge e0 10.1.0.1/24 10.1.0.53/24 fd01::1/64
address edge e1 10.2.0.1/24 fd02::1/64
address outside o0 10.2.0.2/24 10.2.0.22/24 fd02::2/64
address outside o1 10.3.0.1/24 fd03::1/64
address web w0 10.3.0.2/24 fd03::2/64
address web lo 10.2.0.3/32 fd02::3/128
ip -n inside route add default via 10.1.0.1
ip -n inside route add default via fd01::1
ip -n outside route add default via 10.2.0.1
ip -n outside route add default via fd02::1
ip -n web route add default via 10.3.0.1
ip -n web route add default via fd03::1
for ns in edge outside; do # who has 10.2.0.3
	hop=10.2.0.2 hop6=fd02::2
	[ $ns = edge ] || hop=10.3.0.2 hop6=fd03::2
	ip -n $ns route add 10.2.0.3 via $hop
	ip -n $ns -6 route add fd02::3 via $hop6
done
ip netns exec outside sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
ip -n edge route add blackhole 10.9.9.9
ip -n edge -6 route add blackhole fd02::9
forwarding() { # 0: the firewall lets nobody through
	ip netns exec edge sysctl -qw net.ipv4.ip_forward="$1" net.ipv6.conf.all.forwarding="$1"
}

# What the customer's computer believes: its name servers, its certificates.
printf 'nameserver 10.1.0.1\n' >"$work/resolv.edge"
touch "$work/resolv.inside" "$work/trust.pem"
# The three places. In the background they become the program, so that $! is the program's.
alone=
inside() {
	$alone ip netns exec inside unshare --mount bash -c '
		mount --bind "$0/resolv.inside" /etc/resolv.conf
		[ ! -e /etc/ssl/certs/ca-certificates.crt ] || mount --bind "$0/trust.pem" /etc/ssl/certs/ca-certificates.crt
		exec "$@"' "$work" "$@"
}
edge() {
	$alone ip netns exec edge unshare --mount bash -c 'mount --bind "$0/resolv.edge" /etc/resolv.conf; exec "$@"' "$work" "$@"
}
outside() { $alone ip netns exec outside "$@"; }
outside_with_names() {
	$alone ip netns exec outside unshare --mount bash -c 'mount --bind "$0/hosts" /etc/hosts; exec "$@"' "$work" "$@"
}
web() { $alone ip netns exec web "$@"; }
# A server of the scenario, in the background; it is ended with the scenario.
servers=()
start() { # NAME COMMAND...
	local name=$1
	shift
	(alone=exec && "$@") >"$work/$name.log" 2>&1 </dev/null &
	servers+=($!)
}
stop_servers() {
	local pid
	for pid in "${servers[@]}"; do
		kill "$pid" 2>/dev/null || true
		wait "$pid" 2>/dev/null || true
	done
	servers=()
}
answers() { # NS ADDRESS PORT
	ip netns exec "$1" bash -c "exec 3<>/dev/tcp/$2/$3" 2>/dev/null
}

# ---- the organisation ----

"$bin/assent-console" ca init --org "Acme Support" --dir "$work/ca" >/dev/null
"$bin/assent-console" ca relay --dir "$work/ca" --name relay.acme.test --name gate.acme.test --out "$work/relay" >/dev/null
"$bin/assent-console" ca engineer --dir "$work/ca" --id ada --name "Ada Example" --relay relay.acme.test:443 --out "$work/ada" >/dev/null
"$bin/assent-console" ca agent-config --dir "$work/ca" --relay relay.acme.test:443 --phone "+49 30 1234567" --out "$work/agent" >/dev/null
cp "$work/agent/agent.conf" "$work/agent.conf"
cp "$work/ada/console.conf" "$work/console.conf"
relay_pid=
start_relay() {
	(alone=exec && outside "$bin/assent-relay" --listen "[::]:443" --cert "$work/relay/relay.crt" --key "$work/relay/relay.key" \
		--console-ca "$work/relay/ca.crt" --trusted-proxy 10.3.0.2,10.2.0.1) >"$work/relay.out" 2>>"$work/relay.log" </dev/null &
	relay_pid=$!
	wait_for grep -q listening "$work/relay.out" || { echo "network: the relay does not start" >&2; exit 1; }
}
restart_relay() {
	kill -KILL "$relay_pid" # the subshell has become the relay
	wait "$relay_pid" 2>/dev/null || true
	start_relay
}
start_relay

# ---- names ----

names() { # ARGUMENT...: what the company's name server knows
	start dns edge dnsmasq --keep-in-foreground --no-resolv --no-hosts --no-daemon --bind-interfaces \
		--listen-address=10.1.0.1,fd01::1 --pid-file= --user=root "$@"
	wait_for answers edge 10.1.0.1 53
}
usual_names=(--host-record=relay.acme.test,10.2.0.2,fd02::2 --host-record=gate.acme.test,10.2.0.3,fd02::3)
no_names() { # one that knows nothing of the world, for customers behind proxies
	start nodns edge dnsmasq --keep-in-foreground --no-resolv --no-hosts --no-daemon --bind-interfaces \
		--listen-address=10.1.0.53 --pid-file= --user=root --address=/#/
	wait_for answers edge 10.1.0.53 53
	echo "nameserver 10.1.0.53" >"$work/resolv.inside"
}

# ---- a scenario begins and ends ----

begin() { # NAME WHAT
	scenario=$1
	say "$1: $2"
	rm -rf "$work/state" "$work/out" "$work/code" "$work/agent.screen" "$work/console.log" "$work/agent/"*.secret
	cp "$work/agent.conf" "$work/agent/agent.conf"
	cp "$work/console.conf" "$work/ada/console.conf"
	chmod 600 "$work/ada/console.conf"
	echo "nameserver 10.1.0.1" >"$work/resolv.inside"
	: >"$work/trust.pem"
	forwarding 1
	agent_env=()
	console_env=()
	console_at=inside
}
finish() { stop_servers; }
agent_says() { printf '%s\n' "$@" >>"$work/agent/agent.conf"; }
console_says() { printf '%s\n' "$@" >>"$work/ada/console.conf"; }
both_say() {
	agent_says "$@"
	console_says "$@"
}
both_env() {
	agent_env+=("$@")
	console_env+=("$@")
}

start_agent() {
	(alone=exec && inside "$bin/customer" "$work/code" /usr/bin/env "XDG_STATE_HOME=$work/state" "${agent_env[@]}" \
		"$bin/assent-agent" support --config "$work/agent/agent.conf") >"$work/agent.screen" 2>&1 </dev/null &
	agent_pid=$!
}
start_console() {
	(alone=exec && $console_at env "${console_env[@]}" "$bin/assent-console" connect "$(cat "$work/code")" --identity "$work/ada" \
		--reason "Checking the network" --json --out "$work/out" -c "collect os reachability names=10.9.9.9:1,[fd02::9]:1") \
		>"$work/console.log" 2>&1 </dev/null &
	console_pid=$!
}
show_logs() {
	sed 's/^/      customer: /' "$work/agent.screen" | tail -15
	sed 's/^/      engineer: /' "$work/console.log" 2>/dev/null | tail -8
}

# A password stands in no argument list of ours, and in no child's environment.
is_discreet() {
	local p
	for p in /proc/[0-9]*; do
		case "$(readlink "$p/exe")" in
		*/assent-agent | */assent-console) ! grep -qa geheim "$p/cmdline" || return 1 ;;
		*/assent-*) ! grep -qa geheim "$p/cmdline" "$p/environ" || return 1 ;;
		esac
	done
}

# A session that must work, on this way; the relay is restarted while an item is being collected.
session() { # AGENT-WAY [CONSOLE-WAY]
	local agent_way=$1 console_way=${2:-$1} agent_code=0 console_code=0
	mkdir -p "$work/out"
	: >"$work/console.log"
	start_agent
	if ! wait_for test -s "$work/code"; then
		bad "$scenario: no code"
		show_logs
		kill "$agent_pid" 2>/dev/null || true
		return
	fi
	start_console
	if ! wait_for grep -qE '"os","state":"ok"' "$work/console.log"; then
		bad "$scenario: nothing was collected"
		show_logs
		kill "$agent_pid" "$console_pid" 2>/dev/null || true
		return
	fi
	is_discreet || bad "$scenario: a password is in an argument list or an environment"
	restart_relay
	wait "$console_pid" || console_code=$?
	wait "$agent_pid" || agent_code=$?
	if [ $console_code -ne 0 ] || [ $agent_code -ne 0 ] || ! grep -q '"resumed"' "$work/console.log"; then
		bad "$scenario: exit $agent_code and $console_code"
		show_logs
	elif ! grep -qF "\"way\":\"$agent_way\"" "$work"/state/assent/record/*.jsonl; then
		bad "$scenario: the customer's record names another way"
		grep -h '"connected"' "$work"/state/assent/record/*.jsonl || true
	elif ! grep -qF "\"way\":\"$console_way\"" "$work/console.log"; then
		bad "$scenario: the console went another way"
		grep -F '"connected"' "$work/console.log" || true
	elif grep -rqE 'geheim' "$work/state" "$work/console.log" "$work/agent.screen" "$work/relay.log" "$work/out"; then
		bad "$scenario: a password came where it has no business"
	else
		ok "$scenario: agent $agent_way; console $console_way; both came back"
	fi
}

# A session that cannot be: exit 12, these words, and no code was shown.
refusal() { # WORDS...
	local code=0 words
	inside "$bin/customer" "$work/code" /usr/bin/env "XDG_STATE_HOME=$work/state" "${agent_env[@]}" \
		"$bin/assent-agent" support --config "$work/agent/agent.conf" >"$work/agent.screen" 2>&1 </dev/null || true
	sed 's/^/      | /' "$work/agent.screen" | grep -v 'customer:' || true
	for words; do
		grep -qF -- "$words" "$work/agent.screen" || { bad "$scenario: the customer does not read \"$words\""; return; }
	done
	inside env "XDG_STATE_HOME=$work/state" "${agent_env[@]}" "$bin/assent-agent" support --config "$work/agent/agent.conf" \
		--explain >"$work/explain.log" 2>&1 || code=$?
	if [ $code -ne 12 ]; then
		bad "$scenario: --explain ended with $code"
		cat "$work/explain.log"
	elif grep -q 'geheim' "$work/agent.screen" "$work/explain.log"; then
		bad "$scenario: a password was shown"
	else
		ok "$scenario: refused, with a reason"
	fi
}

. tests/network/scenarios.sh

all=$(declare -F | sed -n 's/^declare -f scenario_//p')
for s in ${*:-$all}; do
	declare -F "scenario_$s" >/dev/null || { echo "network: no scenario $s; there are:" $all >&2; exit 2; }
	"scenario_$s"
	finish
done
echo
if [ $failed -eq 0 ]; then
	echo "All scenarios are as they should be."
else
	echo "$failed failed:$failed_names"
fi
exit $((failed > 0))
