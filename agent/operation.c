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
 */
#include "agent/broker_priv.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/device/talk.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/wire/item.h"

#define ITEM_CHOSEN_MAX 380
#define ITEM_WHAT_MAX	512

struct operation {
	struct broker *b;
	const struct promise *promise;
	struct scope right; /* under which it was opened */
	uint32_t stream;
	uint32_t number;	  /* on the customer's screen */
	uint32_t comp;		  /* never for what is live: PROTOCOL.md section 6 */
	char what[ITEM_WHAT_MAX]; /* the customer's line */
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

#define EXIT_KILLED (-1)
#define PASS_LEAST  4096 /* less is copied sooner than handed on */

static struct operation *find(struct broker *b, uint32_t stream)
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

static void show(struct operation *op)
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

/* A promise without a deadline is kept until somebody ends it. */
static bool is_over_time(const struct operation *op, uint64_t grace_ms)
{
	uint64_t limit = op->promise->deadline_s * UINT64_C(1000);

	return limit > 0 && op->active_ms > limit + grace_ms;
}

/* ---- the end of one ---- */

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

static void close_handles(struct operation *op)
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

/* Once: when it is done, or when the session ends before it is. */
static void note_done(struct operation *op)
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

/* Output and process have both ended: tell everybody, once. */
static void finish(struct operation *op)
{
	struct broker *b = op->b;

	if (!op->ended || !op->exited || op->finished)
		return;
	op->finished = true;
	op->state = op->status >= ITEM_OK && op->status <= ITEM_UNAVAILABLE
			? (enum item_state)op->status
			: ITEM_PARTIAL;
	if (is_over_time(op, 0))
		op->state = ITEM_TIMEOUT;
	show(op);
	close_handles(op);
	if (b->session.state == SESSION_CLOSED)
		return; /* operations_kill() has noted it */
	note_done(op);
	if (op->why == 0)
		network_tell(b, IPC_FIN, op->stream, 0);
	broker_event_type(b, SESSION_EV_ITEM_DONE);
}

static void on_collector_exit(uv_process_t *p, int64_t status, int term_signal)
{
	struct operation *op = p->data;

	/* Whatever it left running, now: later its number may be somebody else's. When the session
	 * ended, all were looked for at once. */
	if (!op->cut)
		plat_kill_group(p->pid);
	op->exited = true;
	op->status = term_signal != 0 ? EXIT_KILLED : (int)status;
	finish(op);
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
	finish(op);
}

static void stop(struct operation *op, int why)
{
	halt(op, why);
	if (!op->exited)
		plat_kill_group(op->process.pid);
	leave(op);
}

/* It was killed and does not go: it hangs in the kernel, which ends it when it can. Neither the
 * other items nor the customer's shell wait for that. */
static void abandon(struct operation *op)
{
	if (op->reading)
		uv_read_stop((uv_stream_t *)&op->out);
	if (!op->exited)
		plat_kill_group(op->process.pid);
	op->reading = false;
	op->ended = op->exited = true;
	op->status = EXIT_KILLED;
	finish(op);
}

/* ---- output ---- */

/* One alone may fill the pipe to net; many share it. */
static size_t window(const struct broker *b)
{
	size_t running = 0;

	for (size_t i = 0; i < BROKER_RUNNING_MAX; i++)
		running += b->operations[i] && !b->operations[i]->ended;
	return running > 1 ? IPC_WINDOW_OF_MANY : IPC_WINDOW;
}

/* How much may be read at once: whole frames, or nothing. */
static size_t room(const struct operation *op)
{
	size_t all = window(op->b), piece = all < IPC_WINDOW ? IPC_DATA_OF_MANY : IPC_DATA_MAX;

	return op->sent - op->consumed + piece <= all ? piece : 0;
}

static bool may_pass(const struct operation *op)
{
	return op->b->net_open && op->why == 0 && !op->ended;
}

static void wait_for_room(struct operation *op)
{
	op->reading = false;
	uv_read_stop((uv_stream_t *)&op->out);
}

/* These bytes are on their way to net. */
static void count_sent(struct operation *op, size_t n)
{
	op->sent += n;
	op->b->bytes_sent += n;
}

static void over_quota(struct operation *op)
{
	network_tell(op->b, IPC_RESET, op->stream, AS_E_QUOTA);
	stop(op, AS_E_QUOTA);
}

/* What did not fit into the pipe to net; its header has left. */
static void copy_rest(struct operation *op, intptr_t from, size_t n)
{
	struct link_block *block = malloc(sizeof *block);

	if (!block || plat_pipe_read(from, block->data, n) < 0) {
		free(block);
		link_close(&op->b->net, AS_E_INTERNAL);
		return;
	}
	link_send_rest(&op->b->net, block, n);
}

/* The kernel hands the bytes on: they are counted and may be refused here, but not copied. False
 * when it cannot just now: then they are read. */
static bool pass_on(struct operation *op)
{
	struct broker *b = op->b;
	uv_os_fd_t fd;
	int64_t n, moved;

	if (!may_pass(op) || uv_fileno((uv_handle_t *)&op->out, &fd) < 0)
		return false;
	n = plat_pipe_holds((intptr_t)fd);
	if (n > (int64_t)room(op))
		n = (int64_t)room(op);
	if (n < PASS_LEAST || !door_may_send(b, &op->right, (uint64_t)n) ||
	    !link_begin_data(&b->net, op->stream, (size_t)n))
		return false;
	moved = plat_move((intptr_t)fd, link_fd(&b->net), (size_t)n);
	if (moved < n)
		copy_rest(op, (intptr_t)fd, (size_t)(n - (moved > 0 ? moved : 0)));
	count_sent(op, (size_t)n);
	return true;
}

/* Without a buffer libuv calls on_read() with UV_ENOBUFS. Reading may not be stopped in here. */
static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct operation *op = h->data;
	struct link_block *block;

	(void)suggested;
	*buf = uv_buf_init(NULL, 0);
	op->passed = room(op) == 0 || pass_on(op);
	if (op->passed)
		return;
	block = malloc(sizeof *block);
	if (block)
		*buf = uv_buf_init((char *)block->data, (unsigned int)room(op));
}

static void end_of_output(struct operation *op)
{
	op->ended = true;
	op->tick_ms = clock_mono_ms();
	finish(op);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct operation *op = s->data;
	struct link_block *block = NULL;

	if (op->passed) {
		if (room(op) == 0)
			wait_for_room(op);
		return;
	}
	if (buf->base)
		block =
		    (struct link_block *)(void *)(buf->base - offsetof(struct link_block, data));
	if (n <= 0 || !may_pass(op)) {
		free(block);
		if (n < 0 && !op->ended)
			end_of_output(op);
		return;
	}
	if (!door_may_send(op->b, &op->right, (uint64_t)n)) {
		free(block);
		over_quota(op);
		return;
	}
	link_send_block(&op->b->net, block, op->stream, (size_t)n);
	count_sent(op, (size_t)n);
	if (room(op) == 0)
		wait_for_room(op);
}

static void read_on(struct operation *op)
{
	if (op->reading || op->b->paused || op->ended || op->closing || room(op) == 0)
		return;
	op->reading = uv_read_start((uv_stream_t *)&op->out, on_alloc, on_read) == 0;
	op->tick_ms = clock_mono_ms();
}

/* What lies in the pipe already need not be waited for. */
static void pass_at_once(struct operation *op)
{
	if (op->reading || op->b->paused || op->closing)
		return;
	while (room(op) > 0 && pass_on(op))
		op->tick_ms = clock_mono_ms();
}

void operation_consumed(struct broker *b, uint32_t stream, uint64_t offset)
{
	struct operation *op = find(b, stream);

	if (!op || offset < op->consumed || offset > op->sent)
		return;
	op->consumed = offset;
	pass_at_once(op);
	read_on(op);
}

void operation_cancel(struct broker *b, uint32_t stream, int why)
{
	struct operation *op = find(b, stream);

	if (op)
		stop(op, why == 0 ? AS_E_OP_FAILED : why);
}

/* The rest goes on, and the engineer is told who ended it. */
void operation_cancel_by_customer(struct broker *b, uint32_t stream)
{
	struct operation *op = find(b, stream);

	if (!op || op->finished || op->cut)
		return;
	op->cancelled = true;
	network_tell(b, IPC_RESET, stream, AS_E_CANCELLED);
	stop(op, AS_E_CANCELLED);
	if (!op->finished)
		show(op);
}

/* ---- input ---- */

struct input {
	uv_write_t req;
	size_t n;
	uint8_t bytes[];
};

static void tell_taken(struct operation *op, uint64_t n)
{
	struct ipc_msg m = {.type = IPC_TOOK, .stream = op->stream};

	op->taken += n;
	m.value = op->taken;
	if (op->b->net_open)
		link_send(&op->b->net, &m);
}

static void on_input_written(uv_write_t *req, int status)
{
	struct operation *op = req->handle->data;
	struct input *in = (struct input *)(void *)((char *)req - offsetof(struct input, req));

	if (status == 0 && !op->closing)
		tell_taken(op, in->n);
	free(in);
}

/* For one that is over, or takes none: nobody waits for it, and the console may go on. */
void operation_input(struct broker *b, uint32_t stream, const uint8_t *p, size_t n)
{
	struct operation *op = find(b, stream);
	struct input *in;

	if (!op || op->closing || op->why != 0 || !(op->promise->flags & CATALOG_INPUT))
		return;
	if (n > op->args.op.size_min - op->got) { /* behind it stands our own mark */
		network_tell(b, IPC_RESET, stream, AS_E_TOO_BIG);
		stop(op, AS_E_TOO_BIG);
		return;
	}
	op->got += n;
	in = malloc(sizeof *in + n);
	if (!in) {
		network_tell(b, IPC_RESET, stream, AS_E_INTERNAL);
		stop(op, AS_E_INTERNAL);
		return;
	}
	in->n = n;
	memcpy(in->bytes, p, n);

	uv_buf_t buf = uv_buf_init((char *)in->bytes, (unsigned int)n);
	if (uv_write(&in->req, (uv_stream_t *)&op->in, &buf, 1, on_input_written) < 0)
		free(in); /* its reader is gone, and says why on its own way */
}

static void on_whole_written(uv_write_t *req, int status)
{
	(void)status;
	free(req);
}

/* One byte behind the input tells the collector that it was whole: the end of its pipe alone would
 * also come when we die. */
void operation_input_end(struct broker *b, uint32_t stream, bool whole)
{
	static char mark[] = {COLLECT_INPUT_WHOLE};
	struct operation *op = find(b, stream);
	uv_buf_t buf = uv_buf_init(mark, sizeof mark);
	uv_write_t *req;

	if (!op || op->closing || op->why != 0 || !(op->promise->flags & CATALOG_INPUT))
		return;
	if (!whole) {
		network_tell(b, IPC_RESET, stream, AS_E_PROTOCOL);
		stop(op, AS_E_PROTOCOL);
		return;
	}
	req = malloc(sizeof *req);
	if (!req || uv_write(req, (uv_stream_t *)&op->in, &buf, 1, on_whole_written) < 0) {
		free(req);
		stop(op, AS_E_INTERNAL);
	}
}

/* Of what is still whole. */
static void note_cut(struct operation *op)
{
	if (op->finished || op->cut)
		return;
	op->cut = true; /* we are called again when the session closes */
	op->state = ITEM_PARTIAL;
	note_done(op); /* what has left belongs into the record */
	show(op);
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
			abandon(b->operations[i]);
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
		abandon(op);
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
			abandon(op);
			continue;
		}
		if (op->ended)
			continue;
		count_time(op, now);
		if (is_over_time(op, BROKER_OVERTIME_MS))
			end_overdue(op); /* what arrived is kept; the rest goes on */
		if (!op->finished)
			show(op);
	}
}

/* ---- starting ---- */

static void fill_args(struct operation *op, const struct ipc_open *o, const char *real)
{
	struct collect_args *a = &op->args;

	*a = (struct collect_args){
	    .magic = COLLECT_ARGS_MAGIC,
	    .size = sizeof *a,
	    .op_id = op->promise->op_id,
	    .comp = op->comp,
	    .op = o->args,
	    .deadline_ms = op->promise->deadline_s * 1000,
	    .output_max = op->promise->output_max,
	};
	snprintf(a->real, sizeof a->real, "%s", real);
	if (op->visit)
		visit_folder(op->b, o->args.root, a->real);
	snprintf(a->relay, sizeof a->relay, "%s", op->b->config->relay);
}

/* What the engineer chose himself stands on the line, too: "... : mail.example.com, 10.0.0.7:25" */
static void describe(struct operation *op)
{
	char chosen[ITEM_CHOSEN_MAX];
	const char *what = door_chosen(op->promise->scope, &op->args.op, chosen, sizeof chosen);

	if (op->promise->scope == SCOPE_DEVICE) /* what tells eight of them apart must fit */
		snprintf(op->what, sizeof op->what, "Device %s", what);
	else
		snprintf(op->what, sizeof op->what, "%.120s%s%s", op->promise->asks,
			 what[0] ? ": " : "", what);
}

static void close_file(uv_loop_t *loop, uv_file file)
{
	uv_fs_t req;

	uv_fs_close(loop, &req, file, NULL);
	uv_fs_req_cleanup(&req);
}

/* A pipe and no pair of sockets: the kernel can hand on what is in it. */
static int output_pipe(struct operation *op, uv_file fds[2])
{
	int err = uv_pipe(fds, UV_NONBLOCK_PIPE, 0);

	if (err < 0)
		return err;
	plat_widen_pipe(fds[0]);
	err = uv_pipe_open(&op->out, fds[0]);
	if (err == 0)
		return 0;
	close_file(&op->b->loop, fds[0]);
	close_file(&op->b->loop, fds[1]);
	return err;
}

static int spawn(struct operation *op)
{
	static char collects[] = "assent-collect", visits[] = "assent-collect-ssh";
	char *program = op->visit ? visits : collects, path[BROKER_PATH_MAX];
	int err = plat_libexec(program, path, sizeof path);
	if (err < 0)
		return err;

	char *args[] = {program, NULL};
	uv_file out[2];
	err = output_pipe(op, out);
	if (err < 0)
		return err;

	uv_stdio_container_t stdio[] = {
	    {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE, .data.stream = (uv_stream_t *)&op->in},
	    {.flags = UV_INHERIT_FD, .data.fd = out[1]},
	    broker_child_stderr(),
	    {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE},
	};
	if (op->visit)
		stdio[TALK_FD].data.stream = (uv_stream_t *)visit_pipe(op->visit);

	uv_process_options_t options = {
	    .file = path,
	    .args = args,
	    .env = plat_child_env,
	    .cwd = plat_child_folder,
	    .stdio = stdio,
	    .stdio_count = op->visit ? 4 : 3,
	    .exit_cb = on_collector_exit,
	    .flags = UV_PROCESS_DETACHED, /* leads a session of its own: plat_kill_group() */
	};

	op->held++;
	err = uv_spawn(&op->b->loop, &op->process, &options);
	close_file(&op->b->loop, out[1]);
	return err;
}

static void on_args_written(uv_write_t *req, int status)
{
	(void)req;
	(void)status; /* a collector that reads nothing ends by itself */
}

static int prepare(struct operation *op)
{
	int err = uv_pipe_init(&op->b->loop, &op->in, 0);

	if (err == 0)
		err = uv_pipe_init(&op->b->loop, &op->out, 0);
	op->in.data = op->out.data = op->process.data = op;
	op->held = 2;
	return err;
}

static int begin_input(struct operation *op)
{
	struct ipc_msg listen = {.type = IPC_LISTEN, .stream = op->stream};

	return op->promise->flags & CATALOG_INPUT ? link_send(&op->b->net, &listen) : 0;
}

int operation_start(struct broker *b, uint32_t stream, const struct permit *permit,
		    const struct ipc_open *open)
{
	size_t place = 0;

	while (place < BROKER_RUNNING_MAX && b->operations[place])
		place++;
	if (place == BROKER_RUNNING_MAX)
		return AS_E_QUOTA;

	struct operation *op = calloc(1, sizeof *op);
	if (!op)
		return UV_ENOMEM;
	op->b = b;
	op->promise = permit->promise;
	op->right = permit->right;
	op->stream = stream;
	op->number = ++b->numbered;
	op->comp = op->promise->flags & CATALOG_BULK ? open->comp : 0;
	op->started_ms = op->tick_ms = clock_mono_ms();
	if (op->promise->scope == SCOPE_DEVICE &&
	    !(op->visit = visit_new(b, stream, &open->args))) {
		free(op);
		return UV_ENOMEM;
	}
	fill_args(op, open, permit->real);
	describe(op);
	b->operations[place] = op;
	b->handles++;

	int err = prepare(op);
	if (err == 0)
		err = spawn(op);
	if (err < 0) {
		op->finished = op->exited = op->ended = true;
		close_handles(op);
		return err;
	}

	uv_buf_t buf = uv_buf_init((char *)&op->args, sizeof op->args);
	uv_write(&op->args_req, (uv_stream_t *)&op->in, &buf, 1, on_args_written);
	op->reading = uv_read_start((uv_stream_t *)&op->out, on_alloc, on_read) == 0;

	struct ipc_msg accept = {.type = IPC_ACCEPT, .stream = stream, .code = op->comp};
	link_send(&b->net, &accept);
	begin_input(op);
	if (op->visit)
		visit_start(op->visit);
	uv_timer_again(&b->show);
	show(op);
	return 0;
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
		show(op);
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
		read_on(op);
		show(op);
		any = true;
	}
	if (any)
		uv_timer_again(&b->show);
}
