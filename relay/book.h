/* SPDX-License-Identifier: Apache-2.0
 *
 * The relay's ticket book: who waits under which id, and what may happen next (PROTOCOL.md
 * section 8). A pure state machine: no socket, no clock, no randomness of its own; the caller
 * carries out what a move says. No globals, so that one process may keep several books.
 *
 *   ticket  one id and the two connections that meet under it
 *   id      what the customer reads out first; 20 bits, public, never reused for 24 h
 *   nonce   random name of one pairing: the part of both sides' handles that brings them
 *           together again. The caller makes and judges handles (transport/handle.h)
 *   end     one side's connection; an opaque pointer of the caller's
 *
 *   ALLOCATED --join--> JOINED --proved--> PAIRED <--back/gone--> AGENT_LOST, CONSOLE_LOST
 *       ^ <--keep, console gone--|           ^                        ^ back/gone
 *                                            | another connection     v
 *                                            |  takes the place   BOTH_LOST <-- a pairing that
 *            any --> DEAD (24 h quarantine)  |  of a lost one                   the relay forgot
 *
 * A relay that was started again knows nothing. A side that comes with a genuine handle makes its
 * ticket anew, in BOTH_LOST, and is the first to be back. Tickets of other nonces may live under
 * the same id; what an id is allocated for is the first of them, the only one to be joined.
 */
#ifndef AS_RELAY_BOOK_H
#define AS_RELAY_BOOK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/relay_frame.h"

#define BOOK_IDS	  (UINT32_C(1) << RELAY_ID_BITS)
#define BOOK_MAX	  200000 /* tickets alive, all together */
#define BOOK_LIFE_S	  600	 /* what the agent is told */
#define BOOK_GRACE_S	  30	 /* a code typed in its last second still works */
#define BOOK_JOINED_S	  60	 /* to prove the code; the ends give up sooner by themselves */
#define BOOK_HALF_S	  600	 /* from the first loss until both are there again */
#define BOOK_SAME_ID_MAX  8	 /* tickets under one id */
#define BOOK_QUARANTINE_S 86400

#define BOOK_STATE_MAP(X)                                         \
	X(DEAD) /* unknown, expired, over: they all look alike */ \
	X(ALLOCATED)                                              \
	X(JOINED)                                                 \
	X(PAIRED)                                                 \
	X(AGENT_LOST)                                             \
	X(CONSOLE_LOST)                                           \
	X(BOTH_LOST)
enum book_state {
#define X(name) BOOK_##name,
	BOOK_STATE_MAP(X)
#undef X
	    BOOK_STATES
};

#define BOOK_EVENT_MAP(X)                                         \
	X(JOIN)	  /* a console asks for the id */                 \
	X(PROVED) /* agent: the console has proved the code */    \
	X(AGENT_DATA)                                             \
	X(CONSOLE_DATA)                                           \
	X(AGENT_KEEP) /* agent: drop this console, keep the id */ \
	X(AGENT_CLOSE)                                            \
	X(CONSOLE_CLOSE)                                          \
	X(AGENT_GONE) /* the connection is lost */                \
	X(CONSOLE_GONE)                                           \
	X(AGENT_BACK) /* REATTACH with the right handle */        \
	X(CONSOLE_BACK)                                           \
	X(DEADLINE)
enum book_event {
#define X(name) BOOK_ON_##name,
	BOOK_EVENT_MAP(X)
#undef X
	    BOOK_EVENTS
};

/* What the caller does to one side after an event. */
enum book_tell {
	BOOK_SAY_NOTHING,
	BOOK_SAY_PAIRED,      /* PAIRED with its handle */
	BOOK_SAY_LOST,	      /* PEER_LOST */
	BOOK_SAY_BACK,	      /* PEER_BACK */
	BOOK_SAY_PAIRED_BACK, /* one after the other */
	BOOK_SAY_LOST_BACK,
	BOOK_SAY_CLOSE, /* CLOSE with move.code (0: the code of the CLOSE that came), then
			   disconnect */
	BOOK_SAY_DATA,	/* the frame that came, as it is */
};

enum book_side { BOOK_AGENT, BOOK_CONSOLE };

struct ticket;

struct book_move {
	enum book_state from, to;
	enum book_tell say[2]; /* per side */
	int code;	       /* AS_E_* */
	void *end[2];	       /* who the sides are, also when the move unlinks them; may be NULL */
	void *replaced;	       /* an end whose place another has taken: to be closed; or NULL */
	struct ticket *ticket; /* not valid any more when to is BOOK_DEAD */
	bool has_prefix;
	uint64_t prefix; /* the agent's, that the ticket counts for */
	uint32_t tag;	 /* random name of the ticket for the log; says nothing about the id */
};

/* Fills p with n random bytes. */
typedef int (*book_random)(void *p, size_t n, void *arg);

struct book;
struct book *book_new(uint32_t max, book_random random, void *arg); /* NULL when memory is short */
void book_free(struct book *b);

/* now_s: any clock that never jumps back. AS_E_RATE when the book is full. */
int book_alloc(struct book *b, void *agent, uint64_t prefix, uint64_t now_s, struct ticket **out);

/* AS_E_CODE_UNKNOWN, AS_E_BUSY; *out is written on success only. */
int book_join(struct book *b, uint32_t id, void *console, uint64_t now_s, struct book_move *out);

/* The caller has found the handle genuine. AS_E_CODE_UNKNOWN for a session that has ended here,
 * AS_E_BUSY before the code was proved, AS_E_RATE when there is no room. */
int book_reattach(struct book *b, uint32_t id, enum book_side side, uint64_t nonce, void *end,
		  uint64_t now_s, struct book_move *out);

/* NULL when there is none. */
struct ticket *book_find(const struct book *b, uint32_t id, uint64_t nonce);

/* Every other event. AS_E_PROTOCOL when the state does not allow it: the caller ends that side. */
int book_event(struct book *b, struct ticket *t, enum book_event event, uint64_t now_s,
	       struct book_move *out);

/* Lets time pass: one call to on_move for every ticket whose deadline is over. */
void book_tick(struct book *b, uint64_t now_s,
	       void (*on_move)(const struct book_move *move, void *arg), void *arg);

uint32_t book_count(const struct book *b);

enum book_state ticket_state(const struct ticket *t);
uint32_t ticket_id(const struct ticket *t);
uint32_t ticket_tag(const struct ticket *t);
uint64_t ticket_nonce(const struct ticket *t); /* another one after each JOIN */
bool ticket_has_prefix(const struct ticket *t);
void ticket_set_prefix(struct ticket *t, uint64_t prefix);     /* for one that was made anew */
void *ticket_end(const struct ticket *t, enum book_side side); /* NULL while there is none */

/* The law, for tests and for the reader. */
struct book_rule {
	enum book_state to;
	enum book_tell agent, console;
	int err; /* the event is refused and nothing changes */
	int code;
};
const struct book_rule *book_rule(enum book_state state, enum book_event event);

#endif
