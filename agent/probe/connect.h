/* SPDX-License-Identifier: Apache-2.0
 *
 * From a name to connected sockets: all addresses of a name are tried at the same time, so that
 * one dead address family costs no more than one time-out and is seen.
 */
#ifndef AS_AGENT_PROBE_CONNECT_H
#define AS_AGENT_PROBE_CONNECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "agent/probe/target.h"

#define STEP_MS		  3000 /* every step of a probe: connect, handshake, answer */
#define CONNECT_ADDRS_MAX 8
#define CONNECT_TEXT	  64

struct connect_try {
	struct sockaddr_storage addr;
	socklen_t addr_len;
	char text[CONNECT_TEXT];
	int fd;	 /* ours, non-blocking; -1 when the attempt failed */
	int err; /* 0 connected; -errno; AS_E_TIMEOUT */
	uint64_t ms;
};

struct connect_set {
	size_t count;
	bool cut; /* the name has more addresses */
	struct connect_try at[CONNECT_ADDRS_MAX];
};

/* 0, or an EAI_* code for gai_strerror(). numeric: refuse what is not an address. */
int connect_lookup(const struct target *t, bool numeric, struct connect_set *set);

/* Returns when every attempt has succeeded or failed; the outcome stands in the set. */
void connect_all(struct connect_set *set);

/* The first connected one in the system's order of preference, or NULL. */
struct connect_try *connect_best(struct connect_set *set);
void connect_close(struct connect_set *set);

/* Waits for POLLIN or POLLOUT until the clock says `until`: 0, AS_E_TIMEOUT or -errno. */
int connect_wait(int fd, short events, uint64_t until);

#endif
