/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/mux_table.h"

#include <assert.h>
#include <stdbool.h>

#include "proto/base/err.h"
#include "proto/wire/cursor.h"

_Static_assert(MUX_TABLE_LEN_MAX <= 4096, "the table fits as.Resume.table");

static bool is_sound(const struct mux_table_entry *e, uint32_t before)
{
	return e->stream % 2 == 1 && e->stream > before && e->consumed <= e->received &&
	       e->received <= e->max && (e->flags & ~MUX_TABLE_FIN) == 0;
}

static int read_entries(struct cursor *c, struct mux_table *t)
{
	uint32_t before = 0;

	for (size_t i = 0; i < t->n; i++) {
		struct mux_table_entry *e = &t->entries[i];

		e->stream = cursor_u32(c);
		e->received = cursor_u64(c);
		e->consumed = cursor_u64(c);
		e->max = cursor_u64(c);
		e->flags = cursor_u8(c);
		if (c->err != 0)
			return c->err;
		if (!is_sound(e, before))
			return AS_EBADMSG;
		before = e->stream;
	}
	return 0;
}

int mux_table_decode(const uint8_t *p, size_t n, struct mux_table *out)
{
	struct cursor c = cursor_over(p, n);
	struct mux_table t;

	t.controls = cursor_u64(&c);
	t.session_received = cursor_u64(&c);
	t.session_max = cursor_u64(&c);
	t.n = cursor_u16(&c);
	if (t.n > MUX_TABLE_STREAMS_MAX)
		return AS_E_TOO_BIG;

	int err = read_entries(&c, &t);
	if (err == 0)
		err = cursor_finish(&c);
	if (err == 0 && t.session_received > t.session_max)
		err = AS_EBADMSG;
	if (err == 0)
		*out = t;
	return err;
}

int mux_table_encode(const struct mux_table *t, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);

	assert(t->n <= MUX_TABLE_STREAMS_MAX);
	writer_u64(&w, t->controls);
	writer_u64(&w, t->session_received);
	writer_u64(&w, t->session_max);
	writer_u16(&w, (uint16_t)t->n);
	for (size_t i = 0; i < t->n; i++) {
		const struct mux_table_entry *e = &t->entries[i];

		writer_u32(&w, e->stream);
		writer_u64(&w, e->received);
		writer_u64(&w, e->consumed);
		writer_u64(&w, e->max);
		writer_u8(&w, e->flags);
	}
	return writer_finish(&w);
}
