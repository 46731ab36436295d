/* SPDX-License-Identifier: Apache-2.0
 *
 * Asking the kernel over netlink: one question, many messages back. The walkers are pure
 * and trust no length, so that saved answers and a fuzzer can drive them; only
 * netlink_dump() opens a socket.
 */
#ifndef AS_AGENT_COLLECT_NETLINK_H
#define AS_AGENT_COLLECT_NETLINK_H

#include <stddef.h>
#include <stdint.h>

#define NETLINK_DATAGRAM_MAX 65536u
/* A dump that yields more than this is given up: a router with a full table is not worth more. */
#define NETLINK_DUMP_MAX (64u << 20)

/* One message without its header. body points into the answer and ends with the call.
 * A negative value stops the dump and is handed back. */
typedef int (*netlink_on)(uint16_t type, const uint8_t *body, size_t n, void *arg);

#define NETLINK_DONE 1
/* Walks one datagram. NETLINK_DONE at the end of the dump, 0 when more datagrams follow, the
 * kernel's -errno when it refused, AS_ESHORT or AS_EBADMSG for a malformed one. */
int netlink_walk(const uint8_t *p, size_t n, netlink_on on, void *arg);

/* protocol: NETLINK_ROUTE or NETLINK_SOCK_DIAG; request: the body after the header. */
int netlink_dump(int protocol, uint16_t type, const void *request, size_t n, netlink_on on,
		 void *arg);

struct netlink_attr {
	const uint8_t *data; /* into the message; NULL when absent */
	size_t len;
};

/* Fills table[type] for the types below count; of a repeated one the last counts. Attributes
 * with a higher type are skipped. AS_EBADMSG when a length does not fit; the table is then
 * not to be used. */
int netlink_attrs(const uint8_t *p, size_t n, struct netlink_attr *table, size_t count);

/* A number of exactly its size, or 0. */
uint32_t netlink_attr_u32(const struct netlink_attr *a);

/* Text up to its NUL or the end, cleaned; "" when absent. Returns out. */
const char *netlink_attr_text(const struct netlink_attr *a, char *out, size_t cap);

#endif
