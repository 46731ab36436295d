/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/base/buf.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"

#define BUF_FIRST 1024
#define BUF_KEEP  65536
#define SPARE_MAX (512u << 10)
#define SPARE_FOR (16u << 10) /* what begins with so much will go on */

/* A stream's buffer grows and ends with each batch; what the last one had is kept for the next, so
 * that the memory is neither asked for nor cleared by the kernel each time. One for a thread. */
static _Thread_local uint8_t *spare;
static _Thread_local size_t spare_cap;

static void give_back(struct buf *b)
{
	if (b->cap <= SPARE_MAX && b->cap > spare_cap) {
		free(spare);
		spare = b->data;
		spare_cap = b->cap;
	} else {
		free(b->data);
	}
	b->data = NULL;
	b->cap = 0;
	b->head = 0;
}

/* More than it has. */
static int grow(struct buf *b, size_t cap)
{
	uint8_t *grown;

	if (cap > (b->data ? BUF_KEEP : SPARE_FOR) && cap <= spare_cap) {
		grown = spare;
		cap = spare_cap;
		spare = NULL;
		spare_cap = 0;
		if (b->len > 0)
			memcpy(grown, b->data, b->len);
		free(b->data);
	} else {
		grown = realloc(b->data, cap);
	}
	if (!grown)
		return -ENOMEM;
	b->data = grown;
	b->cap = cap;
	return 0;
}

void buf_init(struct buf *b, size_t limit)
{
	*b = (struct buf){.limit = limit};
}

void buf_done(struct buf *b)
{
	free(b->data);
	buf_init(b, b->limit);
}

uint8_t *buf_reserve(struct buf *b, size_t n)
{
	if (n > b->limit - b->len)
		return NULL;
	if (b->cap < b->head + b->len + n && b->head > 0) {
		memmove(b->data, b->data + b->head, b->len);
		b->head = 0;
	}
	if (b->cap < b->len + n) {
		size_t cap = b->cap ? b->cap : BUF_FIRST;

		while (cap < b->len + n)
			cap *= 2;

		if (grow(b, cap) < 0)
			return NULL;
	}
	return b->data + b->head + b->len;
}

void buf_commit(struct buf *b, size_t n)
{
	assert(b->head + b->len + n <= b->cap);
	b->len += n;
}

int buf_append(struct buf *b, const void *p, size_t n)
{
	if (n == 0)
		return 0;
	if (n > b->limit - b->len)
		return AS_EFULL;

	uint8_t *to = buf_reserve(b, n);
	if (!to)
		return -ENOMEM;
	memcpy(to, p, n);
	b->len += n;
	return 0;
}

void buf_consume(struct buf *b, size_t n)
{
	assert(n <= b->len);
	b->head += n;
	b->len -= n;
	if (b->len > 0)
		return;
	b->head = 0;
	if (b->cap > BUF_KEEP)
		give_back(b);
}
