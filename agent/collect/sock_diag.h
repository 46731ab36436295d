/* SPDX-License-Identifier: Apache-2.0
 *
 * Open sockets, out of the kernel's sock_diag messages: TCP and UDP of both families, and
 * listening Unix sockets. Decoders are pure.
 */
#ifndef AS_AGENT_COLLECT_SOCK_DIAG_H
#define AS_AGENT_COLLECT_SOCK_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/collect/netlink.h"

#define SOCK_ADDR_LEN	 45
#define SOCK_PATH_LEN	 108
#define SOCK_ESTABLISHED 1
#define SOCK_LISTEN	 10

struct sock_inet {
	uint8_t family, state, timer, retransmits;
	uint16_t port, peer_port;
	char addr[SOCK_ADDR_LEN + 1], peer[SOCK_ADDR_LEN + 1]; /* "*" for any address */
	uint32_t index;					       /* bound to this link, or 0 */
	uint32_t recv_queue, send_queue, uid;
	uint32_t inode; /* 0: no process holds it any more */
};

struct sock_unix {
	uint8_t type, state;
	uint32_t inode;
	char path[SOCK_PATH_LEN + 1]; /* '@' for the NUL of an abstract name; "" for none */
};

int sock_inet_decode(const uint8_t *body, size_t n, struct sock_inet *out);
int sock_unix_decode(const uint8_t *body, size_t n, struct sock_unix *out);

/* Dumps: all sockets of a family (AF_INET, AF_INET6) and protocol (IPPROTO_TCP, IPPROTO_UDP);
 * all Unix sockets that wait for connections. */
int sock_inet_dump(uint8_t family, uint8_t protocol, netlink_on on, void *arg);
int sock_unix_dump(netlink_on on, void *arg);

/* "LISTEN"; "?" for a number that is not known. A UDP socket without a peer is UNCONN. */
const char *sock_state(uint8_t state);
const char *sock_unix_type(uint8_t type);

#endif
