/* SPDX-License-Identifier: Apache-2.0
 *
 * Open network connections, who waits for connections, and the programs that own them.
 */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

#include "agent/collect/collect.h"
#include "agent/collect/netfile.h"
#include "agent/collect/owners.h"
#include "agent/collect/sink.h"
#include "agent/collect/sock_diag.h"
#include "agent/collect/tool.h"
#include "proto/base/err.h"

#define SOCKETS_MAX 16384 /* lines per protocol */
#define PROC_MAX    (256u << 10)

#define NETWORKING "sos_commands/networking/"

struct sockets {
	struct sink *out;
	const struct owners *owners;
	const char *protocol;
	size_t shown, total;	       /* of this protocol */
	size_t listening, established; /* TCP, of all */
};

static void endpoint(const char *addr, uint16_t port, char *out, size_t cap)
{
	if (port == 0)
		snprintf(out, cap, "%s:*", addr);
	else
		snprintf(out, cap, "%s:%u", addr, port);
}

static int on_inet(uint16_t type, const uint8_t *body, size_t n, void *arg)
{
	char own[SOCK_ADDR_LEN + 8], peer[SOCK_ADDR_LEN + 8], owner[OWNER_TEXT];
	struct sockets *all = arg;
	struct sock_inet k;

	(void)type;
	int err = sock_inet_decode(body, n, &k);
	if (err < 0)
		return err == AS_EUNAVAIL ? 0 : err;
	if (all->protocol[0] == 't') {
		all->listening += k.state == SOCK_LISTEN;
		all->established += k.state == SOCK_ESTABLISHED;
	}
	if (all->total++ >= SOCKETS_MAX)
		return 0;
	all->shown++;
	endpoint(k.addr, k.port, own, sizeof(own));
	endpoint(k.peer, k.peer_port, peer, sizeof(peer));
	return sink_printf(all->out, "%-4s %-10s %6u %6u %-28s %-28s %6u %9u %s\n", all->protocol,
			   sock_state(k.state), k.recv_queue, k.send_queue, own, peer, k.uid,
			   k.inode, owners_text(all->owners, k.inode, owner));
}

static int on_unix(uint16_t type, const uint8_t *body, size_t n, void *arg)
{
	struct sockets *all = arg;
	struct sock_unix k;
	char owner[OWNER_TEXT];

	(void)type;
	int err = sock_unix_decode(body, n, &k);
	if (err < 0)
		return err;
	if (all->total++ >= SOCKETS_MAX)
		return 0;
	all->shown++;
	return sink_printf(all->out, "%-10s %9u %-48s %s\n", sock_unix_type(k.type), k.inode,
			   k.path[0] ? k.path : "-", owners_text(all->owners, k.inode, owner));
}

static void more(const struct sockets *all)
{
	if (all->total > all->shown)
		sink_printf(all->out, "%zu more %s sockets are not shown\n",
			    all->total - all->shown, all->protocol);
}

static int inet_text(struct sockets *all)
{
	static const struct {
		const char *name;
		uint8_t family, protocol;
	} kinds[] = {
	    {"tcp", AF_INET, IPPROTO_TCP},
	    {"tcp6", AF_INET6, IPPROTO_TCP},
	    {"udp", AF_INET, IPPROTO_UDP},
	    {"udp6", AF_INET6, IPPROTO_UDP},
	};
	int err = 0;

	sink_file_begin(all->out, NETWORKING "assent_sockets", ITEM_FROM_API, "sock_diag");
	sink_printf(all->out, "%-4s %-10s %6s %6s %-28s %-28s %6s %9s %s\n", "prot", "state",
		    "recv-q", "send-q", "local", "peer", "uid", "inode", "owner");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		all->protocol = kinds[i].name;
		all->shown = all->total = 0;

		int one = sock_inet_dump(kinds[i].family, kinds[i].protocol, on_inet, all);
		more(all);
		/* A kernel without IPv6 refuses its families; the first reason is kept. */
		if (kinds[i].family == AF_INET && err == 0)
			err = one;
	}
	netfile_end(all->out, err);
	return err;
}

static void unix_text(struct sockets *all)
{
	all->protocol = "unix";
	all->shown = all->total = 0;
	sink_file_begin(all->out, NETWORKING "assent_unix_listen", ITEM_FROM_API,
			"sock_diag AF_UNIX");
	int err = sock_unix_dump(on_unix, all);
	more(all);
	netfile_end(all->out, err);
}

static void notes(struct sink *s, const struct owners *o, int err)
{
	if (err < 0)
		sink_note(s, "the owners of sockets could not be found out");
	else if (o->hidden > 0)
		sink_note(s, "sockets of %zu processes have no owner: needs administrator rights",
			  o->hidden);
	if (o->cut)
		sink_note(s,
			  "some sockets have no owner: there are too many open files to look at");
}

static void system_files(struct sink *s)
{
	static const char *const names[] = {"sockstat", "sockstat6", "snmp", "snmp6", "netstat",
					    "tcp",	"tcp6",	     "udp",  "udp6",  "unix"};
	char path[64];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		snprintf(path, sizeof(path), "/proc/net/%s", names[i]);
		sink_copy(s, path, PROC_MAX);
	}
}

int collect_sockets(struct sink *s, const struct collect_args *args)
{
	static const char *const ss[] = {"ss", "-peaonmi", NULL};
	static const char *const nstat[] = {"nstat", "-zas", NULL};
	struct owners owners;
	struct sockets all = {.out = s, .owners = &owners};

	(void)args;
	int err = owners_load(&owners, "/proc");
	notes(s, &owners, err);
	if (inet_text(&all) == 0) {
		sink_fact(s, "net.listen_count", "%zu", all.listening);
		sink_fact(s, "net.estab_count", "%zu", all.established);
	}
	unix_text(&all);
	owners_done(&owners);
	system_files(s);
	if (tool_is_installed("nstat"))
		sink_tool(s, NETWORKING "nstat_-zas", nstat);
	return sink_tool(s, NETWORKING "ss_-peaonmi", ss);
}
