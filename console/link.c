/* SPDX-License-Identifier: Apache-2.0 */
#include "console/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/identity.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/e2e/inner.h"
#include "proto/transport/dial.h"
#include "proto/transport/hop.h"
#include "proto/transport/outer.h"

#define DETAIL_MAX 512

struct link {
	const struct link_events *ev;
	void *owner;
	struct channel_events channel_ev; /* ours, in front of the owner's */
	struct dial *dial;
	struct hop_loop *hops;
	struct hop *hop;
	struct channel *channel;
	SSL_CTX *outer, *inner;
	struct dial_target target;
	char detail[DETAIL_MAX];
	uint64_t heard_ms;
	uint32_t join_id;
	int why; /* counts when closing or ended */
	bool ready, feeding, closing, peer_ended, from_relay;
};

static void gone(struct link *l, int why)
{
	const struct link_events *ev = l->ev;
	void *owner = l->owner;
	bool from_relay = l->from_relay;
	char detail[DETAIL_MAX];

	memcpy(detail, l->detail, sizeof detail);
	channel_free(l->channel);
	hop_loop_free(l->hops);
	outer_ctx_free(l->outer);
	inner_console_free(l->inner);
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
}

static void say_detail(struct link *l, const char *detail)
{
	snprintf(l->detail, sizeof l->detail, "%s", detail);
}

/* What the channel has to say, as far as the hop has room. */
static void pump(struct link *l)
{
	const uint8_t *p;
	size_t n;

	while (l->channel && !l->closing && hop_queued(l->hop) < HOP_HIGH) {
		int err = channel_next_out(l->channel, &p, &n);
		if (err == 0 && n == 0)
			break;
		if (err == 0)
			err = hop_send_data(l->hop, p, n);
		if (err < 0) {
			link_close(l, err);
			return;
		}
		channel_out_done(l->channel, n);
	}
	if (l->channel && !l->closing && channel_is_finished(l->channel)) {
		hop_send(l->hop, &(struct relay_frame){.type = RELAY_CLOSE});
		link_close(l, 0);
	}
}

void link_flush(struct link *l)
{
	if (!l->feeding)
		pump(l);
}

void link_end(struct link *l, int code)
{
	if (!l->channel) {
		link_close(l, 0);
		return;
	}
	channel_end(l->channel, code);
	link_flush(l);
}

static void on_end(int code, void *owner)
{
	struct link *l = owner;

	l->peer_ended = true;
	l->ev->channel.on_end(code, l->owner);
}

static void feed(struct link *l, const uint8_t *p, size_t n)
{
	if (!l->channel) {
		link_close(l, AS_E_PROTOCOL);
		return;
	}
	l->heard_ms = clock_mono_ms();
	l->feeding = true;

	int err = channel_feed(l->channel, p, n, l->heard_ms);

	l->feeding = false;
	if (err < 0 && !l->closing) {
		if (mux_why(channel_mux(l->channel))[0])
			say_detail(l, mux_why(channel_mux(l->channel)));
		pump(l); /* an alert, so that the agent knows why */
		link_close(l, err);
		return;
	}
	if (l->peer_ended)
		channel_end(l->channel, 0);
	pump(l);
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

static void on_open(void *owner)
{
	struct link *l = owner;
	l->ev->channel.on_open(l->owner);
}

static void on_paired(struct link *l)
{
	if (l->channel) {
		link_close(l, AS_E_PROTOCOL);
		return;
	}
	l->channel_ev = (struct channel_events){
	    .mux = {.on_message = on_message,
		    .on_data = on_data,
		    .on_fin = on_fin,
		    .on_reset = on_reset},
	    .on_open = on_open,
	    .on_end = on_end,
	};
	l->channel = channel_new(false, l->inner, &l->channel_ev, l);
	if (!l->channel) {
		link_close(l, UV_ENOMEM);
		return;
	}
	l->heard_ms = clock_mono_ms();
	l->ev->on_joined(l->owner);
	pump(l);
}

static void said_by_relay(struct link *l, uint32_t code)
{
	int why = err_from_wire(code);

	if (l->peer_ended) {
		link_close(l, 0);
		return;
	}
	l->from_relay = true;
	link_close(l, why ? why : AS_E_PEER_LOST);
}

static void on_frame(struct hop *h, const struct relay_frame *f, void *owner)
{
	struct link *l = owner;

	(void)h;
	switch (f->type) {
	case RELAY_HELLO:
		if (f->hello.ver_min > RELAY_VERSION || f->hello.ver_max < RELAY_VERSION)
			link_close(l, AS_E_VERSION);
		break;
	case RELAY_PAIRED:
		on_paired(l);
		break;
	case RELAY_DATA:
		feed(l, f->data.bytes, f->data.len);
		break;
	case RELAY_PEER_LOST:
		said_by_relay(l, err_to_wire(AS_E_PEER_LOST));
		break;
	case RELAY_CLOSE:
		said_by_relay(l, f->close.code);
		break;
	case RELAY_ERROR:
		said_by_relay(l, f->error_code);
		break;
	case RELAY_NOTICE:
		l->ev->on_notice(f->notice_s, l->owner);
		break;
	default:
		link_close(l, AS_E_PROTOCOL);
	}
}

/* JOIN does not wait for the relay's HELLO: one round trip less before the customer sees us. */
static void on_ready(struct hop *h, void *owner)
{
	struct link *l = owner;
	struct relay_frame hello = {
	    .type = RELAY_HELLO,
	    .hello = {RELAY_ROLE_CONSOLE, RELAY_VERSION, RELAY_VERSION, 0},
	};
	int err = hop_send(h, &hello);

	l->ready = true;
	if (err == 0)
		err = hop_send(h, &(struct relay_frame){.type = RELAY_JOIN, .join_id = l->join_id});
	if (err < 0)
		link_close(l, err);
	else
		l->ev->on_reached(l->owner);
}

static void on_low(struct hop *h, void *owner)
{
	(void)h;
	pump(owner);
}

static void on_hop_gone(int why, const char *detail, void *owner)
{
	struct link *l = owner;

	l->hop = NULL;
	if (detail[0] && !l->detail[0])
		say_detail(l, detail);
	if (l->ready && !l->closing && !l->detail[0])
		say_detail(l, why == AS_E_TIMEOUT ? "nothing was heard of the relay for too long"
						  : "the connection to the relay broke");
	if (l->closing)
		why = l->why;
	else if (l->peer_ended)
		why = 0;
	else if (!l->ready && err_name(why) == NULL)
		why = AS_E_RELAY;
	else if (l->ready && (why == 0 || err_name(why) == NULL))
		why = AS_E_PEER_LOST;
	gone(l, why);
}

static const struct hop_events hop_ev = {
    .on_ready = on_ready,
    .on_frame = on_frame,
    .on_low = on_low,
    .on_gone = on_hop_gone,
};

static void on_dialled(enum dial_step step, int err, uv_tcp_t *tcp, void *owner)
{
	struct link *l = owner;

	l->dial = NULL;
	if (l->closing || step != DIAL_OK) {
		char text[128];

		if (tcp)
			dial_drop(tcp);
		if (!l->closing)
			snprintf(l->detail, sizeof l->detail, "%s %s: %s",
				 step == DIAL_NAME ? "no address for" : "no connection to",
				 l->target.host, uv_strerror_r(err, text, sizeof text));
		gone(l, l->closing ? l->why : AS_E_RELAY);
		return;
	}

	struct tls *tls = tls_client(l->outer, l->target.host);
	int opened = tls ? hop_open(l->hops, tcp, tls, &hop_ev, l, &l->hop) : UV_ENOMEM;

	if (opened < 0) {
		tls_free(tls);
		dial_drop(tcp);
		gone(l, opened);
	}
}

static void undo(struct link *l)
{
	hop_loop_free(l->hops);
	outer_ctx_free(l->outer);
	inner_console_free(l->inner);
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

	l->ev = ev;
	l->owner = owner;
	l->join_id = target->join_id;

	int err = dial_split(target->relay, &l->target);
	if (err == 0)
		err = outer_console_ctx(pem(&id->ca), pem(&id->console_crt), pem(&id->console_key),
					&l->outer);
	if (err == 0)
		err = inner_console_new(id->engineer_crt.bytes, id->engineer_crt.len,
					id->engineer_key.bytes, id->engineer_key.len, &l->inner);
	if (err == 0 && (l->hops = hop_loop_new(loop)) == NULL)
		err = UV_ENOMEM;
	if (err == 0)
		err = dial_start(loop, target->relay, DIAL_TIMEOUT_MS, on_dialled, l, &l->dial);
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
