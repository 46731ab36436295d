/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "proto/base/ini.h"

static char seen[4096];
static int stop_at;

static int on_entry(const char *key, const char *value, void *arg)
{
	size_t n = strlen(seen);

	cr_assert_eq(arg, &stop_at);
	snprintf(seen + n, sizeof seen - n, "%s=%s|", key, value);
	return stop_at > 0 && --stop_at == 0 ? AS_ECONFIG : 0;
}

static int parse(const char *text, int *line)
{
	seen[0] = '\0';
	return ini_parse(text, strlen(text), on_entry, &stop_at, line);
}

Test(ini, reads_entries_and_skips_comments_and_blank_lines)
{
	int line;

	cr_assert_eq(parse("# one\n\n; two\n  relay = a.example:443  \r\nempty=\n\tx=1=2", &line),
		     0);
	cr_assert_str_eq(seen, "relay=a.example:443|empty=|x=1=2|");
}

Test(ini, an_empty_file_is_fine)
{
	int line;

	cr_assert_eq(parse("", &line), 0);
	cr_assert_str_eq(seen, "");
}

Test(ini, says_in_which_line_it_is_wrong)
{
	static const char *const bad[] = {
	    "a=1\nno equals sign\n", "a=1\n=value\n", "a=1\nb=\x1b[31m\n",
	    "a=1\n[section]\n",	     "a=1\nb=\xff\n",
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int line = 0;

		cr_assert_eq(parse(bad[i], &line), AS_EBADMSG, "%s", bad[i]);
		cr_assert_eq(line, 2);
		cr_assert_str_eq(seen, "a=1|");
	}
}

Test(ini, a_nul_byte_is_refused)
{
	static const char text[] = "a=1\0b=2";
	int line;

	cr_assert_eq(ini_parse(text, sizeof text - 1, on_entry, &stop_at, &line), AS_EBADMSG);
}

Test(ini, lines_and_values_have_limits)
{
	static char text[INI_LINE_MAX + 10];
	int line;

	memset(text, 'x', sizeof text - 1);
	text[0] = '#';
	text[INI_LINE_MAX] = '\0';
	cr_assert_eq(parse(text, &line), 0);
	text[INI_LINE_MAX] = 'x';
	cr_assert_eq(parse(text, &line), AS_EBADMSG, "too long a line, even a comment");

	memcpy(text, "k=", 2);
	text[2 + INI_VALUE_MAX - 1] = '\0';
	cr_assert_eq(parse(text, &line), 0);
	text[2 + INI_VALUE_MAX - 1] = 'x';
	text[2 + INI_VALUE_MAX] = '\0';
	cr_assert_eq(parse(text, &line), AS_EBADMSG, "too long a value");
}

Test(ini, stops_where_the_callback_says)
{
	int line;

	stop_at = 2;
	cr_assert_eq(parse("a=1\n\nb=2\nc=3\n", &line), AS_ECONFIG);
	cr_assert_eq(line, 3);
	cr_assert_str_eq(seen, "a=1|b=2|");
}

static int load(const void *p, size_t n, int *line)
{
	char path[] = "/tmp/ini-test-XXXXXX";
	int fd = mkstemp(path);

	cr_assert_geq(fd, 0);
	cr_assert_eq(write(fd, p, n), (ssize_t)n);
	close(fd);
	seen[0] = '\0';

	int err = ini_load(path, on_entry, &stop_at, line);
	unlink(path);
	return err;
}

Test(ini, loads_files_up_to_their_limit)
{
	static char big[INI_FILE_MAX + 1];
	int line = 9;

	cr_assert_eq(load("a = 1\n", 6, &line), 0);
	cr_assert_str_eq(seen, "a=1|");
	memset(big, '\n', sizeof big);
	cr_assert_eq(load(big, INI_FILE_MAX, &line), 0);
	cr_assert_eq(load(big, INI_FILE_MAX + 1, &line), AS_E_TOO_BIG);
	cr_assert_eq(line, 0);
	cr_assert_eq(ini_load("/nonexistent/file", on_entry, &stop_at, &line), -ENOENT);
	cr_assert_eq(line, 0);
}
