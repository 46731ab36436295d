/* SPDX-License-Identifier: Apache-2.0
 *
 * Two muxes joined by a connection that is cut at will and comes back: what the unit tests and
 * the fuzzer share. Whatever is done to it, it aborts when a byte or a message is lost, doubled,
 * changed or out of order, when something is told twice, or when memory grows over its bounds.
 *
 * The console opens. The agent refuses each eighth stream and listens on every other one. A
 * stream's bytes follow from its number, its direction and their offset; a message carries its
 * number.
 */
#ifndef AS_TESTS_MUX_CUT_H
#define AS_TESTS_MUX_CUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/e2e/mux.h"

#define CUT_STREAMS_MAX 256
#define CUT_PIPE_MAX	(1u << 20)

enum { CUT_AGENT, CUT_CONSOLE };

struct cut_stream {
	bool known, refused, listens;
	bool finished, reset;		     /* by us */
	bool got_answer, got_fin, got_reset; /* from the peer */
	uint64_t wrote, got, held;
};

struct cut_end {
	struct cut_world *world;
	struct mux *mux;
	uint64_t said, heard; /* messages with a number */
	struct cut_stream streams[CUT_STREAMS_MAX];
	size_t pipe_at, pipe_len;
	bool gone;	 /* it has lost the connection, and there is no new one */
	bool answer_due; /* agent: RESUME has come */
	uint8_t table[4096];
	size_t table_len;
	bool hoards;		    /* consumes only when told */
	uint64_t wire, data_out;    /* bytes on the wire, and of them payload of DATA */
	uint8_t pipe[CUT_PIPE_MAX]; /* on its way to the other end */
};

struct cut_world {
	struct cut_end end[2];
	uint64_t now;
	unsigned cuts, resumes; /* resumes: as the console saw them */
};

void cut_start(struct cut_world *w);
void cut_stop(struct cut_world *w);

/* What the owners do. Each does nothing when it is not possible at the moment. */
uint32_t cut_open(struct cut_world *w); /* 0: not possible */
void cut_write(struct cut_world *w, int end, uint32_t id, size_t n);
void cut_finish(struct cut_world *w, int end, uint32_t id);
void cut_reset(struct cut_world *w, int end, uint32_t id);
void cut_say(struct cut_world *w, int end, size_t n);
void cut_consume(struct cut_world *w, int end, uint32_t id, size_t n);

/* The connection. Produce: frames into the pipe. Deliver: bytes out of it to the other end; both
 * return how many. */
size_t cut_produce(struct cut_world *w, int end, size_t frames);
size_t cut_deliver(struct cut_world *w, int end, size_t bytes);

/* One end notices; what it had on the way is lost when the other reconnects, too. */
void cut_lose(struct cut_world *w, int end);
/* Both have noticed, all that was on its way is gone, and both begin the handshake of a resume. */
void cut_reconnect(struct cut_world *w);

/* Until nothing moves any more. The connection must be there. */
void cut_settle(struct cut_world *w);
/* Reconnects when it is lost, ends all streams, settles, and checks that all has arrived. */
void cut_finale(struct cut_world *w);

uint32_t cut_id(size_t i); /* the i-th stream's number */

#endif
