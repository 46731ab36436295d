/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/carrier.h"

#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "proto/base/err.h"
#include "proto/transport/carrier_priv.h"
#include "proto/transport/outer.h"

#define PLAIN_MAX TLS_RECORD_MAX

/* ---- out ---- */

int carrier_emit(struct carrier *c, const void *p, size_t n)
{
	return c->tls ? tls_write(c->tls, p, n) : buf_append(&c->out, p, n);
}

const uint8_t *carrier_out(struct carrier *c, size_t *n)
{
	if (c->tls)
		return tls_out(c->tls, n);
	*n = c->out.len;
	return buf_head(&c->out);
}

void carrier_out_done(struct carrier *c, size_t n)
{
	if (c->tls)
		tls_out_done(c->tls, n);
	else
		buf_consume(&c->out, n);
}

int carrier_put(struct carrier *c, const void *p, size_t n)
{
	if (c->state != CARRIER_OPEN || c->said_close)
		return AS_ESTATE;
	return n > CARRIER_FRAME_MAX ? AS_E_TOO_BIG : carrier_emit_frame(c, WS_BINARY, p, n);
}

int carrier_end(struct carrier *c)
{
	static const uint8_t normal[] = {0x03, 0xe8}; /* 1000 */
	int err = 0;

	if ((c->state == CARRIER_OPEN || c->state == CARRIER_ENDED) && !c->said_close) {
		c->said_close = true;
		err = carrier_emit_frame(c, WS_CLOSE, normal, sizeof normal);
	}
	if (c->tls && err == 0)
		err = tls_finish(c->tls);
	return err;
}

/* ---- life ---- */

void carrier_free(struct carrier *c)
{
	if (!c)
		return;
	tls_free(c->tls);
	free(c->plain);
	free(c->opening);
	free(c->report);
	buf_done(&c->out);
	free(c);
}

static struct carrier *carrier_new(bool is_server)
{
	struct carrier *c = calloc(1, sizeof *c);

	if (!c || !(c->opening = malloc(sizeof *c->opening))) {
		free(c);
		return NULL;
	}
	c->opening->len = 0;
	c->is_server = is_server;
	c->state = CARRIER_IN_HEAD;
	buf_init(&c->out, CARRIER_OUT_MAX);
	return c;
}

struct carrier *carrier_server(void)
{
	return carrier_new(true);
}

struct carrier *carrier_client(const struct hostport *to, const char *path, SSL_CTX *tls,
			       const uint8_t key[16])
{
	struct carrier *c = carrier_new(false);
	if (!c)
		return NULL;

	c->report = calloc(1, sizeof *c->report);
	if (tls) {
		c->tls = tls_client(tls, to->host);
		c->plain = malloc(PLAIN_MAX);
		c->state = CARRIER_IN_TLS;
	}
	if (!c->report || (tls && (!c->tls || !c->plain)) ||
	    carrier_make_request(c, to, path, key) < 0 ||
	    (!tls && carrier_emit(c, c->opening->request, strlen(c->opening->request)) < 0)) {
		carrier_free(c);
		return NULL;
	}
	return c;
}

int carrier_for(enum route_carrier kind, const struct hostport *to, const char *path, SSL_CTX **tls,
		struct carrier **out)
{
	uint8_t key[CARRIER_KEY_LEN];
	int err = 0;

	*out = NULL;
	if (kind == ROUTE_TLS)
		return 0;
	if (kind == ROUTE_WSS && !*tls)
		err = outer_carrier_ctx(tls);
	if (err == 0)
		err = uv_random(NULL, NULL, key, sizeof key, 0, NULL);
	if (err < 0)
		return err;
	*out = carrier_client(to, path, kind == ROUTE_WSS ? *tls : NULL, key);
	return *out ? 0 : UV_ENOMEM;
}

bool carrier_is_open(const struct carrier *c)
{
	return c->state >= CARRIER_OPEN;
}

const char *carrier_forwarded(const struct carrier *c)
{
	return c->forwarded;
}

/* ---- in ---- */

static int start_tls(struct carrier *c)
{
	if (!tls_is_open(c->tls))
		return 0;
	outer_note_peer(c->tls);
	c->state = CARRIER_IN_HEAD;
	return carrier_emit(c, c->opening->request, strlen(c->opening->request));
}

/* Makes in the next decrypted bytes. 0 with in_len == 0: there are none. */
static int decrypt(struct carrier *c)
{
	size_t got = 0;
	int err = tls_read(c->tls, c->plain, PLAIN_MAX, &got);

	if (err == TLS_END)
		return CARRIER_END;
	if (err < 0)
		return err;
	if (c->state == CARRIER_IN_TLS) {
		err = start_tls(c);
		if (err < 0)
			return err;
	}
	c->in = c->plain;
	c->in_len = got;
	return 0;
}

int carrier_feed(struct carrier *c, uint8_t *p, size_t n)
{
	if (c->tls)
		return tls_feed(c->tls, p, n);
	c->in = p;
	c->in_len = n;
	return 0;
}

void carrier_feed_end(struct carrier *c)
{
	c->ended = true;
	if (c->tls)
		tls_feed_end(c->tls);
}

static int step(struct carrier *c, const uint8_t **p, size_t *n)
{
	switch (c->state) {
	case CARRIER_IN_HEAD:
		return carrier_read_head(c);
	case CARRIER_OPEN:
		return carrier_read_frame(c, p, n);
	default:
		c->in_len = 0;
		return 0;
	}
}

int carrier_read(struct carrier *c, const uint8_t **p, size_t *n)
{
	int err = 0;

	*n = 0;
	while (err == 0 && *n == 0 && c->state != CARRIER_ENDED) {
		if (c->in_len == 0 && c->tls)
			err = decrypt(c);
		if (err != 0 || c->in_len == 0)
			break;
		err = step(c, p, n);
	}
	if (err == 0 && *n == 0 && c->state == CARRIER_ENDED)
		return CARRIER_END;
	if (err == 0 && *n == 0 && c->ended)
		return AS_E_TRUNCATED;
	return err;
}

/* ---- for the message ---- */

void carrier_report(const struct carrier *c, struct report *r)
{
	const struct tls_peer *peer = c->tls ? tls_peer(c->tls) : NULL;

	r->step = c->state == CARRIER_IN_TLS ? REPORT_CARRIER : REPORT_UPGRADE;
	if (peer) {
		memcpy(r->who, peer->subject, sizeof r->who);
		memcpy(r->issuer, peer->issuer, sizeof r->issuer);
		r->has_our_name = peer->has_our_name;
	} else if (c->tls) {
		tls_why(c->tls, r->who, sizeof r->who);
	}
	if (c->report && c->report->why != REPORT_OK) {
		r->why = c->report->why;
		r->status = c->report->status;
		if (r->why == REPORT_LOGIN_PAGE || !peer)
			memcpy(r->who, c->report->who, sizeof r->who);
	}
}
