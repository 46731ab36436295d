/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/ws_frame.h"

#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/cursor.h"

#define FIN	 0x80
#define RESERVED 0x70
#define MASKED	 0x80
#define LEN_16	 126
#define LEN_64	 127

static bool is_control(unsigned opcode)
{
	return opcode >= WS_CLOSE;
}

static bool is_known(unsigned opcode)
{
	return opcode == WS_CONTINUATION || opcode == WS_BINARY ||
	       (opcode >= WS_CLOSE && opcode <= WS_PONG);
}

static int check(const struct ws_header *h, unsigned len7)
{
	if (is_control(h->opcode) && (!h->fin || len7 > WS_CONTROL_MAX))
		return AS_E_PROTOCOL;
	if ((len7 == LEN_16 && h->len < LEN_16) || (len7 == LEN_64 && h->len <= UINT16_MAX))
		return AS_E_PROTOCOL;
	return h->len > WS_PAYLOAD_MAX ? AS_E_TOO_BIG : 0;
}

int ws_header_decode(const uint8_t *p, size_t n, struct ws_header *out)
{
	struct cursor c = cursor_over(p, n);
	struct ws_header h = {0};
	uint8_t first = cursor_u8(&c), second = cursor_u8(&c);
	unsigned opcode = first & 0x0f, len7 = second & ~MASKED & 0xff;

	if (n >= 1 && ((first & RESERVED) || !is_known(opcode)))
		return AS_E_PROTOCOL;
	h.fin = first & FIN;
	h.opcode = (enum ws_opcode)opcode;
	h.masked = second & MASKED;
	h.len = len7 == LEN_16 ? cursor_u16(&c) : len7 == LEN_64 ? cursor_u64(&c) : len7;
	if (c.err < 0)
		return AS_ESHORT;

	int err = check(&h, len7);
	if (err < 0)
		return err;
	if (h.masked)
		cursor_copy(&c, h.mask, sizeof h.mask);
	if (c.err < 0)
		return AS_ESHORT;
	h.size = n - cursor_left(&c);
	*out = h;
	return 0;
}

size_t ws_header_encode(enum ws_opcode opcode, uint64_t len, const uint8_t mask[4],
			uint8_t out[WS_HEADER_MAX])
{
	struct writer w = writer_over(out, WS_HEADER_MAX);
	uint8_t bit = mask ? MASKED : 0;

	writer_u8(&w, (uint8_t)(FIN | opcode));
	if (len < LEN_16) {
		writer_u8(&w, (uint8_t)(bit | len));
	} else if (len <= UINT16_MAX) {
		writer_u8(&w, bit | LEN_16);
		writer_u16(&w, (uint16_t)len);
	} else {
		writer_u8(&w, bit | LEN_64);
		writer_u64(&w, len);
	}
	if (mask)
		writer_put(&w, mask, 4);
	return (size_t)(w.at - w.start);
}

/* Eight bytes at a time: this is all that a masked byte costs. */
void ws_mask(uint8_t *p, size_t n, const uint8_t mask[4], uint64_t at)
{
	uint8_t turned[8];
	uint64_t wide, word;

	for (size_t i = 0; i < sizeof turned; i++)
		turned[i] = mask[(at + i) & 3];
	memcpy(&wide, turned, sizeof wide);
	for (; n >= sizeof wide; p += sizeof wide, n -= sizeof wide) {
		memcpy(&word, p, sizeof word);
		word ^= wide;
		memcpy(p, &word, sizeof word);
	}
	for (size_t i = 0; i < n; i++)
		p[i] ^= turned[i];
}
