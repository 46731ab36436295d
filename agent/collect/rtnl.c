/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/rtnl.h"

#include <arpa/inet.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "proto/base/err.h"

/* if_arp.h and if.h of the kernel clash with the C library's: these two stand alone. */
#define FLAG_LOWER_UP 0x10000u

#define ALIGN4(n) (((n) + 3u) & ~(size_t)3u)

/* The fixed struct at the start of every message, then the attributes. */
static int split(const uint8_t *body, size_t n, void *head, size_t head_len,
		 struct netlink_attr *table, size_t count)
{
	if (n < head_len)
		return AS_ESHORT;
	memcpy(head, body, head_len);

	size_t skip = ALIGN4(head_len);
	if (skip > n)
		skip = n;
	return netlink_attrs(body + skip, n - skip, table, count);
}

static void mac_text(const struct netlink_attr *a, char out[RTNL_MAC_LEN + 1])
{
	size_t at = 0;

	out[0] = '\0';
	for (size_t i = 0; a->data && i < a->len && at + 3 <= RTNL_MAC_LEN + 1; i++)
		at += (size_t)snprintf(out + at, RTNL_MAC_LEN + 1 - at, i ? ":%02x" : "%02x",
				       a->data[i]);
}

static void address_text(uint8_t family, const struct netlink_attr *a, char out[RTNL_ADDR_LEN + 1])
{
	uint8_t bytes[16];
	size_t want = family == AF_INET ? 4 : 16;

	out[0] = '\0';
	if (!a->data || a->len != want)
		return;
	memcpy(bytes, a->data, want);
	if (!inet_ntop(family, bytes, out, RTNL_ADDR_LEN + 1))
		out[0] = '\0';
}

static bool is_ip(uint8_t family)
{
	return family == AF_INET || family == AF_INET6;
}

static void counters(const struct netlink_attr *a, struct rtnl_link *l)
{
	struct rtnl_link_stats64 s = {0};

	/* Newer kernels append fields; older ones have fewer. */
	if (!a->data)
		return;
	memcpy(&s, a->data, a->len < sizeof(s) ? a->len : sizeof(s));
	l->rx = (struct rtnl_counters){s.rx_bytes, s.rx_packets, s.rx_errors, s.rx_dropped};
	l->tx = (struct rtnl_counters){s.tx_bytes, s.tx_packets, s.tx_errors, s.tx_dropped};
}

int rtnl_link_decode(const uint8_t *body, size_t n, struct rtnl_link *out)
{
	struct ifinfomsg h;
	struct netlink_attr a[IFLA_CARRIER_CHANGES + 1];
	struct netlink_attr info[IFLA_INFO_KIND + 1];
	int err = split(body, n, &h, sizeof(h), a, IFLA_CARRIER_CHANGES + 1);

	if (err < 0)
		return err;

	struct rtnl_link l = {
	    .index = (uint32_t)h.ifi_index,
	    .up = (h.ifi_flags & IFF_UP) != 0,
	    .carrier = (h.ifi_flags & FLAG_LOWER_UP) != 0,
	    .loopback = (h.ifi_flags & IFF_LOOPBACK) != 0,
	    .mtu = netlink_attr_u32(&a[IFLA_MTU]),
	    .master = netlink_attr_u32(&a[IFLA_MASTER]),
	    .carrier_changes = netlink_attr_u32(&a[IFLA_CARRIER_CHANGES]),
	};
	netlink_attr_text(&a[IFLA_IFNAME], l.name, sizeof(l.name));
	mac_text(&a[IFLA_ADDRESS], l.mac);
	counters(&a[IFLA_STATS64], &l);
	if (a[IFLA_OPERSTATE].data && a[IFLA_OPERSTATE].len == 1)
		l.operstate = a[IFLA_OPERSTATE].data[0];
	if (a[IFLA_LINKINFO].data) {
		err = netlink_attrs(a[IFLA_LINKINFO].data, a[IFLA_LINKINFO].len, info,
				    IFLA_INFO_KIND + 1);
		if (err < 0)
			return err;
		netlink_attr_text(&info[IFLA_INFO_KIND], l.kind, sizeof(l.kind));
	}
	*out = l;
	return 0;
}

int rtnl_address_decode(const uint8_t *body, size_t n, struct rtnl_address *out)
{
	struct ifaddrmsg h;
	struct netlink_attr a[IFA_FLAGS + 1];
	int err = split(body, n, &h, sizeof(h), a, IFA_FLAGS + 1);

	if (err < 0)
		return err;
	if (!is_ip(h.ifa_family))
		return AS_EUNAVAIL;

	uint32_t flags = a[IFA_FLAGS].data ? netlink_attr_u32(&a[IFA_FLAGS]) : h.ifa_flags;
	struct rtnl_address r = {
	    .index = h.ifa_index,
	    .family = h.ifa_family,
	    .prefix = h.ifa_prefixlen,
	    .scope = h.ifa_scope,
	    .tentative = (flags & IFA_F_TENTATIVE) != 0,
	    .duplicate = (flags & IFA_F_DADFAILED) != 0,
	    /* The flag is "secondary" for IPv4 and "temporary" for IPv6. */
	    .temporary = h.ifa_family == AF_INET6 && (flags & IFA_F_TEMPORARY) != 0,
	    .deprecated = (flags & IFA_F_DEPRECATED) != 0,
	};
	/* On a point-to-point link IFA_ADDRESS is the other end and IFA_LOCAL is ours. */
	const struct netlink_attr *own = a[IFA_LOCAL].data ? &a[IFA_LOCAL] : &a[IFA_ADDRESS];
	address_text(r.family, own, r.text);
	address_text(r.family, &a[IFA_ADDRESS], r.peer);
	if (strcmp(r.peer, r.text) == 0)
		r.peer[0] = '\0';
	*out = r;
	return 0;
}

/* Counts the next hops and keeps the first. */
static int hops(const struct netlink_attr *a, struct rtnl_route *r)
{
	const uint8_t *p = a->data;
	size_t n = a->len;

	while (p && n > 0) {
		struct rtnexthop h;
		struct netlink_attr via[RTA_GATEWAY + 1];

		if (n < sizeof(h))
			return AS_EBADMSG;
		memcpy(&h, p, sizeof(h));
		if (h.rtnh_len < sizeof(h) || h.rtnh_len > n)
			return AS_EBADMSG;
		int err =
		    netlink_attrs(p + sizeof(h), h.rtnh_len - sizeof(h), via, RTA_GATEWAY + 1);
		if (err < 0)
			return err;
		if (r->hops++ == 0) {
			r->oif = (uint32_t)h.rtnh_ifindex;
			address_text(r->family, &via[RTA_GATEWAY], r->via);
		}

		size_t step = ALIGN4(h.rtnh_len) > n ? n : ALIGN4(h.rtnh_len);
		p += step;
		n -= step;
	}
	return 0;
}

int rtnl_route_decode(const uint8_t *body, size_t n, struct rtnl_route *out)
{
	struct rtmsg h;
	struct netlink_attr a[RTA_TABLE + 1];
	int err = split(body, n, &h, sizeof(h), a, RTA_TABLE + 1);

	if (err < 0)
		return err;
	if (!is_ip(h.rtm_family))
		return AS_EUNAVAIL;

	struct rtnl_route r = {
	    .family = h.rtm_family,
	    .prefix = h.rtm_dst_len,
	    .type = h.rtm_type,
	    .protocol = h.rtm_protocol,
	    .scope = h.rtm_scope,
	    .table = a[RTA_TABLE].data ? netlink_attr_u32(&a[RTA_TABLE]) : h.rtm_table,
	    .oif = netlink_attr_u32(&a[RTA_OIF]),
	    .metric = netlink_attr_u32(&a[RTA_PRIORITY]),
	};
	address_text(r.family, &a[RTA_DST], r.to);
	address_text(r.family, &a[RTA_GATEWAY], r.via);
	address_text(r.family, &a[RTA_PREFSRC], r.source);
	err = hops(&a[RTA_MULTIPATH], &r);
	if (err == 0)
		*out = r;
	return err;
}

int rtnl_neighbour_decode(const uint8_t *body, size_t n, struct rtnl_neighbour *out)
{
	struct ndmsg h;
	struct netlink_attr a[NDA_LLADDR + 1];
	int err = split(body, n, &h, sizeof(h), a, NDA_LLADDR + 1);

	if (err < 0)
		return err;
	if (!is_ip(h.ndm_family))
		return AS_EUNAVAIL;

	struct rtnl_neighbour r = {
	    .family = h.ndm_family,
	    .state = h.ndm_state,
	    .index = (uint32_t)h.ndm_ifindex,
	    .router = (h.ndm_flags & NTF_ROUTER) != 0,
	};
	address_text(r.family, &a[NDA_DST], r.to);
	mac_text(&a[NDA_LLADDR], r.mac);
	*out = r;
	return 0;
}

int rtnl_dump(uint16_t type, netlink_on on, void *arg)
{
	/* Every request starts with the family; this one is the longest of the four structs. */
	struct ifinfomsg all = {.ifi_family = AF_UNSPEC};

	return netlink_dump(NETLINK_ROUTE, type, &all, sizeof(all), on, arg);
}

static int on_link(uint16_t type, const uint8_t *body, size_t n, void *arg)
{
	struct rtnl_links *l = arg;

	if (type != RTM_NEWLINK)
		return 0;
	if (l->count == RTNL_LINKS_MAX) {
		l->cut = true;
		return 0;
	}

	int err = rtnl_link_decode(body, n, &l->at[l->count]);
	if (err == 0)
		l->count++;
	return err;
}

int rtnl_links_load(struct rtnl_links *l)
{
	l->count = 0;
	l->cut = false;
	return rtnl_dump(RTM_GETLINK, on_link, l);
}

const char *rtnl_links_name(const struct rtnl_links *l, uint32_t index, char buf[RTNL_INDEX_TEXT])
{
	for (size_t i = 0; i < l->count; i++)
		if (l->at[i].index == index && l->at[i].name[0])
			return l->at[i].name;
	snprintf(buf, RTNL_INDEX_TEXT, "if%u", index);
	return buf;
}
