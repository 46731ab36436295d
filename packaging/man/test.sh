#!/usr/bin/env bash
# test.sh BIN: the manual pages are well-formed, and say every option, command and setting that
# the programs in BIN know.
set -uo pipefail
here=$(cd "$(dirname "$0")" && pwd)
bin=$1
bad=0
fail() { printf 'FAIL  %s\n' "$*"; bad=1; }
# what a page says, without the bold and underlined overstrikes
text() { mandoc -T utf8 -O width=200 "$here/$1" | sed 's/.\x08//g'; }

for page in "$here"/*.[158]; do
	said=$(mandoc -T lint -W warning "$page") || fail "$said"
done

export ASAN_OPTIONS=detect_leaks=0
words() { # PROGRAM PAGE
	PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=$here/../completion python3 - "$bin/$1" <<-'E' >"$work/words"
		import sys
		from helptext import read
		commands = read(sys.argv[1])
		print("\n".join(sorted({w for c in commands for w in [*c.options, *c.commands]})))
	E
	[ "$(wc -l <"$work/words")" -ge 4 ] || fail "$1: --help names nothing"
	text "$2" >"$work/page"
	while read -r word; do
		grep -qE -- "(^|[^a-z-])$word([^a-z-]|\$)" "$work/page" || fail "$2 does not say $word"
	done <"$work/words"
}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
words assent-agent assent-agent.1
words assent-relay assent-relay.8
words assent-console assent-console.1

# Settings: those of the relay are its options, those of the agent stand in its reader.
text assent-relay.conf.5 >"$work/page"
for key in $("$bin/assent-relay" --help | grep -oE '^  --[a-z-]+' | grep -vE 'config|help' | sed 's/^  --//'); do
	grep -qE "^ +$key = " "$work/page" || fail "assent-relay.conf.5 does not say $key"
done
text assent-agent.conf.5 >"$work/page"
for key in $(grep -oE 'KEY\("[a-z_-]+"' "$here/../../agent/config.c" | cut -d'"' -f2) resume \
	$(grep -oE 'strcmp\(key, "[a-z_-]+"' "$here/../../proto/route/config.c" | cut -d'"' -f2); do
	grep -qE "^ +$key = " "$work/page" || fail "assent-agent.conf.5 does not say $key"
done
exit $bad
