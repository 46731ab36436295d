/* SPDX-License-Identifier: Apache-2.0
 *
 * Pipe and relay. The broker's messages come in here; those about the console go on to peer.c.
 *
 *   CONFIG x3 -> SOCKET -> outer TLS -> HELLO, ALLOC -> GREETED, ALLOCATED -> PAIRED -> (peer.c)
 *   and after a loss: SOCKET -> outer TLS -> HELLO, REATTACH -> PAIRED -> PEER_BACK -> (back.c)
 */
#include "agent/net/net_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/transport/outer.h"

#define owner_of(ptr, type, field) ((type *)((char *)(ptr)-offsetof(type, field)))

void net_tell(struct net *n, enum ipc_type type, uint32_t stream, uint64_t value, int err)
{
	struct ipc_msg m = {
	    .type = type, .stream = stream, .value = value, .code = err_to_wire(err)};

	link_send(&n->link, &m); /* a broken pipe ends us through on_gone */
}

void net_tell_bytes(struct net *n, enum ipc_type type, uint32_t code, uint32_t stream,
		    const void *p, size_t len)
{
	struct ipc_msg m = {.type = type, .stream = stream, .code = code, .payload = p, .len = len};

	link_send(&n->link, &m);
}

/* ---- the relay ---- */

static uint32_t for_relay(int err)
{
	uint32_t code = err_to_wire(err);

	return err == AS_E_CERT || err == AS_E_CODE_UNKNOWN || err == AS_E_BUSY ||
		       (code >= err_to_wire(AS_E_TIMEOUT) && code <= err_to_wire(AS_E_TOO_BIG))
		   ? code
		   : 0;
}

void net_close_peer(struct net *n, int err, bool keep_id)
{
	struct relay_frame close = {
	    .type = RELAY_CLOSE,
	    .close = {.code = for_relay(err), .keep_id = keep_id},
	};

	if (n->hop)
		hop_send(n->hop, &close);
}

static void on_hop_ready(struct hop *h, void *owner)
{
	struct net *n = owner;
	struct relay_frame hello = {
	    .type = RELAY_HELLO,
	    .hello = {.role = RELAY_ROLE_AGENT, .ver_min = 1, .ver_max = RELAY_VERSION},
	};
	struct relay_frame arrival = {.type = RELAY_ALLOC};

	if (!n->way.system_trust) /* who opens the outer TLS would meet records of another */
		hello.hello.features = RELAY_TAKES_SEALED;
	if (n->way.only_greet) {
		if (hop_send(h, &hello) < 0)
			hop_close(h, AS_E_RELAY);
		return;
	}
	n->reattaching = n->authed;
	n->back_ms = clock_mono_ms();
	if (n->reattaching) {
		arrival = (struct relay_frame){.type = RELAY_REATTACH, .reattach = {.id = n->id}};
		memcpy(arrival.reattach.handle, n->handle, sizeof n->handle);
	}
	if (hop_send(h, &hello) < 0 || hop_send(h, &arrival) < 0)
		hop_close(h, AS_E_RELAY);
}

/* The way stands. Where the relay is not pinned the broker hears who vouches for it. */
static void on_greeting(struct net *n, struct hop *h, const struct relay_frame *f)
{
	struct report r = {.step = REPORT_DONE};
	const struct tls_peer *peer;
	uint8_t bytes[REPORT_ENCODED_MAX];

	if (f->hello.ver_min > RELAY_VERSION || f->hello.ver_max < 1) {
		hop_close(h, AS_E_VERSION);
		return;
	}
	if (n->way.system_trust) {
		outer_note_peer(hop_tls(h));
		peer = tls_peer(hop_tls(h));
		if (peer) {
			memcpy(r.who, peer->subject, sizeof r.who);
			memcpy(r.issuer, peer->issuer, sizeof r.issuer);
		}
	}

	int len = report_encode(&r, bytes, sizeof bytes);
	if (len > 0)
		net_tell_bytes(n, IPC_GREETED, 0, 0, bytes, (size_t)len);
	if (n->way.only_greet)
		hop_close(h, 0);
}

static void on_allocated(struct net *n, const struct relay_frame *f)
{
	int err = n->authed ? AS_E_PROTOCOL : 0;

	if (err == 0 && !n->inner_ready) /* one key per code */
		err = inner_agent_init(&n->inner, n->engineer_ca, n->engineer_ca_len, clock_wall_s);
	if (err < 0) {
		hop_close(n->hop, err);
		return;
	}
	n->inner_ready = true;
	n->id = f->allocated.id;
	memcpy(n->handle, f->allocated.handle, sizeof n->handle);

	struct ipc_msg m = {
	    .type = IPC_ALLOCATED,
	    .value = f->allocated.id,
	    .code = f->allocated.life_s,
	};
	link_send(&n->link, &m);
}

static int on_paired(struct net *n, const struct relay_frame *f)
{
	if (f->paired.has_handle)
		memcpy(n->handle, f->paired.handle, sizeof n->handle);
	if (!n->reattaching)
		return n->channel || !n->inner_ready ? AS_E_PROTOCOL : peer_begin(n);
	n->reattaching = false;
	net_tell(n, IPC_REATTACHED, 0, 0, 0);
	return 0;
}

/* The console's side is gone. It may come back unless it said goodbye, to us or to the relay. */
static void on_peer_gone(struct net *n, bool for_good)
{
	if (!n->channel)
		return;
	if (n->authed && !n->console_ended && !for_good)
		back_suspend(n);
	else
		peer_lost(n, n->console_ended ? 0 : AS_E_PEER_LOST);
}

static void on_hop_frame(struct hop *h, const struct relay_frame *f, void *owner)
{
	struct net *n = owner;

	switch (f->type) {
	case RELAY_HELLO:
		on_greeting(n, h, f);
		break;
	case RELAY_ALLOCATED:
		on_allocated(n, f);
		break;
	case RELAY_PAIRED:
		if (on_paired(n, f) < 0)
			hop_close(h, AS_E_PROTOCOL);
		break;
	case RELAY_DATA:
	case RELAY_SEALED:
		peer_feed(n, f->data.bytes, f->data.len);
		break;
	case RELAY_PEER_LOST:
		on_peer_gone(n, false);
		break;
	case RELAY_PEER_BACK:
		if (n->authed && !n->console_ended)
			back_begin(n);
		else if (!n->authed)
			hop_close(h, AS_E_PROTOCOL);
		break;
	case RELAY_CLOSE:
		on_peer_gone(n, true);
		break;
	case RELAY_NOTICE:
		net_tell(n, IPC_NOTICE, 0, f->notice_s, 0);
		break;
	case RELAY_ERROR:
		hop_close(h, err_from_wire(f->error_code));
		break;
	default:
		hop_close(h, AS_E_PROTOCOL);
	}
}

static void on_hop_low(struct hop *h, void *owner)
{
	(void)h;
	peer_pump(owner);
}

static void on_hop_failed(const struct report *r, void *owner)
{
	struct net *n = owner;

	n->failure = *r;
	n->failed = true;
}

/* With the report of the step that failed, if it was one of those before HELLO. */
static void tell_lost(struct net *n, int why)
{
	uint8_t bytes[REPORT_ENCODED_MAX];
	int len = n->failed ? report_encode(&n->failure, bytes, sizeof bytes) : 0;

	net_tell_bytes(n, IPC_RELAY_LOST, err_to_wire(why), 0, bytes, len > 0 ? (size_t)len : 0);
}

static void on_hop_gone(int why, const char *detail, void *owner)
{
	struct net *n = owner;

	(void)detail;
	n->hop = NULL;
	n->reattaching = false;
	if (n->authed && !n->ending)
		back_suspend(n);
	else
		peer_drop(n);
	if (n->ending)
		link_close(&n->link, 0);
	else
		tell_lost(n, why == 0 ? AS_E_RELAY : why);
}

static const struct hop_events hop_events = {
    .on_ready = on_hop_ready,
    .on_frame = on_hop_frame,
    .on_low = on_hop_low,
    .on_failed = on_hop_failed,
    .on_gone = on_hop_gone,
};

/* ---- the broker ---- */

static int keep(char *to, size_t *len, size_t cap, const struct ipc_msg *m)
{
	if (m->len > cap)
		return AS_E_PROTOCOL;
	memcpy(to, m->payload, m->len);
	*len = m->len;
	return 0;
}

/* Comes in pieces, because it is longer than a message. */
static int add_system_cas(struct net *n, const struct ipc_msg *m)
{
	size_t len = n->system_cas_len + m->len;
	char *more = len <= IPC_SYSTEM_CAS_MAX ? realloc(n->system_cas, len) : NULL;

	if (!more)
		return len <= IPC_SYSTEM_CAS_MAX ? UV_ENOMEM : AS_E_PROTOCOL;
	memcpy(more + n->system_cas_len, m->payload, m->len);
	n->system_cas = more;
	n->system_cas_len = len;
	return 0;
}

static int on_config(struct net *n, const struct ipc_msg *m)
{
	size_t name_len;
	int err;

	switch (m->code) {
	case IPC_RELAY_NAME:
		err = keep(n->relay_name, &name_len, sizeof n->relay_name - 1, m);
		if (err == 0)
			n->relay_name[name_len] = '\0';
		return err;
	case IPC_RELAY_CA:
		return keep(n->relay_ca, &n->relay_ca_len, sizeof n->relay_ca, m);
	case IPC_ENGINEER_CA:
		return keep(n->engineer_ca, &n->engineer_ca_len, sizeof n->engineer_ca, m);
	case IPC_SYSTEM_CAS:
		return add_system_cas(n, m);
	default:
		return AS_E_PROTOCOL;
	}
}

/* Who is taken for the relay on this way. */
static int outer_ctx(struct net *n, SSL_CTX **out)
{
	struct outer_pem ca = {n->relay_ca, n->relay_ca_len},
			 cas = {n->system_cas, n->system_cas_len};
	SSL_CTX **ctx = n->way.system_trust ? &n->inspected : &n->outer;
	int err = 0;

	if (!*ctx)
		err =
		    n->way.system_trust ? outer_inspected_ctx(cas, ctx) : outer_agent_ctx(ca, ctx);
	*out = *ctx;
	return err;
}

static int make_carrier(struct net *n, struct carrier **out)
{
	struct hostport to;

	snprintf(to.host, sizeof to.host, "%.*s", HOSTPORT_HOST_MAX, n->way.host);
	snprintf(to.port, sizeof to.port, "%s", n->way.port);
	return carrier_for((enum route_carrier)n->way.carrier, &to, n->way.path, &n->carrier, out);
}

static int open_hop(struct net *n)
{
	struct carrier *carrier = NULL;
	SSL_CTX *ctx;
	int err = outer_ctx(n, &ctx);
	struct tls *tls = err == 0 ? tls_client(ctx, n->relay_name) : NULL;

	if (err == 0 && !tls)
		err = UV_ENOMEM;
	if (err == 0)
		err = make_carrier(n, &carrier);
	if (err == 0)
		err = hop_accept(n->hops, (uv_stream_t *)&n->link.pipe, tls, carrier, &hop_events,
				 n, &n->hop);
	if (err < 0) {
		carrier_free(carrier);
		tls_free(tls);
	}
	return err;
}

static int on_socket(struct net *n, const struct ipc_msg *m)
{
	if (n->hop)
		return AS_ESTATE;

	int err = ipc_way_decode(m->payload, m->len, &n->way);
	n->failed = false;
	return err < 0 ? err : open_hop(n);
}

/* The goodbye is stuck behind the customer's data on a slow line, or behind a slow reader. Being
 * silent comes first: what the kernel would still send is taken back. */
static void on_stop_over(uv_timer_t *t)
{
	struct net *n = owner_of(t, struct net, ping);

	if (n->hop)
		hop_abort(n->hop, 0);
}

/* The goodbye: END to the console, CLOSE to the relay, and out. */
static void on_end(struct net *n, uint32_t code)
{
	n->ending = true;
	if (!n->hop) {
		link_close(&n->link, 0);
		return;
	}
	if (n->channel && !n->in_channel) {
		channel_end(n->channel, err_from_wire(code));
		peer_pump(n);
	}
	net_close_peer(n, err_from_wire(code), false);
	hop_close(n->hop, 0);
	if (err_from_wire(code) == AS_E_REVOKED || err_from_wire(code) == AS_E_EXPIRED)
		uv_timer_start(&n->ping, on_stop_over, NET_STOP_MS, 0);
}

static void on_link_msg(const struct ipc_msg *m, void *owner)
{
	struct net *n = owner;
	int err = 0;

	switch (m->type) {
	case IPC_CONFIG:
		err = on_config(n, m);
		break;
	case IPC_SOCKET:
		err = on_socket(n, m);
		if (err < 0 && err != AS_E_PROTOCOL) {
			n->failed = true;
			n->failure =
			    (struct report){.step = REPORT_TLS, .why = REPORT_SYSTEM, .err = err};
			tell_lost(n, err);
			err = 0;
		}
		break;
	case IPC_END:
		on_end(n, m->code);
		break;
	default:
		peer_from_broker(n, m);
	}
	if (err < 0)
		link_close(&n->link,
			   err); /* kin that breaks the protocol is a fault of ours: stop */
}

static void on_ping_closed(uv_handle_t *h)
{
	(void)h;
}

/* The broker is gone, or wants us gone: nothing is left to do. */
static void on_link_gone(int why, void *owner)
{
	struct net *n = owner;

	(void)why;
	n->ending = true;
	if (n->hop)
		hop_close(n->hop, AS_E_PEER_LOST);
	uv_close((uv_handle_t *)&n->ping, on_ping_closed);
}

static const struct link_events link_events = {on_link_msg, on_link_gone};

static void on_ping(uv_timer_t *t)
{
	struct net *n = owner_of(t, struct net, ping);

	if (n->reattaching && clock_mono_ms() - n->back_ms > NET_PROOF_MS)
		hop_close(n->hop, AS_E_TIMEOUT); /* a relay that does not answer REATTACH */
	uv_timer_start(t, on_ping, peer_ping(n), 0);
}

int net_start(uv_loop_t *loop, int pipe_fd, struct net **out)
{
	struct net *n = calloc(1, sizeof *n);
	if (!n)
		return UV_ENOMEM;
	n->loop = loop;
	n->hops = hop_loop_new(loop);

	int err = n->hops ? link_init(loop, &n->link, &link_events, n) : UV_ENOMEM;
	if (err == 0)
		err = uv_pipe_open(&n->link.pipe, pipe_fd);
	if (err < 0) {
		net_free(n); /* the process ends with this: the pipe's handle needs no close */
		return err;
	}
	uv_timer_init(loop, &n->ping);
	uv_timer_start(&n->ping, on_ping, NET_PING_MS, 0);
	err = link_start(&n->link);
	if (err < 0)
		link_close(&n->link, err);
	*out = n;
	return 0;
}

void net_free(struct net *n)
{
	if (!n)
		return;
	peer_drop(n);
	outer_ctx_free(n->outer);
	outer_ctx_free(n->inspected);
	outer_ctx_free(n->carrier);
	free(n->system_cas);
	if (n->inner_ready)
		inner_agent_done(&n->inner);
	hop_loop_free(n->hops);
	free(n);
}
