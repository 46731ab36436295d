/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "agent/collect/copy.h"
#include "agent/collect/units.h"

Test(units, are_the_first_words_that_look_like_units)
{
	char text[2048], name[UNIT_NAME_MAX + 1];
	const char *at = text;

	cr_assert_gt(read_text(FIXTURES "/proc/units_failed", text, sizeof text), 0);
	cr_assert_not_null(at = units_next(at, name));
	cr_assert_str_eq(name, "nginx.service");
	cr_assert_not_null(at = units_next(at, name));
	cr_assert_str_eq(name, "mnt-data.mount");
	cr_assert_not_null(at = units_next(at, name));
	cr_assert_str_eq(name, "-.mount");
	cr_assert_null(units_next(at, name));
}

Test(units, need_no_newline_at_the_end_and_have_a_longest_name)
{
	char text[400], name[UNIT_NAME_MAX + 1];

	cr_assert_not_null(units_next("a.service", name));
	cr_assert_str_eq(name, "a.service");
	memset(text, 'a', sizeof text);
	strcpy(text + UNIT_NAME_MAX + 1 - 8, ".service");
	cr_assert_null(units_next(text, name));
	memmove(text, text + 1, strlen(text));
	cr_assert_not_null(units_next(text, name));
	cr_assert_eq(strlen(name), UNIT_NAME_MAX);
}
