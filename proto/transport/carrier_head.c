/* SPDX-License-Identifier: Apache-2.0
 *
 * How a WebSocket is opened (RFC 6455 section 4): the client's GET, the server's 101, and what
 * either says to somebody who wants something else.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/transport/carrier_priv.h"
#include "proto/transport/hash.h"

#define MAGIC "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static int accept_of(const char *key, char out[CARRIER_ACCEPT_LEN + 1])
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

int carrier_make_request(struct carrier *c, const struct hostport *to, const char *path,
			 const uint8_t key[CARRIER_KEY_LEN])
{
	char host[HOSTPORT_TEXT_MAX], text[HASH_BASE64_LEN(CARRIER_KEY_LEN) + 1];
	int n;

	hash_base64(key, CARRIER_KEY_LEN, text);
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

static void open_stream(struct carrier *c)
{
	c->state = CARRIER_OPEN;
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
	struct carrier_opening *o = c->opening;
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
	int err = carrier_emit(c, text, (size_t)n);

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
	char accept[CARRIER_ACCEPT_LEN + 1], text[256];
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
	err = carrier_emit(c, text, (size_t)n);
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
	    n != HASH_BASE64_LEN(CARRIER_KEY_LEN))
		return say_no(c, "400 Bad Request", "Sec-WebSocket-Key is missing.\n");
	note_forwarded(c, h.size);
	*used = h.size;
	return welcome(c, key);
}

/* Moves what belongs to the head out of in. */
int carrier_read_head(struct carrier *c)
{
	struct carrier_opening *o = c->opening;
	size_t before = o->len, n = sizeof o->bytes - o->len, used = 0;

	if (n > c->in_len)
		n = c->in_len;
	memcpy(o->bytes + o->len, c->in, n);
	o->len += n;

	int err = c->is_server ? on_request(c, &used) : on_answer(c, &used);
	if (err < 0)
		return err;
	if (c->state == CARRIER_OPEN) /* what stands behind the head is stream already */
		n = used - before;
	c->in += n;
	c->in_len -= n;
	return 0;
}
