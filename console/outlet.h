/* SPDX-License-Identifier: Apache-2.0
 *
 * Standard output and standard error, in one order, and without ever making the program wait for
 * whoever reads them: a terminal that was stopped with Ctrl-S and a pager that shows its first page
 * must not keep the session from answering the agent. What is printed into outlet_file() waits here
 * and is written by one piece of blocking work at a time.
 *
 * What waits is not limited here: it is a sentence now and then, and for whoever prints more
 * without end outlet_is_full() says when to take no more from the agent until on_drained().
 *
 * Before outlet_start() and after outlet_stop() everything is written at once.
 */
#ifndef AS_CONSOLE_OUTLET_H
#define AS_CONSOLE_OUTLET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <uv.h>

struct outlet;

#define OUTLET_FULL (64u << 10)
#define OUTLET_LOW  (16u << 10)

struct outlet_events {
	void (*on_drained)(void *owner); /* no more than OUTLET_LOW waits; each time it is so */
	void (*on_broken)(void *owner);	 /* once: nobody reads standard output any more */
};

/* NULL when memory is short. */
struct outlet *outlet_new(void);
void outlet_free(struct outlet *o); /* after outlet_stop() */

FILE *outlet_out(struct outlet *o);
FILE *outlet_err(struct outlet *o);

/* From now on writing waits for its turn. The loop goes on until all is written. */
void outlet_start(struct outlet *o, uv_loop_t *loop, const struct outlet_events *ev, void *owner);

/* The loop has ended. */
void outlet_stop(struct outlet *o);

bool outlet_is_idle(const struct outlet *o); /* all is written */
bool outlet_is_full(const struct outlet *o);
bool outlet_is_writing(const struct outlet *o); /* at this moment */

/* Somebody else draws on the terminal: what is printed meanwhile comes when it is over. */
void outlet_hold(struct outlet *o, bool hold);

#endif
