/* SPDX-License-Identifier: Apache-2.0 */
#define XXH_INLINE_ALL
#include <criterion/criterion.h>
#include <string.h>
#include <xxhash.h>

#include "proto/base/hex.h"
#include "proto/e2e/mux_sum.h"

static const char *sum_of(bool fast, const char *text, size_t cut)
{
	static char hex[2 * MUX_SUM_LEN + 1];
	struct mux_sum *s = mux_sum_new(fast);
	uint8_t out[MUX_SUM_LEN];
	size_t n = strlen(text);

	cr_assert_not_null(s);
	cr_assert_eq(mux_sum_add(s, text, cut < n ? cut : n), 0);
	if (cut < n)
		cr_assert_eq(mux_sum_add(s, text + cut, n - cut), 0);
	cr_assert_eq(mux_sum_get(s, out), 0);
	mux_sum_free(s);
	return hex_encode(out, sizeof out, hex);
}

/* FIPS 180-2, and the values that xxhsum -H128 prints. */
Test(mux_sum, is_what_other_programs_compute)
{
	cr_assert_str_eq(sum_of(false, "abc", 3),
			 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
	cr_assert_str_eq(sum_of(false, "", 0),
			 "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
	cr_assert_str_eq(sum_of(true, "abc", 3), "06b05ab6733a618578af5f94892f3950"
						 "00000000000000000000000000000000");
	cr_assert_str_eq(sum_of(true, "", 0), "99aa06d3014798d86001c324468d497f"
					      "00000000000000000000000000000000");
}

Test(mux_sum, does_not_care_how_the_bytes_are_cut)
{
	static char text[3000];
	char whole[2 * MUX_SUM_LEN + 1];

	for (size_t i = 0; i + 1 < sizeof text; i++)
		text[i] = (char)('a' + i * 7 % 26);
	for (int fast = 0; fast < 2; fast++) {
		strcpy(whole, sum_of(fast, text, sizeof text));
		for (size_t cut = 0; cut < sizeof text; cut += 13)
			cr_assert_str_eq(sum_of(fast, text, cut), whole, "cut at %zu", cut);
	}
}

Test(mux_sum, is_the_same_with_and_without_wide_registers)
{
	static char text[200001];
	uint8_t want[MUX_SUM_LEN] = {0};
	char hex[2 * MUX_SUM_LEN + 1];
	XXH128_canonical_t narrow;

	for (size_t i = 0; i + 1 < sizeof text; i++)
		text[i] = (char)('!' + i * i % 89);
	XXH128_canonicalFromHash(&narrow, XXH3_128bits(text, sizeof text - 1));
	memcpy(want, &narrow, sizeof narrow);
	hex_encode(want, sizeof want, hex);
	cr_assert_str_eq(sum_of(true, text, sizeof text), hex);
	cr_assert_str_eq(sum_of(true, text, 16321), hex);
}
