# What the checks share: a fresh Debian, and people at terminals. Sourced by check.sh, which has made
# a mount name space of its own: mounts need no clean-up.
# shellcheck shell=bash

LIMIT=${CHECK_LIMIT:-120} # seconds that only something broken needs

say() { printf '   %s\n' "$*" >&2; }
bad() { printf 'FAIL  %s\n' "$*" >&2; exit 1; }
equals() { [ "$1" = "$2" ] || bad "$3: it is '$1' and should be '$2'"; } # HAVE WANT WHAT
absent() { [ ! -e "$1" ] && [ ! -L "$1" ] || bad "$1 is still there"; }

until_true() { # WHAT COMMAND...
	local what=$1 end=$((SECONDS + LIMIT))
	shift
	until "$@"; do
		[ $SECONDS -lt $end ] || bad "$what did not happen within $LIMIT s"
		sleep 0.2
	done
}

# ---- a fresh Debian ----

base() { # made once, kept beside the builds
	local base=$root/build/check/base mirror suite
	[ -e "$base/.complete" ] && { printf '%s\n' "$base"; return; }
	read -r mirror suite < <(apt-get indextargets --format '$(REPO_URI) $(RELEASE)' 'Created-By: Packages' |
		grep -E " $(. /etc/os-release && printf '%s' "$VERSION_CODENAME")\$" | head -1)
	say "debootstrap $suite from $mirror"
	rm -rf "$base"
	mkdir -p "$base"
	debootstrap --variant=minbase "$suite" "$base" "$mirror" >"$work/debootstrap.log" 2>&1 ||
		{ tail -5 "$work/debootstrap.log" >&2; bad debootstrap; }
	touch "$base/.complete"
	printf '%s\n' "$base"
}

# As its administrator leaves it: with /proc, a network, and no service that starts by itself.
fresh() { # DIR
	cp -a --reflink=auto "$(base)" "$1"
	mount -t proc proc "$1/proc"
	mount --rbind /dev "$1/dev"
	cp /etc/resolv.conf "$1/etc/resolv.conf" 2>/dev/null || true
	printf '#!/bin/sh\nexit 101\n' >"$1/usr/sbin/policy-rc.d"
	chmod +x "$1/usr/sbin/policy-rc.d"
	in_root "$1" apt-get update -qq
	in_root "$1" useradd -m customer
}

in_root() { # DIR COMMAND...
	local dir=$1
	shift
	chroot "$dir" env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8 \
		DEBIAN_FRONTEND=noninteractive "$@" >"$work/last.log" 2>&1 || { tail -20 "$work/last.log" >&2; bad "in the fresh system: $*"; }
	cat "$work/last.log"
}

install_debs() { # DIR FILE...
	local dir=$1 f
	shift
	for f in "$@"; do cp "$f" "$dir/tmp/"; done
	in_root "$dir" apt-get install -y -qq --no-install-recommends "${@/#*\//\/tmp\/}" >/dev/null
}

# ---- people at terminals ----

screen() { tmux -L "$tmux" "$@"; }
person() { # NAME COMMAND: somebody sits down at a terminal
	screen -f /dev/null new-session -d -s "$1" -x 110 -y 50 "$2; echo; echo \"-- exit \$?\"; exec sleep 3600"
	screen set-option -t "$1" history-limit 5000 >/dev/null
}
shown() { screen capture-pane -p -J -S - -t "$1"; }
shows() { shown "$1" | grep -F -- "$2" >/dev/null; }
sees() { # NAME TEXT
	local end=$((SECONDS + LIMIT))
	until shows "$1" "$2"; do
		[ $SECONDS -lt $end ] || { shown "$1" | grep . >&2; bad "the $1 does not see '$2'"; }
		sleep 0.2
	done
}
types() { screen send-keys -t "$1" -l -- "$2" && screen send-keys -t "$1" Enter; }
leaves() { screen kill-session -t "$1"; }

# ---- an organisation, made with the programs that are installed in DIR ----

organisation() { # DIR RELAY
	in_root "$1" assent-console ca init --org "Acme Support" --dir /root/acme/ca >/dev/null
	in_root "$1" assent-console ca relay --dir /root/acme/ca --name "${2%:*}" --out /root/acme/relay >/dev/null
	staff "$@"
}
staff() { # DIR RELAY
	in_root "$1" assent-console ca engineer --dir /root/acme/ca --id ada --name "Ada Lovelace" --relay "$2" --out /root/acme/ada >/dev/null
	in_root "$1" assent-console ca agent-config --dir /root/acme/ca --relay "$2" --phone "+49 30 1234567" --out /root/acme/agent >/dev/null
}

# Up to the engineer's prompt in a session that the customer has allowed.
session_begin() { # ENTER: a command prefix that goes into the system; CUSTOMER: the same as the customer
	person customer "$2 /usr/libexec/assent/assent-window"
	sees customer "Your code: "
	local code
	code=$(shown customer | sed -n 's/.*Your code: \([0-9A-Z-]*\).*/\1/p' | head -1)
	person engineer "$1 assent-console connect $code --identity /root/acme/ada --reason 'The backup fails' --out /root/out"
	sees customer "Type allow or deny: "
	shows customer "Both names were checked." || bad "the customer's prompt does not trust what was installed"
	! shows customer WARNING || bad "the customer's prompt warns"
	types customer allow
	sees engineer "assent> "
}
collects() { # ITEM
	local end=$((SECONDS + LIMIT))
	types engineer "collect $1"
	until shown engineer | grep -E "^ *$1 .* ok *\$" >/dev/null; do
		[ $SECONDS -lt $end ] || { shown engineer | grep . >&2; shown customer | grep . >&2; bad "$1 is not collected"; }
		sleep 0.2
	done
}

# ---- packages ----

deb_of() { find "$packages" -name "assent-$1_*.deb" | head -1; }
rpm_of() { find "$packages" -name "assent-$1-[0-9]*.rpm" | head -1; }

# The same package as a later version: what an upgrade brings that changes nothing.
later_deb() { # FILE OUT
	rm -rf "$work/later"
	dpkg-deb -R "$1" "$work/later"
	sed -i 's/^Version: .*/&+later/' "$work/later/DEBIAN/control"
	dpkg-deb --root-owner-group -b "$work/later" "$2" >/dev/null
}
