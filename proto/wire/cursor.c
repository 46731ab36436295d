/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/cursor.h"

#include <string.h>

#include "proto/base/err.h"

const uint8_t *cursor_take(struct cursor *c, size_t n)
{
	if (c->err == 0 && n > cursor_left(c))
		c->err = AS_ESHORT;
	if (c->err != 0)
		return NULL;

	const uint8_t *p = c->at;
	c->at += n;
	return p;
}

void cursor_copy(struct cursor *c, void *out, size_t n)
{
	const uint8_t *p = cursor_take(c, n);

	if (n == 0)
		return;
	if (p)
		memcpy(out, p, n);
	else
		memset(out, 0, n);
}

static uint64_t number(struct cursor *c, size_t n)
{
	const uint8_t *p = cursor_take(c, n);
	uint64_t v = 0;

	for (size_t i = 0; p && i < n; i++)
		v = v << 8 | p[i];
	return v;
}

uint8_t cursor_u8(struct cursor *c)
{
	return (uint8_t)number(c, 1);
}

uint16_t cursor_u16(struct cursor *c)
{
	return (uint16_t)number(c, 2);
}

uint32_t cursor_u24(struct cursor *c)
{
	return (uint32_t)number(c, 3);
}

uint32_t cursor_u32(struct cursor *c)
{
	return (uint32_t)number(c, 4);
}

uint64_t cursor_u64(struct cursor *c)
{
	return number(c, 8);
}

size_t cursor_left(const struct cursor *c)
{
	return (size_t)(c->end - c->at);
}

int cursor_finish(const struct cursor *c)
{
	if (c->err != 0)
		return c->err;
	return c->at == c->end ? 0 : AS_EBADMSG;
}

void writer_put(struct writer *w, const void *p, size_t n)
{
	if (n > (size_t)(w->end - w->at))
		w->err = AS_EFULL;
	if (w->err != 0 || n == 0)
		return;
	memcpy(w->at, p, n);
	w->at += n;
}

static void put_number(struct writer *w, uint64_t v, size_t n)
{
	uint8_t b[8];

	for (size_t i = 0; i < n; i++)
		b[i] = (uint8_t)(v >> 8 * (n - 1 - i));
	writer_put(w, b, n);
}

void writer_u8(struct writer *w, uint8_t v)
{
	put_number(w, v, 1);
}

void writer_u16(struct writer *w, uint16_t v)
{
	put_number(w, v, 2);
}

void writer_u24(struct writer *w, uint32_t v)
{
	put_number(w, v, 3);
}

void writer_u32(struct writer *w, uint32_t v)
{
	put_number(w, v, 4);
}

void writer_u64(struct writer *w, uint64_t v)
{
	put_number(w, v, 8);
}

int writer_finish(const struct writer *w)
{
	return w->err != 0 ? w->err : (int)(w->at - w->start);
}
