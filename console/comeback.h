/* SPDX-License-Identifier: Apache-2.0
 *
 * The console's half of coming back after a lost connection (PROTOCOL.md section 4): the same
 * agent, fresh HELLOs, RESUME and RESUMED. An engine: it takes the agent's control messages and
 * gives ours to `send`; no socket, no clock.
 *
 *   AWAY --comeback_start()--> WAIT_HELLO --HELLO--> WAIT_RESUMED --RESUMED--> AWAY, on_proved()
 *   any --comeback_lost()--> AWAY
 *
 * Until RESUMED was right nothing but the HELLO, the proof and the table is told to the agent,
 * and nothing else of it is taken: whoever answers has only shown the agent's key by then.
 */
#ifndef AS_CONSOLE_COMEBACK_H
#define AS_CONSOLE_COMEBACK_H

#include <stddef.h>
#include <stdint.h>

#include "proto/e2e/cert.h"
#include "proto/e2e/resume.h"
#include "proto/wire/mux_table.h"

struct comeback_events {
	int (*send)(uint8_t type, const void *p, size_t n, void *owner);
	/* mux_resume_table(). */
	int (*table)(uint8_t *buf, size_t cap, void *owner);
	/* Both sides are proved. table: what the agent has received. */
	int (*on_proved)(const uint8_t *table, size_t n, void *owner);
};

enum comeback_state { COMEBACK_AWAY, COMEBACK_WAIT_HELLO, COMEBACK_WAIT_RESUMED };

struct comeback {
	const struct comeback_events *ev;
	void *owner;
	enum comeback_state state;
	struct resume resume;
	uint8_t session_id[RESUME_ID_LEN];
	uint8_t agent_spki_sha256[CERT_SHA256_LEN];
	uint8_t nonce[32];
	uint8_t binding[RESUME_EXPORTER_LEN]; /* of the new connection */
};

/* key: spake2_resume_key(), copied. spki: the agent's, which it must always show. */
void comeback_init(struct comeback *c, const struct secret *key,
		   const uint8_t session_id[RESUME_ID_LEN],
		   const uint8_t agent_spki_sha256[CERT_SHA256_LEN],
		   const struct comeback_events *ev, void *owner);
void comeback_done(struct comeback *c); /* wipes; harmless when never made */

/* A new inner TLS is up. nonce: random. AS_E_RESUME when the agent's key is another one. */
int comeback_start(struct comeback *c, const uint8_t binding[RESUME_EXPORTER_LEN],
		   const uint8_t agent_spki_sha256[CERT_SHA256_LEN], const uint8_t nonce[32]);

/* That connection is lost, too. */
void comeback_lost(struct comeback *c);

/* One control message of the agent. Negative ends the session: AS_E_RESUME, AS_E_VERSION,
 * AS_E_PROTOCOL, or what a callback returned. */
int comeback_take(struct comeback *c, uint8_t type, const uint8_t *p, size_t n);

#endif
