/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
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
	struct report report;
	uv_tcp_t *tcp;
};

static void on_done(const struct report *report, uv_tcp_t *tcp, void *owner)
{
	struct result *r = owner;

	cr_assert_not(r->done, "exactly once");
	*r = (struct result){true, *report, tcp};
}

/* A loopback port; fd listens when it is asked to, else the port is only reserved. */
static int reserve(bool listening, struct route *way)
{
	struct sockaddr_in addr;
	socklen_t n = sizeof addr;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char text[32];

	uv_ip4_addr("127.0.0.1", 0, &addr);
	cr_assert_eq(bind(fd, (struct sockaddr *)&addr, sizeof addr), 0);
	if (listening)
		cr_assert_eq(listen(fd, 4), 0);
	cr_assert_eq(getsockname(fd, (struct sockaddr *)&addr, &n), 0);
	snprintf(text, sizeof text, "127.0.0.1:%u", (unsigned int)ntohs(addr.sin_port));
	cr_assert_eq(route_direct(text, way), 0);
	return fd;
}

Test(dial, connects)
{
	struct ends e;
	struct result r = {0};
	struct route way;
	struct dial *d;
	int door = reserve(true, &way);

	ends_init(&e);
	cr_assert_eq(dial_start(&e.loop, &way, DIAL_TIMEOUT_MS, on_done, &r, &d), 0);
	cr_assert_not(r.done);
	ENDS_UNTIL(&e, r.done);
	cr_assert_eq(r.report.step, REPORT_DONE);
	cr_assert_str_eq(r.report.address, "127.0.0.1");
	cr_assert(uv_is_writable((uv_stream_t *)r.tcp));
	dial_drop(r.tcp);
	close(door);
	ends_done(&e);
}

Test(dial, says_which_step_failed)
{
	struct ends e;
	struct result name = {0}, port = {0};
	struct route nowhere, way;
	struct dial *d;
	int door = reserve(false, &way);

	ends_init(&e);
	cr_assert_eq(route_direct("nothing.invalid:443", &nowhere), 0);
	cr_assert_eq(dial_start(&e.loop, &nowhere, 20000, on_done, &name, &d), 0);
	cr_assert_eq(dial_start(&e.loop, &way, 20000, on_done, &port, &d), 0);
	ENDS_UNTIL(&e, name.done && port.done);
	cr_assert_eq(name.report.step, REPORT_NAME);
	cr_assert_lt(name.report.err, 0);
	cr_assert_null(name.tcp);
	cr_assert_eq(port.report.step, REPORT_CONNECT);
	cr_assert_eq(port.report.why, REPORT_REFUSED);
	close(door);
	ends_done(&e);
}

Test(dial, may_be_cancelled_at_every_moment)
{
	struct route way;
	int door = reserve(true, &way);

	/* After 0, 1, 2, ... turns of the loop, until it was done before. */
	for (int turns = 0;; turns++) {
		struct ends e;
		struct result r = {0};
		struct dial *d;

		ends_init(&e);
		cr_assert_eq(dial_start(&e.loop, &way, DIAL_TIMEOUT_MS, on_done, &r, &d), 0);
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
		cr_assert_eq(r.report.err, UV_ECANCELED);
		cr_assert_null(r.tcp);
		ends_done(&e);
	}
	close(door);
}

/* ---- a proxy in the same loop: it says its lines, one for each read, and passes nothing on ----
 */

#define VISITS_MAX 4

struct proxy {
	uv_tcp_t door;
	bool is_socks;
	const char *lines[VISITS_MAX]; /* to the n-th visitor, or (SOCKS) read; NULL: it hangs up */
	size_t sizes[VISITS_MAX];
	unsigned visits, reads;
	char heard[VISITS_MAX][1024];
	uv_tcp_t visitors[VISITS_MAX];
};

static void on_visitor_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	static char bytes[1024];

	(void)h;
	(void)suggested;
	*buf = uv_buf_init(bytes, sizeof bytes - 1);
}

static void on_visitor_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct proxy *p = s->data;
	size_t i = (size_t)((uv_tcp_t *)s - p->visitors);

	if (n < 0) {
		uv_close((uv_handle_t *)s, NULL);
		return;
	}
	buf->base[n] = '\0';
	strncat(p->heard[i], buf->base, sizeof p->heard[i] - strlen(p->heard[i]) - 1);
	if (p->is_socks)
		i = p->reads++;
	if (!p->lines[i]) {
		uv_close((uv_handle_t *)s, NULL);
		return;
	}

	uv_buf_t out = uv_buf_init((char *)p->lines[i], (unsigned)p->sizes[i]);
	cr_assert_eq(uv_try_write(s, &out, 1), (int)p->sizes[i]);
}

static void on_visitor(uv_stream_t *s, int status)
{
	struct proxy *p = s->data;
	uv_tcp_t *v = &p->visitors[p->visits++];

	cr_assert(status == 0 && p->visits <= VISITS_MAX);
	uv_tcp_init(s->loop, v);
	v->data = p;
	cr_assert_eq(uv_accept(s, (uv_stream_t *)v), 0);
	uv_read_start((uv_stream_t *)v, on_visitor_alloc, on_visitor_read);
}

static void open_proxy(struct ends *e, struct proxy *p, enum route_via via, struct route *way)
{
	struct sockaddr_in addr;
	int n = sizeof addr;

	uv_ip4_addr("127.0.0.1", 0, &addr);
	uv_tcp_init(&e->loop, &p->door);
	p->door.data = p;
	uv_tcp_bind(&p->door, (struct sockaddr *)&addr, 0);
	cr_assert_eq(uv_listen((uv_stream_t *)&p->door, 4, on_visitor), 0);
	uv_tcp_getsockname(&p->door, (struct sockaddr *)&addr, &n);
	cr_assert_eq(route_direct("relay.example:443", way), 0);
	way->proxy.via = via;
	p->is_socks = via == ROUTE_SOCKS5;
	strcpy(way->proxy.at.host, "127.0.0.1");
	snprintf(way->proxy.at.port, sizeof way->proxy.at.port, "%u", ntohs(addr.sin_port));
	strcpy(way->proxy.user, "ada");
	strcpy(way->proxy.password, "secret");
}

static struct result through(struct ends *e, struct proxy *p, const struct route *way)
{
	struct result r = {0};
	struct dial *d;

	cr_assert_eq(dial_start(&e->loop, way, DIAL_TIMEOUT_MS, on_done, &r, &d), 0);
	ENDS_UNTIL(e, r.done);
	if (r.tcp)
		dial_drop(r.tcp);
	uv_close((uv_handle_t *)&p->door, NULL);
	return r;
}

static void line(struct proxy *p, unsigned i, const char *text, size_t n)
{
	p->lines[i] = text;
	p->sizes[i] = n;
}

#define LINE(p, i, text) line(p, i, text, sizeof(text) - 1)

Test(dial, comes_back_to_an_http_proxy_with_the_login)
{
	struct ends e;
	struct proxy p = {.visits = 0};
	struct route way;

	ends_init(&e);
	open_proxy(&e, &p, ROUTE_HTTP, &way);
	LINE(&p, 0,
	     "HTTP/1.1 407 Who?\r\nProxy-Authenticate: Digest realm=a, nonce=n, "
	     "qop=auth\r\nConnection: close\r\n\r\nA page");
	LINE(&p, 1, "HTTP/1.1 200 Go\r\n\r\n");

	struct result r = through(&e, &p, &way);
	cr_assert_eq(r.report.step, REPORT_DONE);
	cr_assert_eq(p.visits, 2);
	cr_assert_null(strstr(p.heard[0], "ada"));
	cr_assert(strstr(p.heard[1], "username=\"ada\"") && !strstr(p.heard[1], "secret"));
	ends_done(&e);
}

Test(dial, goes_through_a_socks_proxy)
{
	struct ends e;
	struct proxy p = {.visits = 0};
	struct route way;

	ends_init(&e);
	open_proxy(&e, &p, ROUTE_SOCKS5, &way);
	LINE(&p, 0, "\x05\x02");
	LINE(&p, 1, "\x01\x00");
	LINE(&p, 2, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00");

	struct result r = through(&e, &p, &way);
	cr_assert_eq(r.report.step, REPORT_DONE, "%d", r.report.why);
	cr_assert(p.visits == 1 && p.reads == 3);
	ends_done(&e);
}

Test(dial, says_what_the_proxy_did)
{
	static const struct {
		const char *text;
		enum report_why why;
	} rows[] = {{"HTTP/1.1 403 No\r\n\r\n", REPORT_PROXY_FORBIDS},
		    {NULL, REPORT_PROXY_FAILS},
		    {"220 mail.example ESMTP\r\n", REPORT_PROXY_IS_NONE}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		struct ends e;
		struct proxy p = {.visits = 0};
		struct route way;

		ends_init(&e);
		open_proxy(&e, &p, ROUTE_HTTP, &way);
		line(&p, 0, rows[i].text, rows[i].text ? strlen(rows[i].text) : 0);

		struct result r = through(&e, &p, &way);
		cr_assert_eq(r.report.step, REPORT_PROXY);
		cr_assert_eq(r.report.why, rows[i].why);
		cr_assert_str_eq(r.report.address, "127.0.0.1");
		ends_done(&e);
	}
}

/* ---- assent-dial: the other end of its pipe ---- */

struct parent {
	uv_pipe_t pipe;
	uint8_t bytes[DIAL_BACK_MAX + 1];
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
	int result;
};

static void run_child(void *arg)
{
	struct child *c = arg;
	uv_loop_t loop;

	uv_loop_init(&loop);
	c->result = dial_child_run(&loop, c->fd);
	uv_run(&loop, UV_RUN_DEFAULT); /* the other half of the name's question */
	if (uv_loop_close(&loop) != 0)
		c->result = AS_E_INTERNAL;
}

/* Says the bytes in two pieces; the child's result. */
static int with_child(const uint8_t *say, size_t n, struct parent *p)
{
	struct ends e;
	struct child c = {.result = 0};
	uv_thread_t thread;
	int fds[2];

	ends_init(&e);
	*p = (struct parent){.len = 0};
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	c.fd = fds[1];
	uv_pipe_init(&e.loop, &p->pipe, 1);
	p->pipe.data = p;
	uv_pipe_open(&p->pipe, fds[0]);
	cr_assert_eq(write(fds[0], say, n / 2), (ssize_t)(n / 2));
	cr_assert_eq(write(fds[0], say + n / 2, n - n / 2), (ssize_t)(n - n / 2));
	if (n == 0)
		shutdown(fds[0], SHUT_WR);
	uv_read_start((uv_stream_t *)&p->pipe, on_alloc, on_read);
	uv_thread_create(&thread, run_child, &c);
	ENDS_UNTIL(&e, p->ended);
	uv_thread_join(&thread);
	if (p->has_tcp) {
		cr_assert(uv_is_writable((uv_stream_t *)&p->tcp));
		uv_close((uv_handle_t *)&p->tcp, NULL);
	}
	uv_close((uv_handle_t *)&p->pipe, NULL);
	ends_done(&e);
	return c.result;
}

static struct report asked(const struct route *way, bool *has_tcp)
{
	uint8_t say[DIAL_WAY_MAX];
	struct parent p;
	struct report r;
	int n = route_encode(way, say + DIAL_MSG_HEAD, sizeof say - DIAL_MSG_HEAD);

	cr_assert_gt(n, 0);
	dial_msg_head(say, (size_t)n);
	cr_assert_eq(with_child(say, (size_t)n + DIAL_MSG_HEAD, &p), 0);
	cr_assert_eq(p.len, dial_msg_size(p.bytes, p.len), "one message and nothing more");
	cr_assert_eq(report_decode(p.bytes + DIAL_MSG_HEAD, p.len - DIAL_MSG_HEAD, &r), 0);
	*has_tcp = p.has_tcp;
	return r;
}

Test(dial_child, hands_over_a_connected_socket)
{
	struct route way;
	bool has_tcp;
	int door = reserve(true, &way);
	struct report r = asked(&way, &has_tcp);

	cr_assert_eq(r.step, REPORT_DONE);
	cr_assert(has_tcp);
	close(door);
}

Test(dial_child, says_what_failed)
{
	struct route way;
	bool has_tcp;
	int door = reserve(false, &way);
	struct report r = asked(&way, &has_tcp);

	cr_assert_eq(r.step, REPORT_CONNECT);
	cr_assert_eq(r.err, UV_ECONNREFUSED);
	cr_assert_not(has_tcp);
	close(door);
}

Test(dial_child, ends_when_its_parent_speaks_nonsense_or_is_gone)
{
	static const uint8_t huge[] = {0xff, 0xff, 0}, early[] = {0, 1, 0, 9};
	struct parent p;

	cr_assert_lt(with_child(huge, 0, &p), 0);
	cr_assert_lt(with_child(huge, sizeof huge, &p), 0);
	cr_assert_lt(with_child(early, sizeof early, &p), 0);
	cr_assert_eq(p.len, 0);
}
