/* SPDX-License-Identifier: Apache-2.0
 *
 * The console's half of becoming allowed: versions, code, signed request, grant. An engine:
 * it takes the agent's control messages and gives ours to `send`; no socket, no clock.
 *
 *   WAIT_HELLO --HELLO--> WAIT_PAKE_B --PAKE_B--> WAIT_PAKE_CB --PAKE_CB--> ASKED
 *   ASKED --PENDING--> ASKED      ASKED --GRANT--> GRANTED      ASKED --DENY--> REFUSED
 *   GRANTED --agree_escalate()--> ESCALATING --GRANT or DENY--> GRANTED
 *
 * The agent is nobody until its PAKE_CB was right: until then nothing is told to it but the
 * two HELLOs and the PAKE, and nothing it says reaches the engineer. Our HELLO and PAKE_A
 * leave together, so that the code costs two round trips.
 */
#ifndef AS_CONSOLE_AGREE_H
#define AS_CONSOLE_AGREE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/secret.h"
#include "proto/e2e/grant.h"
#include "proto/e2e/request.h"
#include "proto/e2e/spake2.h"
#include "proto/wire/messages.h"
#include "proto/wire/scope.h"

struct identity;

/* max_bytes_total that we ask for when the engineer does not say; with files among the scopes. */
#define AGREE_BYTES_DEF	      (UINT64_C(2) << 30)
#define AGREE_BYTES_DEF_FILES (UINT64_C(16) << 30)

struct agree_events {
	int (*send)(uint8_t type, const void *p, size_t n, void *owner);
	void (*on_authed)(void *owner); /* the agent is the one the code was read from */
	void (*on_pending)(uint32_t expires_in_s, void *owner);
	/* msg: the SignedGrant as it came. Also for every later, bigger grant. */
	void (*on_granted)(const struct grant *g, const uint8_t *msg, size_t n, void *owner);
	void (*on_refused)(int err, void *owner); /* DENY */
};

struct agree_wish {
	const struct identity *id; /* outlives the engine, like all strings */
	const char *reason, *ticket;
	uint32_t duration_s;
	uint64_t max_bytes; /* 0: AGREE_BYTES_DEF and so on */
	const struct scope *scopes;
	size_t scopes_count;
	struct secret w;	/* code_w() */
	uint8_t session_id[16]; /* random, like the nonce */
	uint8_t nonce[32];
};

enum agree_state {
	AGREE_WAIT_OPEN,
	AGREE_WAIT_HELLO,
	AGREE_WAIT_PAKE_B,
	AGREE_WAIT_PAKE_CB,
	AGREE_ASKED,
	AGREE_GRANTED,
	AGREE_ESCALATING,
	AGREE_REFUSED,
};

struct agree {
	const struct agree_events *ev;
	void *owner;
	struct agree_wish wish;
	enum agree_state state;
	struct spake2 *pake;
	uint8_t binding[32], hello_hash[32], agent_nonce[32], agent_spki_sha256[32];
	uint8_t request[REQUEST_MAX]; /* the newest one, as it was sent */
	size_t request_len;
	uint8_t request_sha256[32];
	struct scope scopes[SCOPES_MAX]; /* granted so far */
	size_t scopes_count;
	struct scope asked[SCOPES_MAX]; /* by the request that waits for its answer */
	size_t asked_count;
	struct grant grant; /* the newest one */
	char agent_product[65], agent_os[65];
	uint64_t features; /* that both sides have */
};

/* Copies the wish. agree_done() wipes it. */
void agree_init(struct agree *a, const struct agree_wish *wish, const struct agree_events *ev,
		void *owner);
void agree_done(struct agree *a);

/* The inner TLS is up: what everything that follows is bound to, also requests that are made after
 * a lost connection: the code was proved on this one. Says HELLO and commits to the code (PAKE_A)
 * at once; neither tells anything to an agent that is not the right one. */
int agree_open(struct agree *a, const uint8_t binding[32], const uint8_t agent_spki_sha256[32]);

/* One control message of the agent. now: wall clock. Negative ends the session: AS_E_CODE_WRONG,
 * AS_E_VERSION, AS_E_PROTOCOL (a message that has no place here, or a grant for something else than
 * was asked), AS_ESIGNATURE, or what send returned. */
int agree_take(struct agree *a, uint8_t type, const uint8_t *p, size_t n, int64_t now);

/* Asks for more. AS_ESTATE unless GRANTED; AS_EEXISTS when all of it is granted already;
 * AS_E_QUOTA when all scopes together would be more than SCOPES_MAX. */
int agree_escalate(struct agree *a, const struct scope *scopes, size_t n, int64_t now);

bool agree_is_authed(const struct agree *a);

/* The HELLO of every console, with its nonce. */
void agree_hello(const uint8_t nonce[32], as_Hello *out);

/* Has this scope, or one of its kind for kinds with a target, been granted? */
bool agree_allows(const struct agree *a, enum scope_kind kind);

#endif
