/* SPDX-License-Identifier: Apache-2.0
 *
 * An open WebSocket (RFC 6455 section 5) as a stream of bytes.
 */
#include <string.h>
#include <uv.h>

#include "proto/base/err.h"
#include "proto/transport/carrier_priv.h"

/* A client's frames must be masked with bytes that nobody can foresee. */
int carrier_emit_frame(struct carrier *c, enum ws_opcode opcode, const void *p, size_t n)
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
	return carrier_emit(c, frame, size + n);
}

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
	return waiting > CARRIER_FRAME_MAX
		   ? 0
		   : carrier_emit_frame(c, WS_PONG, c->control, c->control_len);
}

static int on_control(struct carrier *c)
{
	if (c->frame.opcode == WS_CLOSE)
		c->state = CARRIER_ENDED;
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

int carrier_read_frame(struct carrier *c, const uint8_t **p, size_t *n)
{
	return c->left > 0 ? read_payload(c, p, n) : read_header(c);
}
