/* SPDX-License-Identifier: Apache-2.0
 *
 * One schedule: a relay, an agent with its customer and a console, the faults, and the two ends'
 * ends. What came of it is judged by check.h.
 *
 *   RELAY -> CODE -> ASK -> ANSWER -> GRANT -> SESSION -> SETTLE -> OVER     any -> SETTLE, OVER
 */
#ifndef AS_TESTS_FAULT_RUN_H
#define AS_TESTS_FAULT_RUN_H

#include "tests/fault/actor.h"
#include "tests/fault/site.h"

#define RUN_WHY_MAX 2048

enum run_step {
	RUN_RELAY,
	RUN_CODE,
	RUN_ASK,
	RUN_ANSWER,
	RUN_GRANT,
	RUN_SESSION,
	RUN_SETTLE,
	RUN_OVER
};

struct run {
	struct lane *lane;
	struct schedule plan;
	enum run_step step;
	struct actor relay, agent, console;
	char address[64]; /* the relay's */
	char code[32];
	char dir[SITE_PATH_MAX], out[SITE_PATH_MAX], state[SITE_PATH_MAX];

	uint64_t began_ms, allowed_ms, fired_ms; /* loop time; 0: not yet */
	uint64_t ticked_ms; /* the lane's own time, which a busy computer slows down as well */
	uint64_t alone_ms;  /* of it: when the end that was left alone is helped on; 0: none was */
	unsigned nudges;
	uint64_t base_bytes;	    /* from the agent, when the session began */
	uint64_t fired_connections; /* of the next fault's side, when the last fault began */
	size_t next;		    /* fault to begin */
	uint64_t undo_ms[SCHEDULE_FAULTS_MAX];
	pid_t undo_pid[SCHEDULE_FAULTS_MAX];
	bool in_session;	     /* the console knew of the grant */
	uint64_t cut_ms, goodbye_ms; /* the end of the last cut; the console's last words */
	unsigned resumed_before;     /* resumes that the console had told of when it began */
	bool late;		     /* it may have hit the goodbye */
	bool mounted;
	long peak_kib; /* the broker or assent-net, whichever was larger */
	uint64_t measured_ms;
	unsigned compared; /* files that were found to be the customer's */

	/* for those who want something else than the plan's faults; may be NULL */
	void (*on_tick)(struct run *r);
	const char *const *commands; /* NULL ends them; NULL: by plan.rounds */
	void *owner;

	uv_timer_t tick;
	char why[RUN_WHY_MAX]; /* the first thing that was wrong; "" for none */
};

/* The lane's loop turns until both ends have ended, or why says what is wrong. Then no
 * fault lasts any more, and the relay still runs. */
void run_play(struct run *r, struct lane *lane, const struct schedule *plan);

/* Ends whatever is left; the screens stay until run_free(). */
void run_stop(struct run *r);
void run_free(struct run *r);

void run_fail(struct run *r, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

const char *run_step_name(enum run_step step);

/* The first living process below the agent with that name; 0 for none. */
pid_t run_helper(const struct run *r, const char *name);

#endif
