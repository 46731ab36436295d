/* SPDX-License-Identifier: Apache-2.0
 *
 * The relay's ticket book: who waits under which id, and what may happen next (PROTOCOL.md
 * section 8). A pure state machine: no socket, no clock, no randomness of its own; the caller
 * carries out what a move says. No globals, so that one process may keep several books.
 *
 *   ticket  one id and the two connections that meet under it
 *   id      what the customer reads out first; 20 bits, public, never reused for 24 h
 *   handle  16 secret bytes per side: the proof, after a lost connection, that it is back
 *   end     one side's connection; an opaque pointer of the caller's
 *
 *   ALLOCATED --join--> JOINED --proved--> PAIRED <--back/gone--> AGENT_LOST, CONSOLE_LOST
 *       ^ <--keep, console gone--|            any --> DEAD (24 h quarantine)
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
#define BOOK_HALF_S	  120	 /* for the lost side to come back */
#define BOOK_QUARANTINE_S 86400

#define BOOK_STATE_MAP(X)                                         \
	X(DEAD) /* unknown, expired, over: they all look alike */ \
	X(ALLOCATED)                                              \
	X(JOINED)                                                 \
	X(PAIRED)                                                 \
	X(AGENT_LOST)                                             \
	X(CONSOLE_LOST)
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
	BOOK_SAY_PAIRED, /* PAIRED with its handle */
	BOOK_SAY_LOST,	 /* PEER_LOST */
	BOOK_SAY_BACK,	 /* PEER_BACK */
	BOOK_SAY_CLOSE,	 /* CLOSE with move.code (0: the code of the CLOSE that came), then
			    disconnect */
	BOOK_SAY_DATA,	 /* the frame that came, as it is */
};

enum book_side { BOOK_AGENT, BOOK_CONSOLE };

struct ticket;

struct book_move {
	enum book_state from, to;
	enum book_tell say[2]; /* per side */
	int code;	       /* AS_E_* */
	void *end[2];	       /* who the sides are, also when the move unlinks them; may be NULL */
	struct ticket *ticket; /* not valid any more when to is BOOK_DEAD */
	uint64_t prefix;       /* the agent's */
	uint32_t tag; /* random name of the ticket for the log; says nothing about the id */
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
int book_reattach(struct book *b, uint32_t id, enum book_side side,
		  const uint8_t handle[RELAY_HANDLE_LEN], void *end, uint64_t now_s,
		  struct book_move *out);

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
uint64_t ticket_prefix(const struct ticket *t);
const uint8_t *ticket_handle(const struct ticket *t, enum book_side side);
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
