/* SPDX-License-Identifier: Apache-2.0
 *
 * WebSocket frames (RFC 6455 section 5), as far as a byte stream needs them: the header, the mask,
 * and which frames may follow each other. Pure. Payloads are never gathered: a frame's bytes are
 * handed on as they come, so no length that a stranger names makes us keep anything.
 */
#ifndef AS_WIRE_WS_FRAME_H
#define AS_WIRE_WS_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WS_HEADER_MAX  14
#define WS_PAYLOAD_MAX (16u << 20) /* of one frame; what is longer is no carrier of ours */
#define WS_CONTROL_MAX 125

enum ws_opcode {
	WS_CONTINUATION = 0,
	WS_TEXT = 1,
	WS_BINARY = 2,
	WS_CLOSE = 8,
	WS_PING = 9,
	WS_PONG = 10,
};

struct ws_header {
	bool fin, masked;
	enum ws_opcode opcode; /* TEXT is refused: we never take it */
	uint64_t len;
	uint8_t mask[4];
	size_t size; /* of the header */
};

/* AS_ESHORT: read on. AS_E_PROTOCOL: reserved bits or opcodes, text, a control frame that is cut or
 * long, a length in more bytes than it needs. AS_E_TOO_BIG: WS_PAYLOAD_MAX. */
int ws_header_decode(const uint8_t *p, size_t n, struct ws_header *out);

/* A whole (fin) frame's header; mask NULL: a server's. Returns its size. */
size_t ws_header_encode(enum ws_opcode opcode, uint64_t len, const uint8_t mask[4],
			uint8_t out[WS_HEADER_MAX]);

/* In place; at: how many bytes of the same frame came before. */
void ws_mask(uint8_t *p, size_t n, const uint8_t mask[4], uint64_t at);

#endif
