/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dialler.h"

#include <signal.h>
#include <string.h>

#include "agent/broker_priv.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"

int child_spawn(uv_loop_t *loop, uv_process_t *process, const char *program, uv_pipe_t *pipe,
		uv_exit_cb on_exit)
{
	char path[BROKER_PATH_MAX];
	int err = plat_libexec(program, path, sizeof path);
	if (err < 0)
		return err;

	/* uv_spawn() does not change what it is given; its type is older than const */
	char *args[] = {(char *)(uintptr_t)program, NULL};
	uv_stdio_container_t stdio[] = {
	    {.flags = UV_CREATE_PIPE | UV_READABLE_PIPE | UV_WRITABLE_PIPE,
	     .data.stream = (uv_stream_t *)pipe},
	    {.flags = UV_IGNORE},
	    broker_child_stderr(),
	};
	uv_process_options_t options = {
	    .file = path,
	    .args = args,
	    .env = plat_child_env,
	    .cwd = plat_child_folder,
	    .stdio = stdio,
	    .stdio_count = 3,
	    .exit_cb = on_exit,
	    .flags = UV_PROCESS_DETACHED, /* Ctrl-C on the terminal is ours to handle */
	};

	return uv_spawn(loop, process, &options);
}

void dialler_init(struct dialler *d, uv_loop_t *loop)
{
	memset(d, 0, sizeof *d);
	d->loop = loop;
}

bool dialler_is_free(const struct dialler *d)
{
	return d->held == 0;
}

static void on_closed(uv_handle_t *h)
{
	struct dialler *d = h->data;

	if (--d->held == 0)
		d->on_free(d->owner);
}

static void close_pipe(struct dialler *d)
{
	if (!d->open)
		return;
	d->open = false;
	uv_close((uv_handle_t *)&d->pipe, on_closed);
}

void dialler_stop(struct dialler *d)
{
	close_pipe(d);
	if (d->running)
		uv_process_kill(&d->process, SIGKILL);
}

static void on_exit(uv_process_t *p, int64_t status, int signal)
{
	struct dialler *d = p->data;

	(void)status;
	(void)signal;
	d->running = false;
	uv_close((uv_handle_t *)p, on_closed);
}

/* Closed before the owner hears of it, so that it may start the next one as soon as this is gone;
 * what waits at the pipe can be accepted until then. */
static void answer(struct dialler *d, const struct report *r)
{
	bool was_open = d->open;

	d->open = false;
	d->on_answer(r, (uv_stream_t *)&d->pipe, d->owner);
	if (was_open)
		uv_close((uv_handle_t *)&d->pipe, on_closed);
}

static void fault(struct dialler *d, int err)
{
	answer(d, &(struct report){.step = REPORT_CONNECT, .why = REPORT_SYSTEM, .err = err});
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct dialler *d = h->data;

	(void)suggested;
	*buf = uv_buf_init((char *)d->in + d->in_len, (unsigned int)(sizeof d->in - d->in_len));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct dialler *d = s->data;
	struct report r;

	(void)buf;
	if (n == 0 || !d->open)
		return;
	if (n < 0) { /* ended without an answer: killed, or not there */
		fault(d, (int)n);
		return;
	}
	d->in_len += (size_t)n;

	size_t size = dial_msg_size(d->in, d->in_len);
	if (size == 0 || (d->in_len < size && size <= sizeof d->in))
		return;
	if (d->in_len != size || report_decode(d->in + DIAL_MSG_HEAD, size - DIAL_MSG_HEAD, &r) < 0)
		fault(d, AS_E_INTERNAL);
	else
		answer(d, &r);
}

static void on_told(uv_write_t *req, int status)
{
	struct dialler *d = req->data;

	(void)status; /* a child that is gone ends the pipe, too */
	secret_wipe(d->out, sizeof d->out);
}

static int send_way(struct dialler *d, const struct route *way)
{
	int n = route_encode(way, d->out + DIAL_MSG_HEAD, sizeof d->out - DIAL_MSG_HEAD);
	if (n < 0)
		return n;
	dial_msg_head(d->out, (size_t)n);

	uv_buf_t bytes = uv_buf_init((char *)d->out, (unsigned int)n + DIAL_MSG_HEAD);
	d->req.data = d;
	return uv_write(&d->req, (uv_stream_t *)&d->pipe, &bytes, 1, on_told);
}

int dialler_start(struct dialler *d, const struct route *way)
{
	int err = uv_pipe_init(d->loop, &d->pipe, 1);
	if (err < 0)
		return err;
	memset(&d->process, 0, sizeof d->process);
	d->pipe.data = d->process.data = d;
	d->held = 1;
	d->open = true;
	d->in_len = 0;
	err = child_spawn(d->loop, &d->process, "assent-dial", &d->pipe, on_exit);
	d->running = err == 0;
	if (d->process.type == UV_PROCESS) /* libuv has it, also when it failed */
		d->held++;
	if (err < 0 && d->process.type == UV_PROCESS)
		uv_close((uv_handle_t *)&d->process, on_closed);
	if (err == 0)
		err = send_way(d, way);
	if (err == 0)
		err = uv_read_start((uv_stream_t *)&d->pipe, on_alloc, on_read);
	if (err < 0)
		dialler_stop(d);
	return err;
}
