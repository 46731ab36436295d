/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading bytes a stranger sent, and writing ours in the same manner. All numbers are
 * big-endian. The first failure sticks: later reads return zeros and later writes do
 * nothing, so a codec reads like the message's layout and checks once, at the end.
 */
#ifndef AS_WIRE_CURSOR_H
#define AS_WIRE_CURSOR_H

#include <stddef.h>
#include <stdint.h>

struct cursor {
	const uint8_t *at, *end;
	int err;
};

static inline struct cursor cursor_over(const void *p, size_t n)
{
	const uint8_t *at = p;
	return (struct cursor){.at = at, .end = at ? at + n : at};
}

const uint8_t *cursor_take(struct cursor *c,
			   size_t n); /* points into the buffer; NULL on failure */
void cursor_copy(struct cursor *c, void *out, size_t n);
uint8_t cursor_u8(struct cursor *c);
uint16_t cursor_u16(struct cursor *c);
uint32_t cursor_u24(struct cursor *c);
uint32_t cursor_u32(struct cursor *c);
uint64_t cursor_u64(struct cursor *c);
size_t cursor_left(const struct cursor *c);

/* The first error; AS_EBADMSG when bytes are left over; else 0. */
int cursor_finish(const struct cursor *c);

struct writer {
	uint8_t *start, *at, *end;
	int err; /* AS_EFULL */
};

static inline struct writer writer_over(void *p, size_t n)
{
	uint8_t *at = p;
	return (struct writer){.start = at, .at = at, .end = at + n};
}

void writer_put(struct writer *w, const void *p, size_t n);
void writer_u8(struct writer *w, uint8_t v);
void writer_u16(struct writer *w, uint16_t v);
void writer_u24(struct writer *w, uint32_t v);
void writer_u32(struct writer *w, uint32_t v);
void writer_u64(struct writer *w, uint64_t v);

/* Bytes written, or AS_EFULL. */
int writer_finish(const struct writer *w);

#endif
