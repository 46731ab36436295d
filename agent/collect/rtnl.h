/* SPDX-License-Identifier: Apache-2.0
 *
 * What the kernel knows about the network, out of rtnetlink messages: pure decoders and the
 * words engineers know from `ip`. Text in the structs is clean and ends inside its array.
 */
#ifndef AS_AGENT_COLLECT_RTNL_H
#define AS_AGENT_COLLECT_RTNL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/collect/netlink.h"

#define RTNL_NAME_LEN 15 /* IFNAMSIZ - 1 */
#define RTNL_ADDR_LEN 45 /* the longest IPv6 address as text */
#define RTNL_MAC_LEN  59 /* up to 20 bytes (InfiniBand) as xx:xx... */

struct rtnl_counters {
	uint64_t bytes, packets, errors, dropped;
};

struct rtnl_link {
	uint32_t index;
	char name[RTNL_NAME_LEN + 1];
	char mac[RTNL_MAC_LEN + 1];   /* "" when it has none */
	char kind[RTNL_NAME_LEN + 1]; /* "vlan", "bridge"...; "" for hardware */
	bool up, carrier, loopback;
	uint8_t operstate; /* rtnl_operstate() */
	uint32_t mtu, master, carrier_changes;
	struct rtnl_counters rx, tx;
};

struct rtnl_address {
	uint32_t index;
	uint8_t family, prefix, scope;
	bool tentative, duplicate, temporary, deprecated;
	char text[RTNL_ADDR_LEN + 1];
	char peer[RTNL_ADDR_LEN + 1]; /* the other end of a point-to-point link, or "" */
};

struct rtnl_route {
	uint8_t family, prefix, type, protocol, scope;
	uint32_t table, oif, metric; /* oif 0: none, or several next hops */
	char to[RTNL_ADDR_LEN + 1];  /* "" for the default route */
	char via[RTNL_ADDR_LEN + 1]; /* "" for what is on the link */
	char source[RTNL_ADDR_LEN + 1];
	uint32_t hops; /* next hops of a multipath route; via and oif are those of the first */
};

struct rtnl_neighbour {
	uint8_t family;
	uint16_t state; /* rtnl_neighbour_state() */
	uint32_t index;
	bool router;
	char to[RTNL_ADDR_LEN + 1];
	char mac[RTNL_MAC_LEN + 1];
};

/* body, n: as netlink_on gets them. AS_ESHORT or AS_EBADMSG; AS_EUNAVAIL for a family that is
 * neither IPv4 nor IPv6, which callers skip. */
int rtnl_link_decode(const uint8_t *body, size_t n, struct rtnl_link *out);
int rtnl_address_decode(const uint8_t *body, size_t n, struct rtnl_address *out);
int rtnl_route_decode(const uint8_t *body, size_t n, struct rtnl_route *out);
int rtnl_neighbour_decode(const uint8_t *body, size_t n, struct rtnl_neighbour *out);

/* Words; "?" for a number that is not known here. */
const char *rtnl_operstate(uint8_t state);
const char *rtnl_scope(uint8_t scope);
const char *rtnl_route_type(uint8_t type);
const char *rtnl_route_protocol(uint8_t protocol);
const char *rtnl_neighbour_state(uint16_t state);

/* Dumps; rtnl_dump() asks for everything of one type (RTM_GETLINK, RTM_GETADDR...). */
int rtnl_dump(uint16_t type, netlink_on on, void *arg);

#define RTNL_LINKS_MAX 256
/* Links by index, so that messages that carry an index can be shown with a name. */
struct rtnl_links {
	size_t count;
	bool cut; /* there were more */
	struct rtnl_link at[RTNL_LINKS_MAX];
};
int rtnl_links_load(struct rtnl_links *l);
/* The name, or "if7" written into buf. */
#define RTNL_INDEX_TEXT 16
const char *rtnl_links_name(const struct rtnl_links *l, uint32_t index, char buf[RTNL_INDEX_TEXT]);

#endif
