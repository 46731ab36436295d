/* SPDX-License-Identifier: Apache-2.0 */
#include "console/link_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/identity.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/e2e/inner.h"
#include "proto/transport/outer.h"
#include "proto/wire/tls_record.h"

void link_gone(struct link *l, int why)
{
	const struct link_events *ev = l->ev;
	void *owner = l->owner;
	bool from_relay = l->from_relay;
	char detail[LINK_DETAIL_MAX];

	memcpy(detail, l->detail, sizeof detail);
	channel_free(l->channel);
	hop_loop_free(l->hops);
	outer_ctx_free(l->outer);
	outer_ctx_free(l->carrier);
	inner_console_free(l->inner);
	route_list_wipe(&l->ways.list);
	free(l);
	ev->on_gone(why, detail, from_relay, owner);
}

void link_close(struct link *l, int why)
{
	if (l->closing)
		return;
	l->closing = true;
	l->why = why;
	if (l->dial)
		dial_cancel(l->dial); /* the link may be gone when it returns */
	else if (l->hop)
		hop_close(l->hop, why);
	else
		link_gone(l, why); /* between two tries */
}

void link_say(struct link *l, const char *detail)
{
	snprintf(l->detail, sizeof l->detail, "%s", detail);
}

/* ---- a lost connection ---- */

void link_suspend(struct link *l, const char *detail)
{
	bool news = !l->lost;

	if (l->live)
		channel_suspend(l->channel);
	l->lost = true;
	l->live = false;
	l->until_ms = 0;
	if (!news)
		return;
	l->tries = 0;
	l->try_ms = 0;
	l->ev->on_lost(detail, l->owner);
}

/* The same when the connection to the relay is no good any more: link_tick() makes a new one when
 * this one is gone. */
void link_lose(struct link *l, const char *detail)
{
	if (l->closing)
		return;
	if (l->hop)
		hop_close(l->hop, AS_E_PEER_LOST);
	link_suspend(l, detail);
}

/* ---- the channel ---- */

static bool is_carrying(const struct link *l)
{
	return l->channel && l->live && l->hop && !l->closing;
}

/* Until the hop is full: 1; or the channel has nothing more to say: 0. */
static int fill_hop(struct link *l)
{
	const uint8_t *p;
	size_t n;

	while (is_carrying(l) && hop_queued(l->hop) < HOP_HIGH) {
		int err = channel_next_out(l->channel, HOP_HIGH - hop_queued(l->hop), &p, &n);

		if (err == 0 && n == 0)
			return 0;
		if (err == 0)
			err = hop_send_records(l->hop, p, n);
		if (err < 0)
			return err;
		channel_out_done(l->channel, n);
	}
	return 1;
}

/* on_low() comes back here while we are here still. */
void link_pump(struct link *l)
{
	int more = 1;

	if (l->pumping)
		return;
	l->pumping = true;
	while (more > 0 && is_carrying(l) && hop_queued(l->hop) < HOP_HIGH) {
		hop_batch_begin(l->hop);
		more = fill_hop(l);
		hop_batch_end(l->hop);
	}
	l->pumping = false;
	if (more == AS_ESTATE && l->keeps)
		return; /* the hop is on its way out and will say so */
	if (more < 0) {
		link_close(l, more);
		return;
	}
	if (is_carrying(l) && channel_is_finished(l->channel)) {
		hop_send(l->hop, &(struct relay_frame){.type = RELAY_CLOSE});
		link_close(l, 0);
	}
}

void link_flush(struct link *l)
{
	if (!l->feeding)
		link_pump(l);
}

void link_end(struct link *l, int code)
{
	if (l->lost && l->hop && l->ready)
		hop_send(l->hop, &(struct relay_frame){.type = RELAY_CLOSE,
						       .close = {.code = err_to_wire(code)}});
	if (!l->channel || l->lost) {
		link_close(l, 0);
		return;
	}
	l->keeps = false; /* nobody comes back for a goodbye */
	channel_end(l->channel, code);
	link_flush(l);
}

static void on_end(int code, void *owner)
{
	struct link *l = owner;

	l->peer_ended = true;
	l->ev->channel.on_end(code, l->owner);
}

/* Another handshake makes good what the network or the relay did to the bytes of this one; what
 * the agent said or broke stays said. */
static bool is_curable(const struct link *l, int err)
{
	return !l->opened || err == AS_E_TLS || err == AS_E_TRUNCATED;
}

/* What the agent had sent before it noticed the loss may still arrive behind PEER_BACK: records of
 * the old keys. The first bytes that answer us are a handshake's, which look different. */
static bool is_stale(struct link *l, const uint8_t *p, size_t n)
{
	if (n > 0 && p[0] != TLS_RECORD_SEALED)
		l->fresh = true;
	return !l->live || !l->fresh;
}

void link_feed(struct link *l, const uint8_t *p, size_t n)
{
	if (!l->paired) {
		link_close(l, AS_E_PROTOCOL);
		return;
	}
	if (l->keeps && is_stale(l, p, n))
		return;
	l->heard_ms = clock_mono_ms();
	l->feeding = true;

	int err = channel_feed(l->channel, p, n, l->heard_ms);

	l->feeding = false;
	if (err < 0 && !l->closing) {
		if (l->keeps && is_curable(l, err)) {
			link_lose(l, "what arrived could not be decrypted");
			return;
		}
		if (mux_why(channel_mux(l->channel))[0])
			link_say(l, mux_why(channel_mux(l->channel)));
		link_pump(l); /* an alert, so that the agent knows why */
		link_close(l, err);
		return;
	}
	if (l->peer_ended)
		channel_end(l->channel, 0);
	link_pump(l);
}

/* The hands on the channel: everything but on_end goes to the owner as it is. */
static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	struct link *l = owner;
	return l->ev->channel.mux.on_message(type, p, n, l->owner);
}

static int on_data(uint32_t stream, const uint8_t *p, size_t n, void *owner)
{
	struct link *l = owner;
	return l->ev->channel.mux.on_data(stream, p, n, l->owner);
}

static void on_fin(uint32_t stream, bool ok, void *owner)
{
	struct link *l = owner;
	l->ev->channel.mux.on_fin(stream, ok, l->owner);
}

static void on_reset(uint32_t stream, int code, void *owner)
{
	struct link *l = owner;
	l->ev->channel.mux.on_reset(stream, code, l->owner);
}

static void on_room(uint32_t stream, void *owner)
{
	struct link *l = owner;
	l->ev->channel.mux.on_room(stream, l->owner);
}

static void on_open(void *owner)
{
	struct link *l = owner;

	l->opened = true;
	l->ev->channel.on_open(l->owner);
}

void link_begin_handshake(struct link *l)
{
	l->channel_ev = (struct channel_events){
	    .mux = {.on_message = on_message,
		    .on_data = on_data,
		    .on_fin = on_fin,
		    .on_reset = on_reset,
		    .on_room = on_room},
	    .on_open = on_open,
	    .on_end = on_end,
	};
	l->channel = channel_new(false, l->inner, &l->channel_ev, l);
	if (!l->channel) {
		link_close(l, UV_ENOMEM);
		return;
	}
	l->live = l->fresh = true;
	l->heard_ms = clock_mono_ms();
	link_pump(l);
}

/* ---- its life ---- */

static void undo(struct link *l)
{
	hop_loop_free(l->hops);
	outer_ctx_free(l->outer);
	inner_console_free(l->inner);
	route_list_wipe(&l->ways.list);
	free(l);
}

static struct outer_pem pem(const struct pem_file *f)
{
	return (struct outer_pem){f->bytes, f->len};
}

int link_start(uv_loop_t *loop, const struct link_target *target, const struct link_events *ev,
	       void *owner, struct link **out)
{
	const struct identity *id = target->id;
	struct link *l = calloc(1, sizeof *l);
	if (!l)
		return UV_ENOMEM;

	l->loop = loop;
	l->ev = ev;
	l->owner = owner;
	l->join_id = target->join_id;

	int err = hostport_split(target->relay, &l->target);
	if (err == 0)
		err = route_list_make(&id->route, &target->env, &l->target, &l->ways.list);
	tries_init(&l->ways);
	if (err == 0)
		err = outer_console_ctx(pem(&id->ca), pem(&id->console_crt), pem(&id->console_key),
					&l->outer);
	if (err == 0)
		err = inner_console_new(id->engineer_crt.bytes, id->engineer_crt.len,
					id->engineer_key.bytes, id->engineer_key.len, &l->inner);
	if (err == 0 && (l->hops = hop_loop_new(loop)) == NULL)
		err = UV_ENOMEM;
	if (err == 0)
		err = link_dial(l);
	if (err < 0) {
		undo(l);
		return err;
	}
	*out = l;
	return 0;
}

struct mux *link_mux(struct link *l)
{
	return l->channel ? channel_mux(l->channel) : NULL;
}

struct tls *link_inner(struct link *l)
{
	return channel_tls(l->channel);
}

uint64_t link_heard_ms(const struct link *l)
{
	return l->heard_ms;
}
