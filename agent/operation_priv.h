/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the starting of a collector (operation_start.c), its pipes and their credit
 * (operation_pipe.c), the end of one and of all (operation_end.c), and what is told of it
 * meanwhile (operation.c).
 */
#ifndef AS_AGENT_OPERATION_PRIV_H
#define AS_AGENT_OPERATION_PRIV_H

#include "agent/broker_priv.h"
#include "proto/wire/item.h"

#define OPERATION_WHAT_MAX 512

struct operation {
	struct broker *b;
	const struct promise *promise;
	struct scope right; /* under which it was opened */
	uint32_t stream;
	uint32_t number;	       /* on the customer's screen */
	uint32_t comp;		       /* never for what is live: PROTOCOL.md section 6 */
	char what[OPERATION_WHAT_MAX]; /* the customer's line */
	uv_process_t process;
	uv_pipe_t in, out;   /* the collector's standard input and output */
	struct visit *visit; /* to another device; NULL for everything else */
	uv_write_t args_req;
	struct collect_args args;
	uint64_t sent, consumed;
	uint64_t got, taken; /* of the input: by us, by the collector */
	uint64_t started_ms, tick_ms, active_ms;
	int held;    /* handles libuv may still call back for */
	bool passed; /* by on_alloc(), or there is no room: on_read() has nothing to send */
	bool reading, ended, exited, finished, noted, overdue, closing;
	bool cut;	/* ended with the session */
	bool cancelled; /* by the customer, alone */
	int status;	/* of the process: enum item_state, or killed */
	enum item_state state;
	int why; /* cancelled for this reason; 0: not */
};

/* operation.c */
struct operation *operation_find(struct broker *b, uint32_t stream);
void operation_show(struct operation *op); /* its line on the customer's screen */
void operation_note(struct operation *op); /* in the record; once */
bool operation_is_over_time(const struct operation *op, uint64_t grace_ms);

/* operation_end.c */
void operation_stop(struct operation *op, int why); /* nobody wants the rest */
void operation_abandon(struct operation *op);	    /* nor waits for its process any longer */
void operation_finish(struct operation *op);	    /* once output and process have both ended */
void operation_close_handles(struct operation *op);
void operation_on_exit(uv_process_t *p, int64_t status, int term_signal);

/* operation_pipe.c: when there is room, and nothing that speaks against it. */
void operation_read_on(struct operation *op);

#endif
