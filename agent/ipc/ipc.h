/* SPDX-License-Identifier: Apache-2.0
 *
 * What broker and assent-net say to each other over the pipe between them.
 *
 * The pipe is the wall between the network and the customer's rights: assent-net is assumed
 * to be in the attacker's hands. So a message is a fixed header and a limited number
 * of bytes; the broker looks into those bytes only where they are the signed request, its
 * certificate chain, or a struct of fixed size. Both programs are built from one source, and
 * the byte order is the wire's, so that the codec can be fuzzed like any other.
 *
 *   header: u32 type | u32 stream | u64 value | u32 code | u32 len      then len bytes
 *
 * Life:  broker: CONFIG* SOCKET -> net: ALLOCATED -> PEER_UP -> broker: NONCE -> net: HELLOS
 *        -> PAKE_A -> broker: SEND(PAKE_B) -> PAKE_CA -> broker: SEND(PAKE_CB) AUTHED
 *        -> REQUEST -> broker: SEND(PENDING, GRANT, CATALOG) -> OPEN -> broker: ACCEPT DATA* FIN
 *        -> any time: END, after which net says goodbye and exits.
 * After a loss (RELAY_LOST or PEER_LOST, and the session may come back):
 *        broker: SOCKET (when the relay is gone) -> net: REATTACHED -> PEER_UP -> broker: NONCE
 *        -> net: HELLOS -> RESUME -> broker: RESUMED, or DROP_PEER and all of it again.
 */
#ifndef AS_AGENT_IPC_H
#define AS_AGENT_IPC_H

#include <stddef.h>
#include <stdint.h>

#include "proto/wire/mux_frame.h"
#include "proto/wire/mux_table.h"
#include "proto/wire/op_args.h"

#define IPC_HEADER	24
#define IPC_PAYLOAD_MAX 16384 /* a PEM file or a whole mux frame */
/* Of what a collector wrote, as many frames as are full: of one that is alone, all that may wait at
 * once, so that each program is woken seldom; and of many. */
#define IPC_DATA_MAX	 (16 * MUX_PAYLOAD_MAX)
#define IPC_DATA_OF_MANY (4 * MUX_PAYLOAD_MAX)
#define IPC_MESSAGE_MAX	 (IPC_HEADER + IPC_DATA_MAX)
/* Bytes of one stream that net may hold unsent. */
#define IPC_WINDOW	   IPC_DATA_MAX
#define IPC_WINDOW_OF_MANY (128u << 10)

enum ipc_type {
	/* broker -> net */
	IPC_CONFIG = 1,	   /* code: enum ipc_config; payload: the bytes */
	IPC_SOCKET = 2,	   /* the connected socket comes with it; payload: struct ipc_way */
	IPC_NONCE = 3,	   /* stream: as PEER_UP; payload: 32 random bytes for the agent's HELLO */
	IPC_SEND = 4,	   /* code: enum mux_type; payload: an encoded control message */
	IPC_AUTHED = 5,	   /* the console proved the code: lift the limits, tell the relay */
	IPC_DROP_PEER = 6, /* code: error; drop this console and wait for the next */
	IPC_ACCEPT = 7,	   /* stream; code: comp; value: size hint */
	IPC_REFUSE = 8,	   /* stream; code: error */
	IPC_DATA = 9,	   /* stream; payload: 1..IPC_DATA_MAX bytes */
	IPC_FIN = 10,	   /* stream: all of it was sent */
	IPC_RESET = 11,	   /* both; stream; code: error */
	IPC_END = 12,	   /* both; code: error. From the broker: say goodbye and exit */
	IPC_RESUMED = 13,  /* stream: as RESUME; code: n; payload: the 32 bytes of our MAC */
	IPC_LISTEN = 14,   /* stream; with ACCEPT: the console may send on it */
	IPC_TOOK = 15,	   /* stream; value: offset up to which its input is out of our hands */

	/* net -> broker */
	IPC_ALLOCATED = 32, /* value: the id; code: its life in seconds */
	IPC_PEER_UP = 33,   /* the inner TLS stands; stream: which one; payload: struct ipc_peer */
	IPC_HELLOS = 34,    /* payload: SHA-256 of both HELLOs; code: agreed minor version */
	IPC_PAKE_A = 35,    /* payload: 65 bytes */
	IPC_PAKE_CA = 36,   /* payload: 32 bytes */
	IPC_REQUEST =
	    37,	       /* code: 0 session, 1 more scopes; payload: the SignedRequest as received */
	IPC_OPEN = 38, /* stream; payload: struct ipc_open */
	IPC_CONSUMED = 39,   /* stream; value: offset up to which net has sent the stream */
	IPC_PEER_LOST = 40,  /* code: why; value: 1 when it cannot come back */
	IPC_RELAY_LOST = 41, /* code: why; payload: a report (route/report.h) when the relay's HELLO
			      * never came, else nothing */
	IPC_NOTICE = 42,     /* value: seconds until the relay goes away */
	IPC_RESUME = 43,     /* stream: which connection's; payload: struct ipc_resume */
	IPC_REATTACHED = 44, /* the relay knows us again */
	IPC_INPUT = 45,	     /* stream; payload: 1..MUX_PAYLOAD_MAX bytes from the console */
	IPC_INPUT_END = 46,  /* stream; value: 1 when length and hash are what was sent */
	IPC_GREETED = 47,    /* its HELLO came; payload: a report: whose certificates were shown */
};

/* SYSTEM_CAS: once for each piece, in their order; only before a way that needs them. */
enum ipc_config { IPC_RELAY_NAME = 1, IPC_RELAY_CA = 2, IPC_ENGINEER_CA = 3, IPC_SYSTEM_CAS = 4 };
#define IPC_SYSTEM_CAS_MAX (1u << 20)
#define IPC_REPORT_MAX	   512

struct ipc_msg {
	enum ipc_type type;
	uint32_t stream;
	uint64_t value;
	uint32_t code;
	const uint8_t *payload; /* points into the decoded buffer; not ours */
	size_t len;
};

/* Size of the message that starts at buf; 0 while its header is not whole; AS_E_PROTOCOL for
 * a header that can never be right (type, length for its type). */
int ipc_size(const uint8_t *buf, size_t n);
/* Exactly one whole message. AS_E_PROTOCOL; *out untouched on failure. */
int ipc_decode(const uint8_t *buf, size_t n, struct ipc_msg *out);
/* The header alone, for m->len payload bytes that follow it. */
void ipc_header(const struct ipc_msg *m, uint8_t out[IPC_HEADER]);

#define IPC_WAY_TEXT_MAX 255

/* What stands between the socket and the relay's TLS. */
struct ipc_way {
	uint8_t carrier;      /* enum route_carrier */
	uint8_t system_trust; /* 1: the certificates of SYSTEM_CAS will do in place of RELAY_CA */
	uint8_t only_greet;   /* 1: nothing is asked of the relay; after its HELLO we leave */
	char host[IPC_WAY_TEXT_MAX + 1], port[6], path[IPC_WAY_TEXT_MAX + 1]; /* of a WebSocket */
};
#define IPC_WAY_LEN_MAX (3 + 3 + 2 * IPC_WAY_TEXT_MAX + 5)
int ipc_way_encode(const struct ipc_way *w, uint8_t *buf, size_t cap);
int ipc_way_decode(const uint8_t *p, size_t n, struct ipc_way *out);

#define IPC_BINDING_LEN 32
#define IPC_GROUP_MAX	32
#define IPC_CHAIN_MAX	8192

/* What net says about the console it talks to. The broker believes none of it without the
 * signed request, which must name the same binding and key. */
struct ipc_peer {
	uint8_t binding[IPC_BINDING_LEN]; /* the inner TLS exporter */
	uint8_t agent_spki_sha256[32];
	char group[IPC_GROUP_MAX + 1]; /* negotiated key exchange, for the record */
	uint8_t chain[IPC_CHAIN_MAX];  /* DER, leaf first */
	size_t chain_len;
};
#define IPC_PEER_LEN_MAX (IPC_BINDING_LEN + 32 + 1 + IPC_GROUP_MAX + IPC_CHAIN_MAX)
int ipc_peer_encode(const struct ipc_peer *p, uint8_t *buf, size_t cap);
int ipc_peer_decode(const uint8_t *p, size_t n, struct ipc_peer *out);

/* An OPEN with its arguments, fixed size on the pipe. */
struct ipc_open {
	uint32_t op_id, comp;
	struct op_args args;
};
#define IPC_OPEN_LEN (2 * 4 + OP_ARGS_LEN)
void ipc_open_encode(const struct ipc_open *o, uint8_t out[IPC_OPEN_LEN]);
int ipc_open_decode(const uint8_t *p, size_t n, struct ipc_open *out);

#define IPC_SESSION_ID_LEN 16
#define IPC_MAC_LEN	   32

/* The console's RESUME, and what net would answer: the broker checks the MAC over the one table and
 * makes that over the other. It looks into neither. */
struct ipc_resume {
	uint32_t n;
	uint8_t session_id[IPC_SESSION_ID_LEN];
	uint8_t mac[IPC_MAC_LEN];
	const uint8_t *table, *own; /* point into the decoded buffer; not ours */
	size_t table_len, own_len;  /* 1..MUX_TABLE_LEN_MAX */
};
#define IPC_RESUME_HEAD	   (4 + IPC_SESSION_ID_LEN + IPC_MAC_LEN + 2)
#define IPC_RESUME_LEN_MAX (IPC_RESUME_HEAD + 2 * MUX_TABLE_LEN_MAX)
int ipc_resume_encode(const struct ipc_resume *r, uint8_t *buf, size_t cap);
int ipc_resume_decode(const uint8_t *p, size_t n, struct ipc_resume *out);

#endif
