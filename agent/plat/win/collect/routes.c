/* SPDX-License-Identifier: Apache-2.0
 *
 * Network routes, in the form of the Linux collector.
 */
#include "agent/plat/win/collect/net.h"

#include <stdio.h>
#include <stdlib.h>

#define ROUTES_MAX 2000

static bool is_nowhere(const SOCKADDR_INET *a)
{
	static const struct in6_addr none;

	if (a->si_family == AF_INET)
		return a->Ipv4.sin_addr.s_addr == 0;
	return memcmp(&a->Ipv6.sin6_addr, &none, sizeof none) == 0;
}

static const char *address(const SOCKADDR_INET *a, char out[NET_ADDR])
{
	return a->si_family == AF_INET ? net_addr_in(&a->Ipv4.sin_addr, AF_INET, out)
				       : net_addr_in(&a->Ipv6.sin6_addr, AF_INET6, out);
}

static bool is_default(const MIB_IPFORWARD_ROW2 *r)
{
	return r->DestinationPrefix.PrefixLength == 0 && is_nowhere(&r->DestinationPrefix.Prefix);
}

static void print_route(struct sink *s, const MIB_IPFORWARD_ROW2 *r,
			const IP_ADAPTER_ADDRESSES *all)
{
	char text[NET_ADDR], name[NET_NAME];

	if (is_default(r))
		sink_printf(s, "default");
	else
		sink_printf(s, "%s/%u", address(&r->DestinationPrefix.Prefix, text),
			    r->DestinationPrefix.PrefixLength);
	if (!is_nowhere(&r->NextHop))
		sink_printf(s, " via %s", address(&r->NextHop, text));
	sink_printf(s, " dev %s metric %lu%s\n", net_if_name(all, r->InterfaceIndex, name),
		    r->Metric, r->Publish ? " published" : "");
}

static void fact(struct sink *s, const MIB_IPFORWARD_TABLE2 *t, const IP_ADAPTER_ADDRESSES *all,
		 ADDRESS_FAMILY family, const char *key)
{
	const MIB_IPFORWARD_ROW2 *best = NULL;
	char text[NET_ADDR], name[NET_NAME];

	for (ULONG i = 0; i < t->NumEntries; i++) {
		const MIB_IPFORWARD_ROW2 *r = &t->Table[i];

		if (r->DestinationPrefix.Prefix.si_family == family && is_default(r) &&
		    (!best || r->Metric < best->Metric))
			best = r;
	}
	if (!best && family == AF_INET)
		sink_fact(s, key, "none");
	else if (best && is_nowhere(&best->NextHop))
		sink_fact(s, key, "dev %s", net_if_name(all, best->InterfaceIndex, name));
	else if (best)
		sink_fact(s, key, "via %s dev %s", address(&best->NextHop, text),
			  net_if_name(all, best->InterfaceIndex, name));
}

int collect_routes(struct sink *s, const struct collect_args *args)
{
	MIB_IPFORWARD_TABLE2 *t = NULL;
	DWORD ignored;
	IP_ADAPTER_ADDRESSES *all = net_adapters(&ignored);

	(void)args;
	facts_begin(s, NET "assent_routes", "GetIpForwardTable2");
	DWORD err = GetIpForwardTable2(AF_UNSPEC, &t);
	for (ULONG i = 0; err == NO_ERROR && i < t->NumEntries && i < ROUTES_MAX; i++)
		print_route(s, &t->Table[i], all);
	if (err == NO_ERROR && t->NumEntries > ROUTES_MAX)
		sink_printf(s, "%lu more routes are not shown\n", t->NumEntries - ROUTES_MAX);
	facts_end(s, err);
	if (err == NO_ERROR) {
		fact(s, t, all, AF_INET, "net.default_route");
		fact(s, t, all, AF_INET6, "net.default_route6");
		FreeMibTable(t);
	}
	free(all);
	return 0;
}
