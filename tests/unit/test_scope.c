/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/scope.h"

Test(scope, good_ones_come_back_as_they_were_typed)
{
	static const char *const good[] = {
	    "system",
	    "network",
	    "logs",
	    "metrics",
	    "capture",
	    "files:/srv/app",
	    "files:/",
	    "files:/srv/..app",
	    "files:/a..b/c",
	    "device:admin@192.0.2.1",
	    "device:admin@[2001:db8::1]:22",
	    "command:uptime",
	    "files:/srv/K\xc3\xa4se",
	    "files:C:\\Logs",
	    "files:d:/",
	    "files:C:\\Program Files\\App 2.0\\log.d",
	    "files:C:\\console\\com10\\nulls",
	};

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		struct scope s;
		char text[SCOPE_TEXT_MAX];

		cr_assert_eq(scope_parse(good[i], &s), 0, "%s", good[i]);
		cr_assert_str_eq(scope_text(&s, text), good[i]);
		cr_assert_eq(scope_check(&s), 0);
		cr_assert(scope_is_equal(&s, &s));
	}
}

Test(scope, bad_ones_are_refused_and_leave_nothing)
{
	static const char *const bad[] = {
	    "",
	    "System",
	    "system ",
	    "systems",
	    "system:",
	    "system:x",
	    "files",
	    "files:",
	    "files:srv",
	    "files:/srv/../etc",
	    "files:C:",
	    "files:C:Logs",
	    "files:C:\\..\\x",
	    "files:C:\\a\\..",
	    "files:C:\\a\\.\\b",
	    "files:C:\\a\\\\b",
	    "files:C:\\a:stream",
	    "files:C:\\a\\NUL",
	    "files:C:\\a\\con .txt\\b",
	    "files:C:\\com1",
	    "files:C:\\lpt\xc2\xb2.x",
	    "files:C:\\a.\\b",
	    "files:C:\\a ",
	    "files:C:\\a*",
	    "files:\\\\server\\share",
	    "files:\\\\?\\C:\\a",
	    "files:/..",
	    "files:..",
	    "files:/srv/..",
	    "files:/a\nb",
	    "files:/\x1b[2J",
	    "files:/\xff",
	    "device:",
	    "device:admin",
	    "device:@host",
	    "device:admin@",
	    "device:a b@host",
	    "device:-oProxyCommand=x y@h",
	    "command:",
	    "put:/srv",
	    "put:",
	    "nothing:x",
	    ":x",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct scope s, before;

		memset(&s, 0x55, sizeof s);
		before = s;
		cr_assert_eq(scope_parse(bad[i], &s), AS_E_SCOPE, "'%s'", bad[i]);
		cr_assert_eq(memcmp(&s, &before, sizeof s), 0);
	}
}

Test(scope, a_target_has_a_limit)
{
	char text[SCOPE_TARGET_MAX + 20] = "files:/";
	struct scope s;

	memset(text + 7, 'x', SCOPE_TARGET_MAX - 1);
	cr_assert_eq(scope_parse(text, &s), 0);
	cr_assert_eq(strlen(s.target), SCOPE_TARGET_MAX);
	text[7 + SCOPE_TARGET_MAX - 1] = 'x';
	cr_assert_eq(scope_parse(text, &s), AS_E_SCOPE);
}

Test(scope, a_kind_from_the_wire_must_be_known)
{
	struct scope s = {.kind = (enum scope_kind)0};

	cr_assert_eq(scope_check(&s), AS_E_SCOPE);
	s.kind = (enum scope_kind)10;
	cr_assert_eq(scope_check(&s), AS_E_SCOPE);
	cr_assert_str_eq(scope_kind_name(s.kind), "?");
}

Test(scope, kind_and_target_make_them_equal)
{
	struct scope a, b;

	scope_parse("files:/a", &a);
	scope_parse("files:/b", &b);
	cr_assert_not(scope_is_equal(&a, &b));
	scope_parse("command:/a", &b);
	cr_assert_not(scope_is_equal(&a, &b));
}

/* The engineer asks for a place to put files to; the customer says which. */
Test(scope, the_customer_names_the_folder_that_files_are_put_into)
{
	struct scope wish, granted, other;

	cr_assert_eq(scope_parse("put", &wish), 0);
	cr_assert_eq(scope_check_wish(&wish), 0);
	cr_assert_eq(scope_check(&wish), AS_E_SCOPE, "a grant says where");
	granted = wish;
	strcpy(granted.target, "/home/anna/support");
	cr_assert_eq(scope_check(&granted), 0);
	cr_assert_eq(scope_check_wish(&granted), AS_E_SCOPE);
	cr_assert(scope_answers(&granted, &wish));
	cr_assert_not(scope_answers(&wish, &granted));
	strcpy(granted.target, "/home/../etc");
	cr_assert_eq(scope_check(&granted), AS_E_SCOPE);
	scope_parse("logs", &other);
	cr_assert_not(scope_answers(&other, &wish));
	cr_assert(scope_answers(&other, &other));
	scope_parse("files:/a", &other);
	scope_parse("files:/b", &wish);
	cr_assert_not(scope_answers(&other, &wish));
}
