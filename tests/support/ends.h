/* SPDX-License-Identifier: Apache-2.0
 *
 * Ends of hops for tests: a loop with certificates, and peers that remember what they heard.
 *
 *   struct ends e;
 *   ends_init(&e);
 *   ends_pair(&e, &client, &server);         over a loopback connection
 *   ENDS_UNTIL(&e, client.gone);             turns the loop; a watchdog aborts the test
 *   ends_done(&e);                           closes the loop and aborts when something is left
 */
#ifndef AS_TESTS_ENDS_H
#define AS_TESTS_ENDS_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "proto/transport/hop.h"
#include "proto/transport/outer.h"
#include "tests/support/pki.h"

struct ends {
	uv_loop_t loop;
	uv_timer_t watchdog;
	struct hop_loop *hops;
	struct pki ca, relay, console; /* relay: 127.0.0.1; console: "jane" of "Acme" */
	SSL_CTX *server_ctx, *agent_ctx, *console_ctx;
};

#define ENDS_TYPES 16

struct peer {
	struct hop *hop; /* NULL when gone */
	bool ready, gone;
	int gone_count, why;
	unsigned int heard[ENDS_TYPES];	     /* frames, by type */
	struct relay_frame last[ENDS_TYPES]; /* the latest of each; no payload of DATA */
	uint64_t bytes;			     /* of DATA and SEALED */
	uint32_t digest;		     /* over both, so that order and content count */
	unsigned int low;		     /* on_low() calls */
	bool carried;			     /* the other side came in a WebSocket */
	char forwarded[64];
	bool failed; /* on_failed() came, with */
	struct report failure;
	enum relay_role role;		  /* what it says in its HELLO; 0: says none */
	uint32_t features;		  /* ... and RELAY_TAKES_* */
	void (*on_ready)(struct peer *p); /* may be NULL */
	void (*on_frame)(struct peer *p, const struct relay_frame *f);
	void (*on_low)(struct peer *p);
	void *arg;
};

extern const struct hop_events ends_events; /* owner: struct peer */

void ends_init(struct ends *e);
void ends_done(struct ends *e);
void ends_step(struct ends *e);
#define ENDS_UNTIL(e, condition)      \
	do {                          \
		while (!(condition))  \
			ends_step(e); \
	} while (0)

/* Two TCP handles of e's loop, connected to each other over loopback; on the heap. */
void ends_tcp_pair(struct ends *e, uv_tcp_t **a, uv_tcp_t **b);

/* Both as hops: client without a certificate, server as the relay. */
void ends_pair(struct ends *e, struct peer *client, struct peer *server);

/* The same with the client inside a carrier_client(); NULL: none. */
void ends_pair_in(struct ends *e, struct peer *client, struct peer *server,
		  struct carrier *carrier);

/* The digest that a peer has after these bytes. */
uint32_t ends_digest(uint32_t digest, const void *p, size_t n);

/* n bytes of encrypted records as any inner TLS makes them, the last one shorter. */
void ends_records(uint8_t *out, size_t n);

struct outer_pem ends_pem(const char *pem);

#endif
