/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "console/words.h"
#include "proto/base/err.h"

static const struct word_option options[] = {{"lines", 0, true}, {"ignore-case", 'i', false}};
static char why[WORDS_WHY_MAX];
static const char *value;

static struct words over(int argc, const char *const argv[])
{
	return (struct words){.argc = argc, .argv = argv, .options = options, .options_count = 2};
}
#define WORDS(...)                                                             \
	over(sizeof((const char *const[]){"x", __VA_ARGS__}) / sizeof(char *), \
	     (const char *const[]){"x", __VA_ARGS__})

Test(words, an_option_is_typed_in_several_ways)
{
	struct words w = WORDS("--lines", "5", "--lines=6", "lines=7", "-i", "--ignore-case");
	const char *const values[] = {"5", "6", "7"};

	for (size_t i = 0; i < 3; i++) {
		cr_assert_eq(words_next(&w, &value, why), 0);
		cr_assert_str_eq(value, values[i]);
	}
	cr_assert_eq(words_next(&w, &value, why), 1);
	cr_assert_eq(words_next(&w, &value, why), 1);
	cr_assert_eq(words_next(&w, &value, why), WORDS_END);
	cr_assert_eq(words_next(&w, &value, why), WORDS_END);
}

Test(words, all_else_is_a_plain_word)
{
	struct words w = WORDS("/a=b", "size=3", "--", "--lines", "-i", "lines=7");
	const char *const values[] = {"/a=b", "size=3", "--lines", "-i", "lines=7"};

	for (size_t i = 0; i < 5; i++) {
		cr_assert_eq(words_next(&w, &value, why), WORDS_PLAIN);
		cr_assert_str_eq(value, values[i]);
	}
	cr_assert_eq(words_next(&w, &value, why), WORDS_END);
}

Test(words, what_is_wrong_is_said)
{
	struct words w = WORDS("--lines");

	cr_assert_eq(words_next(&w, &value, why), WORDS_BAD);
	cr_assert(strstr(why, "missing"));
	w = WORDS("--lines=");
	cr_assert_eq(words_next(&w, &value, why), WORDS_BAD);
	w = WORDS("-i=3");
	cr_assert_eq(words_next(&w, &value, why), WORDS_BAD);
	w = WORDS("--ignore-case=yes");
	cr_assert_eq(words_next(&w, &value, why), WORDS_BAD);
	w = WORDS("--line", "3");
	cr_assert_eq(words_next(&w, &value, why), WORDS_BAD);
	w = WORDS("-x");
	cr_assert_eq(words_next(&w, &value, why), WORDS_BAD);
	w = WORDS("-");
	cr_assert_eq(words_next(&w, &value, why), WORDS_BAD);
	w = WORDS("a\033b");
	cr_assert_eq(words_next(&w, &value, why), WORDS_BAD);
	cr_assert_null(strchr(why, '\033'));
}

Test(words, sizes_have_units_of_1024)
{
	static const struct {
		const char *text;
		uint64_t size;
	} good[] = {{"0", 0},		{"512", 512},	     {"1k", 1024},   {"10M", 10u << 20},
		    {"2g", 2ull << 30}, {"1T", 1ull << 40},  {"3KiB", 3072}, {"3kB", 3072},
		    {"7B", 7},		{"16G", 16ull << 30}};
	static const char *const bad[] = {"",
					  "k",
					  "-1",
					  "1.5M",
					  "1x",
					  "1kk",
					  "1 k",
					  "1ib",
					  "9999999999999999999",
					  "999999999999999999T"};
	uint64_t v;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		cr_assert_eq(words_size(good[i].text, &v), 0, "%s", good[i].text);
		cr_assert_eq(v, good[i].size, "%s", good[i].text);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(words_size(bad[i], &v), AS_EBADMSG, "%s", bad[i]);
}

Test(words, ages_have_a_unit)
{
	uint64_t v;

	cr_assert_eq(words_age("90s", &v), 0);
	cr_assert_eq(v, 90);
	cr_assert_eq(words_age("2h", &v), 0);
	cr_assert_eq(v, 7200);
	cr_assert_eq(words_age("7d", &v), 0);
	cr_assert_eq(v, 604800);
	cr_assert_eq(words_age("7", &v), AS_EBADMSG);
	cr_assert_eq(words_age("0d", &v), AS_EBADMSG);
	cr_assert_eq(words_age("1dd", &v), AS_EBADMSG);
	cr_assert_eq(words_age("h", &v), AS_EBADMSG);
}
