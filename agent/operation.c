/* SPDX-License-Identifier: Apache-2.0
 *
 * One operation: one assent-collect process, its output on the way to assent-net, its line on
 * the customer's screen.
 *
 * Life: operation_start() -> output* -> the pipe ends and the process exits, in either order
 * -> FIN, record, on_handle_closed() twice (pipes) and once (process) -> freed.
 * operations_kill() ends all of them at once, with everything they started.
 *
 * Back-pressure: at most IPC_WINDOW bytes are on their way to the network, of several operations
 * IPC_WINDOW_OF_MANY of each; beyond that the collector's pipe is not read, and the collector
 * waits. That waiting does not count against its deadline.
 *
 * Input, for the few operations that take some, goes the other way: what net hands over is
 * written to the collector, and only when the collector has taken it may the console send more.
 *
 * Here: how far it is, on the screen, in the record and against its deadline.
 */
#include "agent/operation_priv.h"

#include "proto/base/clock.h"
#include "proto/base/err.h"

struct operation *operation_find(struct broker *b, uint32_t stream)
{
	for (size_t i = 0; i < BROKER_RUNNING_MAX; i++)
		if (b->operations[i] && b->operations[i]->stream == stream)
			return b->operations[i];
	return NULL;
}

/* Of what the customer cares about: what left his computer, or what came to it. */
static uint64_t bytes_of(const struct operation *op)
{
	return op->promise->flags & CATALOG_INPUT ? op->taken : op->sent;
}

/* A live view has no last byte, so it is never "partial": somebody has ended it. */
static bool is_live_and_ended(const struct operation *op)
{
	return op->promise->flags & CATALOG_LIVE && (op->cut || op->why == AS_E_CANCELLED);
}

static bool is_ended_by_engineer(const struct operation *op)
{
	bool with_session = op->cut && op->b->session.reason == 0;

	return !op->cancelled && (op->why == AS_E_CANCELLED || with_session);
}

static const char *last_word(const struct operation *op)
{
	return is_live_and_ended(op) ? "ended" : item_state_name(op->state);
}

/* What the customer reads of one that is over: first of all, who ended it. */
static const char *how_it_ended(const struct operation *op)
{
	if (op->cancelled || (op->cut && op->b->session.reason == AS_E_REVOKED))
		return "stopped";
	if (is_live_and_ended(op))
		return "ended";
	if (is_ended_by_engineer(op))
		return "stopped by the engineer";
	return op->cut ? "stopped" : item_state_name(op->state);
}

void operation_show(struct operation *op)
{
	struct ui_item item = {
	    .id = op->stream,
	    .number = op->number,
	    .what = op->what,
	    .bytes = bytes_of(op),
	    .elapsed_ms = (uint32_t)(clock_mono_ms() - op->started_ms),
	    .state = op->cut || op->cancelled || op->finished ? how_it_ended(op)
		     : op->b->paused			      ? "waiting"
		     : visit_state(op->visit)		      ? visit_state(op->visit)
							      : "running",
	    .done = op->finished || op->cut,
	};

	if (op->b->ui && !op->b->closing)
		ui_item(op->b->ui, &item);
}

/* When it is done, or when the session ends before it is. */
void operation_note(struct operation *op)
{
	if (op->noted)
		return;
	op->noted = true;
	op->b->items++;

	struct record_field f[6] = {
	    {.name = "item", .number = op->stream},
	    {.name = "name", .text = op->promise->name},
	    {.name = "bytes", .number = bytes_of(op)},
	    {.name = "state", .text = last_word(op)},
	};
	size_t n = 4;

	if (op->promise->scope == SCOPE_DEVICE)
		f[n++] = (struct record_field){.name = "device", .text = op->args.op.root};
	if (op->cancelled || is_ended_by_engineer(op))
		f[n++] = (struct record_field){.name = "stopped_by",
					       .text = op->cancelled ? "customer" : "engineer"};
	broker_note(op->b, RECORD_ITEM, f, n);
}

/* ---- its time ---- */

/* A promise without a deadline is kept until somebody ends it. */
bool operation_is_over_time(const struct operation *op, uint64_t grace_ms)
{
	uint64_t limit = op->promise->deadline_s * UINT64_C(1000);

	return limit > 0 && op->active_ms > limit + grace_ms;
}

/* We look every BROKER_SHOW_MS. When much more has passed the computer slept, or its clock was
 * moved, and the collector slept, too: that is not its time. */
static void count_time(struct operation *op, uint64_t now)
{
	uint64_t past = now - op->tick_ms;

	if (op->reading && !visit_waits(op->visit))
		op->active_ms += past < BROKER_LAPSE_MS ? past : BROKER_LAPSE_MS;
	op->tick_ms = now;
}

static void end_overdue(struct operation *op)
{
	if (op->overdue) {
		operation_abandon(op);
		return;
	}
	op->overdue = true;
	if (!op->exited)
		plat_kill_group(op->process.pid);
}

/* A process that hangs in the kernel cannot even be killed; its output has ended, so it is over. */
static bool is_stuck(const struct operation *op, uint64_t now)
{
	return op->ended && !op->exited && now - op->tick_ms > BROKER_OVERTIME_MS;
}

/* Every BROKER_SHOW_MS while anything runs: renew the lines, and end what overstays. */
void operations_show(struct broker *b)
{
	uint64_t now = clock_mono_ms();

	for (size_t i = 0; i < BROKER_RUNNING_MAX; i++) {
		struct operation *op = b->operations[i];

		if (!op || op->finished)
			continue;
		if (is_stuck(op, now)) {
			operation_abandon(op);
			continue;
		}
		if (op->ended)
			continue;
		count_time(op, now);
		if (operation_is_over_time(op, BROKER_OVERTIME_MS))
			end_overdue(op); /* what arrived is kept; the rest goes on */
		if (!op->finished)
			operation_show(op);
	}
}

/* ---- a lost connection ---- */

/* The connection is lost: the collectors wait on their full pipes, and their time with them. */
void operations_pause(struct broker *b)
{
	uint64_t now = clock_mono_ms();

	b->paused = true;
	uv_timer_stop(&b->show);
	for (size_t i = 0; i < BROKER_RUNNING_MAX; i++) {
		struct operation *op = b->operations[i];

		if (!op || op->finished)
			continue;
		count_time(op, now);
		if (op->reading)
			uv_read_stop((uv_stream_t *)&op->out);
		op->reading = false;
		operation_show(op);
	}
}

void operations_continue(struct broker *b)
{
	bool any = false;

	b->paused = false;
	for (size_t i = 0; i < BROKER_RUNNING_MAX; i++) {
		struct operation *op = b->operations[i];

		if (!op || op->finished)
			continue;
		op->tick_ms = clock_mono_ms();
		operation_read_on(op);
		operation_show(op);
		any = true;
	}
	if (any)
		uv_timer_again(&b->show);
}
