/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/wire/host_path.h"

static const char *join(const char *root, const char *below)
{
	static char out[64];

	return host_path_join(root, below, strlen(below), out, sizeof out);
}

Test(host_path, joining_writes_as_the_system_does)
{
	cr_expect_str_eq(join("/srv", "a/b"), "/srv/a/b");
	cr_expect_str_eq(join("/srv/", "a"), "/srv/a");
	cr_expect_str_eq(join("/", "a\\b"), "/a\\b");
	cr_expect_str_eq(join("/srv", ""), "/srv");
	cr_expect_str_eq(join("C:\\Logs", "a/b"), "C:\\Logs\\a\\b");
	cr_expect_str_eq(join("c:/Logs/", "a"), "c:\\Logs\\a");
	cr_expect_str_eq(join("C:\\", "a"), "C:\\a");
	cr_expect_str_eq(join("C:\\", ""), "C:\\");
}

Test(host_path, joining_stays_in_its_room)
{
	char out[9];

	memset(out, '#', sizeof out);
	cr_expect_str_eq(host_path_join("C:\\Logs", "abc", 3, out, 8), "C:\\Logs");
	cr_expect_str_eq(host_path_join("C:\\Logs", "abc", 3, out, 3), "C:");
	cr_expect_str_eq(host_path_join("/srv", "abc", 3, out, 8), "/srv/ab");
	cr_expect_eq(out[8], '#');
}

Test(host_path, escaping_leaves_the_separators_of_a_drive)
{
	char out[40];

	host_path_escape("C:\\x\\\x1b[2J\\K\xc3\xa4se", out, sizeof out);
	cr_expect_str_eq(out, "C:\\x\\\\x1b[2J\\K\xc3\xa4se");
	host_path_escape("/a\\b", out, sizeof out);
	cr_expect_str_eq(out, "/a\\\\b");
	cr_expect_eq(host_path_escape("C:\\abcdef", out, 6), 5);
	cr_expect_str_eq(out, "C:\\ab");
}
