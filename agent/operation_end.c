/* SPDX-License-Identifier: Apache-2.0
 *
 * The end of an operation: by itself, by the engineer, by the customer, by its deadline, or with
 * the session. Then nothing more is read, and nothing that it started is left.
 */
#include "agent/operation_priv.h"

#include <stdlib.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"

#define EXIT_KILLED (-1)

static void forget(struct operation *op)
{
	struct broker *b = op->b;
	bool any = false;

	for (size_t i = 0; i < BROKER_RUNNING_MAX; i++) {
		if (b->operations[i] == op)
			b->operations[i] = NULL;
		any = any || b->operations[i];
	}
	if (any)
		return;
	uv_timer_stop(&b->show);
	if (b->closing && !uv_is_closing((uv_handle_t *)&b->show))
		uv_close((uv_handle_t *)&b->show, broker_handle_closed);
}

static void on_handle_closed(uv_handle_t *h)
{
	struct operation *op = h->data;

	if (--op->held > 0)
		return;
	forget(op);
	broker_gone_one(op->b);
	free(op);
}

void operation_close_handles(struct operation *op)
{
	if (op->closing)
		return;
	op->closing = true;
	visit_close(op->visit);
	op->visit = NULL;
	uv_close((uv_handle_t *)&op->in, on_handle_closed);
	uv_close((uv_handle_t *)&op->out, on_handle_closed);
	if (op->held == 3)
		uv_close((uv_handle_t *)&op->process, on_handle_closed);
}

/* Output and process have both ended: tell everybody, once. */
void operation_finish(struct operation *op)
{
	struct broker *b = op->b;

	if (!op->ended || !op->exited || op->finished)
		return;
	op->finished = true;
	op->state = op->status >= ITEM_OK && op->status <= ITEM_UNAVAILABLE
			? (enum item_state)op->status
			: ITEM_PARTIAL;
	if (operation_is_over_time(op, 0))
		op->state = ITEM_TIMEOUT;
	operation_show(op);
	operation_close_handles(op);
	if (b->session.state == SESSION_CLOSED)
		return; /* operations_kill() has noted it */
	operation_note(op);
	if (op->why == 0)
		network_tell(b, IPC_FIN, op->stream, 0);
	broker_event_type(b, SESSION_EV_ITEM_DONE);
}

void operation_on_exit(uv_process_t *p, int64_t status, int term_signal)
{
	struct operation *op = p->data;

	/* Whatever it left running, now: later its number may be somebody else's. When the session
	 * ended, all were looked for at once. */
	if (!op->cut)
		plat_kill_group(p->pid);
	op->exited = true;
	op->status = term_signal != 0 ? EXIT_KILLED : (int)status;
	operation_finish(op);
}

/* Nobody wants the rest, which may not be read at the moment for want of room. */
static void halt(struct operation *op, int why)
{
	if (op->why == 0)
		op->why = why;
	if (op->reading)
		uv_read_stop((uv_stream_t *)&op->out);
	op->reading = false;
	op->ended = true;
	op->tick_ms = clock_mono_ms();
}

static void leave(struct operation *op)
{
	visit_close(op->visit); /* nobody is asked any more */
	op->visit = NULL;
	operation_finish(op);
}

void operation_stop(struct operation *op, int why)
{
	halt(op, why);
	if (!op->exited)
		plat_kill_group(op->process.pid);
	leave(op);
}

/* It was killed and does not go: it hangs in the kernel, which ends it when it can. Neither the
 * other items nor the customer's shell wait for that. */
void operation_abandon(struct operation *op)
{
	if (op->reading)
		uv_read_stop((uv_stream_t *)&op->out);
	if (!op->exited)
		plat_kill_group(op->process.pid);
	op->reading = false;
	op->ended = op->exited = true;
	op->status = EXIT_KILLED;
	operation_finish(op);
}

void operation_cancel(struct broker *b, uint32_t stream, int why)
{
	struct operation *op = operation_find(b, stream);

	if (op)
		operation_stop(op, why == 0 ? AS_E_OP_FAILED : why);
}

/* The rest goes on, and the engineer is told who ended it. */
void operation_cancel_by_customer(struct broker *b, uint32_t stream)
{
	struct operation *op = operation_find(b, stream);

	if (!op || op->finished || op->cut)
		return;
	op->cancelled = true;
	network_tell(b, IPC_RESET, stream, AS_E_CANCELLED);
	operation_stop(op, AS_E_CANCELLED);
	if (!op->finished)
		operation_show(op);
}

/* ---- all of them ---- */

/* Of what is still whole. */
static void note_cut(struct operation *op)
{
	if (op->finished || op->cut)
		return;
	op->cut = true; /* we are called again when the session closes */
	op->state = ITEM_PARTIAL;
	operation_note(op); /* what has left belongs into the record */
	operation_show(op);
}

/* First nothing more is read, then all are killed, then there is time to write it down. */
void operations_kill(struct broker *b)
{
	int pids[BROKER_RUNNING_MAX];
	size_t n = 0;

	for (size_t i = 0; i < BROKER_RUNNING_MAX; i++) {
		struct operation *op = b->operations[i];

		if (!op)
			continue;
		halt(op, AS_E_REVOKED);
		if (!op->exited && !op->cut)
			pids[n++] = op->process.pid;
	}
	plat_kill_groups(pids, n);
	for (size_t i = 0; i < BROKER_RUNNING_MAX; i++) {
		if (!b->operations[i])
			continue;
		note_cut(b->operations[i]);
		leave(b->operations[i]);
	}
}

static void on_grace(uv_timer_t *t)
{
	struct broker *b = t->data;

	for (size_t i = 0; i < BROKER_RUNNING_MAX; i++)
		if (b->operations[i])
			operation_abandon(b->operations[i]);
}

void operations_end(struct broker *b)
{
	for (size_t i = 0; i < BROKER_RUNNING_MAX; i++) {
		if (!b->operations[i])
			continue;
		uv_timer_start(&b->show, on_grace, BROKER_ABANDON_MS, 0);
		return; /* forget() closes it with the last of them */
	}
	uv_close((uv_handle_t *)&b->show, broker_handle_closed);
}
