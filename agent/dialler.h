/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's hand on assent-dial: starts one child for one way, tells it the way over the pipe,
 * hears what happened. One child at a time: until it is gone dialler_is_free() says no.
 *
 * Life: dialler_init() -> [dialler_start() -> on_answer() or dialler_stop()]*
 * The struct must live until the loop has ended.
 */
#ifndef AS_AGENT_DIALLER_H
#define AS_AGENT_DIALLER_H

#include <stdbool.h>
#include <uv.h>

#include "agent/dial/dial_msg.h"
#include "proto/route/report.h"

struct dialler {
	uv_loop_t *loop;
	uv_process_t process;
	uv_pipe_t pipe;
	uv_write_t req;
	bool running, open;
	unsigned held; /* handles that libuv is not done with */
	uint8_t out[DIAL_WAY_MAX], in[DIAL_BACK_MAX];
	size_t in_len;
	/* Once for each start. r->step DONE: the socket waits at from (uv_accept()); r and from end
	 * with the call. */
	void (*on_answer)(const struct report *r, uv_stream_t *from, void *owner);
	void (*on_free)(void *owner); /* the next one may be started */
	void *owner;
};

/* The two callbacks and their owner are set by the caller. */
void dialler_init(struct dialler *d, uv_loop_t *loop);
bool dialler_is_free(const struct dialler *d);
/* Negative: on_answer() will not come. */
int dialler_start(struct dialler *d, const struct route *way);
void dialler_stop(struct dialler *d); /* on_answer() does not come any more */

/* One of our programs with a pipe as its standard input and nothing else: no environment, no
 * terminal, no arguments. */
int child_spawn(uv_loop_t *loop, uv_process_t *process, const char *program, uv_pipe_t *pipe,
		uv_exit_cb on_exit);

#endif
