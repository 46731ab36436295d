/* SPDX-License-Identifier: Apache-2.0
 *
 * One session from the engineer's side, over everything below it: link, code, grant,
 * commands, bundle.
 *
 * Life: session_start() -> on_idle() (the customer agreed; give a command) -> session_command()
 * -> on_idle() ... -> session_finish() or session_end() -> on_over() exactly once. session_end()
 * may be called at any time, from any callback, any number of times. After on_over() the owner
 * calls session_free().
 *
 *   CONNECTING -> PROVING -> ASKING -> READY <-> BUSY       any -> ENDING -> OVER
 *
 * From the first grant on a lost connection suspends the session, for as long as `--resume` says,
 * and no longer than the grant. What runs goes on when the agent is back; a command that needs the
 * agent waits until then.
 */
#ifndef AS_CONSOLE_SESSION_H
#define AS_CONSOLE_SESSION_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "console/events.h"
#include "proto/e2e/code.h"

struct connect_args;
struct identity;
struct session;

struct session_setup {
	const struct connect_args *args; /* these three outlive the session */
	const struct identity *id;
	struct events *ev;
	const char *relay; /* HOST:PORT */
	struct route_env env;
	struct code code; /* only the id leaves this process */
	bool interactive; /* a person sees a mistyped command at once: it does not change the exit
			     code */
};

struct session_events {
	void (*on_idle)(void *owner);
	void (*on_live)(void *owner); /* a live view has come to the front: a key may end it */
	void (*on_ending)(
	    void *owner); /* once, before anything is said of the end: no command any more */
	void (*on_over)(int exit_code, void *owner);
};

/* Negative: nothing was started and nothing was told. */
int session_start(uv_loop_t *loop, const struct session_setup *setup,
		  const struct session_events *ev, void *owner, struct session **out);

/* One line, after on_idle(). What is wrong with it is told at once, and on_idle() comes all the
 * same, also before this returns. The line ends with the call. With '&' at its end the command goes
 * on behind the next ones. */
void session_command(struct session *s, const char *line);

/* No command will come: ends when all jobs are done that end by themselves. */
void session_finish(struct session *s);

/* Ends politely: what runs is kept as partial, the bundle is finished. */
void session_end(struct session *s);

/* Ends the command at work in the foreground. False when there is none, or it cannot be ended
 * alone. */
bool session_interrupt(struct session *s);

/* What was printed has left, after it could not for a while. */
void session_drained(struct session *s);

/* Nobody reads what is printed any more, and nobody will. */
void session_unheard(struct session *s);

void session_free(struct session *s);

/* Words that may stand in a command line beside the commands themselves, for completion: the
 * i-th item of the agent's catalog, or NULL. */
const char *session_item_name(const struct session *s, size_t i);

#endif
