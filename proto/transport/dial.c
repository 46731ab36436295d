/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/dial.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/transport/tunnel.h"

#define READ_MAX 4096 /* a proxy's answer, piece by piece */

struct dial {
	uv_loop_t *loop;
	uv_timer_t timer;
	uint64_t deadline_ms, proxy_ms;
	struct route way;
	struct race *race;
	uv_tcp_t *tcp; /* to the proxy, or the one that is handed over */
	bool finished;
	struct report report;
	struct tunnel tunnel;
	uint8_t in[READ_MAX];
	dial_done on_done;
	void *owner;
};

struct write_job {
	uv_write_t req;
	size_t n;
	uint8_t bytes[TUNNEL_OUT_MAX];
};

void dial_drop(uv_tcp_t *tcp)
{
	race_drop(tcp);
}

/* ---- the end ---- */

static void on_timer_closed(uv_handle_t *handle)
{
	struct dial *d = handle->data;
	struct report report = d->report;
	uv_tcp_t *tcp = d->tcp;
	dial_done on_done = d->on_done;
	void *owner = d->owner;

	tunnel_done(&d->tunnel);
	secret_wipe(d, sizeof *d);
	free(d);
	on_done(&report, tcp, owner);
}

static void drop_connection(struct dial *d)
{
	if (d->tcp)
		race_drop(d->tcp);
	d->tcp = NULL;
}

/* With step DONE the connection is handed over, else it is closed. */
static void finish(struct dial *d)
{
	if (d->finished)
		return;
	d->finished = true;
	if (d->race)
		race_stop(d->race);
	d->race = NULL;
	if (d->report.step != REPORT_DONE)
		drop_connection(d);
	uv_close((uv_handle_t *)&d->timer, on_timer_closed);
}

static void fail(struct dial *d, enum report_step step, enum report_why why, int err)
{
	d->report.step = step;
	d->report.why = why;
	d->report.err = err;
	finish(d);
}

void dial_own_login(struct dial *d, const struct own_login *own)
{
	d->tunnel.own = own;
}

void dial_cancel(struct dial *d)
{
	if (d->finished && d->report.step != REPORT_DONE)
		return;
	drop_connection(d);
	d->report.step = REPORT_CONNECT;
	d->report.why = REPORT_SYSTEM;
	d->report.err = UV_ECANCELED;
	finish(d);
}

static void on_timer(uv_timer_t *t)
{
	struct dial *d = t->data;

	if (!d->race) {
		fail(d, REPORT_PROXY, REPORT_SILENT, UV_ETIMEDOUT);
		return;
	}
	d->report = race_report(d->race);
	finish(d);
}

static void arm(struct dial *d, uint64_t limit_ms)
{
	uint64_t now = uv_now(d->loop), left = d->deadline_ms > now ? d->deadline_ms - now : 0;

	uv_timer_start(&d->timer, on_timer, left < limit_ms ? left : limit_ms, 0);
}

/* ---- the proxy ---- */

static void take_result(struct dial *d, enum tunnel_result result);
static int connect_anew(struct dial *d);

static void on_written(uv_write_t *req, int status)
{
	struct write_job *job = req->data;

	(void)status; /* reading tells why */
	secret_wipe(job->bytes, job->n);
	free(job);
}

static int write_out(struct dial *d)
{
	struct tunnel *t = &d->tunnel;
	struct write_job *job = malloc(sizeof *job);
	if (!job)
		return UV_ENOMEM;

	job->n = t->out_len;
	job->req.data = job;
	memcpy(job->bytes, t->out, t->out_len);
	tunnel_sent(t);

	uv_buf_t buf = uv_buf_init((char *)job->bytes, (unsigned int)job->n);
	int err = uv_write(&job->req, (uv_stream_t *)d->tcp, &buf, 1, on_written);
	if (err < 0)
		on_written(&job->req, err);
	return err;
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct dial *d = handle->data;

	(void)suggested;
	*buf = uv_buf_init((char *)d->in, sizeof d->in);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct dial *d = s->data;
	uint8_t cnonce[PROXY_LOGIN_CNONCE];

	if (n == 0 || d->finished)
		return;
	if (n < 0) {
		take_result(d, tunnel_end(&d->tunnel));
		return;
	}

	int err = uv_random(NULL, NULL, cnonce, sizeof cnonce, 0, NULL);
	if (err < 0)
		fail(d, REPORT_PROXY, REPORT_SYSTEM, err);
	else
		take_result(d, tunnel_feed(&d->tunnel, buf->base, (size_t)n, cnonce));
}

/* The tunnel's part of the report; address and times are ours. */
static void take_report(struct dial *d)
{
	const struct report *r = &d->tunnel.report;

	d->report.step = r->step;
	d->report.why = r->why;
	d->report.err = r->err;
	d->report.status = r->status;
	memcpy(d->report.who, r->who, sizeof d->report.who);
	d->report.proxy_ms = (uint32_t)(uv_now(d->loop) - d->proxy_ms);
}

static void take_result(struct dial *d, enum tunnel_result result)
{
	int err = 0;

	switch (result) {
	case TUNNEL_MORE:
		if (d->tunnel.out_len > 0)
			err = write_out(d);
		break;
	case TUNNEL_ANEW:
		drop_connection(d);
		err = connect_anew(d);
		break;
	case TUNNEL_DONE:
		uv_read_stop((uv_stream_t *)d->tcp);
		d->tcp->data = NULL;
		take_report(d);
		finish(d);
		return;
	case TUNNEL_FAILED:
		take_report(d);
		finish(d);
		return;
	}
	if (err < 0)
		fail(d, REPORT_PROXY, REPORT_SYSTEM, err);
}

static void begin_tunnel(struct dial *d)
{
	d->tcp->data = d;
	if (d->proxy_ms == 0)
		d->proxy_ms = uv_now(d->loop);
	arm(d, DIAL_PROXY_MS);

	int err = uv_read_start((uv_stream_t *)d->tcp, on_alloc, on_read);
	if (err < 0)
		fail(d, REPORT_PROXY, REPORT_SYSTEM, err);
	else
		take_result(d, tunnel_start(&d->tunnel));
}

/* ---- the connection ---- */

static void on_raced(const struct report *r, uv_tcp_t *tcp, void *owner)
{
	struct dial *d = owner;

	d->race = NULL;
	d->report = *r;
	d->tcp = tcp;
	if (tcp && (d->way.proxy.via != ROUTE_DIRECT || d->way.carrier == ROUTE_PAGE))
		begin_tunnel(d);
	else
		finish(d);
}

static int connect_anew(struct dial *d)
{
	bool direct = d->way.proxy.via == ROUTE_DIRECT;

	return race_start(d->loop, direct ? &d->way.to : &d->way.proxy.at, on_raced, d, &d->race);
}

int dial_start(uv_loop_t *loop, const struct route *way, uint64_t timeout_ms, dial_done on_done,
	       void *owner, struct dial **out)
{
	struct dial *d = calloc(1, sizeof *d);
	if (!d)
		return UV_ENOMEM;

	if (way->carrier == ROUTE_PAGE && timeout_ms > DIAL_PAGE_MS)
		timeout_ms = DIAL_PAGE_MS;
	d->loop = loop;
	d->way = *way;
	d->on_done = on_done;
	d->owner = owner;
	tunnel_init(&d->tunnel, &d->way, NULL);

	int err = connect_anew(d);
	if (err < 0) {
		secret_wipe(d, sizeof *d);
		free(d);
		return err;
	}
	d->deadline_ms = uv_now(loop) + timeout_ms;
	uv_timer_init(loop, &d->timer); /* cannot fail */
	d->timer.data = d;
	arm(d, timeout_ms);
	*out = d;
	return 0;
}
