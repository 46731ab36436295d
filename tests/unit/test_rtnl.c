/* SPDX-License-Identifier: Apache-2.0 */
#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <string.h>

#include "agent/collect/rtnl.h"
#include "proto/base/err.h"

struct message {
	uint8_t bytes[512];
	size_t len;
};

static struct message begin(const void *head, size_t n)
{
	struct message m = {.len = n};

	memcpy(m.bytes, head, n);
	return m;
}

static void attr(struct message *m, uint16_t type, const void *data, size_t n)
{
	struct rtattr a = {.rta_len = (uint16_t)RTA_LENGTH(n), .rta_type = type};

	memcpy(m->bytes + m->len, &a, sizeof(a));
	memcpy(m->bytes + m->len + sizeof(a), data, n);
	m->len += RTA_ALIGN(a.rta_len);
}

static void attr_u32(struct message *m, uint16_t type, uint32_t v)
{
	attr(m, type, &v, sizeof(v));
}

static void attr_ip(struct message *m, uint16_t type, int family, const char *text)
{
	uint8_t ip[16];

	cr_assert_eq(inet_pton(family, text, ip), 1);
	attr(m, type, ip, family == AF_INET ? 4 : 16);
}

static struct message sample_link(void)
{
	struct ifinfomsg h = {.ifi_index = 2, .ifi_flags = IFF_UP | 0x10000};
	struct message m = begin(&h, sizeof(h));
	struct rtnl_link_stats64 st = {.rx_bytes = UINT64_C(1) << 40, .tx_errors = 3};

	attr(&m, IFLA_IFNAME, "eth0", 5);
	attr(&m, IFLA_ADDRESS, "\x02\x00\x5e\x10\x00\xff", 6);
	attr_u32(&m, IFLA_MTU, 1500);
	attr(&m, IFLA_OPERSTATE, "\x06", 1);
	attr(&m, IFLA_STATS64, &st, sizeof(st));
	return m;
}

static struct message sample_address(void)
{
	struct ifaddrmsg h = {.ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = 2};
	struct message m = begin(&h, sizeof(h));

	attr_ip(&m, IFA_ADDRESS, AF_INET, "192.0.2.5");
	attr_ip(&m, IFA_LOCAL, AF_INET, "192.0.2.5");
	return m;
}

static struct message sample_route(void)
{
	struct rtmsg h = {
	    .rtm_family = AF_INET, .rtm_table = RT_TABLE_MAIN, .rtm_type = RTN_UNICAST};
	struct message m = begin(&h, sizeof(h));

	attr_ip(&m, RTA_GATEWAY, AF_INET, "192.0.2.1");
	attr_u32(&m, RTA_OIF, 2);
	attr_u32(&m, RTA_PRIORITY, 100);
	return m;
}

static struct message sample_neighbour(void)
{
	struct ndmsg h = {.ndm_family = AF_INET6,
			  .ndm_ifindex = 2,
			  .ndm_state = NUD_STALE,
			  .ndm_flags = NTF_ROUTER};
	struct message m = begin(&h, sizeof(h));

	attr_ip(&m, NDA_DST, AF_INET6, "fe80::1");
	attr(&m, NDA_LLADDR, "\x02\x00\x00\x00\x00\x01", 6);
	return m;
}

Test(rtnl, reads_a_link)
{
	struct message m = sample_link();
	struct rtnl_link l;

	cr_assert_eq(rtnl_link_decode(m.bytes, m.len, &l), 0);
	cr_assert_str_eq(l.name, "eth0");
	cr_assert_str_eq(l.mac, "02:00:5e:10:00:ff");
	cr_assert_str_eq(rtnl_operstate(l.operstate), "UP");
	cr_assert(l.up && l.carrier && !l.loopback);
	cr_assert_eq(l.mtu, 1500u);
	cr_assert_eq(l.rx.bytes, UINT64_C(1) << 40);
	cr_assert_eq(l.tx.errors, 3u);
}

Test(rtnl, keeps_no_more_of_a_link_address_than_fits)
{
	struct message m = sample_link();
	uint8_t mac[32];
	struct rtnl_link l;

	memset(mac, 0xee, sizeof(mac));
	attr(&m, IFLA_ADDRESS, mac, sizeof(mac));
	cr_assert_eq(rtnl_link_decode(m.bytes, m.len, &l), 0);
	cr_assert_eq(strlen(l.mac), RTNL_MAC_LEN);
}

Test(rtnl, shows_a_name_without_what_a_terminal_would_obey)
{
	struct message m = sample_link();
	struct rtnl_link l;

	attr(&m, IFLA_IFNAME, "a\033[2J", 6);
	cr_assert_eq(rtnl_link_decode(m.bytes, m.len, &l), 0);
	cr_assert_null(strchr(l.name, '\033'));
}

Test(rtnl, reads_an_address)
{
	struct message m = sample_address();
	struct rtnl_address a;

	cr_assert_eq(rtnl_address_decode(m.bytes, m.len, &a), 0);
	cr_assert_str_eq(a.text, "192.0.2.5");
	cr_assert_str_eq(a.peer, "");
	cr_assert_eq(a.prefix, 24);
}

Test(rtnl, tells_both_ends_of_a_point_to_point_link)
{
	struct ifaddrmsg h = {.ifa_family = AF_INET, .ifa_prefixlen = 32};
	struct message m = begin(&h, sizeof(h));
	struct rtnl_address a;

	attr_ip(&m, IFA_ADDRESS, AF_INET, "198.51.100.1");
	attr_ip(&m, IFA_LOCAL, AF_INET, "198.51.100.2");
	attr_u32(&m, IFA_FLAGS, IFA_F_DADFAILED);
	cr_assert_eq(rtnl_address_decode(m.bytes, m.len, &a), 0);
	cr_assert_str_eq(a.text, "198.51.100.2");
	cr_assert_str_eq(a.peer, "198.51.100.1");
	cr_assert(a.duplicate);
}

Test(rtnl, passes_over_families_it_does_not_know)
{
	struct message m = sample_address();
	struct rtnl_address a;

	m.bytes[0] = AF_PACKET;
	cr_assert_eq(rtnl_address_decode(m.bytes, m.len, &a), AS_EUNAVAIL);
}

Test(rtnl, shows_an_address_of_the_wrong_length_as_none)
{
	struct ifaddrmsg h = {.ifa_family = AF_INET6};
	struct message m = begin(&h, sizeof(h));
	struct rtnl_address a;

	attr_ip(&m, IFA_ADDRESS, AF_INET, "192.0.2.5");
	cr_assert_eq(rtnl_address_decode(m.bytes, m.len, &a), 0);
	cr_assert_str_eq(a.text, "");
}

Test(rtnl, reads_a_default_route)
{
	struct message m = sample_route();
	struct rtnl_route r;

	cr_assert_eq(rtnl_route_decode(m.bytes, m.len, &r), 0);
	cr_assert_str_eq(r.to, "");
	cr_assert_str_eq(r.via, "192.0.2.1");
	cr_assert_eq(r.oif, 2u);
	cr_assert_eq(r.metric, 100u);
	cr_assert_eq(r.table, (uint32_t)RT_TABLE_MAIN);
}

/* Two next hops, as RTA_MULTIPATH carries them. */
static size_t two_hops(uint8_t *p)
{
	struct message hop = {0};
	struct rtnexthop h = {.rtnh_ifindex = 3};

	memset(&hop, 0, sizeof(hop));
	hop.len = sizeof(h);
	attr_ip(&hop, RTA_GATEWAY, AF_INET, "192.0.2.9");
	h.rtnh_len = (unsigned short)hop.len;
	memcpy(hop.bytes, &h, sizeof(h));
	memcpy(p, hop.bytes, hop.len);
	memcpy(p + hop.len, hop.bytes, hop.len);
	return 2 * hop.len;
}

Test(rtnl, counts_the_hops_of_a_route_with_several)
{
	struct rtmsg h = {.rtm_family = AF_INET};
	struct message m = begin(&h, sizeof(h));
	struct rtnl_route r;
	uint8_t hops[128];
	size_t n = two_hops(hops);

	attr(&m, RTA_MULTIPATH, hops, n);
	cr_assert_eq(rtnl_route_decode(m.bytes, m.len, &r), 0);
	cr_assert_eq(r.hops, 2u);
	cr_assert_eq(r.oif, 3u);
	cr_assert_str_eq(r.via, "192.0.2.9");

	for (size_t cut = 1; cut < n; cut++) {
		m = begin(&h, sizeof(h));
		attr(&m, RTA_MULTIPATH, hops, cut);
		if (cut != n / 2)
			cr_assert_eq(rtnl_route_decode(m.bytes, m.len, &r), AS_EBADMSG);
	}
}

Test(rtnl, reads_a_neighbour)
{
	struct message m = sample_neighbour();
	struct rtnl_neighbour r;

	cr_assert_eq(rtnl_neighbour_decode(m.bytes, m.len, &r), 0);
	cr_assert_str_eq(r.to, "fe80::1");
	cr_assert_str_eq(r.mac, "02:00:00:00:00:01");
	cr_assert_str_eq(rtnl_neighbour_state(r.state), "STALE");
	cr_assert(r.router);
}

/* The decoders share a signature but for the struct. */
static int decode(size_t kind, const uint8_t *p, size_t n)
{
	struct rtnl_link l;
	struct rtnl_address a;
	struct rtnl_route r;
	struct rtnl_neighbour b;

	switch (kind) {
	case 0:
		return rtnl_link_decode(p, n, &l);
	case 1:
		return rtnl_address_decode(p, n, &a);
	case 2:
		return rtnl_route_decode(p, n, &r);
	default:
		return rtnl_neighbour_decode(p, n, &b);
	}
}

Test(rtnl, refuses_a_message_that_is_cut_inside_its_head_or_an_attribute)
{
	const struct message all[] = {sample_link(), sample_address(), sample_route(),
				      sample_neighbour()};
	const size_t heads[] = {sizeof(struct ifinfomsg), sizeof(struct ifaddrmsg),
				sizeof(struct rtmsg), sizeof(struct ndmsg)};

	for (size_t k = 0; k < 4; k++) {
		for (size_t cut = 0; cut < heads[k]; cut++)
			cr_assert_eq(decode(k, all[k].bytes, cut), AS_ESHORT);
		for (size_t cut = heads[k] + 1; cut < heads[k] + sizeof(struct rtattr); cut++)
			cr_assert_eq(decode(k, all[k].bytes, cut), AS_EBADMSG);
		cr_assert_eq(decode(k, all[k].bytes, all[k].len + 2), AS_EBADMSG, "trailing bytes");
		cr_assert_eq(decode(k, all[k].bytes, all[k].len), 0);
	}
}

Test(rtnl, gives_a_link_without_a_name_its_number)
{
	static struct rtnl_links links = {.count = 1, .at = {{.index = 2, .name = "eth0"}}};
	char buf[RTNL_INDEX_TEXT];

	cr_assert_str_eq(rtnl_links_name(&links, 2, buf), "eth0");
	cr_assert_str_eq(rtnl_links_name(&links, 7, buf), "if7");
}

Test(rtnl, has_no_word_for_what_it_does_not_know)
{
	cr_assert_str_eq(rtnl_operstate(200), "?");
	cr_assert_str_eq(rtnl_scope(7), "?");
	cr_assert_str_eq(rtnl_route_type(200), "?");
	cr_assert_str_eq(rtnl_route_protocol(255), "?");
	cr_assert_str_eq(rtnl_neighbour_state(0xffff), "?");
}

/* The one test that asks the real kernel: every system has a loopback link. */
Test(rtnl, finds_the_loopback_link_of_this_computer)
{
	static struct rtnl_links links;
	bool found = false;

	cr_assert_eq(rtnl_links_load(&links), 0);
	for (size_t i = 0; i < links.count; i++)
		found = found || links.at[i].loopback;
	cr_assert(found);
}
