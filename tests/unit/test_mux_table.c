/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/mux_table.h"

static struct mux_table full, out;
static uint8_t buf[MUX_TABLE_LEN_MAX + 1];

static void make(size_t n)
{
	full = (struct mux_table){
	    .controls = 1, .session_received = 2, .session_max = UINT64_MAX, .n = n};
	for (size_t i = 0; i < n; i++)
		full.entries[i] = (struct mux_table_entry){.stream = (uint32_t)(2 * i + 1),
							   .received = i + 2,
							   .consumed = i + 1,
							   .max = i + 3,
							   .flags = i % 2 ? MUX_TABLE_FIN : 0};
}

static int decode_with(struct mux_table_entry e)
{
	make(2);
	full.entries[1] = e;

	int n = mux_table_encode(&full, buf, sizeof buf);
	return mux_table_decode(buf, (size_t)n, &out);
}

Test(mux_table, survives_the_wire)
{
	for (size_t n = 0; n <= MUX_TABLE_STREAMS_MAX; n += 32) {
		make(n);

		int len = mux_table_encode(&full, buf, sizeof buf);
		cr_assert_eq(len, MUX_TABLE_HEAD + (int)n * MUX_TABLE_ENTRY);
		cr_assert_eq(mux_table_decode(buf, (size_t)len, &out), 0);
		cr_assert_eq(out.n, n);
		cr_assert_eq(out.controls, 1);
		cr_assert_eq(out.session_received, 2);
		cr_assert_eq(out.session_max, UINT64_MAX);
		for (size_t i = 0; i < n; i++) {
			const struct mux_table_entry *a = &full.entries[i], *b = &out.entries[i];

			cr_assert(a->stream == b->stream && a->received == b->received &&
				  a->consumed == b->consumed && a->max == b->max &&
				  a->flags == b->flags);
		}
	}
}

Test(mux_table, a_small_buffer_is_told_and_not_overrun)
{
	make(3);
	for (size_t cap = 0; cap < MUX_TABLE_HEAD + 3 * MUX_TABLE_ENTRY; cap++)
		cr_assert_eq(mux_table_encode(&full, buf, cap), AS_EFULL);
}

Test(mux_table, cut_short_and_trailing_bytes_are_errors_and_leave_the_result_alone)
{
	make(3);

	size_t len = (size_t)mux_table_encode(&full, buf, sizeof buf);

	out.n = 77;
	for (size_t n = 0; n < len; n++)
		cr_assert_eq(mux_table_decode(buf, n, &out), AS_ESHORT, "%zu", n);
	cr_assert_eq(mux_table_decode(buf, len + 1, &out), AS_EBADMSG);
	cr_assert_eq(out.n, 77);
}

Test(mux_table, too_many_streams_are_refused)
{
	make(MUX_TABLE_STREAMS_MAX);
	mux_table_encode(&full, buf, sizeof buf);
	buf[MUX_TABLE_HEAD - 1]++;
	cr_assert_eq(mux_table_decode(buf, sizeof buf, &out), AS_E_TOO_BIG);
}

Test(mux_table, what_contradicts_itself_is_refused)
{
	struct mux_table_entry good = {.stream = 3, .received = 5, .consumed = 5, .max = 5};
	struct mux_table_entry bad[7];

	cr_assert_eq(decode_with(good), 0);
	for (size_t i = 0; i < 7; i++)
		bad[i] = good;
	bad[0].stream = 4;
	bad[1].stream = 1;
	bad[2].stream = 0;
	bad[3].consumed = 6;
	bad[4].received = 6;
	bad[5].flags = 2;
	bad[6].flags = 0x81;
	for (size_t i = 0; i < 7; i++)
		cr_assert_eq(decode_with(bad[i]), AS_EBADMSG, "case %zu", i);
	make(0);
	full.session_received = 10;
	full.session_max = 9;
	cr_assert_eq(mux_table_decode(buf, (size_t)mux_table_encode(&full, buf, sizeof buf), &out),
		     AS_EBADMSG);
}
