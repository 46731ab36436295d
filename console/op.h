/* SPDX-License-Identifier: Apache-2.0
 *
 * Operations of the agent at work: each is one stream, asked for with OPEN and answered with the
 * records of wire/item.h. This file opens streams, finds the operation that a message or a byte
 * belongs to, unpacks and decodes. What the records mean is the owner's business.
 *
 *   IDLE --op_ask()--> ASKED (OPEN sent) --OPEN_OK--> RUNNING --> DONE      any but IDLE -> DONE
 *
 * An operation that goes wrong costs itself and nothing else: only what no agent of ours would do
 * (bytes before OPEN_OK, compression that nobody asked for) ends the session.
 *
 * Credit: bytes count as consumed when on_record() and on_fed() have returned, which is after the
 * disk has them. An owner whose reader is slower than that sets `holds`, and clears it and says
 * op_release() later; no more than the stream's window is ever on its way to it.
 */
#ifndef AS_CONSOLE_OP_H
#define AS_CONSOLE_OP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/item.h"
#include "proto/wire/messages.h"

struct mux;
struct unpack;
struct unpack_frame;

#define OPS_MAX MSG_STREAMS_MAX

/* Sets of record types, for op.takes. */
#define OP_TAKES(type) (1u << (type))
#define OP_TAKES_ALWAYS \
	(OP_TAKES(ITEM_NOTE) | OP_TAKES(ITEM_END)) /* what every operation may say */

enum op_phase { OP_IDLE, OP_ASKED, OP_RUNNING, OP_DONE };

struct op_events {
	/* One record of a type in op.takes. Negative gives the stream up: on_done() follows. */
	int (*on_record)(const struct item *rec, void *owner);
	/* Once, unless op_stop() comes first: state and why are those of END, or what went wrong.
	 * The operation is over and may be freed. */
	void (*on_done)(enum item_state state, const char *why, void *owner);
	/* These may be NULL. */
	void (*on_running)(void *owner); /* OPEN_OK */
	void (*on_fed)(void *owner);	 /* all records of what came at once are told */
	void (*on_room)(void *owner);	 /* mux.h */
};

struct op {
	const struct op_events *ev;
	void *owner;
	uint32_t takes; /* record types; all others break the protocol, for this operation */
	bool holds;	/* see above */
	bool packs;	/* its DATA may come as PACKED records, where the agent can make them */
	bool plain;	/* where it cannot: it is not worth compressing */

	/* op.c's own */
	struct ops *ops;
	struct unpack *unpack;	     /* NULL when the stream is not compressed */
	struct unpack_frame *frames; /* NULL when no record is */
	uint64_t unpacked;	     /* bytes of PACKED records */
	struct item_decoder decoder;
	enum op_phase phase;
	bool bulk;
	uint32_t stream;
	size_t held; /* bytes that are not consumed yet */
	enum item_state end_state;
	char end_why[ITEM_WHY_MAX + 1];
};

/* All of one session. */
struct ops {
	struct mux *mux;    /* NULL while there is no link */
	uint64_t features;  /* FEATURE_*, that both sides have */
	uint64_t bytes_max; /* of one unpacked stream */
	struct op *at[OPS_MAX];
	size_t count;
};

void ops_init(struct ops *o);

/* Sends OPEN. The op's first fields are filled by the caller, all else is 0. Negative: nothing
 * was sent and nothing will be told. */
int op_ask(struct op *op, struct ops *o, const as_CatalogEntry *entry, const as_OpenArgs *args);

/* Nobody wants the rest: the agent is told why, and nothing more comes. Not from on_record(), which
 * returns a negative value for that. Harmless when it is not at work. */
void op_stop(struct op *op, int why);

/* What is held counts as consumed. */
void op_release(struct op *op);

static inline bool op_is_at_work(const struct op *op)
{
	return op->phase == OP_ASKED || op->phase == OP_RUNNING;
}

/* From the mux: OPEN_OK and OPEN_ERR, data, FIN, RESET, room. Negative: the agent broke the
 * protocol. What belongs to no operation any more is ignored. */
int ops_message(struct ops *o, uint8_t type, const uint8_t *p, size_t n);
int ops_data(struct ops *o, uint32_t stream, const uint8_t *p, size_t n);
void ops_fin(struct ops *o, uint32_t stream, bool ok);
void ops_reset(struct ops *o, uint32_t stream, int code);
void ops_room(struct ops *o, uint32_t stream);

#endif
