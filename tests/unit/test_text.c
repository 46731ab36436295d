/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

/* What text looks like as one line and as a stream. */
static const struct {
	const char *in, *line, *stream;
} table[] = {
    {"plain text", "plain text", "plain text"},
    {"", "", ""},
    {"a\nb\tc", "a b c", "a\nb\tc"},
    {"a\r\nb", "a  b", "a\nb"},
    {"Käse €5 日本 😀", "Käse €5 日本 😀", "Käse €5 日本 😀"},
    {"\x1b[31mred\x1b[0m", "?[31mred?[0m", "?[31mred?[0m"},
    {"\x1b]0;title\x07", "?]0;title?", "?]0;title?"},
    {"bell\x07 del\x7f", "bell? del?", "bell? del?"},
    {"c1 \xc2\x9b"
     "31m",
     "c1 ?31m", "c1 ?31m"},
    {"raw c1 \x9b"
     "31m",
     "raw c1 ?31m", "raw c1 ?31m"},
    {"bidi \xe2\x80\xae"
     "evil",
     "bidi ?evil", "bidi ?evil"},
    {"isolate \xe2\x81\xa6x", "isolate ?x", "isolate ?x"},
    {"zero\xe2\x80\x8bwidth", "zero?width", "zero?width"},
    {"bom \xef\xbb\xbf", "bom ?", "bom ?"},
    {"line\xe2\x80\xa8sep", "line?sep", "line?sep"},
    {"tag \xf3\xa0\x81\x81", "tag ?", "tag ?"},
    {"overlong \xc0\xaf", "overlong ??", "overlong ??"},
    {"overlong \xe0\x80\xaf", "overlong ???", "overlong ???"},
    {"surrogate \xed\xa0\x80", "surrogate ???", "surrogate ???"},
    {"too high \xf4\x90\x80\x80", "too high ????", "too high ????"},
    {"nonchar \xef\xbf\xbf", "nonchar ?", "nonchar ?"},
    {"half \xe2\x82", "half ?", "half ?"},
    {"half \xe2\x82!", "half ?!", "half ?!"},
    {"\xff\xfe", "??", "??"},
};

#define ROWS (sizeof table / sizeof table[0])

Test(text, one_line_is_clean_and_shows_where_something_was)
{
	for (size_t i = 0; i < ROWS; i++) {
		char out[100];
		size_t n = text_line(table[i].in, strlen(table[i].in), out, sizeof out);

		cr_assert_str_eq(out, table[i].line, "row %zu", i);
		cr_assert_eq(n, strlen(out));
		cr_assert(text_is_clean(out, n));
	}
}

Test(text, is_clean_says_what_line_would_change)
{
	for (size_t i = 0; i < ROWS; i++)
		cr_assert_eq(text_is_clean(table[i].in, strlen(table[i].in)),
			     strcmp(table[i].in, table[i].line) == 0, "row %zu", i);
	cr_assert_not(text_is_clean("a\0b", 3));
}

Test(text, a_stream_may_be_cut_anywhere)
{
	for (size_t i = 0; i < ROWS; i++) {
		for (size_t step = 1; step < 6; step++) {
			size_t n = strlen(table[i].in), len = 0;
			struct text_filter f = {0};
			char out[200];

			for (size_t at = 0; at < n; at += step) {
				size_t part = n - at < step ? n - at : step;
				char *exact = malloc(TEXT_FILTER_ROOM(part));
				size_t got = text_filter(&f, table[i].in + at, part, exact);

				cr_assert_leq(got, TEXT_FILTER_ROOM(part));
				memcpy(out + len, exact, got);
				len += got;
				free(exact);
			}
			len += text_filter_end(&f, out + len);
			out[len] = '\0';
			cr_assert_str_eq(out, table[i].stream, "row %zu step %zu", i, step);
			cr_assert_eq(text_filter_end(&f, out), 0, "said once");
		}
	}
}

Test(text, a_line_is_cut_between_characters)
{
	char out[6];

	cr_assert_eq(text_line("ab€cd", 7, out, sizeof out), 5);
	cr_assert_str_eq(out, "ab€");
	cr_assert_eq(text_line("abc€", 6, out, sizeof out), 3);
	cr_assert_str_eq(out, "abc");
	cr_assert_eq(text_line("abc", 3, out, 1), 0);
	cr_assert_str_eq(out, "");
	cr_assert_eq(text_line("abc", 3, NULL, 0), 0);
}

Test(text, sizes_read_like_a_person_would_say_them)
{
	static const struct {
		uint64_t n;
		const char *text;
	} sizes[] = {
	    {0, "0 B"},
	    {1, "1 B"},
	    {900, "900 B"},
	    {999, "999 B"},
	    {1000, "1.0 kB"},
	    {1500000, "1.5 MB"},
	    {9949, "9.9 kB"},
	    {9950, "10 kB"},
	    {12345678, "12 MB"},
	    {999499, "999 kB"},
	    {999500, "1.0 MB"},
	    {999999999, "1.0 GB"},
	    {UINT64_MAX, "18447 PB"},
	};

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		char buf[TEXT_SIZE_MAX];

		cr_assert_str_eq(text_size(sizes[i].n, buf), sizes[i].text);
	}
}

/* ---- names of files ---- */

static void check_escape(const char *in, size_t n, const char *want)
{
	char text[64], back[64];
	size_t len = text_escape(in, n, text, sizeof text);

	cr_assert_str_eq(text, want);
	cr_assert_eq(len, strlen(want));
	cr_assert(text_is_clean(text, len));
	cr_assert_eq(text_unescape(text, back, sizeof back), (int)n);
	cr_assert_eq(memcmp(back, in, n), 0);
}

Test(text, a_name_of_any_bytes_can_be_read_and_typed_again)
{
	check_escape("plain name.log", 14, "plain name.log");
	check_escape("K\xc3\xa4se", 5, "K\xc3\xa4se");
	check_escape("a\nb\033[2J", 7, "a\\x0ab\\x1b[2J");
	check_escape("\xff\xc3", 2, "\\xff\\xc3");
	check_escape("a\\b\\x41", 7, "a\\\\b\\\\x41");
	check_escape("\xe2\x80\xae", 3, "\\xe2\\x80\\xae");
	check_escape("", 0, "");
}

Test(text, an_escaped_name_is_cut_between_characters)
{
	char out[8];

	cr_assert_eq(text_escape("ab\xff\xff", 4, out, sizeof out), 6);
	cr_assert_str_eq(out, "ab\\xff");
	cr_assert_eq(text_escape("\\\\", 2, out, 4), 2);
	cr_assert_str_eq(out, "\\\\");
}

Test(text, what_is_no_escape_stays_as_it_was_typed)
{
	char out[16];

	cr_assert_eq(text_unescape("\\q\\x4\\", out, sizeof out), 6);
	cr_assert_eq(memcmp(out, "\\q\\x4\\", 6), 0);
	cr_assert_eq(text_unescape("\\x00", out, sizeof out), AS_EBADMSG);
	cr_assert_eq(text_unescape("abc", out, 2), AS_E_TOO_BIG);
}

static bool fits(const char *pattern, const char *text)
{
	return text_glob(pattern, strlen(pattern), text, false);
}

Test(text, a_star_is_any_run_of_characters)
{
	cr_assert(fits("*", ""));
	cr_assert(fits("a*c", "abbc"));
	cr_assert(fits("*nvalid*", "% Invalid input"));
	cr_assert(fits("a", "a"));
	cr_assert_not(fits("a", "ab"));
	cr_assert_not(fits("a*c", "abb"));
	cr_assert_not(fits("", "a"));
	cr_assert_not(fits("A*", "ab"));
	cr_assert(text_glob("A*", 2, "ab", true));
	cr_assert(text_glob("a*c", 2, "abb", false)); /* what is behind n is not the pattern's */
}
