/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/e2e/mux_bytes.h"

static struct mux_bytes b;

static uint8_t at(uint64_t off)
{
	return (uint8_t)(off * 7 + (off >> 8));
}

static void append(size_t n)
{
	static uint8_t p[5 * MUX_BLOCK];

	for (size_t i = 0; i < n; i++)
		p[i] = at(b.end + i);
	cr_assert_eq(mux_bytes_append(&b, p, n), 0);
}

static void check(uint64_t from, size_t n)
{
	static uint8_t p[5 * MUX_BLOCK];

	mux_bytes_read(&b, from, p, n);
	for (size_t i = 0; i < n; i++)
		cr_assert_eq(p[i], at(from + i), "offset %llu", (unsigned long long)(from + i));
}

static void empty(void)
{
	mux_bytes_clear(&b);
}

TestSuite(mux_bytes, .fini = empty);

Test(mux_bytes, reads_what_was_added_whatever_the_sizes)
{
	static const size_t sizes[] = {1, MUX_BLOCK - 1, MUX_BLOCK, MUX_BLOCK + 1, 4 * MUX_BLOCK,
				       0, MUX_BLOCK - 3, 100};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		uint64_t from = b.end;

		append(sizes[i]);
		check(from, sizes[i]);
		check(b.end > 4 * MUX_BLOCK ? b.end - 4 * MUX_BLOCK : 0,
		      b.end > 4 * MUX_BLOCK ? 4 * MUX_BLOCK : (size_t)b.end);
	}
	for (uint64_t from = 0; from + 100 < b.end; from += 777)
		check(from, 100);
}

Test(mux_bytes, goes_back_and_forth_while_the_front_is_forgotten)
{
	for (int round = 0; round < 200; round++) {
		append(5000);
		check(b.base, (size_t)(b.end - b.base) > 60000 ? 60000 : (size_t)(b.end - b.base));
		check(b.end - 5000, 5000);
		mux_bytes_forget(&b, b.base + 4700);
		check(b.base, (size_t)(b.end - b.base) > 60000 ? 60000 : (size_t)(b.end - b.base));
	}
	cr_assert_eq(b.end, 1000000);
	cr_assert_eq(b.base, 940000);
}

Test(mux_bytes, holds_no_memory_when_all_is_forgotten_and_goes_on_from_there)
{
	append(3 * MUX_BLOCK);
	mux_bytes_forget(&b, b.end);
	cr_assert_null(b.first);
	append(10);
	check(b.end - 10, 10);
	mux_bytes_clear(&b);
	cr_assert_eq(b.base, 3 * MUX_BLOCK + 10);
	append(MUX_BLOCK);
	check(b.base, MUX_BLOCK);
}

Test(mux_bytes, forgets_at_the_edge_of_a_block)
{
	append(2 * MUX_BLOCK);
	check(0, 10);
	mux_bytes_forget(&b, MUX_BLOCK);
	check(MUX_BLOCK, MUX_BLOCK);
	mux_bytes_forget(&b, 2 * MUX_BLOCK - 1);
	check(2 * MUX_BLOCK - 1, 1);
}

Test(mux_bytes, a_block_is_a_frame_where_it_is_and_what_follows_begins_one)
{
	size_t n = 100;

	append(2 * MUX_BLOCK + 50);
	cr_assert_null(mux_bytes_frame(&b, 7, &n));
	cr_assert_eq(n, 100);
	n = MUX_BLOCK;
	cr_assert_null(mux_bytes_frame(&b, 7, &n));
	cr_assert_eq(n, MUX_BLOCK - 7);
	for (uint64_t from = 0; from < b.end; from += n) {
		uint8_t *frame;

		n = b.end - from < MUX_BLOCK ? (size_t)(b.end - from) : MUX_BLOCK;
		frame = mux_bytes_frame(&b, from, &n);
		cr_assert(frame);
		memset(frame, 0xee, MUX_HEADER);
		for (size_t i = 0; i < n; i++)
			cr_assert_eq(frame[MUX_HEADER + i], at(from + i));
	}
	check(0, 2 * MUX_BLOCK + 50);
	mux_bytes_forget(&b, MUX_BLOCK);
	n = 10;
	cr_assert(mux_bytes_frame(&b, MUX_BLOCK, &n));
	cr_assert_eq(n, 10);
}
