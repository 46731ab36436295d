/* SPDX-License-Identifier: Apache-2.0
 *
 * The relay's door: accepts TCP connections not faster than the handshakes that follow can
 * be paid for, and not more per network prefix than its share. What is over the total rate
 * waits in the kernel's queue; what is over its prefix's rate is closed before any TLS.
 *
 * Life: listen_start() -> on_visitor()* -> listen_close() -> on_gone() exactly once.
 */
#ifndef AS_TRANSPORT_LISTEN_H
#define AS_TRANSPORT_LISTEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#define LISTEN_TEXT_MAX 64

struct listen_limits {
	uint32_t total_per_s, total_burst;   /* all visitors together */
	uint32_t prefix_per_s, prefix_burst; /* one prefix: IPv4 /32, IPv6 /56 */
};
#define LISTEN_LIMITS_DEFAULT      \
	{                          \
		1000, 2000, 20, 60 \
	}

struct listener;

struct listen_events {
	/* tcp is on the heap. 0: the callee has taken it; negative: the listener drops it. */
	int (*on_visitor)(uv_tcp_t *tcp, uint64_t prefix, void *owner);
	void (*on_gone)(void *owner); /* may be NULL */
	/* Many visitors come through this address, so its prefix has no share of its own. May be
	 * NULL. */
	bool (*is_crowd)(const struct sockaddr *addr, void *owner);
};

/* addr_port as in hostport_split(); port 0 lets the system choose. Negative: nothing was taken. */
int listen_start(uv_loop_t *loop, const char *addr_port, const struct listen_limits *limits,
		 const struct listen_events *ev, void *owner, struct listener **out);

/* The same with a TCP socket that listens already; it is the listener's on success, and shut
 * when its handles close. */
int listen_start_socket(uv_loop_t *loop, int socket, const struct listen_limits *limits,
			const struct listen_events *ev, void *owner, struct listener **out);
void listen_close(struct listener *l);

/* The bound address as ADDR:PORT. Returns buf. */
const char *listen_text(const struct listener *l, char buf[LISTEN_TEXT_MAX]);

/* The unit of all quotas: family and the first 32 (IPv4, also when mapped) or 56 bits. */
uint64_t listen_prefix(const struct sockaddr *addr);
#define LISTEN_PREFIX_TEXT_MAX 32
const char *listen_prefix_text(uint64_t prefix, char buf[LISTEN_PREFIX_TEXT_MAX]);

#endif
