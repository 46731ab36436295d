/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#include "agent/collect/pack.h"
#include "proto/base/err.h"
#include "proto/e2e/unpack_frame.h"

static struct unpack_frame *u;
static uint8_t got[2u << 20];
static size_t got_len;
static int refuse;

static int on_bytes(const uint8_t *p, size_t n, void *owner)
{
	(void)owner;
	cr_assert_leq(n, UNPACK_STEP);
	cr_assert_leq(n, sizeof got - got_len);
	memcpy(got + got_len, p, n);
	got_len += n;
	return refuse;
}

/* One record, in pieces of that size. */
static int feed(const uint8_t *p, size_t n, size_t step)
{
	int err = 0;

	got_len = 0;
	for (size_t at = 0; at < n && err == 0; at += step) {
		size_t take = n - at < step ? n - at : step;
		struct item it = {.type = ITEM_PACKED,
				  .packed = {p + at, take, at == 0, at + take == n}};

		err = unpack_frame_feed(u, &it, on_bytes, NULL);
	}
	return err;
}

static void make(void)
{
	u = unpack_frame_new();
	cr_assert_not_null(u);
}

static void done(void)
{
	unpack_frame_free(u);
	unpack_frame_free(NULL);
}

TestSuite(unpack_frame, .init = make, .fini = done);

static const uint8_t *text(size_t n)
{
	static uint8_t bytes[PACK_PIECE];

	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)("Nov 26 a line of a log\n"[i % 23] + i / 4096 % 3);
	return bytes;
}

Test(unpack_frame, what_was_packed_comes_back_whatever_the_cut)
{
	static const size_t sizes[] = {1, 100, 65536, 65537, PACK_PIECE};
	static const size_t steps[] = {1, 7, 4096, SIZE_MAX / 2};
	struct pack *p = pack_new();
	const uint8_t *packed;

	for (size_t i = 1; i < sizeof sizes / sizeof sizes[0]; i++) {
		size_t n = sizes[i], len = pack_try(p, text(n), n, &packed);

		cr_assert_gt(len, 0);
		for (size_t k = 0; k < sizeof steps / sizeof steps[0]; k++) {
			cr_assert_eq(feed(packed, len, steps[k]), 0, "%zu by %zu", n, steps[k]);
			cr_assert_eq(got_len, n);
			cr_assert_eq(memcmp(got, text(n), n), 0);
		}
	}
	pack_free(p);
}

static size_t compress(const void *in, size_t n, uint8_t *out, size_t cap)
{
	size_t len = ZSTD_compress(out, cap, in, n, 1);

	cr_assert_not(ZSTD_isError(len));
	return len;
}

/* 2 MiB of zeros are some hundred bytes. */
Test(unpack_frame, a_frame_yields_no_more_than_a_record_may_hold)
{
	static uint8_t zeros[2u << 20], out[4096];
	size_t len = compress(zeros, ITEM_DATA_MAX, out, sizeof out);

	cr_assert_eq(feed(out, len, len), 0);
	cr_assert_eq(got_len, ITEM_DATA_MAX);
	len = compress(zeros, ITEM_DATA_MAX + 1, out, sizeof out);
	cr_assert_lt(feed(out, len, len), 0);
	cr_assert_leq(got_len, ITEM_DATA_MAX);
	len = compress(zeros, sizeof zeros, out, sizeof out);
	cr_assert_lt(feed(out, len, 1), 0);
	cr_assert_leq(got_len, ITEM_DATA_MAX);
}

Test(unpack_frame, a_frame_that_wants_a_large_window_gets_none)
{
	static uint8_t out[1u << 20];
	ZSTD_CCtx *c = ZSTD_createCCtx();
	ZSTD_outBuffer to = {out, sizeof out, 0};
	ZSTD_inBuffer from = {text(1000), 1000, 0};

	ZSTD_CCtx_setParameter(c, ZSTD_c_windowLog, 27);
	ZSTD_compressStream2(c, &to, &from, ZSTD_e_flush); /* of unknown length */
	ZSTD_compressStream2(c, &to, &from, ZSTD_e_end);
	ZSTD_freeCCtx(c);
	cr_assert_eq(feed(out, to.pos, to.pos), AS_EBADMSG);
	cr_assert_eq(got_len, 0);
}

Test(unpack_frame, anything_but_one_whole_frame_is_malformed)
{
	static uint8_t out[8192];
	size_t len = compress(text(5000), 5000, out, sizeof out);

	for (size_t cut = 1; cut < len; cut += 3)
		cr_assert_eq(feed(out, cut, cut), AS_EBADMSG, "cut at %zu", cut);
	memcpy(out + len, out, len);
	cr_assert_eq(feed(out, 2 * len, 2 * len), AS_EBADMSG, "two frames");
	out[len] = 0;
	cr_assert_eq(feed(out, len + 1, len + 1), AS_EBADMSG, "a byte behind it");
	cr_assert_eq(feed((const uint8_t *)"not zstd at all", 15, 15), AS_EBADMSG);
	out[len / 2] ^= 0xff;
	cr_assert_leq(feed(out, len, len), 0, "damaged: no crash, and at most garbage");
	len = compress(text(5000), 5000, out, sizeof out);
	cr_assert_eq(feed(out, len, len), 0, "the next one may be good again");
	refuse = AS_E_QUOTA;
	cr_assert_eq(feed(out, len, len), AS_E_QUOTA);
}

/* ---- the other side ---- */

Test(pack, what_does_not_become_smaller_is_tried_less_and_less_often)
{
	static uint8_t noise[PACK_PIECE];
	struct pack *p = pack_new();
	const uint8_t *out;
	unsigned tries = 0;

	srand(1);
	for (size_t i = 0; i < sizeof noise; i++)
		noise[i] = (uint8_t)(rand() >> 7);
	for (int i = 0; i < 200; i++) {
		if (!pack_is_due(p))
			continue;
		tries++;
		cr_assert_eq(pack_try(p, noise, sizeof noise, &out), 0);
	}
	cr_assert_leq(tries, 12);
	while (!pack_is_due(p))
		;
	cr_assert_gt(pack_try(p, text(PACK_PIECE), PACK_PIECE, &out), 0);
	cr_assert(pack_is_due(p), "text again: every piece is tried");
	pack_free(p);
	pack_free(NULL);
}

Test(pack, knows_zeros)
{
	static uint8_t bytes[1000];

	cr_assert(pack_is_zero(bytes, 1));
	cr_assert(pack_is_zero(bytes, sizeof bytes));
	cr_assert_not(pack_is_zero(bytes, 0));
	for (size_t i = 0; i < sizeof bytes; i += 333) {
		bytes[i] = 1;
		cr_assert_not(pack_is_zero(bytes, sizeof bytes));
		bytes[i] = 0;
	}
}
