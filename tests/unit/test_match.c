/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/match.h"

TestSuite(match, .timeout = 60);

static bool matches(const char *pattern, bool ignore_case, const void *line, size_t n)
{
	char why[MATCH_WHY_MAX];
	struct match *m;

	cr_assert_eq(match_new(pattern, ignore_case, &m, why), 0, "%s", why);

	bool did = match_line(m, line, n);
	cr_expect_eq(match_given_up(m), 0);
	match_free(m);
	return did;
}

Test(match, lines_of_any_bytes)
{
	cr_expect(matches("", false, "x", 1));
	cr_expect(matches("", false, "", 0));
	cr_expect(matches("err", false, "an error", 8));
	cr_expect_not(matches("ERR", false, "an error", 8));
	cr_expect(matches("ERR", true, "an error", 8));
	cr_expect(matches("^\\d+ .*[^a-z]$", false, "42 \xff", 4));
	cr_expect(matches("b", false, "a\0b", 3), "a NUL is a byte like others");
	cr_expect(matches("\\xff\\x00", false, "\xff\0", 2));
	cr_expect_not(matches("ab", false, &"abc"[1], 2));
	cr_expect(matches("gr\xc3\xbc\xc3\x9f", false, "x gr\xc3\xbc\xc3\x9f y", 10));
}

static void is_wrong(const char *pattern, const char *words)
{
	char why[MATCH_WHY_MAX];
	struct match *m = NULL;

	cr_expect_lt(match_new(pattern, false, &m, why), 0, "%s", pattern);
	cr_expect(strstr(why, words), "%s: %s", pattern, why);
	cr_expect_null(m);
}

Test(match, wrong_patterns_say_where)
{
	is_wrong("(open", "the pattern is wrong at character 6: ");
	is_wrong("a{2,1}", "at character 6");
	is_wrong("*", "at character");
	is_wrong("(*UTF)x", "at character"); /* lines are bytes */
	is_wrong("\\C", "at character");
}

/* Each would run for years. */
Test(match, patterns_without_end_end)
{
	static const char *const evil[] = {
	    "^(x+)+$",	     "^(x|x)*$",  "^(x*)*(x*)*(x*)*$", "^(?:(?:x?){30}){30}$",
	    "^(?:x|(?R))*$", "^(x+x+)+$", "^(?:x|(?1))*(x)$",  "(?=(x+)+$)",
	};
	static char line[8192];
	char why[MATCH_WHY_MAX];
	struct match *m;

	memset(line, 'x', sizeof line);
	line[sizeof line - 1] = '!';
	for (size_t i = 0; i < sizeof evil / sizeof evil[0]; i++) {
		cr_assert_eq(match_new(evil[i], false, &m, why), 0, "%s: %s", evil[i], why);
		for (int k = 0; k < 3; k++)
			cr_expect_not(match_line(m, line, sizeof line), "%s", evil[i]);
		match_free(m);
	}
	cr_assert_eq(match_new(evil[0], false, &m, why), 0);
	match_line(m, line, sizeof line);
	cr_expect_eq(match_given_up(m), 1);
	cr_expect(match_line(m, "xxx", 3), "the next line has all its steps again");
	match_free(m);
}

/* No pattern that fits into our arguments takes much memory. */
Test(match, large_patterns_are_refused_or_small)
{
	char pattern[256] = "", why[MATCH_WHY_MAX];
	struct match *m;

	while (strlen(pattern) < 240)
		strcat(pattern, "(");
	is_wrong(pattern, "at character");
	strcpy(pattern, "((((a{0,100}){0,100}){0,100}){0,100}){0,100}");
	is_wrong(pattern, "too large");
	strcpy(pattern, "(((a{1,30}){1,30}){1,3}b){1,3}");
	cr_assert_eq(match_new(pattern, true, &m, why), 0, "%s", why);
	match_free(m);
}
