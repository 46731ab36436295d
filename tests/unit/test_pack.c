/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "proto/base/err.h"
#include "proto/e2e/pack.h"

#define MB (1u << 20)

static uint8_t *got;
static size_t got_len, got_cap, largest;
static int refuse;

static int on_bytes(const uint8_t *p, size_t n, void *owner)
{
	cr_assert_eq(owner, &got);
	if (n > largest)
		largest = n;
	if (got_len + n > got_cap) {
		got_cap = (got_len + n) * 2;
		got = realloc(got, got_cap);
	}
	memcpy(got + got_len, p, n);
	got_len += n;
	return refuse;
}

static void drop(void)
{
	free(got);
}

/* A zlib stream of n bytes; noise: incompressible. The caller frees it. */
static uint8_t *packed(const uint8_t *p, size_t n, size_t *len)
{
	uLongf cap = compressBound(n);
	uint8_t *out = malloc(cap + 16);

	cr_assert_eq(compress2(out, &cap, p, n, 1), Z_OK);
	*len = cap;
	return out;
}

static uint8_t *noise(size_t n)
{
	uint8_t *p = malloc(n);
	uint32_t x = 1;

	for (size_t i = 0; i < n; i++) {
		x = x * 1664525u + 1013904223u;
		p[i] = (uint8_t)(x >> 24);
	}
	return p;
}

/* Text that shrinks to about a tenth. */
static uint8_t *text(size_t n)
{
	uint8_t *p = noise(n);

	for (size_t i = 0; i < n; i++)
		p[i] = i % 16 == 0 ? p[i] : (uint8_t)('a' + i % 16);
	return p;
}

static int feed_cut(struct unpack *u, const uint8_t *p, size_t n, size_t step)
{
	int err = 0;

	for (size_t at = 0; at < n && err == 0; at += step)
		err = unpack_feed(u, p + at, n - at < step ? n - at : step);
	return err;
}

TestSuite(pack, .fini = drop);

static void round_trip(uint8_t *plain, size_t n, size_t step)
{
	size_t len;
	uint8_t *p = packed(plain, n, &len);
	struct unpack *u = unpack_new(n, on_bytes, &got);

	got_len = 0;
	cr_assert_eq(feed_cut(u, p, len, step), 0);
	cr_assert_eq(unpack_end(u), 0);
	cr_assert_eq(unpack_total(u), n);
	cr_assert_eq(got_len, n);
	if (n > 0)
		cr_assert_arr_eq(got, plain, n);
	unpack_free(u);
	free(p);
	free(plain);
}

Test(pack, gives_back_what_was_packed)
{
	round_trip(text(3 * MB), 3 * MB, SIZE_MAX / 2);
	round_trip(noise(MB), MB, SIZE_MAX / 2);
	round_trip(noise(1), 1, SIZE_MAX / 2);
	cr_assert_leq(largest, UNPACK_STEP);
}

Test(pack, does_not_care_how_bytes_are_cut)
{
	round_trip(text(200000), 200000, 1);
	round_trip(noise(70000), 70000, 7);
}

Test(pack, an_empty_stream_is_complete)
{
	round_trip(noise(1), 0, 1);
}

Test(pack, a_stream_cut_short_keeps_what_came_and_says_so)
{
	size_t n = 300000, len;
	uint8_t *plain = text(n), *p = packed(plain, n, &len);

	for (size_t cut = 0; cut < len; cut += len / 17 + 1) {
		struct unpack *u = unpack_new(n, on_bytes, &got);

		got_len = 0;
		cr_assert_eq(unpack_feed(u, p, cut), 0);
		cr_assert_eq(unpack_end(u), AS_E_TRUNCATED);
		cr_assert_eq(unpack_feed(u, p, 1), AS_E_TRUNCATED, "for good");
		cr_assert_eq(unpack_total(u), got_len);
		cr_assert(got_len == 0 || memcmp(got, plain, got_len) == 0);
		unpack_free(u);
	}
	cr_assert_gt(got_len, n / 2, "what could be inflated was delivered");
	free(p);
	free(plain);
}

Test(pack, bytes_behind_the_end_are_an_error)
{
	size_t len;
	uint8_t *plain = text(5000), *p = packed(plain, 5000, &len);

	p[len] = 0;
	for (size_t step = 1; step <= len + 1; step += len) {
		struct unpack *u = unpack_new(UNPACK_TOTAL_MAX, on_bytes, &got);

		got_len = 0;
		cr_assert_eq(feed_cut(u, p, len + 1, step), AS_EBADMSG);
		cr_assert_eq(got_len, 5000);
		cr_assert_eq(unpack_end(u), AS_EBADMSG);
		unpack_free(u);
	}
	free(p);
	free(plain);
}

Test(pack, damage_is_an_error)
{
	size_t len;
	uint8_t *plain = text(50000), *p = packed(plain, 50000, &len);
	struct unpack *u = unpack_new(UNPACK_TOTAL_MAX, on_bytes, &got);

	p[len - 1] ^= 1; /* the checksum */
	cr_assert_eq(unpack_feed(u, p, len), AS_EBADMSG);
	unpack_free(u);
	u = unpack_new(UNPACK_TOTAL_MAX, on_bytes, &got);
	cr_assert_eq(unpack_feed(u, (const uint8_t *)"plain text", 10), AS_EBADMSG);
	unpack_free(u);
	free(p);
	free(plain);
}

Test(pack, a_stream_that_wants_a_dictionary_is_refused)
{
	static const uint8_t header[] = {0x78, 0xbb, 1, 2, 3, 4, 0, 0};
	struct unpack *u = unpack_new(UNPACK_TOTAL_MAX, on_bytes, &got);

	cr_assert_eq(unpack_feed(u, header, sizeof header), AS_EBADMSG);
	unpack_free(u);
}

Test(pack, no_byte_beyond_what_was_granted)
{
	static const size_t limits[] = {0,     1, UNPACK_STEP - 1, UNPACK_STEP, UNPACK_STEP + 1,
					299999};
	size_t n = 300000, len;
	uint8_t *plain = text(n), *p = packed(plain, n, &len);

	for (size_t i = 0; i < sizeof limits / sizeof limits[0]; i++) {
		struct unpack *u = unpack_new(limits[i], on_bytes, &got);

		got_len = 0;
		cr_assert_eq(unpack_feed(u, p, len), AS_E_TOO_BIG);
		cr_assert_eq(got_len, limits[i], "all that was granted, and not a byte more");
		cr_assert_eq(unpack_end(u), AS_E_TOO_BIG);
		unpack_free(u);
	}
	free(p);
	free(plain);
}

Test(pack, a_bomb_is_stopped_by_its_ratio)
{
	size_t n = 64 * MB, len;
	uint8_t *plain = calloc(1, n), *p = packed(plain, n, &len);
	struct unpack *u = unpack_new(UNPACK_TOTAL_MAX, on_bytes, &got);

	cr_assert_eq(feed_cut(u, p, len, 1000), AS_E_TOO_BIG);
	cr_assert_geq(got_len, UNPACK_RATIO_FREE);
	cr_assert_leq(got_len, UNPACK_RATIO_FREE + 2000 * UNPACK_RATIO);
	unpack_free(u);
	free(p);
	free(plain);
}

Test(pack, a_mebibyte_may_be_all_zeros)
{
	round_trip(calloc(1, UNPACK_RATIO_FREE), UNPACK_RATIO_FREE, SIZE_MAX / 2);
}

Test(pack, what_the_consumer_refuses_is_handed_back)
{
	size_t len;
	uint8_t *plain = text(200000), *p = packed(plain, 200000, &len);
	struct unpack *u = unpack_new(UNPACK_TOTAL_MAX, on_bytes, &got);

	refuse = -5;
	cr_assert_eq(unpack_feed(u, p, len), -5);
	cr_assert_leq(got_len, UNPACK_STEP);
	refuse = 0;
	cr_assert_eq(unpack_feed(u, p, len), -5, "for good");
	unpack_free(u);
	free(p);
	free(plain);
}
