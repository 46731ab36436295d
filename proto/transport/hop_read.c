/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/transport/hop_priv.h"
#include "proto/wire/http_head.h"

/* A frame as a rule fills one record, so that nothing is ever kept. */
static int keep_partial(struct hop *h, const uint8_t *p, size_t n)
{
	uint8_t *copy = NULL;

	if (n > 0) {
		copy = malloc(n);
		if (!copy)
			return UV_ENOMEM;
		memcpy(copy, p, n);
	}
	free(h->partial);
	h->partial = copy;
	h->partial_len = n;
	return 0;
}

static int check_first(struct hop *h, const struct relay_frame *f)
{
	if (h->heard_hello)
		return f->type == RELAY_HELLO ? AS_E_PROTOCOL : 0;
	if (f->type == RELAY_ERROR) {
		h->refused = true;
		return 0;
	}
	if (f->type != RELAY_HELLO)
		return AS_E_PROTOCOL;
	h->heard_hello = true;
	h->heard = f->hello.features;
	hop_arm_keepalive(h);
	return 0;
}

static int handle(struct hop *h, const struct relay_frame *f)
{
	int err = check_first(h, f);

	if (err < 0)
		return err;
	switch (f->type) {
	case RELAY_PING: /* many in one read are answered once, with the last token */
		h->pong_due = true;
		h->pong_token = f->token;
		hop_flush_soon(h);
		return 0;
	case RELAY_PONG:
		if (h->mark != 0 && f->token == h->mark && h->ev->on_pong)
			h->ev->on_pong(h, f->token, h->owner);
		return 0; /* else it was heard, that is all a PONG is for */
	case RELAY_SEALED:
		if (!(h->said & h->heard & RELAY_TAKES_SEALED))
			return AS_E_PROTOCOL;
		sealed_begin(&h->sealed, f->sealed_len);
		return 0;
	default:
		h->ev->on_frame(h, f, h->owner);
		return 0;
	}
}

/* The decoder's finer distinctions end here. */
static int broken_protocol(int err)
{
	return err == AS_E_TOO_BIG ? err : AS_E_PROTOCOL;
}

/* The frames in plain[0..n); what is left of the last one is kept. Stops when the owner closes. */
static int deliver(struct hop *h, const uint8_t *at, size_t n)
{
	while (h->phase == HOP_OPEN) {
		struct relay_frame f;
		int size = relay_frame_size(at, n);

		if (size < 0)
			return broken_protocol(size);
		if (size == 0 || (size_t)size > n)
			return n > 0 || h->partial ? keep_partial(h, at, n) : 0;

		int err = relay_frame_decode(at, (size_t)size, &f);
		if (err < 0)
			return broken_protocol(err);
		err = handle(h, &f);
		if (err < 0)
			return err;
		at += size;
		n -= (size_t)size;
		if (h->sealed.left > 0) /* the run follows its record, and so nothing else does */
			return n > 0 ? AS_E_PROTOCOL : keep_partial(h, at, 0);
	}
	return 0;
}

/* What has come of a run. 1: there may be more behind it. */
static int pump_sealed(struct hop *h)
{
	const uint8_t *p;
	size_t n = tls_take(h->tls, h->sealed.left, &p);
	struct relay_frame f = {.type = RELAY_SEALED};

	if (n == 0 && h->ended)
		return AS_E_TRUNCATED;
	if (n == 0)
		return 0;
	while (n > 0 && h->phase == HOP_OPEN) {
		int err = sealed_feed(&h->sealed, &p, &n, &f.data.bytes, &f.data.len);

		if (err < 0)
			return err == UV_ENOMEM ? err : broken_protocol(err);
		if (f.data.len > 0)
			h->ev->on_frame(h, &f, h->owner);
	}
	sealed_tidy(&h->sealed);
	return h->phase == HOP_OPEN;
}

static void note_open(struct hop *h)
{
	if (h->phase != HOP_TLS || !tls_is_open(h->tls))
		return;
	h->phase = HOP_OPEN;
	h->was_open = true;
	h->ev->on_ready(h, h->owner);
}

/* One record. 1: there may be more; 0: the engine wants bytes; negative: the hop is over. */
static int pump_once(struct hop *h)
{
	uint8_t *plain = h->l->plain;
	size_t have = h->partial_len, got;

	if (h->sealed.left > 0)
		return pump_sealed(h);
	if (have > 0)
		memcpy(plain, h->partial, have);

	int err = tls_read(h->tls, plain + have, sizeof h->l->plain - have, &got);
	if (err == TLS_END) {
		hop_close(h, have > 0 ? AS_E_TRUNCATED : 0);
		return 0;
	}
	if (err < 0)
		return err;
	note_open(h);
	if (got == 0)
		return 0;
	if (!h->heard_hello && (h->early += got) > HOP_HELLO_MAX)
		return AS_E_PROTOCOL;
	err = deliver(h, plain, have + got);
	return err < 0 ? err : h->phase == HOP_OPEN;
}

void hop_pump(struct hop *h)
{
	int more;

	do
		more = h->phase <= HOP_OPEN ? pump_once(h) : 0;
	while (more > 0);
	if (more < 0)
		hop_close(h, more);
}

static void on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct hop *h = handle->data;

	(void)suggested;
	*buf = uv_buf_init((char *)h->l->in, sizeof h->l->in);
}

static void on_end(struct hop *h)
{
	h->ended = true;
	if (h->phase <= HOP_OPEN) {
		tls_feed_end(h->tls);
		hop_pump(h);
	}
	if (h->shut)
		hop_drop(h, h->why);
}

/* ---- what carries the TLS ---- */

static void note_carried(struct hop *h, bool was_open)
{
	if (!was_open && carrier_is_open(h->carrier) && h->ev->on_carried)
		h->ev->on_carried(h, carrier_forwarded(h->carrier), h->owner);
}

void hop_read_carried(struct hop *h)
{
	bool was_open = carrier_is_open(h->carrier);

	while (h->phase <= HOP_OPEN) {
		const uint8_t *p;
		size_t n;
		int err = carrier_read(h->carrier, &p, &n);

		note_carried(h, was_open);
		was_open = carrier_is_open(h->carrier);
		if (err == CARRIER_END) {
			on_end(h);
			return;
		}
		if (err < 0)
			hop_close(h, err);
		if (n == 0)
			return;
		err = tls_feed(h->tls, p, n);
		if (err < 0)
			hop_close(h, err);
		hop_pump(h);
	}
}

/* In place of a server's first record a middlebox may send a web page. */
static void note_page(struct hop *h, const char *p, size_t n)
{
	struct http_head head = {.location = ""};

	if (n < 5 || memcmp(p, "HTTP/", 5) != 0)
		return;
	(void)http_head_decode(p, n, &head);
	h->page = malloc(sizeof head.location);
	if (h->page)
		memcpy(h->page, head.location, sizeof head.location);
}

/* The first byte of a TLS connection is that of a record; a WebSocket begins with GET. */
static int on_first_bytes(struct hop *h, const char *p, size_t n)
{
	h->touched = true;
	note_page(h, p, n);
	if (!h->may_be_carried || p[0] != 'G')
		return 0;
	h->carrier = carrier_server();
	return h->carrier ? 0 : UV_ENOMEM;
}

static void take_bytes(struct hop *h, char *p, size_t n)
{
	int err = h->touched || h->carrier ? 0 : on_first_bytes(h, p, n);

	if (err == 0)
		err =
		    h->carrier ? carrier_feed(h->carrier, (uint8_t *)p, n) : tls_feed(h->tls, p, n);
	if (err < 0)
		hop_close(h, err);
	else if (h->carrier)
		hop_read_carried(h);
	hop_pump(h);
	hop_flush_soon(h); /* reading makes output, too: the handshake does */
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct hop *h = s->data;
	struct hop_loop *l = h->l;

	if (n == 0 || h->phase == HOP_GONE)
		return;
	if (n < 0 && n != UV_EOF) {
		hop_drop(h, (int)n);
		return;
	}

	hop_read_begin(l);
	if (n == UV_EOF) {
		if (h->carrier && h->phase <= HOP_OPEN)
			carrier_feed_end(h->carrier);
		on_end(h);
	} else if (h->phase <= HOP_OPEN) {
		h->alive.heard_ms = uv_now(l->uv);
		take_bytes(h, buf->base, (size_t)n);
	}
	hop_read_end(l);
	/* h may be on its way out: nothing below this line */
}

int hop_start_reading(struct hop *h)
{
	return uv_read_start((uv_stream_t *)h->tcp, on_alloc, on_read);
}
