/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dial/dial_child.h"

#include "agent/dial/dial_msg.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/transport/dial.h"

struct child {
	uv_pipe_t pipe;
	uv_write_t req;
	struct dial *dial;
	uv_tcp_t *tcp; /* ours until the message has left: the kernel then holds the parent's own */
	uint8_t in[DIAL_WAY_MAX], out[DIAL_BACK_MAX];
	size_t in_len;
	int err;
};

static void on_closed(uv_handle_t *handle)
{
	uv_stop(handle->loop);
}

static void end(struct child *c, int err)
{
	c->err = err;
	if (c->tcp)
		dial_drop(c->tcp);
	c->tcp = NULL;
	if (!uv_is_closing((uv_handle_t *)&c->pipe))
		uv_close((uv_handle_t *)&c->pipe, on_closed);
}

static void on_written(uv_write_t *req, int status)
{
	end(req->data, status);
}

static void answer(struct child *c, const struct report *r)
{
	int n = report_encode(r, c->out + DIAL_MSG_HEAD, sizeof c->out - DIAL_MSG_HEAD);
	uv_stream_t *pipe = (uv_stream_t *)&c->pipe;

	if (n < 0) {
		end(c, n);
		return;
	}
	dial_msg_head(c->out, (size_t)n);

	uv_buf_t buf = uv_buf_init((char *)c->out, (unsigned int)n + DIAL_MSG_HEAD);
	c->req.data = c;
	int failed = c->tcp ? uv_write2(&c->req, pipe, &buf, 1, (uv_stream_t *)c->tcp, on_written)
			    : uv_write(&c->req, pipe, &buf, 1, on_written);
	if (failed < 0)
		end(c, failed);
}

static void on_done(const struct report *r, uv_tcp_t *tcp, void *owner)
{
	struct child *c = owner;

	c->dial = NULL;
	c->tcp = tcp;
	if (uv_is_closing((uv_handle_t *)&c->pipe))
		end(c, c->err);
	else
		answer(c, r);
}

static void go(struct child *c)
{
	struct route way;
	int err = route_decode(c->in + DIAL_MSG_HEAD, c->in_len - DIAL_MSG_HEAD, &way);

	if (err == 0)
		err = dial_start(c->pipe.loop, &way, DIAL_TIMEOUT_MS, on_done, c, &c->dial);
	secret_wipe(c->in, sizeof c->in);
	secret_wipe(&way, sizeof way);
	if (err < 0)
		answer(c, &(struct report){.step = REPORT_NAME, .why = REPORT_SYSTEM, .err = err});
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct child *c = handle->data;

	(void)suggested;
	*buf = uv_buf_init((char *)c->in + c->in_len, (unsigned int)(sizeof c->in - c->in_len));
}

/* The end of the pipe is the parent's: then nobody waits for us any more. */
static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct child *c = s->data;

	(void)buf;
	if (n < 0) {
		end(c, (int)n);
		return;
	}
	c->in_len += (size_t)n;

	size_t size = dial_msg_size(c->in, c->in_len);
	if (size > sizeof c->in || c->in_len > size)
		end(c, AS_E_PROTOCOL);
	else if (size > 0 && c->in_len == size && !c->dial)
		go(c);
}

int dial_child_run(uv_loop_t *loop, int fd)
{
	static struct child c;

	c = (struct child){.err = 0};

	int err = uv_pipe_init(loop, &c.pipe, 1);
	if (err < 0)
		return err;
	c.pipe.data = &c;
	err = uv_pipe_open(&c.pipe, fd);
	if (err == 0)
		err = uv_read_start((uv_stream_t *)&c.pipe, on_alloc, on_read);
	if (err < 0)
		end(&c, err);
	uv_run(loop, UV_RUN_DEFAULT);
	return c.err;
}
