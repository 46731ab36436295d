/* SPDX-License-Identifier: Apache-2.0
 *
 * Relay frames: what agent and console say to the relay, inside the outer TLS
 * (PROTOCOL.md section 3, layer L2). A frame is u8 type | u24 length | payload.
 *
 *   agent    HELLO ->           ALLOC ->                          DATA <->        CLOSE ->
 *   relay           <- HELLO          <- ALLOCATED  <- PAIRED            PEER_LOST
 *   console  HELLO ->           JOIN ->             <- PAIRED     DATA <->        CLOSE ->
 *
 * Who may send what when stands in relay/book.c; this file knows only the bytes.
 */
#ifndef AS_WIRE_RELAY_FRAME_H
#define AS_WIRE_RELAY_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RELAY_FRAME_HEADER	4
#define RELAY_FRAME_PAYLOAD_MAX 16380 /* so that frame and header fill one TLS record */
#define RELAY_FRAME_MAX		(RELAY_FRAME_HEADER + RELAY_FRAME_PAYLOAD_MAX)
#define RELAY_CONTROL_MAX	64 /* payload of every frame but DATA */
#define RELAY_SEALED_MAX	(512u << 10)
#define RELAY_HANDLE_LEN	16
#define RELAY_VERSION		1
#define RELAY_ID_BITS		20 /* 4 Crockford characters */

/* HELLO's features: what its sender understands. */
#define RELAY_TAKES_SEALED UINT32_C(1)

enum relay_frame_type {
	RELAY_HELLO = 1,     /* both, first: role, versions, features */
	RELAY_ALLOC = 2,     /* agent: give me an id; no payload */
	RELAY_ALLOCATED = 3, /* relay: id, handle, life in seconds */
	RELAY_JOIN = 4,	     /* console: id */
	RELAY_PAIRED = 5, /* relay to both: handle (the receiver's own, the latest counts). Agent to
			   * relay, empty: the console has proved the code, let nobody else join */
	RELAY_DATA = 6,	  /* opaque, forwarded as it is; never empty */
	RELAY_PING = 7,	  /* token */
	RELAY_PONG = 8,	  /* the token of the PING */
	RELAY_PEER_LOST = 9,  /* relay: the other side's connection is gone; send no more DATA */
	RELAY_PEER_BACK = 10, /* relay: it is back, a new inner handshake begins */
	RELAY_REATTACH = 11,  /* both, instead of ALLOC and JOIN: id, handle of the latest PAIRED */
	RELAY_NOTICE = 12,    /* relay: it will go away in so many seconds */
	RELAY_CLOSE =
	    13, /* both: error number, keep_id (agent only: drop this console, keep the id) */
	RELAY_ERROR = 14,  /* relay: error number; the connection ends */
	RELAY_SEALED = 15, /* DATA that is not encrypted once more: this frame says how many bytes,
			    * and they follow on the connection itself, behind its record */
};

enum relay_role { RELAY_ROLE_AGENT = 1, RELAY_ROLE_CONSOLE = 2, RELAY_ROLE_RELAY = 3 };

struct relay_frame {
	enum relay_frame_type type;
	union {
		struct {
			uint8_t role; /* enum relay_role */
			uint8_t ver_min, ver_max;
			uint32_t features;
		} hello;
		struct {
			uint32_t id; /* below 1 << RELAY_ID_BITS */
			uint8_t handle[RELAY_HANDLE_LEN];
			uint32_t life_s;
		} allocated;
		uint32_t join_id;
		struct {
			bool has_handle;
			uint8_t handle[RELAY_HANDLE_LEN];
		} paired;
		struct {
			const uint8_t *bytes; /* points into the decoded buffer; not ours */
			size_t len;	      /* 1..RELAY_FRAME_PAYLOAD_MAX */
		} data;			      /* also what a hop makes of SEALED: whole records */
		uint32_t sealed_len;	      /* 1..RELAY_SEALED_MAX, on the wire */
		uint64_t token;		      /* PING, PONG */
		struct {
			uint32_t id;
			uint8_t handle[RELAY_HANDLE_LEN];
		} reattach;
		uint32_t notice_s;
		struct {
			uint32_t code; /* err_to_wire() */
			bool keep_id;
		} close;
		uint32_t error_code; /* err_to_wire() */
	};
};

/* How long the frame that starts at buf is, header included. 0 while fewer than
 * RELAY_FRAME_HEADER bytes are there; AS_E_TOO_BIG or AS_EBADMSG for a header that
 * can never be right. */
int relay_frame_size(const uint8_t *buf, size_t n);

/* Exactly one whole frame. AS_ESHORT, AS_E_TOO_BIG, AS_EBADMSG; *out untouched on failure. */
int relay_frame_decode(const uint8_t *buf, size_t n, struct relay_frame *out);

/* Bytes written, or AS_EFULL, AS_E_TOO_BIG. */
int relay_frame_encode(const struct relay_frame *f, uint8_t *buf, size_t cap);

/* Only the 4 bytes before len payload bytes of DATA. */
void relay_frame_data_header(size_t len, uint8_t out[RELAY_FRAME_HEADER]);

#endif
