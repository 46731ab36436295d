/* SPDX-License-Identifier: Apache-2.0
 *
 * Open network connections and the programs that own them.
 */
#include "agent/plat/win/collect/net.h"

#include <stdio.h>
#include <stdlib.h>
#include <tlhelp32.h>

#define SOCKETS_MAX   8000
#define PROCESSES_MAX 4096
#define TRIES	      5

struct owner {
	DWORD pid;
	char name[80];
};

struct sockets {
	struct sink *s;
	struct owner *owners;
	size_t owner_count;
	unsigned shown, listening, established;
};

static void load_owners(struct sockets *all)
{
	PROCESSENTRY32W e = {.dwSize = sizeof e};
	HANDLE snapshot = CreateToolhelp32Snapshot(TH32CS_SNAPPROCESS, 0);

	all->owners = calloc(PROCESSES_MAX, sizeof *all->owners);
	if (snapshot == INVALID_HANDLE_VALUE)
		return;
	for (BOOL more = Process32FirstW(snapshot, &e);
	     more && all->owners && all->owner_count < PROCESSES_MAX;
	     more = Process32NextW(snapshot, &e)) {
		struct owner *o = &all->owners[all->owner_count++];

		o->pid = e.th32ProcessID;
		win_text(e.szExeFile, o->name, sizeof o->name);
	}
	CloseHandle(snapshot);
}

static const char *owner_name(const struct sockets *all, DWORD pid, char out[112])
{
	for (size_t i = 0; i < all->owner_count; i++)
		if (all->owners[i].pid == pid && pid != 0) {
			snprintf(out, 112, "%s(%lu)", all->owners[i].name, pid);
			return out;
		}
	snprintf(out, 112, pid ? "(%lu)" : "-", pid);
	return out;
}

static const char *state_name(DWORD state)
{
	static const char *const names[] = {
	    "?",	  "CLOSED",	"LISTEN",  "SYN-SENT", "SYN-RECV",  "ESTAB", "FIN-WAIT-1",
	    "FIN-WAIT-2", "CLOSE-WAIT", "CLOSING", "LAST-ACK", "TIME-WAIT", "DELETE"};

	return state < sizeof names / sizeof names[0] ? names[state] : "?";
}

struct end {
	const void *addr;
	int family;
	DWORD port;
};

static const char *end_text(const struct end *e, char out[NET_ADDR + 10])
{
	char addr[NET_ADDR];

	net_addr_in(e->addr, e->family, addr);
	snprintf(out, NET_ADDR + 10, e->family == AF_INET ? "%s:%u" : "[%s]:%u", addr,
		 ntohs((u_short)e->port));
	return out;
}

static void print_one(struct sockets *all, const char *protocol, const char *state,
		      const struct end *local, const struct end *peer, DWORD pid)
{
	char here[NET_ADDR + 10], there[NET_ADDR + 10] = "-", owner[112];

	if (all->shown++ >= SOCKETS_MAX)
		return;
	if (peer)
		end_text(peer, there);
	sink_printf(all->s, "%-4s %-10s %-44s %-44s %s\n", protocol, state, end_text(local, here),
		    there, owner_name(all, pid, owner));
}

/* A table of the size it has now, to be freed. */
static void *table(bool tcp, ULONG family, DWORD *err)
{
	void *t = NULL;
	DWORD n = 65536;

	*err = ERROR_INSUFFICIENT_BUFFER;
	for (int i = 0; i < TRIES && *err == ERROR_INSUFFICIENT_BUFFER; i++) {
		free(t);
		t = malloc(n);
		*err = !t    ? ERROR_OUTOFMEMORY
		       : tcp ? GetExtendedTcpTable(t, &n, TRUE, family, TCP_TABLE_OWNER_PID_ALL, 0)
			     : GetExtendedUdpTable(t, &n, TRUE, family, UDP_TABLE_OWNER_PID, 0);
	}
	if (*err == NO_ERROR)
		return t;
	free(t);
	return NULL;
}

static void count(struct sockets *all, DWORD state)
{
	all->listening += state == MIB_TCP_STATE_LISTEN;
	all->established += state == MIB_TCP_STATE_ESTAB;
}

static DWORD tcp4(struct sockets *all)
{
	DWORD err;
	MIB_TCPTABLE_OWNER_PID *t = table(true, AF_INET, &err);

	for (DWORD i = 0; t && i < t->dwNumEntries; i++) {
		const MIB_TCPROW_OWNER_PID *r = &t->table[i];
		struct end here = {&r->dwLocalAddr, AF_INET, r->dwLocalPort};
		struct end there = {&r->dwRemoteAddr, AF_INET, r->dwRemotePort};

		count(all, r->dwState);
		print_one(all, "tcp", state_name(r->dwState), &here,
			  r->dwState == MIB_TCP_STATE_LISTEN ? NULL : &there, r->dwOwningPid);
	}
	free(t);
	return err;
}

static DWORD tcp6(struct sockets *all)
{
	DWORD err;
	MIB_TCP6TABLE_OWNER_PID *t = table(true, AF_INET6, &err);

	for (DWORD i = 0; t && i < t->dwNumEntries; i++) {
		const MIB_TCP6ROW_OWNER_PID *r = &t->table[i];
		struct end here = {r->ucLocalAddr, AF_INET6, r->dwLocalPort};
		struct end there = {r->ucRemoteAddr, AF_INET6, r->dwRemotePort};

		count(all, r->dwState);
		print_one(all, "tcp6", state_name(r->dwState), &here,
			  r->dwState == MIB_TCP_STATE_LISTEN ? NULL : &there, r->dwOwningPid);
	}
	free(t);
	return err;
}

static DWORD udp4(struct sockets *all)
{
	DWORD err;
	MIB_UDPTABLE_OWNER_PID *t = table(false, AF_INET, &err);

	for (DWORD i = 0; t && i < t->dwNumEntries; i++) {
		struct end here = {&t->table[i].dwLocalAddr, AF_INET, t->table[i].dwLocalPort};

		print_one(all, "udp", "-", &here, NULL, t->table[i].dwOwningPid);
	}
	free(t);
	return err;
}

static DWORD udp6(struct sockets *all)
{
	DWORD err;
	MIB_UDP6TABLE_OWNER_PID *t = table(false, AF_INET6, &err);

	for (DWORD i = 0; t && i < t->dwNumEntries; i++) {
		struct end here = {t->table[i].ucLocalAddr, AF_INET6, t->table[i].dwLocalPort};

		print_one(all, "udp6", "-", &here, NULL, t->table[i].dwOwningPid);
	}
	free(t);
	return err;
}

int collect_sockets(struct sink *s, const struct collect_args *args)
{
	struct sockets all = {.s = s};

	(void)args;
	load_owners(&all);
	facts_begin(s, NET "assent_sockets", "GetExtendedTcpTable, GetExtendedUdpTable");
	sink_printf(s, "%-4s %-10s %-44s %-44s %s\n", "prot", "state", "local", "peer", "owner");

	DWORD err = tcp4(&all);
	tcp6(&all); /* a computer without IPv6 has no such tables */
	DWORD more = udp4(&all);
	udp6(&all);
	if (all.shown > SOCKETS_MAX)
		sink_printf(s, "%u more are not shown\n", all.shown - SOCKETS_MAX);
	free(all.owners);
	facts_end(s, err ? err : more);
	if (err == 0) {
		sink_fact(s, "net.listen_count", "%u", all.listening);
		sink_fact(s, "net.estab_count", "%u", all.established);
	}
	return 0;
}
