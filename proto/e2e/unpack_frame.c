/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/unpack_frame.h"

#include <stdlib.h>
#include <zstd.h>

#include "proto/base/err.h"

#define WINDOW_LOG_MAX 20 /* ITEM_DATA_MAX; a frame that wants more is refused */

struct unpack_frame {
	ZSTD_DCtx *ctx;
	size_t out; /* of this frame */
	bool ended;
	uint8_t step[UNPACK_STEP];
};

_Static_assert(ITEM_DATA_MAX == 1u << WINDOW_LOG_MAX, "a record's bytes fit the window");

struct unpack_frame *unpack_frame_new(void)
{
	struct unpack_frame *u = calloc(1, sizeof *u);

	if (u)
		u->ctx = ZSTD_createDCtx();
	if (u && u->ctx &&
	    !ZSTD_isError(ZSTD_DCtx_setParameter(u->ctx, ZSTD_d_windowLogMax, WINDOW_LOG_MAX)))
		return u;
	unpack_frame_free(u);
	return NULL;
}

void unpack_frame_free(struct unpack_frame *u)
{
	if (!u)
		return;
	ZSTD_freeDCtx(u->ctx);
	free(u);
}

static int one_step(struct unpack_frame *u, ZSTD_inBuffer *in, size_t *made)
{
	ZSTD_outBuffer out = {u->step, sizeof u->step, 0};
	size_t left = ZSTD_decompressStream(u->ctx, &out, in);

	if (ZSTD_isError(left))
		return AS_EBADMSG;
	u->ended = left == 0;
	u->out += out.pos;
	*made = out.pos;
	return u->out > ITEM_DATA_MAX ? AS_E_TOO_BIG : 0;
}

int unpack_frame_feed(struct unpack_frame *u, const struct item *it, unpack_on on_bytes,
		      void *owner)
{
	ZSTD_inBuffer in = {it->packed.bytes, it->packed.len, 0};
	size_t made = sizeof u->step;
	int err = 0;

	if (it->packed.first) {
		ZSTD_DCtx_reset(u->ctx, ZSTD_reset_session_only);
		u->out = 0;
		u->ended = false;
	}
	/* a full step may mean that there is more, without any further input */
	while (err == 0 && !u->ended && (in.pos < in.size || made == sizeof u->step)) {
		err = one_step(u, &in, &made);
		if (err == 0 && made > 0)
			err = on_bytes(u->step, made, owner);
	}
	if (err == 0 && (in.pos < in.size || (it->packed.last && !u->ended)))
		err = AS_EBADMSG;
	return err;
}
