/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ipc/link.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"

#define LINK_READ_MIN (64u << 10) /* room for one read; else what is kept is moved to the front */

#define LINK_NOW_MAX 256

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
	if (l->in_at > 0 && sizeof l->in - l->in_at - l->in_len < LINK_READ_MIN) {
		memmove(l->in, l->in + l->in_at, l->in_len);
		l->in_at = 0;
	}

	size_t end = l->in_at + l->in_len;
	*buf = uv_buf_init((char *)l->in + end, (unsigned int)(sizeof l->in - end));
}

/* Hands on every whole message. */
static int take_messages(struct link *l)
{
	while (!l->closing) {
		const uint8_t *at = l->in + l->in_at;
		struct ipc_msg m;
		int size = ipc_size(at, l->in_len);

		if (size < 0)
			return size;
		if (size == 0 || (size_t)size > l->in_len)
			break;

		int err = ipc_decode(at, (size_t)size, &m);
		if (err < 0)
			return err;
		l->in_at += (size_t)size;
		l->in_len -= (size_t)size;
		l->ev->on_msg(&m, l->owner);
	}
	return 0;
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

	int err = take_messages(l);
	if (err < 0)
		link_close(l, err);
	else if (l->in_len == 0)
		l->in_at = 0;
}

int link_init(uv_loop_t *loop, struct link *l, const struct link_events *ev, void *owner)
{
	l->ev = ev;
	l->owner = owner;
	l->closing = false;
	l->why = 0;
	l->in_at = l->in_len = 0;
	return uv_pipe_init(loop, &l->pipe, 1);
}

int link_start(struct link *l)
{
	int room = 2 * IPC_MESSAGE_MAX;

	(void)uv_send_buffer_size((uv_handle_t *)&l->pipe, &room); /* else it takes several turns */
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

/* What is short goes at once when nothing waits: no memory, no turn of the loop. True: it has. */
static bool send_now(struct link *l, const struct ipc_msg *m, int *err)
{
	uint8_t bytes[LINK_NOW_MAX];
	uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned int)(IPC_HEADER + m->len));

	if (IPC_HEADER + m->len > sizeof bytes || link_queued(l) > 0)
		return false;
	ipc_header(m, bytes);
	if (m->len > 0)
		memcpy(bytes + IPC_HEADER, m->payload, m->len);

	int did = uv_try_write((uv_stream_t *)&l->pipe, &buf, 1);
	if (did <= 0)
		return false;				   /* the longer way says why */
	*err = (size_t)did == buf.len ? 0 : AS_E_INTERNAL; /* no kernel cuts so little */
	if (*err < 0)
		link_close(l, *err);
	return true;
}

static int send_bytes(struct link *l, const struct ipc_msg *m, uv_stream_t *socket)
{
	int room = check_room(l);
	if (room < 0 || (!socket && send_now(l, m, &room)))
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

bool link_begin_data(struct link *l, uint32_t stream, size_t n)
{
	struct ipc_msg m = {.type = IPC_DATA, .stream = stream, .len = n};
	uint8_t header[IPC_HEADER];
	uv_buf_t buf = uv_buf_init((char *)header, sizeof header);

	if (l->closing || link_queued(l) > 0)
		return false;
	ipc_header(&m, header);

	int did = uv_try_write((uv_stream_t *)&l->pipe, &buf, 1);
	if (did > 0 && did < IPC_HEADER)
		link_close(l, AS_E_INTERNAL); /* no kernel cuts so little */
	return did == IPC_HEADER;
}

intptr_t link_fd(const struct link *l)
{
	uv_os_fd_t fd;

	return uv_fileno((const uv_handle_t *)&l->pipe, &fd) < 0 ? -1 : (intptr_t)fd;
}

int link_send_rest(struct link *l, struct link_block *block, size_t n)
{
	uv_buf_t buf = uv_buf_init((char *)block->data, (unsigned int)n);
	int err = l->closing
		      ? UV_ECANCELED
		      : uv_write(&block->req, (uv_stream_t *)&l->pipe, &buf, 1, on_block_sent);

	if (err < 0)
		free(block);
	return err;
}

size_t link_queued(const struct link *l)
{
	return uv_stream_get_write_queue_size((const uv_stream_t *)&l->pipe);
}
