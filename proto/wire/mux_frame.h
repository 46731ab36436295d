/* SPDX-License-Identifier: Apache-2.0
 *
 * Mux frames: layer L4 of PROTOCOL.md section 3, inside the inner TLS. A frame is
 * u24 length | u8 type | u32 stream | payload. Control messages ride on stream 0.
 *
 * The small, hot flow-control payloads have a fixed layout here; everything else is a
 * nanopb message (messages.h).
 */
#ifndef AS_WIRE_MUX_FRAME_H
#define AS_WIRE_MUX_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MUX_HEADER 8
#define MUX_PAYLOAD_MAX \
	16320 /* + 8 + 22 (inner TLS) + 4 (relay frame) <= 16384, one record everywhere */
#define MUX_FRAME_MAX (MUX_HEADER + MUX_PAYLOAD_MAX)
#define MUX_CONTROL_MAX \
	8192 /* every control message but SESSION_REQ, SCOPE_REQ, GRANT, OPEN, CATALOG */
#define MUX_FIN_SUM_LEN 32

/* Who sends it: C console, A agent. Types from 0x80 may be ignored by who does not know them. */
enum mux_type {
	MUX_HELLO = 0x01,	/* both, agent first */
	MUX_PAKE_A = 0x02,	/* C */
	MUX_PAKE_B = 0x03,	/* A */
	MUX_PAKE_CA = 0x04,	/* C */
	MUX_PAKE_CB = 0x05,	/* A */
	MUX_SESSION_REQ = 0x06, /* C */
	MUX_PENDING = 0x07,	/* A */
	MUX_GRANT = 0x08,	/* A */
	MUX_DENY = 0x09,	/* A */
	MUX_SCOPE_REQ = 0x0a,	/* C */
	MUX_REVOKED = 0x0b,	/* A */
	MUX_OPEN = 0x0c,	/* C */
	MUX_OPEN_OK = 0x0d,	/* A */
	MUX_OPEN_ERR = 0x0e,	/* A */
	MUX_DATA = 0x0f,	/* both; the stream is the frame's own; never empty */
	MUX_CREDIT = 0x10,	/* both; stream u32 | consumed u64 | max u64 (absolute offsets) */
	MUX_SCREDIT = 0x11,	/* both; max u64 (absolute, all streams together) */
	MUX_FIN = 0x12,		/* both; on the stream; final u64 | sum[32] */
	MUX_RESET = 0x13,	/* both; on the stream; code u32 */
	MUX_PING = 0x14,	/* both; token u64 */
	MUX_PONG = 0x15,	/* both; token u64 */
	MUX_RESUME = 0x16,	/* C */
	MUX_RESUMED = 0x17,	/* A */
	MUX_AUDIT_MARK = 0x18,	/* both */
	MUX_END = 0x19,		/* both; then close_notify */
	MUX_ACK = 0x1a,		/* both; u64: sequenced frames received since the session began */
	MUX_CATALOG = 0x80,	/* A, right after GRANT: what this agent can collect */
};

#define MUX_TYPE_MAY_IGNORE(type) ((type) >= 0x80)

/* Is it counted, acknowledged and sent again after a lost connection (PROTOCOL.md section 9)? All
 * messages but those of the handshakes and END; FIN and RESET; every type from 0x80, so that
 * who does not know one counts it all the same. */
bool mux_frame_is_sequenced(uint8_t type);

struct mux_frame {
	uint8_t type;
	uint32_t stream;
	const uint8_t *payload; /* points into the decoded buffer; not ours */
	size_t len;
};

/* Size of the frame that starts at buf, header included; 0 while the header is not whole;
 * AS_E_TOO_BIG for a length that its type may not have. */
int mux_frame_size(const uint8_t *buf, size_t n);

/* Exactly one whole frame: AS_ESHORT, AS_E_TOO_BIG, AS_EBADMSG (a control type on a stream,
 * DATA, FIN or RESET on stream 0, empty DATA, an unknown type below 0x80). */
int mux_frame_decode(const uint8_t *buf, size_t n, struct mux_frame *out);

void mux_frame_header(uint8_t type, uint32_t stream, size_t len, uint8_t out[MUX_HEADER]);

struct mux_credit {
	uint32_t stream;
	uint64_t consumed, max;
};
struct mux_fin {
	uint64_t final;
	uint8_t sum[MUX_FIN_SUM_LEN]; /* e2e/mux_sum.h says of what kind */
};

#define MUX_CREDIT_LEN 20
#define MUX_FIN_LEN    40
int mux_credit_decode(const uint8_t *p, size_t n, struct mux_credit *out);
void mux_credit_encode(const struct mux_credit *c, uint8_t out[MUX_CREDIT_LEN]);
int mux_fin_decode(const uint8_t *p, size_t n, struct mux_fin *out);
void mux_fin_encode(const struct mux_fin *f, uint8_t out[MUX_FIN_LEN]);
int mux_u32_decode(const uint8_t *p, size_t n, uint32_t *out); /* RESET */
int mux_u64_decode(const uint8_t *p, size_t n, uint64_t *out); /* PING, PONG, SCREDIT, ACK */

#endif
