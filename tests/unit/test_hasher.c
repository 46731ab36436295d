/* SPDX-License-Identifier: Apache-2.0
 *
 * Hashing beside: the same hash as of all bytes at once, whoever takes turns.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "console/hasher.h"
#include "proto/e2e/sha256.h"

#define PIECE  10000
#define PIECES 300

static uint8_t all[2][PIECE * PIECES];

/* Sizes and order of pieces that look arbitrary and are always the same. */
Test(hasher, two_files_in_turn_get_the_hashes_of_their_bytes)
{
	struct sha256_stream *s[2] = {sha256_stream_new(), sha256_stream_new()};
	struct hasher *h = hasher_new();
	size_t at[2] = {0, 0};

	for (unsigned i = 0; i < PIECES; i++) {
		int who = i * 7 % 3 == 0;
		size_t n = i * 7919 % PIECE;
		uint8_t *block = malloc(PIECE);

		memset(block, (int)i, n);
		memcpy(all[who] + at[who], block, n);
		at[who] += n;

		uint8_t *before = hasher_add(h, s[who], block, n);
		cr_assert_eq(!before, i == 0, "the block before comes back");
		free(before);
		if (i % 50 == 0)
			hasher_wait(h);
	}
	hasher_wait(h);
	for (int who = 0; who < 2; who++) {
		uint8_t want[SHA256_LEN], got[SHA256_LEN];

		cr_assert_gt(at[who], 0);
		cr_assert_eq(sha256(all[who], at[who], want), 0);
		cr_assert_eq(sha256_stream_get(s[who], got), 0);
		cr_assert_eq(memcmp(want, got, sizeof want), 0);
	}
	hasher_free(h);
	sha256_stream_free(s[0]);
	sha256_stream_free(s[1]);
}

Test(hasher, may_be_freed_at_any_time)
{
	for (int i = 0; i < 3; i++) {
		struct sha256_stream *s = sha256_stream_new();
		struct hasher *h = hasher_new();

		if (i > 0)
			cr_assert_null(hasher_add(h, s, calloc(1, 1 << 20), 1 << 20));
		if (i > 1)
			hasher_wait(h);
		hasher_free(h);
		sha256_stream_free(s);
	}
	hasher_free(NULL);
}
