/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/dial/dial_child.h"

#include <stdio.h>

#include "agent/dial/dial_msg.h"
#include "agent/plat/plat.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/route/system.h"
#include "proto/transport/dial.h"

struct child {
	uv_pipe_t pipe;
	uv_write_t req;
	struct dial *dial;
	struct route way;
	struct own_login own;
	struct plat_login *login;
	/* Asking the system's script waits, and nobody can end that: it is done in a thread, and we
	 * leave without it when it takes too long. */
	uv_work_t work;
	uv_timer_t patience;
	bool looking, answered;
	int looked;
	char proxies[ROUTE_SYSTEM_TEXT_MAX];
	const char *others;	/* of them, not tried; NULL: no script was asked */
	struct route by_script; /* the way, but for its proxy: it has no secret */
	uint64_t until_ms;
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

	c->answered = true;
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

static bool dial_other(struct child *c);

/* The proxy itself; what one says that is there would be said by the next one, too. */
static bool is_not_there(const struct report *r)
{
	return r->step == REPORT_NAME || r->step == REPORT_CONNECT;
}

static void on_done(const struct report *r, uv_tcp_t *tcp, void *owner)
{
	struct child *c = owner;

	c->dial = NULL;
	c->tcp = tcp;
	plat_login_free(c->login);
	c->login = NULL;
	if (is_not_there(r) && dial_other(c))
		return;
	if (uv_is_closing((uv_handle_t *)&c->pipe))
		end(c, c->err);
	else
		answer(c, r);
}

/* A login that is begun anew is another one. */
static int step_login(void *ctx, const char *scheme, const char *host, const uint8_t *in, size_t n,
		      uint8_t *out, size_t cap)
{
	struct child *c = ctx;

	if (n == 0) {
		plat_login_free(c->login);
		c->login = NULL;
	}
	return plat_login_step(&c->login, scheme, host, in, n, out, cap);
}

static void dial(struct child *c)
{
	uint64_t now = uv_now(c->pipe.loop), left = c->until_ms > now ? c->until_ms - now : 1;
	int err = dial_start(c->pipe.loop, &c->way, left, on_done, c, &c->dial);

	secret_wipe(&c->way, sizeof c->way);
	c->own = (struct own_login){step_login, c};
	if (err == 0)
		dial_own_login(c->dial, &c->own);
	else
		answer(c, &(struct report){.step = REPORT_NAME, .why = REPORT_SYSTEM, .err = err});
}

/* ---- a proxy that a script chooses ---- */

static void look(uv_work_t *work)
{
	struct child *c = work->data;
	char url[HOSTPORT_TEXT_MAX + 16], place[HOSTPORT_TEXT_MAX];

	snprintf(url, sizeof url, "https://%s/", hostport_text(&c->way.to, place));
	c->looked =
	    plat_script_proxy(url, c->way.proxy.via == ROUTE_DETECT, c->proxies, sizeof c->proxies);
}

/* A script may name several, for when one is down. False: there is no other, or no time for it. */
static bool dial_other(struct child *c)
{
	char why[ROUTE_WHY_MAX];

	if (!c->others || uv_now(c->pipe.loop) >= c->until_ms ||
	    uv_is_closing((uv_handle_t *)&c->pipe))
		return false;
	c->way = c->by_script;
	if (system_proxy(c->others, &c->way.proxy, why, &c->others) != 1)
		return false;
	c->way.proxy.own_login = c->by_script.proxy.own_login;
	dial(c);
	return true;
}

static void on_looked(uv_work_t *work, int status)
{
	struct child *c = work->data;

	(void)status;
	c->looking = false;
	uv_close((uv_handle_t *)&c->patience, NULL);
	if (c->answered || uv_is_closing((uv_handle_t *)&c->pipe))
		return;
	c->others = c->proxies;
	c->by_script = c->way;
	c->until_ms = uv_now(c->pipe.loop) + DIAL_TIMEOUT_MS; /* the script had its own time */
	if (c->looked == 0 && dial_other(c))
		return;
	answer(c, &(struct report){
		      .step = REPORT_PROXY, .why = REPORT_PROXY_UNNAMED, .err = AS_E_DENIED});
}

static void on_no_patience(uv_timer_t *t)
{
	struct child *c = t->data;

	if (!c->answered)
		answer(c, &(struct report){
			      .step = REPORT_PROXY, .why = REPORT_SILENT, .err = UV_ETIMEDOUT});
}

static void ask_script(struct child *c)
{
	c->work.data = c->patience.data = c;
	c->looking = true;
	uv_timer_init(c->pipe.loop, &c->patience); /* cannot fail */
	uv_timer_start(&c->patience, on_no_patience, DIAL_TIMEOUT_MS, 0);
	uv_queue_work(c->pipe.loop, &c->work, look, on_looked); /* nor can this */
}

static void go(struct child *c)
{
	int err = route_decode(c->in + DIAL_MSG_HEAD, c->in_len - DIAL_MSG_HEAD, &c->way);

	secret_wipe(c->in, sizeof c->in);
	c->until_ms = uv_now(c->pipe.loop) + DIAL_TIMEOUT_MS;
	if (err < 0)
		answer(c, &(struct report){.step = REPORT_NAME, .why = REPORT_SYSTEM, .err = err});
	else if (c->way.proxy.via == ROUTE_SCRIPT || c->way.proxy.via == ROUTE_DETECT)
		ask_script(c);
	else
		dial(c);
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
	else if (size > 0 && c->in_len == size && !c->dial && !c->looking && !c->answered)
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
