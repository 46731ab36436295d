/* SPDX-License-Identifier: Apache-2.0
 *
 * The start of an operation: a process of assent-collect, or of assent-collect-ssh for another
 * device, with its pipes and its arguments.
 */
#include "agent/operation_priv.h"

#include <stdio.h>
#include <stdlib.h>

#include "agent/device/talk.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define CHOSEN_MAX 380

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
	char chosen[CHOSEN_MAX];
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
	    .exit_cb = operation_on_exit,
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
		operation_close_handles(op);
		return err;
	}

	uv_buf_t buf = uv_buf_init((char *)&op->args, sizeof op->args);
	uv_write(&op->args_req, (uv_stream_t *)&op->in, &buf, 1, on_args_written);
	operation_read_on(op);

	struct ipc_msg accept = {.type = IPC_ACCEPT, .stream = stream, .code = op->comp};
	link_send(&b->net, &accept);
	begin_input(op);
	if (op->visit)
		visit_start(op->visit);
	uv_timer_again(&b->show);
	operation_show(op);
	return 0;
}
