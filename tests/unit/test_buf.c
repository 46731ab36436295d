/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/buf.h"
#include "proto/base/err.h"

Test(buf, gives_back_what_went_in_in_order)
{
	struct buf b;
	uint8_t in = 0, out = 0;

	buf_init(&b, 1 << 20);
	for (int round = 0; round < 3000; round++) {
		uint8_t piece[97];
		size_t n = (size_t)round % sizeof piece;

		for (size_t i = 0; i < n; i++)
			piece[i] = in++;
		cr_assert_eq(buf_append(&b, piece, n), 0);

		size_t take = (size_t)(round * 7) % (b.len + 1);
		for (size_t i = 0; i < take; i++)
			cr_assert_eq(buf_head(&b)[i], out++);
		buf_consume(&b, take);
	}
	buf_done(&b);
}

Test(buf, never_grows_past_its_limit_and_is_unchanged_then)
{
	struct buf b;

	buf_init(&b, 10);
	cr_assert_eq(buf_append(&b, "0123456", 7), 0);
	cr_assert_eq(buf_append(&b, "xxxx", 4), AS_EFULL);
	cr_assert_null(buf_reserve(&b, 4));
	cr_assert_eq(b.len, 7);
	cr_assert_eq(buf_append(&b, "789", 3), 0);
	cr_assert_eq(buf_append(&b, "", 0), 0);
	cr_assert_arr_eq(buf_head(&b), "0123456789", 10);
	buf_done(&b);
}

Test(buf, a_length_near_the_largest_number_is_full_and_not_small)
{
	struct buf b;

	buf_init(&b, 10);
	cr_assert_eq(buf_append(&b, "x", SIZE_MAX), AS_EFULL);
	cr_assert_null(buf_reserve(&b, SIZE_MAX));
	buf_done(&b);
}

Test(buf, what_was_reserved_and_not_committed_is_not_there)
{
	struct buf b;
	uint8_t *p;

	buf_init(&b, 5000);
	p = buf_reserve(&b, 3000);
	cr_assert_not_null(p);
	memset(p, 'x', 3000);
	cr_assert_eq(b.len, 0);
	buf_commit(&b, 2);
	cr_assert_eq(b.len, 2);
	cr_assert_arr_eq(buf_head(&b), "xx", 2);
	buf_done(&b);
}

Test(buf, makes_room_by_moving_before_it_grows)
{
	struct buf b;
	uint8_t kib[1024] = {7};

	buf_init(&b, 1024);
	for (int i = 0; i < 100; i++) {
		cr_assert_eq(buf_append(&b, kib, 600), 0);
		buf_consume(&b, 500);
		cr_assert_eq(buf_append(&b, kib, 400), 0);
		buf_consume(&b, 500);
	}
	cr_assert_eq(b.cap, 1024);
	buf_done(&b);
}

Test(buf, an_empty_one_gives_back_memory_that_had_grown_large)
{
	static uint8_t big[200000];
	struct buf b;

	buf_init(&b, sizeof big);
	cr_assert_eq(buf_append(&b, big, sizeof big), 0);
	buf_consume(&b, sizeof big);
	cr_assert_eq(b.cap, 0);
	cr_assert_null(buf_head(&b));
	cr_assert_eq(buf_append(&b, "again", 5), 0);
	buf_consume(&b, 5);
	cr_assert_gt(b.cap, 0, "a small one is kept");
	buf_done(&b);
	buf_done(&b);
}
