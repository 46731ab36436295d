/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "agent/dial/dial_child.h"
#include "agent/dial/dial_msg.h"
#include "proto/base/err.h"
#include "proto/transport/dial.h"
#include "tests/support/ends.h"

struct result {
	bool done;
	enum dial_step step;
	int err;
	uv_tcp_t *tcp;
};

static void on_done(enum dial_step step, int err, uv_tcp_t *tcp, void *owner)
{
	struct result *r = owner;

	cr_assert_not(r->done, "exactly once");
	*r = (struct result){true, step, err, tcp};
}

/* A loopback port; fd listens when it is asked to, else the port is only reserved. */
static int reserve(bool listening, char text[32])
{
	struct sockaddr_in addr;
	socklen_t n = sizeof addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	uv_ip4_addr("127.0.0.1", 0, &addr);
	cr_assert_eq(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	if (listening)
		cr_assert_eq(listen(fd, 4), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&addr, &n), 0);
	snprintf(text, 32, "127.0.0.1:%u", (unsigned int)ntohs(addr.sin_port));
	return fd;
}

Test(dial, connects)
{
	struct ends e;
	struct result r = {0};
	struct dial *d;
	char text[32];
	int door = reserve(true, text);

	ends_init(&e);
	cr_assert_eq(dial_start(&e.loop, text, DIAL_TIMEOUT_MS, on_done, &r, &d), 0);
	cr_assert_not(r.done);
	ENDS_UNTIL(&e, r.done);
	cr_assert_eq(r.step, DIAL_OK);
	cr_assert(uv_is_writable((uv_stream_t *)r.tcp));
	dial_drop(r.tcp);
	close(door);
	ends_done(&e);
}

Test(dial, says_which_step_failed)
{
	struct ends e;
	struct result name = {0}, port = {0};
	struct dial *d;
	char text[32];
	int door = reserve(false, text);

	ends_init(&e);
	cr_assert_eq(dial_start(&e.loop, "nothing.invalid:443", 20000, on_done, &name, &d), 0);
	cr_assert_eq(dial_start(&e.loop, text, 20000, on_done, &port, &d), 0);
	ENDS_UNTIL(&e, name.done && port.done);
	cr_assert_eq(name.step, DIAL_NAME);
	cr_assert_lt(name.err, 0);
	cr_assert_null(name.tcp);
	cr_assert_eq(port.step, DIAL_CONNECT);
	cr_assert_eq(port.err, UV_ECONNREFUSED);
	cr_assert_eq(dial_start(&e.loop, "nonsense", 1, on_done, &name, &d), AS_ECONFIG);
	close(door);
	ends_done(&e);
}

Test(dial, may_be_cancelled_at_every_moment)
{
	char text[32];
	int door = reserve(true, text);

	/* After 0, 1, 2, ... turns of the loop, until it was done before. */
	for (int turns = 0;; turns++) {
		struct ends e;
		struct result r = {0};
		struct dial *d;

		ends_init(&e);
		cr_assert_eq(dial_start(&e.loop, text, DIAL_TIMEOUT_MS, on_done, &r, &d), 0);
		for (int i = 0; i < turns && !r.done; i++)
			ends_step(&e);
		if (r.done) {
			dial_drop(r.tcp);
			ends_done(&e);
			break;
		}
		dial_cancel(d);
		dial_cancel(d);
		ENDS_UNTIL(&e, r.done);
		cr_assert_eq(r.err, UV_ECANCELED);
		cr_assert_null(r.tcp);
		ends_done(&e);
	}
	close(door);
}

/* ---- assent-dial: the other end of its pipe ---- */

struct parent {
	uv_pipe_t pipe;
	uint8_t bytes[64];
	size_t len;
	bool ended;
	uv_tcp_t tcp;
	bool has_tcp;
};

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct parent *p = handle->data;

	(void)suggested;
	*buf = uv_buf_init((char *)p->bytes + p->len, (unsigned int)(sizeof p->bytes - p->len));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct parent *p = s->data;

	(void)buf;
	if (n < 0)
		p->ended = true;
	else
		p->len += (size_t)n;
	if (n > 0 && uv_pipe_pending_count(&p->pipe) > 0) {
		cr_assert_eq(uv_pipe_pending_type(&p->pipe), UV_TCP);
		uv_tcp_init(s->loop, &p->tcp);
		cr_assert_eq(uv_accept(s, (uv_stream_t *)&p->tcp), 0);
		p->has_tcp = true;
	}
}

struct child {
	int fd;
	const char *host_port;
	int result;
};

static void run_child(void *arg)
{
	struct child *c = arg;
	uv_loop_t loop;

	uv_loop_init(&loop);
	c->result = dial_child_run(&loop, c->fd, c->host_port);
	if (uv_loop_close(&loop) != 0)
		c->result = AS_E_INTERNAL;
}

static void with_child(const char *host_port, struct dial_msg *msg, bool *has_tcp)
{
	struct ends e;
	struct parent p = {.len = 0};
	struct child c = {.host_port = host_port};
	uv_thread_t thread;
	int fds[2];

	ends_init(&e);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	c.fd = fds[1];
	uv_pipe_init(&e.loop, &p.pipe, 1);
	p.pipe.data = &p;
	uv_pipe_open(&p.pipe, fds[0]);
	uv_read_start((uv_stream_t *)&p.pipe, on_alloc, on_read);
	uv_thread_create(&thread, run_child, &c);
	ENDS_UNTIL(&e, p.ended);
	uv_thread_join(&thread);
	cr_assert_eq(c.result, 0);
	cr_assert_eq(p.len, sizeof *msg, "one message and nothing more");
	memcpy(msg, p.bytes, sizeof *msg);
	*has_tcp = p.has_tcp;
	if (p.has_tcp) {
		cr_assert(uv_is_writable((uv_stream_t *)&p.tcp));
		uv_close((uv_handle_t *)&p.tcp, NULL);
	}
	uv_close((uv_handle_t *)&p.pipe, NULL);
	ends_done(&e);
}

Test(dial_child, hands_over_a_connected_socket)
{
	struct dial_msg msg;
	bool has_tcp;
	char text[32];
	int door = reserve(true, text);

	with_child(text, &msg, &has_tcp);
	cr_assert_eq(msg.step, DIAL_OK);
	cr_assert_eq(msg.err, 0);
	cr_assert(has_tcp);
	close(door);
}

Test(dial_child, says_what_failed)
{
	struct dial_msg msg;
	bool has_tcp;
	char text[32];
	int door = reserve(false, text);

	with_child(text, &msg, &has_tcp);
	cr_assert_eq(msg.step, DIAL_CONNECT);
	cr_assert_eq(msg.err, UV_ECONNREFUSED);
	cr_assert_not(has_tcp);
	with_child("nonsense", &msg, &has_tcp);
	cr_assert_eq(msg.step, DIAL_NAME);
	cr_assert_eq(msg.err, AS_ECONFIG);
	close(door);
}
