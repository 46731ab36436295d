/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/hop.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/transport/hop_priv.h"
#include "proto/transport/sockopt.h"

#define WHY_MAX 160

/* ---- what the hops of one loop share ---- */

struct hop_loop *hop_loop_new(uv_loop_t *loop)
{
	struct hop_loop *l = malloc(sizeof *l);
	if (!l)
		return NULL;

	l->uv = loop;
	l->reading = 0;
	l->dirty = NULL;
	if (uv_random(NULL, NULL, &l->random, sizeof l->random, 0, NULL) < 0)
		l->random = (uint32_t)uv_hrtime();
	return l;
}

void hop_loop_free(struct hop_loop *l)
{
	free(l);
}

/* Good enough to spread PINGs; nothing secret hangs on it. */
static uint32_t next_random(struct hop_loop *l)
{
	l->random = l->random * UINT32_C(1664525) + UINT32_C(1013904223);
	return l->random >> 8;
}

/* ---- the end ---- */

/* Who showed which certificate: for our name it is somebody who opens TLS on the way. */
static void report_certificate(const struct hop *h, struct report *r)
{
	const struct tls_peer *peer = tls_peer(h->tls);

	if (h->why == AS_E_CERT_EXPIRED || h->why == AS_E_CLOCK)
		r->why = REPORT_CERT_TIME;
	else if (peer)
		r->why = peer->has_our_name ? REPORT_INSPECTED : REPORT_OTHER_SERVER;
	else
		r->why = REPORT_TLS_FAILED;
	if (!peer)
		return;
	memcpy(r->who, peer->subject, sizeof r->who);
	memcpy(r->issuer, peer->issuer, sizeof r->issuer);
	r->has_our_name = peer->has_our_name;
}

/* After our side of the handshake it is the other one that judges ours. */
static bool is_about_certificate(int why)
{
	return why == AS_E_CERT || why == AS_E_CERT_EKU || why == AS_E_CERT_EXPIRED ||
	       why == AS_E_REVOKED_CERT;
}

static bool is_cut(int why)
{
	return why == 0 || why == AS_E_TRUNCATED || why == UV_ECONNRESET || why == UV_EPIPE ||
	       why == UV_ECONNABORTED || why == UV_EOF;
}

static void report_failure(const struct hop *h, struct report *r)
{
	*r = (struct report){.step = h->was_open ? REPORT_RELAY : REPORT_TLS,
			     .err = h->why < 0 ? h->why : AS_E_TRUNCATED};
	if (h->carrier && !carrier_is_open(h->carrier))
		carrier_report(h->carrier, r);
	if (r->why != REPORT_OK)
		return;
	if (h->refused || (h->was_open && is_about_certificate(h->why)))
		r->why = REPORT_RELAY_SAYS;
	else if (h->page)
		r->why = REPORT_LOGIN_PAGE;
	else if (h->why == AS_E_TIMEOUT)
		r->why = REPORT_SILENT;
	else if (is_cut(h->why))
		r->why = REPORT_TLS_CUT;
	else if (r->step == REPORT_TLS && h->why != AS_E_TLS)
		report_certificate(h, r);
	else
		r->why = REPORT_TLS_FAILED;
	if (r->why == REPORT_LOGIN_PAGE)
		snprintf(r->who, sizeof r->who, "%s", h->page);
	if (r->why == REPORT_TLS_FAILED && (!r->who[0] || r->issuer[0]))
		tls_why(h->tls, r->who, sizeof r->who);
}

static void on_handle_closed(struct hop *h)
{
	if (--h->held > 0)
		return;

	struct report failure;
	bool failed = !h->heard_hello && h->ev->on_failed;

	const struct hop_events *ev = h->ev;
	void *owner = h->owner;
	int why = h->why;
	char detail[WHY_MAX];

	if (failed)
		report_failure(h, &failure);
	tls_why(h->tls, detail, sizeof detail);
	tls_free(h->tls);
	carrier_free(h->carrier);
	free(h->tcp);
	free(h->partial);
	sealed_done(&h->sealed);
	free(h->page);
	free(h);
	if (failed)
		ev->on_failed(&failure, owner);
	ev->on_gone(why, detail, owner);
}

static void on_tcp_closed(uv_handle_t *handle)
{
	on_handle_closed(handle->data);
}

static void on_timer_closed(uv_handle_t *handle)
{
	on_handle_closed(handle->data);
}

void hop_drop(struct hop *h, int why)
{
	if (h->phase == HOP_GONE)
		return;
	if (h->phase <= HOP_OPEN)
		h->why = why;
	h->phase = HOP_GONE;
	uv_close((uv_handle_t *)h->tcp, on_tcp_closed);
	uv_close((uv_handle_t *)&h->timer, on_timer_closed);
}

void hop_close(struct hop *h, int why)
{
	if (h->phase > HOP_OPEN)
		return;
	h->phase = HOP_GOODBYE;
	h->why = why;
	(void)tls_finish(h->tls); /* fails when TLS itself has failed; an alert is queued then */
	uv_timer_start(&h->timer, hop_on_timer, HOP_LINGER_MS, 0);
	if (h->paused && !h->ended)
		(void)hop_start_reading(h);
	if (h->broken < 0)
		hop_drop(h, why);
	else
		hop_flush(h);
}

void hop_abort(struct hop *h, int why)
{
	if (h->phase == HOP_GONE)
		return;
	sockopt_take_back(h->tcp);
	hop_drop(h, why);
}

/* ---- pausing and time ---- */

void hop_pause(struct hop *h)
{
	if (h->paused || h->phase > HOP_OPEN)
		return;
	h->paused = true;
	uv_read_stop((uv_stream_t *)h->tcp);
}

void hop_resume(struct hop *h)
{
	if (!h->paused || h->phase > HOP_OPEN)
		return;
	h->paused = false;
	h->alive.heard_ms = uv_now(h->l->uv); /* nobody could be heard until now */

	int err = hop_start_reading(h);
	if (err < 0)
		hop_drop(h, err);
}

static void on_keepalive(struct hop *h)
{
	uint64_t next_ms = HOP_PING_MS;
	uint32_t random = next_random(h->l);

	switch (keepalive_tick(&h->alive, uv_now(h->l->uv), h->paused, random, &next_ms)) {
	case KEEPALIVE_DEAD:
		hop_drop(h, AS_E_TIMEOUT);
		return;
	case KEEPALIVE_PING:
		if (hop_queued(h) < HOP_HIGH) /* else TCP itself finds out */
			(void)hop_send(h,
				       &(struct relay_frame){.type = RELAY_PING,
							     .token = h->mark ? h->mark : random});
		break;
	case KEEPALIVE_WAIT:
		break;
	}
	if (h->phase == HOP_OPEN && h->broken == 0)
		uv_timer_start(&h->timer, hop_on_timer, next_ms, 0);
}

void hop_arm_keepalive(struct hop *h)
{
	keepalive_init(&h->alive, uv_now(h->l->uv));
	on_keepalive(h);
}

void hop_on_timer(uv_timer_t *t)
{
	struct hop *h = t->data;

	if (h->broken < 0)
		hop_drop(h, h->broken);
	else if (h->phase == HOP_OPEN && h->heard_hello)
		on_keepalive(h);
	else
		hop_drop(h, AS_E_TIMEOUT);
}

/* ---- the start ---- */

int hop_open_in(struct hop_loop *l, uv_tcp_t *tcp, struct tls *tls, struct carrier *carrier,
		const struct hop_events *ev, void *owner, struct hop **out)
{
	struct hop *h = calloc(1, sizeof *h);
	if (!h)
		return UV_ENOMEM;

	h->l = l;
	h->tcp = tcp;
	h->tls = tls;
	h->carrier = carrier;
	h->ev = ev;
	h->owner = owner;
	tcp->data = h;

	int err = hop_start_reading(h);
	if (err < 0) {
		free(h);
		return err;
	}
	h->held = 2;
	uv_timer_init(l->uv, &h->timer); /* cannot fail */
	h->timer.data = h;
	uv_timer_start(&h->timer, hop_on_timer, HOP_HANDSHAKE_MS, 0);
	sockopt_for_hop(tcp);
	*out = h;

	/* A client speaks first; a server's engine says that it wants bytes. */
	hop_read_begin(l);
	if (carrier)
		hop_read_carried(h);
	hop_pump(h);
	hop_flush_soon(h);
	hop_read_end(l);
	return 0;
}

int hop_open(struct hop_loop *l, uv_tcp_t *tcp, struct tls *tls, const struct hop_events *ev,
	     void *owner, struct hop **out)
{
	return hop_open_in(l, tcp, tls, NULL, ev, owner, out);
}

void hop_allow_websocket(struct hop *h)
{
	h->may_be_carried = true;
}

static void on_unwanted_closed(uv_handle_t *handle)
{
	free(handle);
}

int hop_accept(struct hop_loop *l, uv_stream_t *from, struct tls *tls, struct carrier *carrier,
	       const struct hop_events *ev, void *owner, struct hop **out)
{
	uv_tcp_t *tcp = malloc(sizeof *tcp);
	if (!tcp)
		return UV_ENOMEM;

	int err = uv_tcp_init(l->uv, tcp);
	if (err < 0) {
		free(tcp);
		return err;
	}
	err = uv_accept(from, (uv_stream_t *)tcp);
	if (err == 0)
		err = hop_open_in(l, tcp, tls, carrier, ev, owner, out);
	if (err < 0)
		uv_close((uv_handle_t *)tcp, on_unwanted_closed);
	return err;
}

struct tls *hop_tls(struct hop *h)
{
	return h->tls;
}
