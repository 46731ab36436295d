/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of a carrier, shared by carrier.c (life, TLS, what goes out), carrier_head.c (the
 * upgrade) and carrier_frame.c (the WebSocket).
 *
 *   client: [TLS ->] HEAD (GET is sent, 101 awaited) -> OPEN -> ENDED
 *   server:          HEAD (GET awaited, 101 is sent) -> OPEN -> ENDED
 */
#ifndef AS_TRANSPORT_CARRIER_PRIV_H
#define AS_TRANSPORT_CARRIER_PRIV_H

#include "proto/base/buf.h"
#include "proto/transport/carrier.h"
#include "proto/wire/http_head.h"
#include "proto/wire/ws_frame.h"

#define CARRIER_KEY_LEN	    16
#define CARRIER_ACCEPT_LEN  28 /* base64 of SHA-1 */
#define CARRIER_REQUEST_MAX 1024

enum carrier_state { CARRIER_IN_TLS, CARRIER_IN_HEAD, CARRIER_OPEN, CARRIER_ENDED };

/* What only one of both sides needs, and what is over once the WebSocket is open. */
struct carrier_opening {
	uint8_t bytes[HTTP_HEAD_MAX]; /* the other side's head, as far as it has come */
	size_t len;
	char request[CARRIER_REQUEST_MAX]; /* the client's */
	char accept[CARRIER_ACCEPT_LEN + 1];
};

struct carrier {
	enum carrier_state state;
	bool is_server, ended;
	struct tls *tls; /* of the carrier; NULL: none */
	uint8_t *plain;	 /* what tls has decrypted; NULL without it */
	struct carrier_opening *opening;
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

/* Bytes for the network: into the carrier's TLS, or as they are. */
int carrier_emit(struct carrier *c, const void *p, size_t n);

/* carrier_head.c: a client's request and the answer that it expects. */
int carrier_make_request(struct carrier *c, const struct hostport *to, const char *path,
			 const uint8_t key[CARRIER_KEY_LEN]);
/* Moves what belongs to the head out of in; the state is CARRIER_OPEN when it was whole. */
int carrier_read_head(struct carrier *c);

/* carrier_frame.c */
int carrier_emit_frame(struct carrier *c, enum ws_opcode opcode, const void *p, size_t n);
/* One step: a header, a piece of a control frame, or *n bytes of the stream at *p. */
int carrier_read_frame(struct carrier *c, const uint8_t **p, size_t *n);

#endif
