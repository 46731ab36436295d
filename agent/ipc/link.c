/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/link.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"

#define owner_of(ptr, type, field) ((type *)((char *)(ptr)-offsetof(type, field)))

struct send_job {
	uv_write_t req;
	uint8_t bytes[];
};

static void on_closed(uv_handle_t *h)
{
	struct link *l = owner_of(h, struct link, pipe);

	l->ev->on_gone(l->why, l->owner);
}

void link_close(struct link *l, int why)
{
	if (l->closing)
		return;
	l->closing = true;
	l->why = why;
	uv_close((uv_handle_t *)&l->pipe, on_closed);
}

/* ---- reading ---- */

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct link *l = owner_of(h, struct link, pipe);

	(void)suggested;
	*buf = uv_buf_init((char *)l->in + l->in_len, (unsigned int)(sizeof l->in - l->in_len));
}

/* Hands on every whole message; returns the bytes used or an error. */
static int take_messages(struct link *l)
{
	size_t at = 0;

	while (!l->closing) {
		struct ipc_msg m;
		int size = ipc_size(l->in + at, l->in_len - at);

		if (size < 0)
			return size;
		if (size == 0 || (size_t)size > l->in_len - at)
			break;

		int err = ipc_decode(l->in + at, (size_t)size, &m);
		if (err < 0)
			return err;
		at += (size_t)size;
		l->ev->on_msg(&m, l->owner);
	}
	return (int)at;
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct link *l = owner_of(s, struct link, pipe);

	(void)buf;
	if (n == 0 || l->closing)
		return;
	if (n < 0) {
		link_close(l, (int)n);
		return;
	}
	l->in_len += (size_t)n;

	int used = take_messages(l);
	if (used < 0) {
		link_close(l, used);
		return;
	}
	l->in_len -= (size_t)used;
	memmove(l->in, l->in + used, l->in_len);
}

int link_init(uv_loop_t *loop, struct link *l, const struct link_events *ev, void *owner)
{
	l->ev = ev;
	l->owner = owner;
	l->closing = false;
	l->why = 0;
	l->in_len = 0;
	return uv_pipe_init(loop, &l->pipe, 1);
}

int link_start(struct link *l)
{
	return uv_read_start((uv_stream_t *)&l->pipe, on_alloc, on_read);
}

/* ---- writing ---- */

static void on_sent(uv_write_t *req, int status)
{
	struct link *l = owner_of(req->handle, struct link, pipe);

	free(owner_of(req, struct send_job, req));
	if (status < 0)
		link_close(l, status);
}

static int check_room(struct link *l)
{
	if (l->closing)
		return UV_ECANCELED;
	if (link_queued(l) < LINK_QUEUE_MAX)
		return 0;
	link_close(l, AS_E_QUOTA);
	return AS_E_QUOTA;
}

static int send_bytes(struct link *l, const struct ipc_msg *m, uv_stream_t *socket)
{
	int room = check_room(l);
	if (room < 0)
		return room;

	struct send_job *job = malloc(sizeof *job + IPC_HEADER + m->len);
	if (!job)
		return UV_ENOMEM;
	ipc_header(m, job->bytes);
	if (m->len > 0)
		memcpy(job->bytes + IPC_HEADER, m->payload, m->len);

	uv_buf_t buf = uv_buf_init((char *)job->bytes, (unsigned int)(IPC_HEADER + m->len));
	int err = uv_write2(&job->req, (uv_stream_t *)&l->pipe, &buf, 1, socket, on_sent);
	if (err < 0)
		free(job);
	return err;
}

int link_send(struct link *l, const struct ipc_msg *m)
{
	return send_bytes(l, m, NULL);
}

int link_send_code(struct link *l, enum ipc_type type, uint32_t stream, uint32_t code)
{
	return link_send(l, &(struct ipc_msg){.type = type, .stream = stream, .code = code});
}

int link_send_socket(struct link *l, uv_stream_t *socket, const struct ipc_way *way)
{
	uint8_t bytes[IPC_WAY_LEN_MAX];
	int n = ipc_way_encode(way, bytes, sizeof bytes);

	if (n < 0)
		return n;
	return send_bytes(
	    l, &(struct ipc_msg){.type = IPC_SOCKET, .payload = bytes, .len = (size_t)n}, socket);
}

static void on_block_sent(uv_write_t *req, int status)
{
	struct link *l = owner_of(req->handle, struct link, pipe);

	free(owner_of(req, struct link_block, req));
	if (status < 0)
		link_close(l, status);
}

int link_send_block(struct link *l, struct link_block *block, uint32_t stream, size_t n)
{
	struct ipc_msg m = {.type = IPC_DATA, .stream = stream, .len = n};
	int err = check_room(l);

	ipc_header(&m, block->header);
	if (err == 0) {
		uv_buf_t bufs[] = {
		    uv_buf_init((char *)block->header, IPC_HEADER),
		    uv_buf_init((char *)block->data, (unsigned int)n),
		};
		err = uv_write(&block->req, (uv_stream_t *)&l->pipe, bufs, 2, on_block_sent);
	}
	if (err < 0)
		free(block);
	return err;
}

size_t link_queued(const struct link *l)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&l->pipe);
}
