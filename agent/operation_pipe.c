/* SPDX-License-Identifier: Apache-2.0
 *
 * The pipes of a collector: what comes out of it goes to assent-net as far as there is credit, and
 * what the console sends goes into it.
 */
#include "agent/operation_priv.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"

#define PASS_LEAST 4096 /* less is copied sooner than handed on */

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
	operation_stop(op, AS_E_QUOTA);
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
	operation_finish(op);
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

void operation_read_on(struct operation *op)
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
	struct operation *op = operation_find(b, stream);

	if (!op || offset < op->consumed || offset > op->sent)
		return;
	op->consumed = offset;
	pass_at_once(op);
	operation_read_on(op);
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
	struct operation *op = operation_find(b, stream);
	struct input *in;

	if (!op || op->closing || op->why != 0 || !(op->promise->flags & CATALOG_INPUT))
		return;
	if (n > op->args.op.size_min - op->got) { /* behind it stands our own mark */
		network_tell(b, IPC_RESET, stream, AS_E_TOO_BIG);
		operation_stop(op, AS_E_TOO_BIG);
		return;
	}
	op->got += n;
	in = malloc(sizeof *in + n);
	if (!in) {
		network_tell(b, IPC_RESET, stream, AS_E_INTERNAL);
		operation_stop(op, AS_E_INTERNAL);
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
	struct operation *op = operation_find(b, stream);
	uv_buf_t buf = uv_buf_init(mark, sizeof mark);
	uv_write_t *req;

	if (!op || op->closing || op->why != 0 || !(op->promise->flags & CATALOG_INPUT))
		return;
	if (!whole) {
		network_tell(b, IPC_RESET, stream, AS_E_PROTOCOL);
		operation_stop(op, AS_E_PROTOCOL);
		return;
	}
	req = malloc(sizeof *req);
	if (!req || uv_write(req, (uv_stream_t *)&op->in, &buf, 1, on_whole_written) < 0) {
		free(req);
		operation_stop(op, AS_E_INTERNAL);
	}
}
