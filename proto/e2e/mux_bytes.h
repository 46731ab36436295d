/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of one stream that may still have to be sent, or sent again: from offset base to
 * offset end. In blocks, so that neither growing nor forgetting the front ever moves bytes, and
 * memory goes back as soon as a block is forgotten. It has no limit of its own.
 */
#ifndef AS_E2E_MUX_BYTES_H
#define AS_E2E_MUX_BYTES_H

#include <stddef.h>
#include <stdint.h>

#include "proto/wire/mux_frame.h"

#define MUX_BLOCK MUX_PAYLOAD_MAX /* what fills a frame */

struct mux_block;

struct mux_bytes {
	uint64_t base, end;
	struct mux_block *first, *last; /* ours */
	struct mux_block *at;		/* where mux_bytes_read() was; NULL: nowhere */
	uint64_t first_off, at_off;	/* offsets of their first bytes */
};

/* All zeros is empty. */
void mux_bytes_clear(struct mux_bytes *b); /* nothing is left: base = end */

/* 0; -ENOMEM, nothing was added then. */
int mux_bytes_append(struct mux_bytes *b, const void *p, size_t n);

/* n bytes from offset `from`; base <= from, from + n <= end. */
void mux_bytes_read(struct mux_bytes *b, uint64_t from, void *out, size_t n);

/* The same without a copy: from where a block begins, MUX_HEADER bytes to overwrite and behind them
 * the bytes themselves; NULL elsewhere. Of *n only what ends with the block, so that the next
 * begins one. */
uint8_t *mux_bytes_frame(struct mux_bytes *b, uint64_t from, size_t *n);

/* Forgets what is before `base`, which is in [b->base, b->end]. */
void mux_bytes_forget(struct mux_bytes *b, uint64_t base);

#endif
