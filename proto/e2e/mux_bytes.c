/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/mux_bytes.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct mux_block {
	struct mux_block *next;
	uint8_t front[MUX_HEADER]; /* of mux_bytes_frame() */
	uint8_t bytes[MUX_BLOCK];
};

static void free_all(struct mux_block *k)
{
	while (k) {
		struct mux_block *next = k->next;

		free(k);
		k = next;
	}
}

void mux_bytes_clear(struct mux_bytes *b)
{
	free_all(b->first);
	*b = (struct mux_bytes){.base = b->end, .end = b->end};
}

/* A chain of blocks for n bytes. */
static struct mux_block *chain(size_t n)
{
	struct mux_block *first = NULL;

	for (size_t got = 0; got < n; got += MUX_BLOCK) {
		struct mux_block *k = malloc(sizeof *k);

		if (!k) {
			free_all(first);
			return NULL;
		}
		k->next = first;
		first = k;
	}
	return first;
}

/* Makes room for n more bytes behind b->end. */
static int grow(struct mux_bytes *b, size_t n)
{
	size_t used = b->first ? (size_t)(b->end - b->first_off) % MUX_BLOCK : 0;
	size_t room = used > 0 ? MUX_BLOCK - used : 0;

	if (n <= room)
		return 0;

	struct mux_block *more = chain(n - room);
	if (!more)
		return -ENOMEM;
	if (b->last) {
		b->last->next = more;
	} else {
		b->first = more;
		b->first_off = b->end;
	}
	return 0;
}

int mux_bytes_append(struct mux_bytes *b, const void *p, size_t n)
{
	const uint8_t *from = p;
	struct mux_block *k = b->last;

	if (n == 0)
		return 0;
	if (grow(b, n) < 0)
		return -ENOMEM;

	size_t at = (size_t)(b->end - b->first_off) % MUX_BLOCK;
	if (!k || at == 0)
		k = k ? k->next : b->first;
	b->end += n;
	for (;; k = k->next, at = 0) {
		size_t part = n < MUX_BLOCK - at ? n : MUX_BLOCK - at;

		memcpy(k->bytes + at, from, part);
		from += part;
		n -= part;
		if (n == 0)
			break;
	}
	b->last = k;
	return 0;
}

/* The block of that offset becomes b->at. */
static void go_to(struct mux_bytes *b, uint64_t from)
{
	if (!b->at || from < b->at_off) {
		b->at = b->first;
		b->at_off = b->first_off;
	}
	while (from >= b->at_off + MUX_BLOCK) {
		b->at = b->at->next;
		b->at_off += MUX_BLOCK;
	}
}

uint8_t *mux_bytes_frame(struct mux_bytes *b, uint64_t from, size_t *n)
{
	assert(from >= b->base && from<b->end && * n> 0);
	go_to(b, from);

	size_t skip = (size_t)(from - b->at_off);

	if (*n > MUX_BLOCK - skip)
		*n = MUX_BLOCK - skip;
	return skip == 0 ? b->at->front : NULL;
}

void mux_bytes_read(struct mux_bytes *b, uint64_t from, void *out, size_t n)
{
	uint8_t *to = out;

	assert(from >= b->base && from <= b->end && n <= b->end - from);
	if (n == 0)
		return;
	for (;;) {
		go_to(b, from);

		size_t skip = (size_t)(from - b->at_off);
		size_t part = n < MUX_BLOCK - skip ? n : MUX_BLOCK - skip;

		memcpy(to, b->at->bytes + skip, part);
		to += part;
		from += part;
		n -= part;
		if (n == 0)
			break;
	}
}

void mux_bytes_forget(struct mux_bytes *b, uint64_t base)
{
	assert(base >= b->base && base <= b->end);
	b->base = base;
	if (base == b->end) {
		mux_bytes_clear(b);
		return;
	}
	while (base >= b->first_off + MUX_BLOCK) {
		struct mux_block *k = b->first;

		if (b->at == k)
			b->at = NULL;
		b->first = k->next;
		b->first_off += MUX_BLOCK;
		free(k);
	}
}
