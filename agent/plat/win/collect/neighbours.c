/* SPDX-License-Identifier: Apache-2.0
 *
 * Computers this one talks to on the local network: the ARP and neighbour tables.
 */
#include "agent/plat/win/collect/net.h"

#include <stdio.h>
#include <stdlib.h>

#define NEIGHBOURS_MAX 2000

static const char *state_name(NL_NEIGHBOR_STATE s)
{
	static const char *const names[] = {"UNREACHABLE", "INCOMPLETE", "PROBE",    "DELAY",
					    "STALE",	   "REACHABLE",	 "PERMANENT"};

	return (unsigned)s < sizeof names / sizeof names[0] ? names[s] : "?";
}

static bool is_group(const SOCKADDR_INET *a)
{
	if (a->si_family == AF_INET)
		return (ntohl(a->Ipv4.sin_addr.s_addr) >> 28) == 14 ||
		       a->Ipv4.sin_addr.s_addr == INADDR_BROADCAST;
	return a->Ipv6.sin6_addr.s6_addr[0] == 0xff;
}

static void print_one(struct sink *s, const MIB_IPNET_ROW2 *r, const IP_ADAPTER_ADDRESSES *all)
{
	char text[NET_ADDR], name[NET_NAME], mac[NET_ADDR];
	const char *to = r->Address.si_family == AF_INET
			     ? net_addr_in(&r->Address.Ipv4.sin_addr, AF_INET, text)
			     : net_addr_in(&r->Address.Ipv6.sin6_addr, AF_INET6, text);

	net_mac(r->PhysicalAddress,
		r->PhysicalAddressLength <= sizeof r->PhysicalAddress ? r->PhysicalAddressLength
								      : 0,
		mac);
	sink_printf(s, "%s dev %s%s%s%s %s\n", to, net_if_name(all, r->InterfaceIndex, name),
		    mac[0] ? " lladdr " : "", mac, r->IsRouter ? " router" : "",
		    state_name(r->State));
}

int collect_neighbours(struct sink *s, const struct collect_args *args)
{
	MIB_IPNET_TABLE2 *t = NULL;
	DWORD ignored;
	IP_ADAPTER_ADDRESSES *all = net_adapters(&ignored);
	ULONG shown = 0;

	(void)args;
	facts_begin(s, NET "assent_neighbours", "GetIpNetTable2");
	DWORD err = GetIpNetTable2(AF_UNSPEC, &t);
	if (t) /* one that is filled counts, whatever the status says */
		err = 0;
	for (ULONG i = 0; t && i < t->NumEntries && shown < NEIGHBOURS_MAX; i++) {
		if (is_group(&t->Table[i].Address))
			continue; /* needs no neighbour */
		print_one(s, &t->Table[i], all);
		shown++;
	}
	if (t)
		FreeMibTable(t);
	free(all);
	return facts_end(s, err);
}
