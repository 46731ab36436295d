/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/box.h"

#define FIND 42
#define HOUR 3600

TestSuite(find, .timeout = 60);

static struct box box;
static struct collect_args args;
static struct took took;

static void age(const char *name, time_t seconds)
{
	const struct timespec t[2] = {{time(NULL) - seconds, 0}, {time(NULL) - seconds, 0}};

	cr_assert_eq(utimensat(AT_FDCWD, box_name(&box, name), t, AT_SYMLINK_NOFOLLOW), 0);
}

static void fill(void)
{
	box_open(&box);
	box_folder(&box, "logs");
	box_file(&box, "logs/app.log", "one\ntwo error\nthree\n");
	box_file(&box, "logs/App.LOG.1", "error at the start\nlast error");
	box_bytes(&box, "logs/core", "ELF\0error\nmore error\n", 21);
	box_folder(&box, "logs/old");
	box_file(&box, "logs/old/ten", "0123456789");
	box_link(&box, "logs/link", "app.log");
	age("logs/old/ten", 48 * HOUR);
	age("logs/app.log", HOUR / 2);
	box_args(&box, FIND, "", (const char *const[]){"", NULL}, &args);
}

/* The names found, in order, with '|' between them. */
static const char *found(void)
{
	static char names[BOX_SEEN * 64];

	names[0] = '\0';
	box_run(&args, &took);
	for (size_t i = 0; i < took.count && i < BOX_SEEN; i++) {
		if (took.seen[i].it.type != ITEM_ENTRY)
			continue;
		snprintf(names + strlen(names), sizeof names - strlen(names), "%s%s",
			 names[0] ? "|" : "", took.seen[i].text);
	}
	return names;
}

static void is_found(const char *want)
{
	const char *names = found();

	cr_expect_str_eq(names, want, "%s, not %s", names, want);
	box_run_done(&took);
}

#define ALL "logs|logs/App.LOG.1|logs/app.log|logs/core|logs/link|logs/old|logs/old/ten"

Test(find, without_a_filter_it_is_everything)
{
	fill();
	is_found(ALL);
	box_done(&box);
}

Test(find, by_name)
{
	fill();
	strcpy(args.op.glob, "*.log*");
	is_found("logs/app.log");
	args.op.flags = OPEN_FLAG_CASE;
	is_found("logs/App.LOG.1|logs/app.log");
	strcpy(args.op.glob, "[ct]*");
	is_found("logs/core|logs/old/ten");
	box_done(&box);
}

/* glibc goes back in a name for the last star only. */
Test(find, a_name_with_many_stars_ends)
{
	char name[201];

	memset(name, 'a', 200);
	name[200] = '\0';
	fill();
	box_file(&box, name, "");
	for (int i = 0; i < 60; i++)
		strcat(args.op.glob, "*a");
	strcat(args.op.glob, "*b");
	is_found("");
	box_done(&box);
}

Test(find, by_size)
{
	fill();
	args.op.size_min = args.op.size_max = 10;
	is_found("logs/old/ten");
	args.op.size_min = 20;
	args.op.size_max = 0;
	is_found("logs/App.LOG.1|logs/app.log|logs/core");
	args.op.size_min = 0;
	args.op.size_max = 20;
	is_found("logs/app.log|logs/old/ten");
	box_done(&box);
}

Test(find, by_kind)
{
	fill();
	args.op.types = 1u << 1; /* of "fdlpscb" */
	is_found("logs|logs/old");
	args.op.types = 1u << 2;
	is_found("logs/link");
	args.op.types = 1u << 1 | 1u << 2;
	is_found("logs|logs/link|logs/old");
	box_done(&box);
}

Test(find, by_age)
{
	fill();
	args.op.types = 1;
	args.op.older_s = 24 * HOUR;
	is_found("logs/old/ten");
	args.op.older_s = HOUR / 4;
	args.op.newer_s = HOUR;
	is_found("logs/app.log");
	args.op.older_s = 0;
	args.op.newer_s = UINT64_MAX;
	is_found("logs/App.LOG.1|logs/app.log|logs/core|logs/old/ten");
	box_done(&box);
}

Test(find, times_beyond_our_clock_have_an_age)
{
	const struct timespec early[2] = {{1, 0}, {INT64_MIN / 2, 0}},
			      late[2] = {{1, 0}, {INT64_MAX / 2, 0}};

	setenv("TMPDIR", "/dev/shm", 1); /* other file systems do not keep such times */
	box_open(&box);
	box_file(&box, "early", "");
	box_file(&box, "late", "");
	cr_assert_eq(utimensat(AT_FDCWD, box_name(&box, "early"), early, 0), 0);
	cr_assert_eq(utimensat(AT_FDCWD, box_name(&box, "late"), late, 0), 0);
	box_args(&box, FIND, "", (const char *const[]){"", NULL}, &args);
	args.op.older_s = 1;
	is_found("early");
	args.op.older_s = 0;
	args.op.newer_s = 1;
	is_found("late");
	box_done(&box);
}

/* ---- content ---- */

static const struct seen *line(size_t n)
{
	for (size_t i = 0; i < took.count && i < BOX_SEEN; i++)
		if (took.seen[i].it.type == ITEM_LINE && n-- == 0)
			return &took.seen[i];
	return NULL;
}

Test(find, by_content_with_the_lines)
{
	fill();
	strcpy(args.op.pattern, "error");
	cr_expect_str_eq(found(), "logs/App.LOG.1|logs/app.log|logs/core");
	cr_expect_eq(took.state, ITEM_OK);
	cr_assert_eq(took_count(&took, ITEM_LINE), 3, "of one that is no text, none");
	cr_expect_str_eq(line(0)->text, "error at the start");
	cr_expect_eq(line(0)->it.line.time, 1);
	cr_expect_str_eq(line(1)->text, "last error", "without an end");
	cr_expect_eq(line(1)->it.line.time, 2);
	cr_expect_str_eq(line(2)->text, "two error");
	cr_expect_eq(line(2)->it.line.time, 2);
	box_run_done(&took);
	box_done(&box);
}

Test(find, where_to_begin_may_be_a_file_or_a_link_to_one)
{
	fill();
	strcpy(args.op.pattern, "^t");
	strcpy(args.op.paths[0], "logs/app.log");
	cr_expect_str_eq(found(), "logs/app.log");
	cr_expect_eq(took_count(&took, ITEM_LINE), 2);
	box_run_done(&took);
	strcpy(args.op.paths[0], "logs/link");
	is_found("logs/link");

	box_args(&box, FIND, "logs/app.log", (const char *const[]){"", NULL}, &args);
	strcpy(args.op.pattern, "three");
	is_found(".");
	box_done(&box);
}

/* 'x' and line ends, so that a long line stands before a short one. */
static void long_lines(const char *name, size_t n, const char *behind)
{
	char *text = malloc(n + strlen(behind) + 1);

	memset(text, 'x', n);
	strcpy(text + n, behind);
	box_file(&box, name, text);
	free(text);
}

Test(find, a_line_longer_than_our_memory_is_one_line)
{
	fill();
	strcpy(args.op.paths[0], "long");
	long_lines("long", 300000, "\nneedle\n");
	strcpy(args.op.pattern, "needle");
	is_found("long");
	box_run(&args, &took);
	cr_assert_eq(took_count(&took, ITEM_LINE), 1);
	cr_expect_eq(line(0)->it.line.time, 2);
	box_run_done(&took);
	strcpy(args.op.pattern, "^xx");
	box_run(&args, &took);
	cr_expect_eq(line(0)->it.line.time, 1);
	cr_expect_eq(line(0)->it.line.len, ITEM_LINE_MAX);
	cr_expect(line(0)->it.line.cut);
	box_run_done(&took);
	box_done(&box);
}

Test(find, many_lines_of_a_file_are_cut_and_that_is_said)
{
	char text[8192] = "";

	for (int i = 0; i < 150; i++)
		strcat(text, "hit\n");
	fill();
	box_file(&box, "many", text);
	strcpy(args.op.pattern, "hit");
	strcpy(args.op.glob, "many");
	cr_expect_str_eq(found(), "many");
	cr_expect_eq(took_count(&took, ITEM_LINE), 100);
	cr_expect(capture_noted(&took.capture, "only the first 100 lines are shown: 1"));
	box_run_done(&took);
	box_done(&box);
}

/* As /var/log/lastlog is: mostly a hole. */
Test(find, holes_are_passed_over)
{
	fill();
	box_bytes(&box, "sparse", "\0user", 5);
	cr_assert_eq(truncate(box_name(&box, "sparse"), INT64_C(1) << 40), 0);
	box_append(&box, "sparse", "needle");
	strcpy(args.op.pattern, "needle|^erneedle");
	strcpy(args.op.glob, "sparse");
	is_found("sparse");
	strcpy(args.op.pattern, "userneedle");
	is_found("");
	box_done(&box);
}

Test(find, a_pattern_without_end_is_given_up)
{
	fill();
	long_lines("evil", 40, "!\n");
	strcpy(args.op.pattern, "^(x+)+$");
	cr_expect_str_eq(found(), "");
	cr_expect_eq(took.state, ITEM_PARTIAL);
	cr_expect(capture_noted(&took.capture, "lines on which the pattern took too long: 1"));
	box_run_done(&took);
	strcpy(args.op.pattern, "(unclosed");
	cr_expect_str_eq(found(), "");
	cr_expect_eq(took.state, ITEM_FAILED);
	cr_expect(strstr(took.capture.end.end.why, "the pattern is wrong at character"));
	box_run_done(&took);
	box_done(&box);
}

/* ---- limits and trouble ---- */

Test(find, hits_have_a_limit_and_that_is_said)
{
	fill();
	args.op.lines = 2 + 1;
	cr_expect_str_eq(found(), "logs|logs/App.LOG.1");
	cr_expect_eq(took.state, ITEM_PARTIAL);
	cr_expect(capture_noted(&took.capture, "the search ended after 2 hits"));
	box_run_done(&took);
	args.op.lines = 7 + 1;
	is_found(ALL);
	box_done(&box);
}

/* A file whose reading fails costs itself only: here one of /proc that allows it to nobody. */
Test(find, a_file_that_fails_costs_itself_only)
{
	box_open(&box);
	box_args(&box, FIND, "", (const char *const[]){"mem", "status", NULL}, &args);
	snprintf(args.op.root, sizeof args.op.root, "/proc/%d", (int)getpid());
	snprintf(args.real, sizeof args.real, "%s", args.op.root);
	strcpy(args.op.pattern, "^Name:");
	cr_expect_str_eq(found(), "status");
	cr_expect_eq(took.state, ITEM_PARTIAL);
	cr_expect(capture_noted(&took.capture, "/mem: cannot be read: Input/output error"));
	box_run_done(&took);
	box_done(&box);
}

Test(find, what_a_link_leads_to_is_not_looked_into)
{
	box_open(&box);
	box_folder(&box, "in");
	box_file(&box, "secret", "SECRET\n");
	box_link(&box, "in/link", "../secret");
	box_link(&box, "in/folder", "..");
	box_args(&box, FIND, "in", (const char *const[]){"", NULL}, &args);
	strcpy(args.op.pattern, "SECRET");
	is_found("");
	args.op.pattern[0] = '\0';
	is_found("folder|link");
	box_done(&box);
}
