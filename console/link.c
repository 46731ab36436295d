/* SPDX-License-Identifier: Apache-2.0 */
#include "console/link.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/identity.h"
#include "console/retry.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/hostport.h"
#include "proto/e2e/inner.h"
#include "proto/transport/dial.h"
#include "proto/transport/hop.h"
#include "proto/transport/outer.h"

#define DETAIL_MAX     1024
#define ATTACH_MS      10000 /* from REATTACH to PAIRED */
#define PROOF_MS       15000 /* from PEER_BACK to link_is_back() */
#define TLS_DATA_FIRST 0x17  /* the first byte of a record of encrypted data */

struct link {
	uv_loop_t *loop;
	const struct link_events *ev;
	void *owner;
	struct channel_events channel_ev; /* ours, in front of the owner's */
	struct dial *dial;
	struct hop_loop *hops;
	struct hop *hop;
	struct channel *channel;
	SSL_CTX *outer, *inner, *carrier; /* carrier: made when a way first needs it */
	struct hostport target;
	struct tries ways;
	struct report dialled, failure;
	bool failed; /* failure is of the hop that has just ended */
	char detail[DETAIL_MAX];
	uint64_t heard_ms;
	uint32_t join_id;
	int why; /* counts when closing or ended */
	bool ready, paired, feeding, pumping, closing, peer_ended, from_relay;

	/* what a lost connection needs; see lose() */
	uint8_t handle[RELAY_HANDLE_LEN];
	bool has_handle, keeps, lost;
	bool live;   /* the channel has a TLS engine that the present connection feeds */
	bool fresh;  /* its first bytes were those of a new handshake */
	bool opened; /* that handshake is done: what comes now comes from who has its keys */
	unsigned tries;
	uint64_t try_ms;   /* when to dial; 0: not decided */
	uint64_t until_ms; /* the present try must be further by then; 0: no hurry */
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
		gone(l, why); /* between two tries */
}

static void say_detail(struct link *l, const char *detail)
{
	snprintf(l->detail, sizeof l->detail, "%s", detail);
}

/* ---- a lost connection ---- */

/* The mux and its streams live on, the TLS engine does not. Everybody who calls this returns at
 * once: the owner may have closed the link. */
static void lose(struct link *l, const char *detail)
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
	lose(l, detail);
}

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
		int err = channel_next_out(l->channel, &p, &n);

		if (err == 0 && n == 0)
			return 0;
		if (err == 0)
			err = hop_send_data_at(l->hop, (uint8_t *)p, n);
		if (err < 0)
			return err;
		channel_out_done(l->channel, n);
	}
	return 1;
}

/* What the channel has to say, as far as the hop has room. on_low() comes back here while we are
 * here still. */
static void pump(struct link *l)
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
		pump(l);
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
	if (n > 0 && p[0] != TLS_DATA_FIRST)
		l->fresh = true;
	return !l->live || !l->fresh;
}

static void feed(struct link *l, const uint8_t *p, size_t n)
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

/* The agent is there again: both ends make a new handshake, around the same mux. */
static void on_peer_back(struct link *l)
{
	int err;

	if (!l->keeps) {
		link_close(l, AS_E_PROTOCOL);
		return;
	}
	if (!l->lost || l->live) {
		lose(l, "the agent made a new connection");
		if (l->closing)
			return;
	}
	err = channel_resume(l->channel, l->inner);
	if (err == UV_ENOMEM) {
		link_lose(l, "");
		return;
	}
	if (err < 0) {
		link_close(l, err);
		return;
	}
	l->live = true;
	l->fresh = l->opened = false;
	l->heard_ms = clock_mono_ms();
	l->until_ms = l->heard_ms + PROOF_MS;
	pump(l);
}

static void on_paired(struct link *l, const struct relay_frame *f)
{
	if (f->paired.has_handle) {
		memcpy(l->handle, f->paired.handle, sizeof l->handle);
		l->has_handle = true;
	}
	if (l->paired && l->lost && !l->live) {
		l->until_ms = 0; /* from here on it is the agent that we wait for */
		return;
	}
	if (l->paired) {
		link_close(l, AS_E_PROTOCOL);
		return;
	}
	l->paired = true;
	l->heard_ms = clock_mono_ms();
	l->ev->on_joined(l->owner);
	pump(l);
}

/* The first words of the inner handshake go out behind JOIN, and the relay hands them on when it
 * has paired us: one round trip to it less. When it does not, they are thrown away. */
static void begin_handshake(struct link *l)
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
	pump(l);
}

static void said_by_relay(struct link *l, uint32_t code)
{
	int why = err_from_wire(code);

	if (l->peer_ended) {
		link_close(l, 0);
		return;
	}
	if (l->keeps)
		say_detail(l, "the relay says that it has ended");
	l->from_relay = true;
	link_close(l, why ? why : AS_E_PEER_LOST);
}

/* An id that the relay does not know, not even by its handle, is over; so is a session whose
 * console may not come back. Everything else may be better at the next try. */
static bool is_final(int err)
{
	switch (err) {
	case AS_E_CODE_UNKNOWN:
	case AS_E_CODE_EXPIRED:
	case AS_E_CERT:
	case AS_E_VERSION:
		return true;
	default:
		return false;
	}
}

static void on_relay_error(struct link *l, uint32_t code)
{
	if (l->keeps && !l->peer_ended && !is_final(err_from_wire(code)))
		link_lose(l, "the relay ended the connection");
	else
		said_by_relay(l, code);
}

static void on_peer_lost(struct link *l)
{
	if (l->keeps && !l->peer_ended)
		lose(l, "the agent's connection to the relay broke");
	else
		said_by_relay(l, err_to_wire(AS_E_PEER_LOST));
}

static void on_frame(struct hop *h, const struct relay_frame *f, void *owner)
{
	struct link *l = owner;

	(void)h;
	switch (f->type) {
	case RELAY_HELLO:
		tries_succeed(&l->ways);
		if (f->hello.ver_min > RELAY_VERSION || f->hello.ver_max < RELAY_VERSION)
			link_close(l, AS_E_VERSION);
		break;
	case RELAY_PAIRED:
		on_paired(l, f);
		break;
	case RELAY_DATA:
		feed(l, f->data.bytes, f->data.len);
		break;
	case RELAY_PEER_LOST:
		on_peer_lost(l);
		break;
	case RELAY_PEER_BACK:
		on_peer_back(l);
		break;
	case RELAY_CLOSE:
		said_by_relay(l, f->close.code);
		break;
	case RELAY_ERROR:
		on_relay_error(l, f->error_code);
		break;
	case RELAY_NOTICE:
		l->ev->on_notice(f->notice_s, l->owner);
		break;
	default:
		link_close(l, AS_E_PROTOCOL);
	}
}

static int send_arrival(struct link *l, struct hop *h)
{
	struct relay_frame f = {.type = RELAY_JOIN, .join_id = l->join_id};

	if (l->lost) {
		f = (struct relay_frame){.type = RELAY_REATTACH, .reattach = {.id = l->join_id}};
		memcpy(f.reattach.handle, l->handle, sizeof l->handle);
		l->until_ms = clock_mono_ms() + ATTACH_MS;
	}
	return hop_send(h, &f);
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
		err = send_arrival(l, h);
	if (err < 0) {
		link_close(l, err);
	} else if (!l->lost) {
		l->ev->on_reached(l->owner);
		if (!l->closing)
			begin_handshake(l);
	}
}

static void on_low(struct hop *h, void *owner)
{
	(void)h;
	pump(owner);
}

static void way_failed(struct link *l, const struct report *r);

static void on_failed(const struct report *r, void *owner)
{
	struct link *l = owner;

	l->failed = true;
	l->failure = *r;
	memcpy(l->failure.address, l->dialled.address, sizeof l->failure.address);
	l->failure.addresses = l->dialled.addresses;
}

static void on_hop_gone(int why, const char *detail, void *owner)
{
	struct link *l = owner;

	static const char broke[] = "the connection to the relay broke",
			  silent[] = "nothing was heard of the relay for too long";

	l->hop = NULL;
	if (l->failed && !l->closing && !l->peer_ended) {
		l->ready = false;
		if (!l->lost) { /* what was said behind JOIN was said to nobody */
			channel_free(l->channel);
			l->channel = NULL;
			l->live = false;
		}
		way_failed(l, &l->failure);
		return;
	}
	if (l->keeps && !l->closing && !l->peer_ended) {
		l->ready = false;
		l->try_ms = 0;
		lose(l, why == AS_E_TIMEOUT ? silent : broke);
		return;
	}
	if (detail[0] && !l->detail[0])
		say_detail(l, detail);
	if (l->ready && !l->closing && !l->detail[0])
		say_detail(l, why == AS_E_TIMEOUT ? silent : broke);
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
    .on_failed = on_failed,
    .on_gone = on_hop_gone,
};

/* ---- the ways ---- */

/* The one that says most, and what to do about it. */
static void say_failure(struct link *l)
{
	char text[REPORT_TEXT_MAX], advice[TRIES_ADVICE_MAX], way[ROUTE_TEXT_MAX];
	int i = tries_telling(&l->ways);

	if (i < 0)
		return;
	snprintf(l->detail, sizeof l->detail, "%.150s: %.400s. %.450s",
		 route_text(&l->ways.list.at[i], way),
		 report_text(&l->ways.list.at[i], &l->ways.reports[i], text),
		 tries_advice(&l->ways, &l->target, advice));
}

static int open_hop(struct link *l, uv_tcp_t *tcp)
{
	const struct route *way = tries_route(&l->ways);
	struct carrier *carrier;
	int err = carrier_for(way->carrier, &way->to, way->path, &l->carrier, &carrier);
	struct tls *tls = err == 0 ? tls_client(l->outer, l->target.host) : NULL;

	if (err == 0 && !tls)
		err = UV_ENOMEM;
	l->failed = false;
	if (err == 0)
		err = hop_open_in(l->hops, tcp, tls, carrier, &hop_ev, l, &l->hop);
	if (err < 0) {
		carrier_free(carrier);
		tls_free(tls);
		dial_drop(tcp);
	}
	return err;
}

static void on_dialled(const struct report *r, uv_tcp_t *tcp, void *owner)
{
	struct link *l = owner;

	l->dial = NULL;
	l->dialled = *r;
	if (l->closing) {
		if (tcp)
			dial_drop(tcp);
		gone(l, l->why);
		return;
	}
	if (r->step != REPORT_DONE) {
		way_failed(l, r);
		return;
	}

	int err = open_hop(l, tcp);
	if (err < 0)
		way_failed(l,
			   &(struct report){.step = REPORT_TLS, .why = REPORT_SYSTEM, .err = err});
}

static int dial_way(struct link *l)
{
	return dial_start(l->loop, tries_route(&l->ways), DIAL_TIMEOUT_MS, on_dialled, l, &l->dial);
}

/* The next way; when there is none the next round, for who comes back, or the end. What the relay
 * itself has said is the reason then. */
static void way_failed(struct link *l, const struct report *r)
{
	struct report own = *r;

	while (tries_fail(&l->ways, &own)) {
		int err = dial_way(l);

		if (err == 0)
			return;
		own = (struct report){.step = REPORT_CONNECT, .why = REPORT_SYSTEM, .err = err};
	}
	l->dial = NULL;
	if (l->lost) {
		l->try_ms = 0;
		return;
	}
	say_failure(l);
	gone(l, own.why == REPORT_RELAY_SAYS ? own.err : AS_E_RELAY);
}

const char *link_way(const struct link *l, char buf[ROUTE_TEXT_MAX])
{
	return route_text(tries_route(&l->ways), buf);
}

/* ---- coming back ---- */

void link_keep(struct link *l)
{
	l->keeps = l->has_handle;
}

static void dial_again(struct link *l)
{
	l->try_ms = 0;
	l->tries++;
	/* no socket, no memory: that may be better at the next try, too */
	if (!tries_begin(&l->ways) || dial_way(l) < 0)
		l->dial = NULL;
}

void link_tick(struct link *l, uint64_t now_ms, uint64_t until_ms)
{
	uint32_t random = 0;

	if (l->closing || !l->lost || l->dial)
		return;
	if (l->hop) {
		if (l->until_ms > 0 && now_ms >= l->until_ms)
			link_lose(l, "");
		return;
	}
	if (l->try_ms == 0) {
		uv_random(NULL, NULL, &random, sizeof random, 0, NULL);
		l->try_ms = now_ms + retry_delay_ms(l->tries, random,
						    until_ms > now_ms ? until_ms - now_ms : 0);
	}
	if (now_ms >= l->try_ms)
		dial_again(l);
}

void link_is_back(struct link *l)
{
	l->lost = false;
	l->until_ms = 0;
}

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
		err = dial_way(l);
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
