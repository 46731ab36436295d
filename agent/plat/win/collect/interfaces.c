/* SPDX-License-Identifier: Apache-2.0
 *
 * Network adapters and their counters.
 */
#include "agent/plat/win/collect/net.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define DOWN_FACTS_MAX 8

static const char *state_name(IF_OPER_STATUS s)
{
	static const char *const names[] = {
	    "?", "up", "down", "testing", "unknown", "dormant", "not present", "lower layer down"};

	return (unsigned)s < sizeof names / sizeof names[0] ? names[s] : "?";
}

static const char *type_name(ULONG type)
{
	switch (type) {
	case IF_TYPE_ETHERNET_CSMACD:
		return "ethernet";
	case IF_TYPE_SOFTWARE_LOOPBACK:
		return "loopback";
	case IF_TYPE_IEEE80211:
		return "wifi";
	case IF_TYPE_PPP:
		return "ppp";
	case IF_TYPE_TUNNEL:
		return "tunnel";
	case 243: /* IF_TYPE_WWANPP */
		return "mobile";
	default:
		return "other";
	}
}

static void print_counters(struct sink *s, const MIB_IF_ROW2 *r)
{
	sink_printf(s,
		    "    rx %" PRIu64 " bytes, %" PRIu64 " packets, %" PRIu64 " errors, %" PRIu64
		    " dropped\n    tx %" PRIu64 " bytes, %" PRIu64 " packets, %" PRIu64
		    " errors, %" PRIu64 " dropped\n",
		    r->InOctets, r->InUcastPkts + r->InNUcastPkts, r->InErrors, r->InDiscards,
		    r->OutOctets, r->OutUcastPkts + r->OutNUcastPkts, r->OutErrors, r->OutDiscards);
}

static void print_one(struct sink *s, const IP_ADAPTER_ADDRESSES *a)
{
	typedef DWORD WINAPI get_entry(MIB_IF_ROW2 * row);
	get_entry *get = WIN_FIND(get_entry *, "iphlpapi.dll", "GetIfEntry2");
	MIB_IF_ROW2 row = {.InterfaceIndex = a->IfIndex};
	char name[NET_NAME], text[NET_NAME], mac[NET_ADDR];

	sink_printf(s, "%lu: %s: %s, %s, mtu %lu\n", a->IfIndex,
		    win_text(a->FriendlyName, name, sizeof name), type_name(a->IfType),
		    state_name(a->OperStatus), a->Mtu);
	sink_printf(s, "    %s\n", win_text(a->Description, text, sizeof text));
	if (a->PhysicalAddressLength > 0)
		sink_printf(s, "    link address %s\n",
			    net_mac(a->PhysicalAddress, a->PhysicalAddressLength, mac));
	if (a->TransmitLinkSpeed != 0 && a->TransmitLinkSpeed != UINT64_MAX)
		sink_printf(s, "    speed %" PRIu64 " Mb/s\n", a->TransmitLinkSpeed / 1000000);
	sink_printf(s, "    dhcp %s, dns suffix %s\n",
		    a->Flags & IP_ADAPTER_DHCP_ENABLED ? "on" : "off",
		    win_text(a->DnsSuffix, text, sizeof text));
	if (get && get(&row) == NO_ERROR)
		print_counters(s, &row);
}

/* A cable that is out. Unused virtual adapters are normal. */
static void facts(struct sink *s, const IP_ADAPTER_ADDRESSES *all)
{
	unsigned n = 0;
	char key[ITEM_KEY_MAX], name[NET_NAME];

	for (; all && n < DOWN_FACTS_MAX; all = all->Next) {
		if ((all->IfType != IF_TYPE_ETHERNET_CSMACD && all->IfType != IF_TYPE_IEEE80211) ||
		    all->OperStatus != IfOperStatusDown)
			continue;
		snprintf(key, sizeof key, "net.if_down.%u", ++n);
		sink_fact(s, key, "%s (no carrier)",
			  win_text(all->FriendlyName, name, sizeof name));
	}
}

static void print_statistics(struct sink *s)
{
	static const int families[] = {AF_INET, AF_INET6};
	MIB_TCPSTATS tcp;
	MIB_UDPSTATS udp;
	MIB_IPSTATS ip;

	facts_begin(s, "windows/network_statistics", "GetTcpStatisticsEx and others");
	for (size_t i = 0; i < 2; i++) {
		ULONG family = (ULONG)families[i];

		sink_printf(s, "IPv%d\n", families[i] == AF_INET ? 4 : 6);
		if (GetTcpStatisticsEx(&tcp, family) == NO_ERROR)
			sink_printf(s,
				    "  tcp: %lu active opens, %lu passive opens, %lu failed, %lu "
				    "resets, %lu established, %lu segments in, %lu out, %lu "
				    "retransmitted, %lu errors in\n",
				    tcp.dwActiveOpens, tcp.dwPassiveOpens, tcp.dwAttemptFails,
				    tcp.dwEstabResets, tcp.dwCurrEstab, tcp.dwInSegs, tcp.dwOutSegs,
				    tcp.dwRetransSegs, tcp.dwInErrs);
		if (GetUdpStatisticsEx(&udp, family) == NO_ERROR)
			sink_printf(s, "  udp: %lu in, %lu without port, %lu errors, %lu out\n",
				    udp.dwInDatagrams, udp.dwNoPorts, udp.dwInErrors,
				    udp.dwOutDatagrams);
		if (GetIpStatisticsEx(&ip, family) == NO_ERROR)
			sink_printf(s,
				    "  ip: %lu in, %lu header errors, %lu address errors, %lu "
				    "discarded, %lu out, %lu without route\n",
				    ip.dwInReceives, ip.dwInHdrErrors, ip.dwInAddrErrors,
				    ip.dwInDiscards, ip.dwOutRequests, ip.dwOutNoRoutes);
	}
	facts_end(s, 0);
}

int collect_interfaces(struct sink *s, const struct collect_args *args)
{
	DWORD err;
	IP_ADAPTER_ADDRESSES *all = net_adapters(&err);

	(void)args;
	facts_begin(s, NET "assent_interfaces", "GetAdaptersAddresses, GetIfEntry2");
	for (const IP_ADAPTER_ADDRESSES *a = all; a; a = a->Next)
		print_one(s, a);
	facts_end(s, err);
	facts(s, all);
	free(all);
	print_statistics(s);
	return 0;
}
