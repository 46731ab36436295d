/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes wrong in one session, and when: made from a seed and nothing else, so that a seed
 * that failed fails again. Pure.
 *
 * A fault waits for its trigger, and the faults of a schedule follow one another: the second
 * waits until the first has begun. Bytes are those of the proxy between the agent and the relay,
 * because they, unlike seconds, mean the same on a slow and on a fast computer.
 */
#ifndef AS_TESTS_FAULT_SCHEDULE_H
#define AS_TESTS_FAULT_SCHEDULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Do both ends come back after a lost connection? 0: a cut may end the session, with code 13. */
#ifndef FAULT_RESUME_WORKS
#define FAULT_RESUME_WORKS 1
#endif

#define SCHEDULE_FAULTS_MAX 5
#define SCHEDULE_ROUNDS_MAX 3
#define SCHEDULE_TEXT_MAX   1024

/* What it is, and what the session must do about it (enum fault_claim). */
/* clang-format off */
#define FAULT_MAP(X)                                                                            \
	X(RESET,      RESUMES, "both connections of this end are reset")                        \
	X(FIN,        RESUMES, "both are closed in order, without a word of TLS")               \
	X(HALF_NEAR,  RESUMES, "only the program's connection is reset, the relay hears nothing") \
	X(HALF_FAR,   RESUMES, "only the relay's is reset, the program hears nothing")          \
	X(HOLE,       RESUMES, "nothing passes, then a reset; who connects meanwhile waits")    \
	X(REFUSE,     RESUMES, "reset, and for a while whoever connects is reset at once")      \
	X(TRUNCATE,   RESUMES, "a piece passes in part, then the connections are closed")       \
	X(STALL,      LASTS,   "nothing is read, then everything goes on")                      \
	X(SLOW,       LASTS,   "a slow reader")                                                 \
	X(RELAY_KILL, RESUMES, "the relay is killed and started again at the same address")     \
	X(RELAY_STOP, LASTS,   "the relay is stopped and continued")                            \
	X(NET_STOP,   LASTS,   "assent-net is stopped and continued")                           \
	X(CONSOLE_STOP, LASTS, "the console is stopped and continued")                          \
	X(AGENT_STOP, LASTS,   "the broker is stopped and continued, as a laptop that sleeps")  \
	X(RELAY_FILES, RESUMES, "reset while the relay may open no more files")                 \
	X(CLOCK,      LASTS,   "the broker's clock jumps ahead")                                \
	X(GARBAGE,    ENDS,    "bytes that nobody sent")                                        \
	X(AWAY,       ENDS,    "away for longer than the configured time")                      \
	X(DISK_FULL,  ENDS,    "the console cannot write any more")                             \
	X(EXPIRY,     ENDS,    "the broker's clock jumps over the end of the grant")
/* clang-format on */

enum fault_kind {
#define X(name, claim, text) FAULT_##name,
	FAULT_MAP(X)
#undef X
	    FAULT_KINDS
};

enum fault_claim {
	FAULT_LASTS,   /* no end may notice more than a delay: both exit 0 */
	FAULT_RESUMES, /* the connection comes back: both exit 0 */
	FAULT_ENDS,    /* it may end the session, in one of the documented ways */
};

enum fault_side { FAULT_AT_AGENT, FAULT_AT_CONSOLE, FAULT_SIDES };

enum fault_trigger {
	FAULT_ON_BYTES,	    /* `at` bytes have come from the agent since the console knows of
			       the yes */
	FAULT_ON_TIME,	    /* `at` ms after the fault before it, or since then */
	FAULT_ON_RECONNECT, /* `at` bytes of the next connection of this end, either way; or
			       FAULT_RECONNECT_MS have passed */
	FAULT_ON_EARLY,	    /* `at` bytes of this end, whatever the session's state */
	FAULT_ON_ITEMS,	    /* only `at` items of the session are still to arrive */
};

#define FAULT_RECONNECT_MS 3000

struct fault {
	enum fault_kind kind;
	enum fault_side side;
	enum fault_trigger trigger;
	uint32_t at;
	uint32_t for_ms;
	uint32_t amount;   /* GARBAGE: bytes; TRUNCATE: how many pass; SLOW: bytes in 10 ms; CLOCK:
			      ms;   DISK_FULL: KiB that still fit */
	bool toward_relay; /* TRUNCATE, GARBAGE */
};

struct schedule {
	uint64_t seed;
	bool
	    early; /* the faults come before the customer's yes, too: any documented end is right */
	unsigned rounds; /* commands of the session */
	size_t count;
	struct fault faults[SCHEDULE_FAULTS_MAX];
};

/* only: a kind that is the first fault instead of what the seed says; FAULT_KINDS: as it says. */
void schedule_make(uint64_t seed, enum fault_kind only, struct schedule *out);

/* A cut when all has arrived and the ends say goodbye: each kind at each side within
 * schedule_goodbyes() seeds. The connection is slow before, so that the last words are on their
 * way. */
void schedule_make_goodbye(uint64_t seed, struct schedule *out);
unsigned schedule_goodbyes(void);

bool schedule_has(const struct schedule *s, enum fault_kind kind);

/* Must both ends finish with exit 0? */
bool schedule_must_finish(const struct schedule *s);

/* One line a fault. Returns out. */
const char *schedule_text(const struct schedule *s, char out[SCHEDULE_TEXT_MAX]);

const char *fault_name(enum fault_kind kind);
enum fault_kind fault_find(const char *name); /* FAULT_KINDS: no such one */
enum fault_claim fault_claim(enum fault_kind kind);

/* The same numbers for the same seed on every computer (splitmix64). */
uint64_t fault_random(uint64_t *state);

#endif
