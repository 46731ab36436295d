/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dial/dial_child.h"

#include <stddef.h>

#include "agent/dial/dial_msg.h"
#include "proto/transport/dial.h"

struct child {
	uv_pipe_t pipe;
	uv_write_t req;
	uv_tcp_t *tcp; /* ours until the message has left: the kernel then holds the parent's own */
	struct dial_msg msg;
	int err;
};

static void on_written(uv_write_t *req, int status)
{
	struct child *c = req->data;

	c->err = status;
	if (c->tcp)
		dial_drop(c->tcp);
	uv_close((uv_handle_t *)&c->pipe, NULL);
}

static void tell(struct child *c, enum dial_step step, int err)
{
	uv_buf_t buf = uv_buf_init((char *)&c->msg, sizeof c->msg);
	uv_stream_t *pipe = (uv_stream_t *)&c->pipe;

	c->msg = (struct dial_msg){.step = (uint32_t)step, .err = err};
	c->req.data = c;

	int failed = c->tcp ? uv_write2(&c->req, pipe, &buf, 1, (uv_stream_t *)c->tcp, on_written)
			    : uv_write(&c->req, pipe, &buf, 1, on_written);
	if (failed < 0)
		on_written(&c->req, failed);
}

static void on_done(enum dial_step step, int err, uv_tcp_t *tcp, void *owner)
{
	struct child *c = owner;

	c->tcp = tcp;
	tell(c, step, err);
}

int dial_child_run(uv_loop_t *loop, int fd, const char *host_port)
{
	struct child c = {0};
	struct dial *d;

	int err = uv_pipe_init(loop, &c.pipe, 1);
	if (err < 0)
		return err;
	err = uv_pipe_open(&c.pipe, fd);
	if (err < 0) {
		uv_close((uv_handle_t *)&c.pipe, NULL);
		uv_run(loop, UV_RUN_DEFAULT);
		return err;
	}
	err = dial_start(loop, host_port, DIAL_TIMEOUT_MS, on_done, &c, &d);
	if (err < 0)
		tell(&c, DIAL_NAME, err);
	uv_run(loop, UV_RUN_DEFAULT);
	return c.err;
}
