/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/connect_args.h"
#include "console/script.h"
#include "proto/base/err.h"

static char path[] = "/tmp/assent-script-XXXXXX";
static struct connect_args args;
static struct script s;
static char why[SCRIPT_WHY_MAX];

static int load(const char *text)
{
	FILE *f = fopen(path, "we");

	fputs(text, f);
	fclose(f);
	args.batch = path;
	return script_load(&args, &s, why);
}

static void make(void)
{
	close(mkstemp(path));
}

static void clean(void)
{
	script_done(&s);
	unlink(path);
}
TestSuite(script, .init = make, .fini = clean);

Test(script, commands_come_first_and_then_the_lines_of_the_file)
{
	args.commands[args.commands_count++] = "catalog";
	cr_assert_eq(load("# a comment\n\ncollect quick\r\nend"), 0, "%s", why);
	cr_assert_eq(s.count, 3);
	cr_assert_str_eq(script_next(&s), "catalog");
	cr_assert_eq(strncmp(script_next(&s), "collect quick", 13), 0);
	cr_assert_str_eq(script_next(&s), "end");
	cr_assert_null(script_next(&s));
	cr_assert_null(script_next(&s));
}

Test(script, a_wrong_command_is_found_before_anything_is_sent)
{
	cr_assert_eq(load("collect\ncolect\n"), AS_EBADMSG);
	cr_assert(strstr(why, "colect"));
	cr_assert_null(script_next(&s));
}

Test(script, a_file_that_is_not_there_is_named)
{
	args.batch = "/nonexistent/batch";
	cr_assert_lt(script_load(&args, &s, why), 0);
	cr_assert(strstr(why, "/nonexistent/batch"));
}

Test(script, too_many_lines_and_too_many_bytes_are_refused)
{
	char *text = calloc(1, SCRIPT_FILE_MAX + 2);

	for (size_t i = 0; i <= SCRIPT_LINES_MAX; i++)
		memcpy(text + 4 * i, "end\n", 4);
	cr_assert_eq(load(text), AS_E_TOO_BIG);
	text[4 * SCRIPT_LINES_MAX] = '\0';
	cr_assert_eq(load(text), 0);
	script_done(&s);
	memset(text, '\n', SCRIPT_FILE_MAX + 1);
	cr_assert_eq(load(text), AS_E_TOO_BIG);
	text[SCRIPT_FILE_MAX] = '\0';
	cr_assert_eq(load(text), 0);
	free(text);
}
