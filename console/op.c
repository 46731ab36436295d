/* SPDX-License-Identifier: Apache-2.0 */
#include "console/op.h"

#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/mux.h"
#include "proto/e2e/pack.h"
#include "proto/e2e/unpack_frame.h"

_Static_assert(ITEM_PACKED < 32, "every record type has a bit in op.takes");

void ops_init(struct ops *o)
{
	*o = (struct ops){.bytes_max = UNPACK_TOTAL_MAX};
}

static struct op *find(const struct ops *o, uint32_t stream)
{
	for (size_t i = 0; i < o->count; i++)
		if (o->at[i]->stream == stream)
			return o->at[i];
	return NULL;
}

/* The stream is over for us: nothing finds the operation any more. */
static void forget(struct op *op)
{
	struct ops *o = op->ops;
	size_t i = 0;

	while (o->at[i] != op)
		i++;
	o->at[i] = o->at[--o->count];
	unpack_free(op->unpack);
	unpack_frame_free(op->frames);
	op->unpack = NULL;
	op->frames = NULL;
	op->phase = OP_DONE;
}

static void finish(struct op *op, enum item_state state, const char *why)
{
	op_release(op);
	forget(op);
	op->ev->on_done(state, why, op->owner);
}

static void fail(struct op *op, enum item_state state, int err)
{
	char text[128];

	finish(op, state, err_text(err, text, sizeof text));
}

/* ---- asking ---- */

static int send_open(struct op *op, const as_CatalogEntry *entry, const as_OpenArgs *args)
{
	struct mux *mux = op->ops->mux;
	static as_Open open; /* too big for a stack; one is made at a time */
	static uint8_t buf[as_Open_size];

	open = (as_Open){
	    .stream = op->stream,
	    .op_id = entry->op_id,
	    .has_args = true,
	    .args = *args,
	    .comp = op->bulk ? 1 : 0,
	    .first_credit = MUX_WINDOW_FIRST,
	};
	if (op->frames)
		open.args.flags |= OPEN_FLAG_PACK;
	int n = msg_encode(MSG_OPEN, &open, buf, sizeof buf);

	return n < 0 ? n : mux_send(mux, MUX_OPEN, buf, (size_t)n);
}

int op_ask(struct op *op, struct ops *o, const as_CatalogEntry *entry, const as_OpenArgs *args)
{
	if (!o->mux)
		return AS_E_PEER_LOST;
	if (o->count == OPS_MAX)
		return AS_E_QUOTA;

	int err = mux_stream_open(o->mux, &op->stream);
	if (err < 0)
		return err;
	op->ops = o;
	op->bulk = !op->plain && (entry->flags & (CATALOG_BULK | CATALOG_LIVE)) == CATALOG_BULK;
	if (entry->flags & CATALOG_LIVE)
		mux_stream_limit_window(o->mux, op->stream, MUX_WINDOW_FIRST);
	op->takes |= OP_TAKES_ALWAYS;
	if (op->packs && o->features & FEATURE_ZSTD && (op->frames = unpack_frame_new()) != NULL)
		op->bulk = false; /* pieces that do not shrink come as they are */
	err = send_open(op, entry, args);
	if (err < 0) {
		unpack_frame_free(op->frames);
		op->frames = NULL;
		mux_stream_drop(o->mux, op->stream);
		return err;
	}
	op->phase = OP_ASKED;
	o->at[o->count++] = op;
	return 0;
}

void op_stop(struct op *op, int why)
{
	if (!op_is_at_work(op))
		return;
	if (op->ops->mux)
		mux_stream_reset(op->ops->mux, op->stream, why);
	op->held = 0;
	forget(op);
}

void op_release(struct op *op)
{
	if (op->held > 0 && op->ops->mux)
		mux_consumed(op->ops->mux, op->stream, op->held);
	op->held = 0;
}

/* ---- answers ---- */

/* The agent does what it should not: the rest is not wanted. */
static void give_up(struct op *op, int err)
{
	mux_stream_reset(op->ops->mux, op->stream, err);
	op->held = 0;
	fail(op, ITEM_PARTIAL, err);
}

static int on_piece(const uint8_t *p, size_t n, void *owner)
{
	struct op *op = owner;
	struct item data = {.type = ITEM_DATA, .data = {.bytes = p, .len = n}};

	op->unpacked += n;
	return op->unpacked > op->ops->bytes_max ? AS_E_TOO_BIG
						 : op->ev->on_record(&data, op->owner);
}

static int on_record(const struct item *rec, void *arg)
{
	struct op *op = arg;

	if (rec->type == ITEM_PACKED && op->frames)
		return unpack_frame_feed(op->frames, rec, on_piece, op);
	if ((op->takes & OP_TAKES(rec->type)) == 0)
		return AS_E_PROTOCOL;
	if (rec->type == ITEM_END) {
		op->end_state = rec->end.state;
		memcpy(op->end_why, rec->end.why, sizeof op->end_why);
	}
	return op->ev->on_record(rec, op->owner);
}

static int on_unpacked(const uint8_t *p, size_t n, void *owner)
{
	struct op *op = owner;
	return item_decode(&op->decoder, p, n, on_record, op);
}

static int on_open_ok(struct ops *o, const uint8_t *p, size_t n)
{
	as_OpenOk m;

	if (msg_decode(MSG_OPEN_OK, p, n, &m) < 0)
		return AS_E_PROTOCOL;

	struct op *op = find(o, m.stream);
	if (!op)
		return 0; /* given up meanwhile */
	if (op->phase != OP_ASKED || (m.comp && !op->bulk))
		return AS_E_PROTOCOL;
	op->phase = OP_RUNNING;
	if (m.comp && !(op->unpack = unpack_new(o->bytes_max, on_unpacked, op))) {
		mux_stream_reset(o->mux, op->stream, AS_E_INTERNAL);
		finish(op, ITEM_FAILED, "out of memory");
		return 0;
	}
	if (op->ev->on_running)
		op->ev->on_running(op->owner);
	return 0;
}

/* What a refusal means for the manifest. */
static enum item_state state_of(int err)
{
	switch (err) {
	case AS_E_SCOPE:
	case AS_E_POLICY:
	case AS_E_DENIED:
		return ITEM_DENIED;
	case AS_E_TIMEOUT:
		return ITEM_TIMEOUT;
	case AS_E_CANCELLED:
		return ITEM_PARTIAL;
	default:
		return ITEM_FAILED;
	}
}

static int on_open_err(struct ops *o, const uint8_t *p, size_t n)
{
	as_OpenErr m;

	if (msg_decode(MSG_OPEN_ERR, p, n, &m) < 0)
		return AS_E_PROTOCOL;

	struct op *op = find(o, m.stream);
	int err = err_from_wire(m.code);

	mux_stream_drop(o->mux, m.stream);
	if (!op)
		return 0;
	if (op->phase != OP_ASKED)
		return AS_E_PROTOCOL;
	fail(op, state_of(err), err);
	return 0;
}

int ops_message(struct ops *o, uint8_t type, const uint8_t *p, size_t n)
{
	return type == MUX_OPEN_OK ? on_open_ok(o, p, n) : on_open_err(o, p, n);
}

int ops_data(struct ops *o, uint32_t stream, const uint8_t *p, size_t n)
{
	struct op *op = find(o, stream);

	if (!op) {
		mux_consumed(o->mux, stream, n);
		return 0;
	}
	if (op->phase != OP_RUNNING)
		return AS_E_PROTOCOL;
	op->held += n;

	int err = op->unpack ? unpack_feed(op->unpack, p, n) : on_unpacked(p, n, op);

	if (op->ev->on_fed)
		op->ev->on_fed(op->owner);
	if (err < 0)
		give_up(op, err);
	else if (!op->holds)
		op_release(op);
	return 0;
}

void ops_fin(struct ops *o, uint32_t stream, bool ok)
{
	struct op *op = find(o, stream);

	if (!op)
		return;
	if (!ok)
		finish(op, ITEM_PARTIAL, "what arrived is not what was sent");
	else if (op->unpack && unpack_end(op->unpack) < 0)
		finish(op, ITEM_PARTIAL, "the compressed data ends too early");
	else if (!item_is_ended(&op->decoder))
		finish(op, ITEM_PARTIAL, "it ended without saying so");
	else
		finish(op, op->end_state, op->end_why);
}

void ops_reset(struct ops *o, uint32_t stream, int code)
{
	struct op *op = find(o, stream);

	if (op)
		fail(op, op->phase == OP_RUNNING ? ITEM_PARTIAL : state_of(code), code);
}

void ops_room(struct ops *o, uint32_t stream)
{
	struct op *op = find(o, stream);

	if (op && op->ev->on_room)
		op->ev->on_room(op->owner);
}
