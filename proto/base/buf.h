/* SPDX-License-Identifier: Apache-2.0
 *
 * A byte queue with a limit: append at the end, take from the front. Growing
 * past the limit is refused, so that what a peer sends never decides how much
 * memory we use.
 */
#ifndef AS_BASE_BUF_H
#define AS_BASE_BUF_H

#include <stddef.h>
#include <stdint.h>

struct buf {
	uint8_t *data; /* ours; the first unread byte is data[head] */
	size_t head, len, cap, limit;
};

void buf_init(struct buf *b, size_t limit);
void buf_done(struct buf *b);

static inline const uint8_t *buf_head(const struct buf *b)
{
	return b->data ? b->data + b->head : NULL;
}

/* Room for n more bytes at the end, or NULL when that is over the limit or
 * memory is short. The caller fills them and calls buf_commit(). */
uint8_t *buf_reserve(struct buf *b, size_t n);
void buf_commit(struct buf *b, size_t n);

/* AS_EFULL when over the limit, -ENOMEM when memory is short; the buffer is then unchanged. */
int buf_append(struct buf *b, const void *p, size_t n);

/* Forget the first n bytes (n <= len). An empty buffer gives its memory back
 * when it had grown past 64 KiB. */
void buf_consume(struct buf *b, size_t n);

#endif
