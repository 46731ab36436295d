#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
#
# Checks the consent model: run.sh TABLE-PROGRAM. The model without a fault must have none in its
# whole state space, and each seeded fault must be found. Works in a folder of its own.
set -euo pipefail

table=$1
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
cp "$here/consent.pml" .
"$table" >table.pml

spin -a consent.pml >spin.log
cc -O2 -w -DSAFETY -DMEMLIM=1500 -o pan pan.c

# check BUG: pan's report on standard output
check() {
	BUG=$1 ./pan -m20000 -w22
}

report=$(check 0)
if ! grep -q 'errors: 0' <<<"$report" || grep -Eq 'max search depth|truncated|out of memory' <<<"$report"; then
	echo "$report"
	echo "the consent model has an error, or was not searched to the end"
	exit 1
fi
grep -E 'states, stored' <<<"$report"

for bug in 1 2 3 4 5 6 7 8 9; do
	report=$(check "$bug")
	if ! grep -q 'errors: 1' <<<"$report"; then
		echo "the seeded fault $bug was not found"
		exit 1
	fi
done
echo "the model holds; 9 of 9 seeded faults found"
