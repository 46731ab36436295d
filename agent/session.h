/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's state machine (PROTOCOL.md section 5): the one place that knows what the
 * customer has agreed to. Pure: no loop, no clock, no randomness. Events come in with the
 * time; what the broker must do comes out as data.
 *
 *   IDLE -> REGISTERING -> CODE <-> PAKE -> AUTHED -> PROMPT -> ACTIVE <-> ACTIVE_PROMPT
 *                                                                  <-> SUSP
 *   any but IDLE -> CLOSED(reason) -> (START) REGISTERING
 *
 * Every (state, event) pair is in the table of session.c; a pair without a handler is ignored
 * and noted for the record. Time passes first: an event that comes after a deadline finds the
 * state that the deadline made, even when nobody called TICK in between.
 *
 * Invariants, checked by session_check():
 *   I1 a stream opens only in ACTIVE or ACTIVE_PROMPT, within scopes approved in this session,
 *      not revoked, not expired
 *   I2 after CLOSED nothing runs
 *   I3 an answer counts only for the prompt that is on the screen, and only once
 *   I4 granted = shown and ticked, nothing else; where files may be put only the customer says
 *   I5 nothing leads from CLOSED back into the same session
 *   I6 outside ACTIVE, ACTIVE_PROMPT and SUSP the granted set is empty
 *   I7 one console at a time; the code is dead once one has proved it
 */
#ifndef AS_AGENT_SESSION_H
#define AS_AGENT_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/scope.h"

#define SESSION_REGISTER_MS   60000 /* all ways to the relay together */
#define SESSION_CODE_MS	      600000
#define SESSION_PAKE_MS	      15000
#define SESSION_REQUEST_MS    60000
#define SESSION_CONSENT_MS    180000
#define SESSION_ESCALATION_MS 120000
#define SESSION_IDLE_MS	      900000
#define SESSION_LOCK_MS	      5000 /* an "allow" before the prompt has stood this long is ignored */
#define SESSION_RESUME_MAX_S  600
#define SESSION_FAILS_MAX     3	 /* wrong codes, then the code is burned */
#define SESSION_RUNNING_MAX   64 /* items at once */

/* clang-format off */
#define SESSION_STATE_MAP(X)                                                             \
	X(IDLE)          /* nothing has happened yet */                                  \
	X(REGISTERING)   /* the relay is asked for an id */                              \
	X(CODE)          /* the code is on the screen, nobody has called */              \
	X(PAKE)          /* one console is connected and has to prove the code */        \
	X(AUTHED)        /* it has; its signed request is awaited */                     \
	X(PROMPT)        /* the customer is asked */                                     \
	X(ACTIVE)        /* a grant is in force */                                       \
	X(ACTIVE_PROMPT) /* the same, and more rights are asked for */                   \
	X(SUSP)          /* the connection is lost and may come back */                  \
	X(CLOSED)        /* over, for the reason in session.reason */

#define SESSION_EVENT_MAP(X)                                                             \
	X(START)         /* the customer starts; scopes must not be set */               \
	X(ALLOCATED)     /* the relay has given an id */                                 \
	X(PEER_UP)       /* a console has finished the inner handshake and HELLOs */     \
	X(PAKE_SENT)     /* our share (pB) has left: from here every end is a guess */   \
	X(PAKE_OK)       /* the console knows the code */                                \
	X(PAKE_FAIL)     /* it does not */                                               \
	X(PEER_LOST)     /* the console is gone without END */                           \
	X(PEER_END)      /* the console said END */                                      \
	X(PEER_BAD)      /* the console broke the protocol */                            \
	X(REQ_OK)        /* valid first request: scopes, scope_count, duration_s */      \
	X(REQ_BAD)       /* invalid first request: err */                                \
	X(SCOPE_REQ_OK)  /* valid request for more: scopes, scope_count */               \
	X(SCOPE_REQ_BAD) /* invalid request for more: err */                             \
	X(ALLOW)         /* prompt_id, ticks (bit i = line i of that prompt), folder */  \
	X(DENY)          /* prompt_id */                                                 \
	X(OPEN)          /* the console opens an item: scopes[0] is what it needs */     \
	X(ITEM_DONE)     /* an item that was opened is over, in whatever way */          \
	X(REVOKE)        /* stop, Ctrl-C, terminal closed */                             \
	X(NET_LOST)      /* the relay link or assent-net is gone */                      \
	X(RESUME_OK)     /* the console has come back and proved it */                   \
	X(RESUME_BAD)    /* somebody has come back and failed */                         \
	X(FAULT)         /* we cannot go on: err (AS_E_AUDIT, AS_E_INTERNAL, ...) */     \
	X(TICK)          /* look at the clock */
/* clang-format on */

enum session_state {
#define X(name) SESSION_##name,
	SESSION_STATE_MAP(X)
#undef X
	    SESSION_STATES
};

enum session_event_type {
#define X(name) SESSION_EV_##name,
	SESSION_EVENT_MAP(X)
#undef X
	    SESSION_EVENTS
};

struct session_event {
	enum session_event_type type;
	uint32_t prompt_id, ticks;
	int err;
	uint32_t duration_s;
	const struct scope *scopes; /* copied; not ours */
	size_t scope_count;
	const char *folder; /* that the customer named for SCOPE_PUT; NULL for none */
};

/* What the broker does next, in this order. The value each bit needs stands beside it. */
enum session_effect {
	SESSION_DO_NOTE = 1 << 0, /* the event was not expected: record it (state, event) */
	SESSION_DO_KILL = 1 << 1, /* every collector's process group, at once */
	SESSION_DO_CANCEL_PROMPT = 1 << 2, /* take the prompt off the screen: cancel_why */
	SESSION_DO_REGISTER = 1 << 3,	   /* ask the relay for an id */
	SESSION_DO_SHOW_CODE = 1 << 4,	   /* make the code and show it */
	SESSION_DO_START_PAKE = 1 << 5,	   /* a fresh PAKE for this console */
	SESSION_DO_TELL_WRONG = 1 << 6,	   /* tell the customer: tries_left */
	SESSION_DO_DROP_PEER =
	    1 << 7, /* end this console (peer_code), keep the id, let another call */
	SESSION_DO_REFUSE_PEER = 1 << 8, /* a second console: AS_E_BUSY */
	SESSION_DO_LOCK_CODE =
	    1 << 9, /* code proved: send PAKE_CB, nobody else may join, wipe the code */
	SESSION_DO_SHOW_PROMPT = 1 << 10,  /* prompt_id; the rights are session.asked */
	SESSION_DO_SEND_PENDING = 1 << 11, /* prompt_id, expires_s */
	SESSION_DO_SIGN_GRANT = 1 << 12,   /* sign and send session.granted; then CATALOG */
	SESSION_DO_SEND_DENY = 1 << 13,	   /* deny_code */
	SESSION_DO_OPEN = 1 << 14,	   /* start the item */
	SESSION_DO_REFUSE_OPEN = 1 << 15,  /* open_code */
	SESSION_DO_PAUSE = 1 << 16,	   /* collectors wait for the connection: for_s */
	SESSION_DO_CONTINUE = 1 << 17,	   /* it is back */
	SESSION_DO_SEND_REVOKED = 1 << 18, /* reason */
	SESSION_DO_SEND_END = 1 << 19,	   /* reason (0: a clean end) */
	SESSION_DO_CLOSE = 1 << 20,	   /* reason: wipe keys, end assent-net, write the record */
};

struct session_effects {
	uint32_t todo;			    /* enum session_effect */
	enum session_state note_state;	    /* where the event ... */
	enum session_event_type note_event; /* ... was not expected */
	uint32_t prompt_id, expires_s;
	uint32_t for_s; /* PAUSE: how long the connection may stay away */
	unsigned tries_left;
	int cancel_why, peer_code, deny_code, open_code, reason; /* 0 or AS_E_* */
};

struct session {
	enum session_state state; /* written by session_event() alone */
	uint64_t now;		  /* the latest time seen */
	uint64_t timer;		  /* REGISTERING, PAKE, AUTHED, SUSP */
	uint64_t code_until, grant_until, idle_from, prompt_from, prompt_until;
	uint64_t resume_ms;
	uint32_t epoch;	    /* sessions started with this struct */
	uint32_t prompt_id; /* the last one used; never used again */
	unsigned fails, resume_fails, running;
	bool pake_sent, prompting;
	int reason; /* of CLOSED; 0 = a clean end */
	uint32_t duration_s;
	struct scope asked[SCOPES_MAX]; /* the lines of the open prompt, in the order shown */
	size_t asked_count;
	struct scope granted[SCOPES_MAX];
	size_t granted_count;
};

/* resume_s: how long a lost connection may stay away; 0 = it ends the session. */
void session_init(struct session *s, uint32_t resume_s);

/* The only writer of *s. *out is filled anew. Who sends messages feeds TICK first when
 * session_deadline() has passed, with the same now_ms: then no call has effects of two causes
 * (two DENYs, say). What is allowed does not depend on it. */
void session_event(struct session *s, const struct session_event *ev, uint64_t now_ms,
		   struct session_effects *out);

/* When TICK has something to do, in absolute ms; UINT64_MAX for never. */
uint64_t session_deadline(const struct session *s);

/* The one question of the choke point. AS_E_SCOPE, AS_E_EXPIRED, AS_ESTATE, AS_E_QUOTA or 0. */
int session_may_open(const struct session *s, const struct scope *want, uint64_t now_ms);

/* May a byte of a running item leave now? */
bool session_may_send(const struct session *s, uint64_t now_ms);

/* 0, or the number of the invariant (1..7) that does not hold. */
int session_check(const struct session *s);

/* Does the pair have a handler (or is it ignored and noted)? For the test that prints the table. */
bool session_expects(enum session_state state, enum session_event_type ev);

const char *session_state_name(enum session_state state);   /* "ACTIVE" */
const char *session_event_name(enum session_event_type ev); /* "PEER_UP" */

#endif
