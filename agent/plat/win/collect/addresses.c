/* SPDX-License-Identifier: Apache-2.0
 *
 * This computer's network addresses, in the form of the Linux collector.
 */
#include "agent/plat/win/collect/net.h"

#include <stdio.h>
#include <stdlib.h>

#define FACTS_MAX 16

static const char *state_name(IP_DAD_STATE s)
{
	switch (s) {
	case IpDadStateTentative:
		return " tentative";
	case IpDadStateDuplicate:
		return " DUPLICATE";
	case IpDadStateDeprecated:
		return " deprecated";
	case IpDadStateInvalid:
		return " invalid";
	default:
		return "";
	}
}

static void print_one(struct sink *s, const IP_ADAPTER_ADDRESSES *a)
{
	char name[NET_NAME], text[NET_ADDR];

	sink_printf(s, "%s\n", win_text(a->FriendlyName, name, sizeof name));
	for (const IP_ADAPTER_UNICAST_ADDRESS *u = a->FirstUnicastAddress; u; u = u->Next)
		sink_printf(s, "    %s/%u%s%s\n", net_addr(u->Address.lpSockaddr, text),
			    u->OnLinkPrefixLength, state_name(u->DadState),
			    u->SuffixOrigin == IpSuffixOriginRandom ? " temporary" : "");
	for (const IP_ADAPTER_GATEWAY_ADDRESS *g = a->FirstGatewayAddress; g; g = g->Next)
		sink_printf(s, "    gateway %s\n", net_addr(g->Address.lpSockaddr, text));
	for (const IP_ADAPTER_DNS_SERVER_ADDRESS *d = a->FirstDnsServerAddress; d; d = d->Next)
		sink_printf(s, "    name server %s\n", net_addr(d->Address.lpSockaddr, text));
}

/* "Ethernet 192.0.2.5/24, fe80::1/64" */
static void fact(struct sink *s, const IP_ADAPTER_ADDRESSES *a, unsigned *n)
{
	char key[ITEM_KEY_MAX], name[NET_NAME], text[NET_ADDR], line[ITEM_VALUE_MAX + 1];
	size_t at =
	    (size_t)snprintf(line, sizeof line, "%s ", win_text(a->FriendlyName, name, 100));
	bool any = false;

	for (const IP_ADAPTER_UNICAST_ADDRESS *u = a->FirstUnicastAddress; u && at < sizeof line;
	     u = u->Next) {
		at += (size_t)snprintf(line + at, sizeof line - at, "%s%s/%u%s", any ? ", " : "",
				       net_addr(u->Address.lpSockaddr, text), u->OnLinkPrefixLength,
				       u->DadState == IpDadStateDuplicate ? " (duplicate)" : "");
		any = true;
	}
	if (!any || a->IfType == IF_TYPE_SOFTWARE_LOOPBACK || *n >= FACTS_MAX)
		return;
	snprintf(key, sizeof key, "net.addr.%u", ++*n);
	sink_fact(s, key, "%s", line);
}

int collect_addresses(struct sink *s, const struct collect_args *args)
{
	DWORD err;
	IP_ADAPTER_ADDRESSES *all = net_adapters(&err);
	unsigned n = 0;

	(void)args;
	facts_begin(s, NET "assent_addresses", "GetAdaptersAddresses");
	for (const IP_ADAPTER_ADDRESSES *a = all; a; a = a->Next)
		print_one(s, a);
	facts_end(s, err);
	for (const IP_ADAPTER_ADDRESSES *a = all; a; a = a->Next)
		fact(s, a, &n);
	free(all);
	return 0;
}
