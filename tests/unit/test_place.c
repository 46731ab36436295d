/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "console/place.h"
#include "proto/base/err.h"

static struct scope granted[8];
static size_t count;
static struct place p;
static char why[PLACE_WHY_MAX];

static void grant(const char *text)
{
	cr_assert_eq(scope_parse(text, &granted[count++]), 0);
}

static int place(const char *typed, bool logs)
{
	return place_find(typed, granted, count, logs, &p, why);
}

Test(place, paths_are_tidied)
{
	static const struct {
		const char *typed, *path;
	} good[] = {{"/", "/"},
		    {"//", "/"},
		    {"/.", "/"},
		    {"/a/", "/a"},
		    {"/a//b/./c/.", "/a/b/c"},
		    {"/a\\x2fb", "/a/b"},
		    {"/...", "/..."},
		    {"/.a/..b", "/.a/..b"},
		    {"/x\\\\y\\x0a\\xff", "/x\\y\n\xff"}};
	static const char *const bad[] = {"",	     "a",	  "./a",     "/..",
					  "/a/../b", "/a\\x2f..", "/a\\x00", "~/x"};
	char out[PLACE_PATH_MAX + 1];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		cr_assert_eq(place_tidy(good[i].typed, out, why), 0, "%s", good[i].typed);
		cr_assert_str_eq(out, good[i].path);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(place_tidy(bad[i], out, why), AS_EBADMSG, "%s", bad[i]);
}

Test(place, a_drive_letter_makes_backslashes_separators)
{
	static const struct {
		const char *typed, *path;
	} good[] = {{"C:\\", "C:\\"},
		    {"c:/", "C:\\"},
		    {"C:\\xab\\x.log", "C:\\xab\\x.log"},
		    {"d:/a//b/./c/", "D:\\a\\b\\c"},
		    {"C:\\a\\xed\\xa0\\x80", "C:\\a\xed\xa0\x80"},
		    {"C:\\K\xc3\xa4se", "C:\\K\xc3\xa4se"}};
	static const char *const bad[] = {
	    "C:",	    "C:x",	     "C:\\..",	       "C:\\a\\..\\b",
	    "C:\\a:stream", "C:\\NUL",	     "C:\\a\\con.txt", "C:\\a.",
	    "C:\\a \\b",    "\\\\server\\x", "C:\\a*"};
	char out[PLACE_PATH_MAX + 1];

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		cr_assert_eq(place_tidy(good[i].typed, out, why), 0, "%s", good[i].typed);
		cr_assert_str_eq(out, good[i].path);
	}
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(place_tidy(bad[i], out, why), AS_EBADMSG, "%s", bad[i]);
}

Test(place, a_folder_on_a_drive_covers_what_is_below_it)
{
	grant("files:C:\\Logs");
	grant("files:d:/");
	cr_assert_eq(place("c:\\logs\\App\\today.log", false), 0);
	cr_assert_str_eq(p.right.target, "C:\\Logs");
	cr_assert_str_eq(p.below, "App/today.log");
	cr_assert_str_eq(p.path, "C:\\logs\\App\\today.log");
	cr_assert_eq(place("C:/Logs", false), 0);
	cr_assert_str_eq(p.below, "");
	cr_assert_eq(place("D:\\x", false), 0);
	cr_assert_str_eq(p.right.target, "d:/");
	cr_assert_str_eq(p.below, "x");
	cr_assert_eq(place("C:\\Logs2\\x", false), AS_E_SCOPE);
	cr_assert(strstr(why, "request files:C:\\Logs2\\x"), "%s", why);
	cr_assert_eq(place("C:\\My Logs", false), AS_E_SCOPE);
	cr_assert(strstr(why, "request \"files:C:\\My Logs\""), "%s", why);
}

Test(place, the_longest_granted_folder_counts)
{
	grant("files:/");
	grant("files:/srv");
	grant("files:/srv/app");
	cr_assert_eq(place("/srv/app/x", false), 0);
	cr_assert_str_eq(p.right.target, "/srv/app");
	cr_assert_str_eq(p.below, "x");
	cr_assert_eq(place("/srv/application", false), 0);
	cr_assert_str_eq(p.right.target, "/srv");
	cr_assert_str_eq(p.below, "application");
	cr_assert_eq(place("/srv/app", false), 0);
	cr_assert_str_eq(p.right.target, "/srv/app");
	cr_assert_str_eq(p.below, "");
	cr_assert_eq(place("/etc", false), 0);
	cr_assert_str_eq(p.right.target, "/");
	cr_assert_str_eq(p.below, "etc");
	cr_assert_eq(place("/", false), 0);
	cr_assert_str_eq(p.below, "");
}

Test(place, a_target_is_sent_as_it_was_granted)
{
	grant("files:/srv//app/");
	cr_assert_eq(place("/srv/app/x", false), 0);
	cr_assert_str_eq(p.right.target, "/srv//app/");
	cr_assert_str_eq(p.below, "x");
}

Test(place, logs_cover_what_is_below_var_log_for_who_wants_lines)
{
	grant("logs");
	grant("files:/var/log/app");
	cr_assert_eq(place("/var/log/app/x", true), 0);
	cr_assert_eq(p.right.kind, SCOPE_LOGS);
	cr_assert_str_eq(p.below, "app/x");
	cr_assert_eq(place("/var/log/app/x", false), 0);
	cr_assert_eq(p.right.kind, SCOPE_FILES);
	cr_assert_eq(place("/var/logs/x", true), AS_E_SCOPE);
	cr_assert_eq(place("/var/log/x", false), AS_E_SCOPE);
	cr_assert(strstr(why, "request files:/var/log/x"));
}

Test(place, what_is_below_may_be_as_long_as_the_wire_carries)
{
	char typed[PLACE_PATH_MAX + 8] = "/srv/";
	as_OpenArgs args = {0};

	grant("files:/srv");
	memset(typed + 5, 'x', MSG_PATH_MAX);
	cr_assert_eq(place(typed, false), 0);
	for (size_t i = 0; i < MSG_PATHS_MAX; i++)
		cr_assert_eq(place_add(&p, &args), 0);
	cr_assert_eq(place_add(&p, &args), AS_EFULL);
	cr_assert_eq(args.paths[7].size, MSG_PATH_MAX);
	cr_assert_str_eq(args.root, "/srv");
	typed[5 + MSG_PATH_MAX] = 'x';
	cr_assert_eq(place(typed, false), AS_E_SCOPE);
}
