/* SPDX-License-Identifier: Apache-2.0
 *
 *   client: [TLS ->] HEAD (GET is sent, 101 awaited) -> OPEN -> ENDED
 *   server:          HEAD (GET awaited, 101 is sent) -> OPEN -> ENDED
 */
#include "proto/transport/carrier.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "proto/base/buf.h"
#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/transport/hash.h"
#include "proto/transport/outer.h"
#include "proto/wire/http_head.h"
#include "proto/wire/ws_frame.h"

#define KEY_LEN	    16
#define ACCEPT_LEN  28 /* base64 of SHA-1 */
#define MAGIC	    "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define REQUEST_MAX 1024
#define PLAIN_MAX   TLS_RECORD_MAX

enum state { IN_TLS, IN_HEAD, OPEN, ENDED };

/* What only one of both sides needs, and what is over once the WebSocket is open. */
struct opening {
	uint8_t bytes[HTTP_HEAD_MAX]; /* the other side's head, as far as it has come */
	size_t len;
	char request[REQUEST_MAX]; /* the client's */
	char accept[ACCEPT_LEN + 1];
};

struct carrier {
	enum state state;
	bool is_server, ended;
	struct tls *tls; /* of the carrier; NULL: none */
	uint8_t *plain;	 /* what tls has decrypted; NULL without it */
	struct opening *opening;
	struct report *report; /* a client's */
	uint8_t *in;	       /* not looked at yet; not ours */
	size_t in_len;
	uint8_t header[WS_HEADER_MAX]; /* as far as it has come */
	size_t header_len;
	struct ws_header frame;
	uint64_t left;	 /* of the frame's payload; 0: a header comes next */
	bool in_message; /* the frame before was not the last of its message */
	bool said_close;
	uint8_t control[WS_CONTROL_MAX];
	size_t control_len;
	struct buf out;
	char forwarded[CARRIER_FORWARDED_MAX + 1];
};

/* ---- out ---- */

/* Into the carrier's TLS, or as it is. */
static int emit(struct carrier *c, const void *p, size_t n)
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

/* A client's frames must be masked with bytes that nobody can foresee. */
static int emit_frame(struct carrier *c, enum ws_opcode opcode, const void *p, size_t n)
{
	uint8_t frame[WS_HEADER_MAX + CARRIER_FRAME_MAX], mask[4];

	if (!c->is_server) {
		int err = uv_random(NULL, NULL, mask, sizeof mask, 0, NULL);
		if (err < 0)
			return err;
	}

	size_t size = ws_header_encode(opcode, n, c->is_server ? NULL : mask, frame);
	if (n > 0)
		memcpy(frame + size, p, n);
	if (!c->is_server)
		ws_mask(frame + size, n, mask, 0);
	return emit(c, frame, size + n);
}

int carrier_put(struct carrier *c, const void *p, size_t n)
{
	if (c->state != OPEN || c->said_close)
		return AS_ESTATE;
	return n > CARRIER_FRAME_MAX ? AS_E_TOO_BIG : emit_frame(c, WS_BINARY, p, n);
}

int carrier_end(struct carrier *c)
{
	static const uint8_t normal[] = {0x03, 0xe8}; /* 1000 */
	int err = 0;

	if ((c->state == OPEN || c->state == ENDED) && !c->said_close) {
		c->said_close = true;
		err = emit_frame(c, WS_CLOSE, normal, sizeof normal);
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
	c->state = IN_HEAD;
	buf_init(&c->out, CARRIER_OUT_MAX);
	return c;
}

struct carrier *carrier_server(void)
{
	return carrier_new(true);
}

static int accept_of(const char *key, char out[ACCEPT_LEN + 1])
{
	char text[64];
	uint8_t digest[HASH_MAX];
	int n = snprintf(text, sizeof text, "%.24s" MAGIC, key);
	int len = hash_bytes(HASH_SHA1, text, (size_t)n, digest);

	if (len < 0)
		return len;
	hash_base64(digest, (size_t)len, out);
	return 0;
}

/* The port belongs into Host unless it is the usual one. */
static const char *host_text(const struct hostport *to, bool tls, char out[HOSTPORT_TEXT_MAX])
{
	hostport_text(to, out);
	if (strcmp(to->port, tls ? "443" : "80") == 0)
		*strrchr(out, ':') = '\0';
	return out;
}

static int make_request(struct carrier *c, const struct hostport *to, const char *path,
			const uint8_t key[KEY_LEN])
{
	char host[HOSTPORT_TEXT_MAX], text[HASH_BASE64_LEN(KEY_LEN) + 1];
	int n;

	hash_base64(key, KEY_LEN, text);
	n = snprintf(c->opening->request, sizeof c->opening->request,
		     "GET %s HTTP/1.1\r\n"
		     "Host: %s\r\n"
		     "User-Agent: assent/" ASSENT_VERSION "\r\n"
		     "Upgrade: websocket\r\n"
		     "Connection: Upgrade\r\n"
		     "Sec-WebSocket-Version: 13\r\n"
		     "Sec-WebSocket-Key: %s\r\n"
		     "\r\n",
		     path, host_text(to, c->tls != NULL, host), text);
	return n < 0 || (size_t)n >= sizeof c->opening->request
		   ? AS_E_TOO_BIG
		   : accept_of(text, c->opening->accept);
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
		c->state = IN_TLS;
	}
	if (!c->report || (tls && (!c->tls || !c->plain)) || make_request(c, to, path, key) < 0 ||
	    (!tls && emit(c, c->opening->request, strlen(c->opening->request)) < 0)) {
		carrier_free(c);
		return NULL;
	}
	return c;
}

int carrier_for(enum route_carrier kind, const struct hostport *to, const char *path, SSL_CTX **tls,
		struct carrier **out)
{
	uint8_t key[KEY_LEN];
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
	return c->state >= OPEN;
}

const char *carrier_forwarded(const struct carrier *c)
{
	return c->forwarded;
}

/* ---- the head: ours or the other's ---- */

static void open_stream(struct carrier *c)
{
	c->state = OPEN;
	free(c->opening);
	c->opening = NULL;
}

static bool is_value(const uint8_t *head, size_t n, const char *name, const char *expected)
{
	const char *value;
	size_t len;

	return http_field(head, n, name, 0, &value, &len) && len == strlen(expected) &&
	       memcmp(value, expected, len) == 0;
}

static int refused(struct carrier *c, enum report_why why, const char *who)
{
	c->report->step = REPORT_UPGRADE;
	c->report->why = why;
	snprintf(c->report->who, sizeof c->report->who, "%s", who);
	return AS_E_PROTOCOL;
}

static int on_answer(struct carrier *c, size_t *used)
{
	struct opening *o = c->opening;
	struct http_head h;
	int err = http_head_decode(o->bytes, o->len, &h);

	if (err == AS_ESHORT)
		return 0;
	if (err < 0)
		return refused(c, REPORT_UPGRADE_REFUSED, "");
	c->report->status = h.status;
	if (h.status / 100 == 3 || h.status == 511)
		return refused(c, REPORT_LOGIN_PAGE, h.location);
	if (h.status != 101 || !http_has_token(o->bytes, h.size, "Upgrade", "websocket") ||
	    !http_has_token(o->bytes, h.size, "Connection", "upgrade") ||
	    !is_value(o->bytes, h.size, "Sec-WebSocket-Accept", o->accept))
		return refused(c, REPORT_UPGRADE_REFUSED, h.reason);
	*used = h.size;
	open_stream(c);
	return 0;
}

static int say_no(struct carrier *c, const char *status, const char *words)
{
	char text[512];
	int n = snprintf(text, sizeof text,
			 "HTTP/1.1 %s\r\n"
			 "Upgrade: websocket\r\n"
			 "Connection: close\r\n"
			 "Content-Type: text/plain\r\n"
			 "Content-Length: %zu\r\n"
			 "\r\n"
			 "%s",
			 status, strlen(words), words);
	int err = emit(c, text, (size_t)n);

	return err < 0 ? err : AS_E_PROTOCOL;
}

/* The address that the nearest proxy saw. Only its owner knows whether that proxy is to be
 * believed.
 */
static void note_forwarded(struct carrier *c, size_t head)
{
	const char *value = NULL, *next;
	size_t n = 0, len;

	for (size_t i = 0; http_field(c->opening->bytes, head, "X-Forwarded-For", i, &next, &len);
	     i++)
		value = next, n = len;
	for (size_t i = n; i > 0; i--) {
		if (value[i - 1] != ',')
			continue;
		value += i;
		n -= i;
		break;
	}
	while (n > 0 && (*value == ' ' || *value == '\t')) {
		value++;
		n--;
	}
	if (n > 0 && n <= CARRIER_FORWARDED_MAX && text_is_clean(value, n)) {
		memcpy(c->forwarded, value, n);
		c->forwarded[n] = '\0';
	}
}

static int welcome(struct carrier *c, const char *key)
{
	char accept[ACCEPT_LEN + 1], text[256];
	int err = accept_of(key, accept);

	if (err < 0)
		return err;

	int n = snprintf(text, sizeof text,
			 "HTTP/1.1 101 Switching Protocols\r\n"
			 "Upgrade: websocket\r\n"
			 "Connection: Upgrade\r\n"
			 "Sec-WebSocket-Accept: %s\r\n"
			 "\r\n",
			 accept);
	err = emit(c, text, (size_t)n);
	if (err == 0)
		open_stream(c);
	return err;
}

static int on_request(struct carrier *c, size_t *used)
{
	const uint8_t *p = c->opening->bytes;
	struct http_request_head h;
	const char *key;
	size_t n;
	int err = http_request_decode(p, c->opening->len, &h);

	if (err == AS_ESHORT)
		return 0;
	if (err < 0)
		return say_no(c, "400 Bad Request", "This is not a request.\n");
	if (strcmp(h.method, "GET") != 0 || h.major != 1 || h.minor < 1 ||
	    !http_has_token(p, h.size, "Upgrade", "websocket") ||
	    !http_has_token(p, h.size, "Connection", "upgrade") ||
	    !is_value(p, h.size, "Sec-WebSocket-Version", "13"))
		return say_no(c, "426 Upgrade Required",
			      "This is an Assent relay. It is no web site.\n");
	if (http_field(p, h.size, "Origin", 0, &key, &n))
		return say_no(c, "403 Forbidden", "Web pages have no business here.\n");
	if (!http_field(p, h.size, "Sec-WebSocket-Key", 0, &key, &n) ||
	    n != HASH_BASE64_LEN(KEY_LEN))
		return say_no(c, "400 Bad Request", "Sec-WebSocket-Key is missing.\n");
	note_forwarded(c, h.size);
	*used = h.size;
	return welcome(c, key);
}

/* Moves what belongs to the head out of in. */
static int read_head(struct carrier *c)
{
	struct opening *o = c->opening;
	size_t before = o->len, n = sizeof o->bytes - o->len, used = 0;

	if (n > c->in_len)
		n = c->in_len;
	memcpy(o->bytes + o->len, c->in, n);
	o->len += n;

	int err = c->is_server ? on_request(c, &used) : on_answer(c, &used);
	if (err < 0)
		return err;
	if (c->state == OPEN) /* what stands behind the head is stream already */
		n = used - before;
	c->in += n;
	c->in_len -= n;
	return 0;
}

/* ---- frames ---- */

static int check_frame(const struct carrier *c, const struct ws_header *h)
{
	if (h->masked != c->is_server)
		return AS_E_PROTOCOL;
	if (h->opcode == WS_CONTINUATION)
		return c->in_message ? 0 : AS_E_PROTOCOL;
	return h->opcode == WS_BINARY && c->in_message ? AS_E_PROTOCOL : 0;
}

/* A reader that takes nothing gets no pongs either. */
static int on_ping(struct carrier *c)
{
	size_t waiting;

	carrier_out(c, &waiting);
	return waiting > CARRIER_FRAME_MAX ? 0 : emit_frame(c, WS_PONG, c->control, c->control_len);
}

static int on_control(struct carrier *c)
{
	if (c->frame.opcode == WS_CLOSE)
		c->state = ENDED;
	return c->frame.opcode == WS_PING && !c->said_close ? on_ping(c) : 0;
}

static bool is_control(const struct ws_header *h)
{
	return h->opcode >= WS_CLOSE;
}

/* Completes the header with what in has. 0 also when it is still not whole. */
static int read_header(struct carrier *c)
{
	size_t had = c->header_len, n = sizeof c->header - had;
	struct ws_header h;

	if (n > c->in_len)
		n = c->in_len;
	memcpy(c->header + had, c->in, n);
	c->header_len += n;

	int err = ws_header_decode(c->header, c->header_len, &h);
	if (err == AS_ESHORT) {
		c->in += n;
		c->in_len -= n;
		return 0;
	}
	if (err == 0)
		err = check_frame(c, &h);
	if (err < 0)
		return err;
	c->in += h.size - had;
	c->in_len -= h.size - had;
	c->header_len = c->control_len = 0;
	c->frame = h;
	c->left = h.len;
	if (!is_control(&h))
		c->in_message = !h.fin;
	return is_control(&h) && h.len == 0 ? on_control(c) : 0;
}

/* *n bytes of the stream at *p, or a piece of a control frame. */
static int read_payload(struct carrier *c, const uint8_t **p, size_t *n)
{
	size_t take = c->left < c->in_len ? (size_t)c->left : c->in_len;
	uint8_t *at = c->in;

	if (c->frame.masked)
		ws_mask(at, take, c->frame.mask, c->frame.len - c->left);
	c->in += take;
	c->in_len -= take;
	c->left -= take;
	if (!is_control(&c->frame)) {
		*p = at;
		*n = take;
		return 0;
	}
	memcpy(c->control + c->control_len, at, take);
	c->control_len += take;
	return c->left == 0 ? on_control(c) : 0;
}

/* ---- in ---- */

static int start_tls(struct carrier *c)
{
	if (!tls_is_open(c->tls))
		return 0;
	outer_note_peer(c->tls);
	c->state = IN_HEAD;
	return emit(c, c->opening->request, strlen(c->opening->request));
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
	if (c->state == IN_TLS) {
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
	case IN_HEAD:
		return read_head(c);
	case OPEN:
		return c->left > 0 ? read_payload(c, p, n) : read_header(c);
	default:
		c->in_len = 0;
		return 0;
	}
}

int carrier_read(struct carrier *c, const uint8_t **p, size_t *n)
{
	int err = 0;

	*n = 0;
	while (err == 0 && *n == 0 && c->state != ENDED) {
		if (c->in_len == 0 && c->tls)
			err = decrypt(c);
		if (err != 0 || c->in_len == 0)
			break;
		err = step(c, p, n);
	}
	if (err == 0 && *n == 0 && c->state == ENDED)
		return CARRIER_END;
	if (err == 0 && *n == 0 && c->ended)
		return AS_E_TRUNCATED;
	return err;
}

/* ---- for the message ---- */

void carrier_report(const struct carrier *c, struct report *r)
{
	const struct tls_peer *peer = c->tls ? tls_peer(c->tls) : NULL;

	r->step = c->state == IN_TLS ? REPORT_CARRIER : REPORT_UPGRADE;
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
