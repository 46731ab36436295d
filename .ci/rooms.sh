#!/bin/sh
# Which room may include which: the folder tells the room, and anything not listed fails. A
# file named *_priv.h may be included from its own folder only, <windows.h> from plat/win only,
# and a library's headers only where its door is.
awk '
BEGIN {
	may["proto/base"]      = "proto/base"
	may["proto/wire"]      = "proto/base proto/wire"
	may["proto/route"]     = "proto/base proto/wire proto/route"
	may["proto/tls"]       = "proto/base proto/tls"
	may["proto/transport"] = "proto/base proto/wire proto/route proto/tls proto/transport"
	may["proto/e2e"]       = "proto/base proto/wire proto/tls proto/e2e"
	may["relay"]           = "proto/base proto/wire proto/tls proto/transport relay"
	may["agent"]           = "proto/base proto/wire proto/route proto/e2e agent agent/ipc agent/plat agent/dial agent/collect agent/device"
	may["agent/device"]    = "proto/base proto/wire agent/device"
	may["agent/ssh"]       = "proto/base proto/wire agent/plat agent/collect agent/device agent/ssh"
	may["agent/ipc"]       = "proto/base proto/wire agent/ipc"
	may["agent/net"]       = "proto/base proto/wire proto/route proto/tls proto/transport proto/e2e agent/ipc agent/plat agent/net"
	may["agent/dial"]      = "proto/base proto/wire proto/route proto/transport agent/plat agent/dial"
	may["agent/collect"]   = "proto/base proto/wire agent/plat agent/collect"
	may["agent/probe"]     = "proto/base proto/wire agent/plat agent/probe"
	may["agent/plat"]      = "proto/base agent/plat"
	may["agent/plat/win/collect"] = "proto/base proto/wire agent/plat agent/collect agent/plat/win/collect"
	may["console"]         = "proto/base proto/wire proto/route proto/tls proto/transport proto/e2e console"

	door["openssl/"]  = "^(proto/tls/|proto/transport/(outer|handle|hash)|proto/e2e/|console/ca|agent/probe/)"
	door["uv.h"]      = "^(proto/transport/|relay/|agent/[a-z_]*\\.[ch]|agent/(net|dial|ipc)/|agent/plat/([a-z]*\\.h|[a-z]*/loop/)|console/)"
	door["zlib.h"]    = "^(proto/e2e/pack|proto/e2e/unpack|agent/collect/)"
	door["xxhash.h"]  = "^proto/e2e/mux_sum"
	door["zstd.h"]    = "^(proto/e2e/unpack_frame|agent/collect/pack)"
	door["pcre2.h"]   = "^agent/collect/match"
	door["archive"]   = "^console/"
	door["jansson.h"] = "^console/"
	door["editline/"] = "^console/"
	door["ncurses.h"] = "^console/top_view"
	door["libssh/"]   = "^agent/ssh/ssh_api"
	door["systemd/"]  = "^agent/collect/"
	door["pb_"]       = "^proto/wire/messages"
	door["windows.h"] = "^agent/plat/win/"
}
function room(p,   d, n) {
	n = split(p, d, "/")
	if (p ~ /^agent\/plat\/win\/collect\//) return "agent/plat/win/collect"
	if (d[1] == "proto") return d[1] "/" d[2]
	if (d[1] == "agent" && n > 2) return d[1] "/" d[2]
	return d[1]
}
function fail(what) { printf "%s:%d: %s\n", FILENAME, FNR, what; bad = 1 }
/^#[ \t]*include "/ {
	split($0, q, "\"")
	from = room(FILENAME); to = room(q[2])
	if (index(" " may[from] " ", " " to " ") == 0) fail(from " may not include " q[2])
	# of the collectors the broker may know the catalogue and the arguments, never the code
	if (from == "agent" && to == "agent/collect" && q[2] !~ /\/(table|collect)\.h$/) fail(from " may not include " q[2])
	if (q[2] ~ /_priv\.h$/) {
		a = FILENAME; b = q[2]; sub("/[^/]*$", "", a); sub("/[^/]*$", "", b)
		# the Windows half of the collectors is a part of theirs
		if (a != b && !(a == "agent/plat/win/collect" && b == "agent/collect")) fail(q[2] " is private to " b)
	}
}
/^#[ \t]*include </ {
	split($0, q, "[<>]")
	for (lib in door)
		if (index(q[2], lib) == 1 && FILENAME !~ door[lib]) fail("<" q[2] "> has its door elsewhere: " door[lib])
}
END { exit bad }' $(git ls-files -co --exclude-standard 'proto/*.[ch]' 'relay/*.[ch]' 'agent/*.[ch]' 'console/*.[ch]')
