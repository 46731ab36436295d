/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/channel.h"

#include <openssl/ssl.h>
#include <errno.h>
#include <stdlib.h>

#include "proto/base/err.h"
#include "proto/wire/messages.h"

/* A key for AES-GCM is used for at most 64 GiB (PROTOCOL.md section 1). */
#define KEY_UPDATE_AFTER (UINT64_C(64) << 30)

struct channel {
	struct tls *tls; /* NULL while suspended */
	struct mux *mux;
	struct mux_events mux_ev; /* the owner's, with on_message passing through here */
	const struct channel_events *ev;
	void *owner;
	bool agent;
	bool opened;
	bool ended;    /* the peer's END came */
	bool unproved; /* but before it had proved a resume */
	bool closing;  /* channel_end() was called */
	bool said_all;
	int err;
	uint64_t sent; /* with the present key */
	uint8_t in[TLS_RECORD_MAX];
	uint8_t out[MUX_FRAME_MAX];
};

/* ---- events ---- */

static int on_end(struct channel *ch, const uint8_t *p, size_t n)
{
	as_End msg;

	if (msg_decode(MSG_END, p, n, &msg) < 0)
		return AS_E_PROTOCOL;
	ch->ended = true;
	ch->unproved = mux_is_suspended(ch->mux);
	if (ch->ev->on_end)
		ch->ev->on_end(err_from_wire(msg.code), ch->owner);
	return 0;
}

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	struct channel *ch = owner;

	if (type == MUX_END)
		return on_end(ch, p, n);
	return ch->ev->mux.on_message ? ch->ev->mux.on_message(type, p, n, ch->owner) : 0;
}

static int on_data(uint32_t stream, const uint8_t *p, size_t n, void *owner)
{
	struct channel *ch = owner;

	return ch->ev->mux.on_data(stream, p, n, ch->owner);
}

static void on_fin(uint32_t stream, bool ok, void *owner)
{
	struct channel *ch = owner;

	if (ch->ev->mux.on_fin)
		ch->ev->mux.on_fin(stream, ok, ch->owner);
}

static void on_reset(uint32_t stream, int code, void *owner)
{
	struct channel *ch = owner;

	if (ch->ev->mux.on_reset)
		ch->ev->mux.on_reset(stream, code, ch->owner);
}

static void on_room(uint32_t stream, void *owner)
{
	struct channel *ch = owner;

	if (ch->ev->mux.on_room)
		ch->ev->mux.on_room(stream, ch->owner);
}

static void on_pong(uint64_t token, void *owner)
{
	struct channel *ch = owner;

	if (ch->ev->mux.on_pong)
		ch->ev->mux.on_pong(token, ch->owner);
}

/* ---- life ---- */

/* A client speaks first: this makes its hello. An error comes again at the first feed. */
static void say_hello(struct channel *ch)
{
	size_t got;

	ch->err = tls_read(ch->tls, ch->in, sizeof ch->in, &got);
}

struct channel *channel_new(bool agent, SSL_CTX *ctx, const struct channel_events *ev, void *owner)
{
	struct channel *ch = calloc(1, sizeof *ch);
	if (!ch)
		return NULL;

	ch->agent = agent;
	ch->ev = ev;
	ch->owner = owner;
	ch->mux_ev = (struct mux_events){.on_message = on_message,
					 .on_data = ev->mux.on_data ? on_data : NULL,
					 .on_fin = on_fin,
					 .on_reset = on_reset,
					 .on_room = on_room,
					 .on_pong = on_pong};
	ch->tls = agent ? tls_server(ctx) : tls_client(ctx, NULL);
	ch->mux = mux_new(agent ? MUX_AGENT : MUX_CONSOLE, &ch->mux_ev, ch);
	if (!ch->tls || !ch->mux) {
		channel_free(ch);
		return NULL;
	}

	say_hello(ch);
	return ch;
}

void channel_free(struct channel *ch)
{
	if (!ch)
		return;
	mux_free(ch->mux);
	tls_free(ch->tls);
	free(ch);
}

/* ---- from one connection to the next ---- */

void channel_suspend(struct channel *ch)
{
	tls_free(ch->tls);
	ch->tls = NULL;
	ch->opened = false;
	ch->sent = 0;
	if (ch->unproved)
		ch->ended = ch->unproved = false;
	if (!ch->ended)
		ch->err = 0; /* it was the connection's; the mux keeps its own */
	if (ch->closing)
		ch->said_all = true;
	mux_suspend(ch->mux);
}

bool channel_is_suspended(const struct channel *ch)
{
	return !ch->tls;
}

int channel_resume(struct channel *ch, SSL_CTX *ctx)
{
	if (ch->tls || ch->ended || ch->closing || !mux_is_authed(ch->mux))
		return AS_ESTATE;
	if (mux_error(ch->mux) != 0)
		return mux_error(ch->mux);
	ch->tls = ch->agent ? tls_server(ctx) : tls_client(ctx, NULL);
	if (!ch->tls)
		return -ENOMEM;
	say_hello(ch);
	return 0;
}

/* ---- in ---- */

/* One read: 0 when there may be more, 1 when TLS wants bytes or all is over, or an error. */
static int read_some(struct channel *ch, uint64_t now)
{
	size_t got;
	int err = tls_read(ch->tls, ch->in, sizeof ch->in, &got);

	if (err == TLS_END)
		return AS_E_TRUNCATED; /* a goodbye without END */
	if (err < 0)
		return err;
	if (!ch->opened && tls_is_open(ch->tls)) {
		ch->opened = true;
		if (ch->ev->on_open)
			ch->ev->on_open(ch->owner);
	}
	if (got == 0)
		return 1;
	err = mux_feed(ch->mux, ch->in, got, now);
	return ch->ended ? 1 : err;
}

int channel_feed(struct channel *ch, const uint8_t *p, size_t n, uint64_t now_ms)
{
	if (ch->ended || ch->err != 0)
		return ch->ended ? 0 : ch->err;
	if (!ch->tls)
		return AS_ESTATE;

	int err = tls_feed(ch->tls, p, n);
	while (err == 0)
		err = read_some(ch, now_ms);
	if (err < 0)
		ch->err = err;
	return ch->err;
}

int channel_feed_end(struct channel *ch)
{
	if (ch->ended)
		return 0;
	if (ch->err == 0)
		ch->err = AS_E_TRUNCATED;
	return ch->err;
}

/* ---- out ---- */

/* OpenSSL makes the KeyUpdate record itself, in front of the next one. */
static void renew_key(struct channel *ch, size_t n)
{
	ch->sent += n;
	if (ch->sent < KEY_UPDATE_AFTER)
		return;
	ch->sent = 0;
	SSL_key_update(tls_ssl(ch->tls), SSL_KEY_UPDATE_NOT_REQUESTED);
}

/* May the mux still speak? Not before the handshake; after a failure or the peer's END only to
 * say our own END. */
static bool may_speak(const struct channel *ch)
{
	if (!ch->opened || ch->said_all)
		return false;
	return ch->closing || (!ch->ended && ch->err == 0);
}

/* Makes the records of one frame: 0 when there is none. */
static int make_frame(struct channel *ch)
{
	const uint8_t *frame;
	int size = mux_next_at(ch->mux, ch->out, sizeof ch->out, &frame);

	if (size > 0) {
		renew_key(ch, (size_t)size);

		int err = tls_write(ch->tls, frame, (size_t)size);
		size = err < 0 ? err : size;
	}
	if (size >= 0 && ch->closing && !mux_has_output(ch->mux)) {
		ch->said_all = true;

		int err = tls_finish(ch->tls);
		size = err < 0 ? err : size;
	}
	if (size < 0)
		ch->said_all = true; /* broken: nothing more can be said */
	return size;
}

int channel_next_out(struct channel *ch, size_t enough, const uint8_t **p, size_t *n)
{
	int size = 1;

	*p = NULL;
	*n = 0;
	if (!ch->tls)
		return 0;
	*p = tls_out(ch->tls, n);
	while (*n < enough && size > 0 && may_speak(ch)) {
		size = make_frame(ch);
		*p = tls_out(ch->tls, n);
	}
	return size < 0 && ch->err == 0 ? size : 0; /* channel_feed() has said it */
}

void channel_out_done(struct channel *ch, size_t n)
{
	if (ch->tls)
		tls_out_done(ch->tls, n);
}

void channel_end(struct channel *ch, int code)
{
	as_End msg = {.code = err_to_wire(code)};
	uint8_t buf[as_End_size];

	if (ch->closing)
		return;
	ch->closing = true;

	int n = ch->opened ? msg_encode(MSG_END, &msg, buf, sizeof buf) : -1;
	if (n < 0 || mux_send(ch->mux, MUX_END, buf, (size_t)n) < 0)
		ch->said_all = true;
}

bool channel_is_finished(const struct channel *ch)
{
	size_t n = 0;

	if (ch->tls)
		tls_out(ch->tls, &n);
	return ch->closing && ch->said_all && n == 0;
}

struct mux *channel_mux(struct channel *ch)
{
	return ch->mux;
}

struct tls *channel_tls(struct channel *ch)
{
	return ch->tls;
}
