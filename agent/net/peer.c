/* SPDX-License-Identifier: Apache-2.0
 *
 * The console behind the relay: the inner channel, its messages, its streams. What needs a
 * decision is turned into a message of fixed form and goes to the broker; what the broker
 * decided comes back as a message and is sent.
 */
#include "agent/net/net_priv.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "agent/plat/plat.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/e2e/spake2.h"
#include "proto/wire/messages.h"

/* ---- streams: how much of each the broker may send us ---- */

static struct net_stream *stream_find(struct net *n, uint32_t id)
{
	for (size_t i = 0; i < MUX_STREAMS_MAX; i++)
		if (n->streams[i].id == id)
			return &n->streams[i];
	return NULL;
}

static void stream_forget(struct net *n, uint32_t id)
{
	struct net_stream *s = stream_find(n, id);

	if (s && id != 0)
		*s = (struct net_stream){0};
}

/* Tells the broker what has left, in steps, so that the pipe is not filled with receipts. */
static void report_consumed(struct net *n)
{
	for (size_t i = 0; i < MUX_STREAMS_MAX; i++) {
		struct net_stream *s = &n->streams[i];
		struct mux_stat stat;

		if (s->id == 0 || s->written == s->reported)
			continue;

		uint64_t sent = s->written;
		if (mux_stream_stat(channel_mux(n->channel), s->id, &stat))
			sent = s->written - stat.queued;
		if (sent - s->reported >= NET_REPORT_STEP ||
		    (sent == s->written && sent > s->reported)) {
			s->reported = sent;
			net_tell(n, IPC_CONSUMED, s->id, sent, 0);
		}
	}
}

/* ---- out ---- */

/* How much is to be made at once. The goodbye is made even when the hop is full: afterwards nothing
 * can be sent any more. */
static size_t room(const struct net *n)
{
	size_t queued = hop_queued(n->hop);

	if (queued < HOP_HIGH)
		return HOP_HIGH - queued;
	return n->ending ? 1 : 0;
}

/* Until the hop is full. True: the channel may have more to say. */
static bool fill_hop(struct net *n)
{
	const uint8_t *p;
	size_t len;

	while (room(n) > 0) {
		if (channel_next_out(n->channel, room(n), &p, &len) < 0 || len == 0 ||
		    hop_send_records(n->hop, p, len) < 0)
			return false;
		channel_out_done(n->channel, len);
	}
	return true;
}

/* Late binding: a frame is made only when the hop has room for it, so that what is urgent
 * overtakes what waits. on_low() comes back here while we are here still. */
void peer_pump(struct net *n)
{
	bool more = true;

	if (!n->channel || !n->hop || n->in_channel || n->pumping)
		return;
	n->pumping = true;
	while (more && room(n) > 0) {
		hop_batch_begin(n->hop);
		more = fill_hop(n);
		hop_batch_end(n->hop);
	}
	n->pumping = false;
	report_consumed(n);
}

/* ---- in: what the console says ---- */

/* Both HELLOs are there. */
static int greet(struct net *n, const uint8_t *p, size_t len)
{
	as_Hello hello;
	uint8_t aad[SPAKE2_AAD_LEN];

	if (msg_decode(MSG_HELLO, p, len, &hello) < 0)
		return AS_E_PROTOCOL;
	if (hello.ver_min > MSG_VERSION || hello.ver_max < 1)
		return AS_E_VERSION;

	int err = spake2_aad(n->peer.binding, p, len, n->hello, n->hello_len, aad);
	if (err < 0)
		return err;
	n->hello_len = 0;
	n->greeted = true;
	if (hello.features & FEATURE_FAST_SUM)
		mux_set_fast_sum(channel_mux(n->channel));
	net_tell_bytes(n, IPC_HELLOS, hello.ver_max < MSG_VERSION ? hello.ver_max : MSG_VERSION, 0,
		       aad + IPC_BINDING_LEN, 32);
	return 0;
}

/* A second HELLO is an error. One that comes before ours has left waits for it. */
static int on_hello(struct net *n, const uint8_t *p, size_t len)
{
	if (n->greeted || n->early_len > 0 || len == 0 || len > sizeof n->early_hello)
		return AS_E_PROTOCOL;
	if (n->hello_len > 0)
		return greet(n, p, len);
	memcpy(n->early_hello, p, len);
	n->early_len = len;
	return 0;
}

static int on_pake_a(struct net *n, const uint8_t *p, size_t len)
{
	as_PakeShare m;

	if (msg_decode(MSG_PAKE_SHARE, p, len, &m) < 0 || n->early_pake)
		return AS_E_PROTOCOL;
	n->early_pake = n->early_len > 0;
	if (n->early_pake)
		memcpy(n->early_share, m.point, sizeof n->early_share);
	else
		net_tell_bytes(n, IPC_PAKE_A, 0, 0, m.point, sizeof m.point);
	return 0;
}

/* Ours has left: what was too early for it is in time now. */
static int take_early(struct net *n)
{
	int err = n->early_len > 0 ? greet(n, n->early_hello, n->early_len) : 0;

	if (err == 0 && n->early_pake)
		net_tell_bytes(n, IPC_PAKE_A, 0, 0, n->early_share, sizeof n->early_share);
	n->early_len = 0;
	n->early_pake = false;
	return err;
}

static int on_pake_ca(struct net *n, const uint8_t *p, size_t len)
{
	as_PakeConfirm m;

	if (msg_decode(MSG_PAKE_CONFIRM, p, len, &m) < 0)
		return AS_E_PROTOCOL;
	net_tell_bytes(n, IPC_PAKE_CA, 0, 0, m.mac, sizeof m.mac);
	return 0;
}

static int on_open_request(struct net *n, const uint8_t *p, size_t len)
{
	static as_Open m; /* large, and there is one thread */
	static struct ipc_open open;
	static uint8_t bytes[IPC_OPEN_LEN];

	if (msg_decode(MSG_OPEN, p, len, &m) < 0)
		return AS_E_PROTOCOL;

	struct net_stream *s = stream_find(n, 0);
	if (!s)
		return AS_E_PROTOCOL; /* the mux allows no more than we have places */
	*s = (struct net_stream){.id = m.stream};

	open.op_id = m.op_id;
	open.comp = m.comp;
	op_args_read(&m.args, &open.args);
	ipc_open_encode(&open, bytes);
	net_tell_bytes(n, IPC_OPEN, 0, m.stream, bytes, sizeof bytes);
	return 0;
}

static int on_message(uint8_t type, const uint8_t *p, size_t len, void *owner)
{
	struct net *n = owner;

	switch (type) {
	case MUX_HELLO:
		return on_hello(n, p, len);
	case MUX_PAKE_A:
		return on_pake_a(n, p, len);
	case MUX_PAKE_CA:
		return on_pake_ca(n, p, len);
	case MUX_SESSION_REQ:
	case MUX_SCOPE_REQ:
		if (len == 0)
			return AS_E_PROTOCOL;
		net_tell_bytes(n, IPC_REQUEST, type == MUX_SCOPE_REQ, 0, p, len);
		return 0;
	case MUX_RESUME:
		return back_on_proof(n, p, len);
	case MUX_OPEN:
		return on_open_request(n, p, len);
	case MUX_AUDIT_MARK:
		return 0; /* the console's chain; ours does not depend on it */
	default:
		return MUX_TYPE_MAY_IGNORE(type) ? 0 : AS_E_PROTOCOL;
	}
}

/* The mux lets bytes through on those streams only that the broker listens to. */
static int on_data(uint32_t stream, const uint8_t *p, size_t len, void *owner)
{
	struct net *n = owner;

	if (stream_find(n, stream))
		net_tell_bytes(n, IPC_INPUT, 0, stream, p, len);
	else
		mux_consumed(channel_mux(n->channel), stream, len); /* given up meanwhile */
	return 0;
}

static void on_fin(uint32_t stream, bool ok, void *owner)
{
	struct net *n = owner;

	if (stream_find(n, stream))
		net_tell(n, IPC_INPUT_END, stream, ok, 0);
}

static void on_reset(uint32_t stream, int code, void *owner)
{
	struct net *n = owner;

	stream_forget(n, stream);
	net_tell(n, IPC_RESET, stream, 0, code);
}

static void on_open(void *owner)
{
	struct net *n = owner;
	struct tls *tls = channel_tls(n->channel);
	uint8_t bytes[IPC_PEER_LEN_MAX];
	int chain_len = inner_peer_chain(tls, n->peer.chain, sizeof n->peer.chain);
	int len = AS_E_CERT;

	if (chain_len > 0 && inner_binding(tls, n->peer.binding) == 0) {
		n->peer.chain_len = (size_t)chain_len;
		memcpy(n->peer.agent_spki_sha256, n->inner.spki_sha256, CERT_SHA256_LEN);
		snprintf(n->peer.group, sizeof n->peer.group, "%s", tls_group(tls));
		len = ipc_peer_encode(&n->peer, bytes, sizeof bytes);
	}
	if (len < 0)
		n->doomed = len;
	else
		net_tell_bytes(n, IPC_PEER_UP, 0, n->attempt, bytes, (size_t)len);
}

static void on_channel_end(int code, void *owner)
{
	struct net *n = owner;

	n->console_ended = true;
	net_tell(n, IPC_END, 0, 0, code);
}

static const struct channel_events channel_events = {
    .mux = {.on_message = on_message, .on_data = on_data, .on_fin = on_fin, .on_reset = on_reset},
    .on_open = on_open,
    .on_end = on_channel_end,
};

int peer_begin(struct net *n)
{
	n->channel = channel_new(true, n->inner.ctx, &channel_events, n);
	n->heard_ms = clock_mono_ms();
	n->attempt++;
	n->stale = false;
	return n->channel ? 0 : UV_ENOMEM;
}

void peer_feed(struct net *n, const uint8_t *p, size_t len)
{
	if (!n->channel || channel_is_suspended(n->channel))
		return; /* still on its way when we dropped or lost the console */
	if (back_is_stale(n, p, len))
		return;
	n->heard_ms = clock_mono_ms();
	n->in_channel = true;

	int err = channel_feed(n->channel, p, len, n->heard_ms);
	n->in_channel = false;
	if (err == 0)
		err = n->doomed;
	peer_pump(n); /* with an error: the alert that says why */
	if (err < 0 && n->authed)
		back_lose(n, err);
	else if (err < 0)
		peer_lost(n, err);
}

void peer_lost(struct net *n, int why)
{
	if (n->authed) { /* what may come back does not come here */
		back_never(n, why);
		return;
	}

	bool keep = !n->authed && n->hop && why != AS_E_PEER_LOST && why != 0;

	peer_drop(n);
	if (keep) /* let the next console try */
		net_close_peer(n, why, true);
	net_tell(n, IPC_PEER_LOST, 0, 0, why);
}

void peer_drop(struct net *n)
{
	assert(!n->in_channel);
	channel_free(n->channel);
	n->channel = NULL;
	n->authed = n->console_ended = n->greeted = false;
	n->doomed = 0;
	n->hello_len = n->table_len = n->early_len = 0;
	n->early_pake = false;
	memset(&n->peer, 0, sizeof n->peer);
	memset(n->streams, 0, sizeof n->streams);
}

uint64_t peer_ping(struct net *n)
{
	if (!n->channel || !n->authed || channel_is_suspended(n->channel))
		return NET_PING_MS;

	uint64_t now = clock_mono_ms(), silent = now - n->heard_ms;
	if (silent >= NET_SILENCE_MS || back_is_overdue(n, now)) {
		back_lose(n, AS_E_TIMEOUT);
		return NET_PING_MS;
	}
	mux_ping(channel_mux(n->channel), now);
	peer_pump(n);
	return NET_SILENCE_MS - silent < NET_PING_MS ? NET_SILENCE_MS - silent : NET_PING_MS;
}

/* ---- in: what the broker says ---- */

static void send_hello(struct net *n, const struct ipc_msg *m)
{
	as_Hello hello = {
	    .ver_min = 1,
	    .ver_max = MSG_VERSION,
	    .features = FEATURES,
	    .has_limits = true,
	    .limits = {MUX_STREAMS_MAX, MUX_WINDOW_FIRST, MUX_SESSION_WINDOW, MUX_PAYLOAD_MAX},
	    .product = "assent-agent " ASSENT_VERSION,
	};

	snprintf(hello.os, sizeof hello.os, "%s", plat_os);
	if (m->stream != n->attempt || n->greeted || n->hello_len > 0)
		return; /* for a connection that was lost meanwhile */
	memcpy(hello.nonce, m->payload, sizeof hello.nonce);

	int len = msg_encode(MSG_HELLO, &hello, n->hello, sizeof n->hello);
	if (len <= 0 || mux_send(channel_mux(n->channel), MUX_HELLO, n->hello, (size_t)len) < 0)
		return;
	n->hello_len = (size_t)len;

	int err = take_early(n);
	if (err < 0 && n->authed)
		back_lose(n, err);
	else if (err < 0)
		peer_lost(n, err);
}

static void accept_stream(struct net *n, const struct ipc_msg *m)
{
	as_OpenOk ok = {.stream = m->stream, .size_hint = m->value, .comp = m->code};
	uint8_t bytes[128];
	int len = msg_encode(MSG_OPEN_OK, &ok, bytes, sizeof bytes);

	if (len > 0)
		mux_send(channel_mux(n->channel), MUX_OPEN_OK, bytes, (size_t)len);
}

static void stream_data(struct net *n, const struct ipc_msg *m)
{
	struct net_stream *s = stream_find(n, m->stream);

	if (!s || m->stream == 0)
		return; /* the console gave it up while this was on the pipe */

	int took = mux_stream_write(channel_mux(n->channel), m->stream, m->payload, m->len);
	if (took == (int)m->len) {
		s->written += m->len;
		return;
	}
	if (took >= 0) /* the broker passed the window: a fault of ours, and no byte may be lost in
			  silence */
		mux_stream_reset(channel_mux(n->channel), m->stream, AS_E_INTERNAL);
	stream_forget(n, m->stream);
	net_tell(n, IPC_RESET, m->stream, 0, AS_E_INTERNAL);
}

static void took_input(struct net *n, const struct ipc_msg *m)
{
	struct net_stream *s = stream_find(n, m->stream);

	if (!s || m->stream == 0 || m->value <= s->taken)
		return;
	mux_consumed(channel_mux(n->channel), m->stream, (size_t)(m->value - s->taken));
	s->taken = m->value;
}

/* Our side is done. What the console had sent and nobody took is not waited for: it would take
 * credit from all others for ever. */
static void finish_stream(struct net *n, uint32_t stream)
{
	mux_stream_finish(channel_mux(n->channel), stream);
	mux_consumed(channel_mux(n->channel), stream, SIZE_MAX);
	stream_forget(n, stream);
}

static void drop_console(struct net *n, uint32_t code)
{
	channel_end(n->channel, err_from_wire(code));
	peer_pump(n);
	peer_drop(n);
	net_close_peer(n, err_from_wire(code), true);
}

static void set_authed(struct net *n)
{
	n->authed = true;
	mux_set_authed(channel_mux(n->channel));
	if (n->hop)
		hop_send(n->hop, &(struct relay_frame){.type = RELAY_PAIRED});
}

void peer_from_broker(struct net *n, const struct ipc_msg *m)
{
	struct mux *mux = n->channel ? channel_mux(n->channel) : NULL;

	if (!mux)
		return; /* said while the console was being lost */
	switch (m->type) {
	case IPC_NONCE:
		send_hello(n, m);
		break;
	case IPC_SEND:
		mux_send(mux, (uint8_t)m->code, m->payload, m->len);
		break;
	case IPC_AUTHED:
		set_authed(n);
		break;
	case IPC_RESUMED:
		back_accept(n, m);
		break;
	case IPC_DROP_PEER:
		if (n->authed)
			back_lose(n,
				  AS_E_PEER_LOST); /* whoever came back, it was not the console */
		else
			drop_console(n, m->code);
		return;
	case IPC_ACCEPT:
		accept_stream(n, m);
		break;
	case IPC_LISTEN:
		mux_stream_listen(mux, m->stream);
		break;
	case IPC_TOOK:
		took_input(n, m);
		break;
	case IPC_REFUSE:
		mux_stream_refuse(mux, m->stream, err_from_wire(m->code));
		stream_forget(n, m->stream);
		break;
	case IPC_DATA:
		stream_data(n, m);
		break;
	case IPC_FIN:
		finish_stream(n, m->stream);
		break;
	case IPC_RESET:
		mux_stream_reset(mux, m->stream, err_from_wire(m->code));
		stream_forget(n, m->stream);
		break;
	default:
		break; /* what only we say is none of our business */
	}
	peer_pump(n);
}
