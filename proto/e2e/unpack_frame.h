/* SPDX-License-Identifier: Apache-2.0
 *
 * Unpacking PACKED records (wire/item.h) from an agent that may want to hurt us: each is one zstd
 * frame with a fresh context and no dictionary, and yields at most ITEM_DATA_MAX bytes, whatever
 * its header promises. Memory is one window of that size, and one step of output.
 */
#ifndef AS_E2E_UNPACK_FRAME_H
#define AS_E2E_UNPACK_FRAME_H

#include "proto/e2e/pack.h"
#include "proto/wire/item.h"

struct unpack_frame;

struct unpack_frame *unpack_frame_new(void); /* NULL when memory is short */
void unpack_frame_free(struct unpack_frame *u);

/* One ITEM_PACKED as the decoder hands it on. All that can be unpacked is delivered before it
 * returns. AS_EBADMSG (no zstd frame, damaged, more or less than one), AS_E_TOO_BIG, or the
 * callback's error. After an error the next frame may be good again; the file is not. */
int unpack_frame_feed(struct unpack_frame *u, const struct item *packed, unpack_on on_bytes,
		      void *owner);

#endif
