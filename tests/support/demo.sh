#!/usr/bin/env bash
# ./run demo: the whole job on one computer. A throw-away organisation, a relay on loopback,
# the agent as the customer sees it in the foreground, the engineer's console behind it.
set -euo pipefail
cd "$(dirname "$0")/../.."

yes=false
case "${1:-}" in
--yes) yes=true ;;
"") ;;
*) echo "usage: ./run demo [--yes]" >&2; exit 2 ;;
esac

./run install-packages
cmake --preset demo >/dev/null
cmake --build --preset demo -- -v >build/demo/build.log 2>&1 || { tail -30 build/demo/build.log >&2; exit 1; }
bin=$PWD/build/demo/bin

work=$(mktemp -d "${TMPDIR:-/tmp}/assent-demo.XXXXXX")
relay=
console=
finish() {
	[ -z "$console" ] || kill "$console" 2>/dev/null || true
	[ -z "$relay" ] || kill "$relay" 2>/dev/null || true
	rm -rf "$work/keys" "$work/state" "$work/pipe"
}
trap finish EXIT

echo "1. An organisation with its own certificate authority, a relay and an engineer"
"$bin/assent-console" ca init --org "Example Support" --dir "$work/keys/ca"
"$bin/assent-console" ca relay --dir "$work/keys/ca" --name 127.0.0.1 --name localhost --out "$work/keys/relay"

mkfifo "$work/pipe"
"$bin/assent-relay" --listen 127.0.0.1:0 --cert "$work/keys/relay/relay.crt" --key "$work/keys/relay/relay.key" \
	--console-ca "$work/keys/relay/ca.crt" >"$work/pipe" 2>"$work/relay.log" &
relay=$!
read -r _ _ address <"$work/pipe"

"$bin/assent-console" ca engineer --dir "$work/keys/ca" --id ada --name "Ada Example" --relay "$address" \
	--out "$work/keys/ada"
"$bin/assent-console" ca agent-config --dir "$work/keys/ca" --relay "$address" --phone "+49 30 1234567" \
	--out "$work/keys/agent"

# The engineer behind the scene: waits for the code, connects, collects everything.
engineer() {
	local code
	until [ -s "$work/code" ]; do
		[ -e "$work/screen" ] && sed -n 's/.*Your code: \([0-9A-Z-]*\).*/\1/p' "$work/screen" | head -1 >"$work/code.seen" &&
			[ -s "$work/code.seen" ] && mv "$work/code.seen" "$work/code"
		read -r -t 0.2 <>"$work/wake" || true
	done
	code=$(cat "$work/code")
	"$bin/assent-console" connect "$code" --identity "$work/keys/ada" --ticket DEMO-1 \
		--reason "Demonstration: look at this computer's health" --scope system --scope network --scope logs \
		--out "$work" -c "collect full" >"$work/console.log" 2>&1
}
mkfifo "$work/wake"
engineer &
console=$!

export XDG_STATE_HOME=$work/state
echo "2. The customer starts the agent"
echo
status=0
if $yes; then
	"$bin/customer" "$work/code" "$bin/assent-agent" support --config "$work/keys/agent/agent.conf" || status=$?
else
	script -qefc "'$bin/assent-agent' support --config '$work/keys/agent/agent.conf'" "$work/screen" || status=$?
fi

echo
echo "3. What the engineer saw"
echo
engineer_status=0
wait "$console" || engineer_status=$?
console=
# 1: something was not complete, as on a computer without systemd or /sys; the summary says what
[ $engineer_status -le 1 ] || status=$engineer_status
cat "$work/console.log"
bundle=$(find "$work" -maxdepth 1 -type d -name 'assent-*-*' | head -1)
[ -n "$bundle" ] || { echo "demo: no bundle; the relay's log is $work/relay.log" >&2; exit 1; }
"$bin/assent-console" bundle verify "$bundle"
echo
echo "The bundle lies in $bundle"
exit $status
