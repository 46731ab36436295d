/* SPDX-License-Identifier: Apache-2.0
 *
 * tail_files from its arguments to the end of its pipe, in a process of its own. Nothing here
 * sleeps: what must come is waited for.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/box.h"
#include "tests/support/viewer.h"

#define TAIL_FILES 33

TestSuite(tail, .timeout = 110);

static struct box box;
static struct collect_args args;
static struct viewer v;

static void prepare(const char *const paths[])
{
	setenv("TZ", "UTC", 1);
	box_args(&box, TAIL_FILES, "", paths, &args);
}

static void start(const char *first)
{
	box_open(&box);
	box_file(&box, "log", first);
	prepare((const char *const[]){"log", NULL});
	viewer_start(&v, &args);
}

static void stop(void)
{
	viewer_stop(&v);
	box_done(&box);
}

static void move(const char *a, const char *b)
{
	char from[PATH_MAX];

	snprintf(from, sizeof from, "%s", box_name(&box, a));
	cr_assert_eq(rename(from, box_name(&box, b)), 0);
}

/* ---- one file ---- */

Test(tail, a_log_is_followed)
{
	start("1\n2\n");
	cr_assert(viewer_sees(&v, "2"));
	cr_expect_eq(viewer_times(&v, "1"), 1);
	cr_expect_eq(v.sources, 1);
	box_append(&box, "log", "3\nha");
	cr_assert(viewer_sees(&v, "3"));
	box_append(&box, "log", "lf\n");
	cr_assert(viewer_sees(&v, "half"));
	cr_expect_eq(v.lines, 4);
	cr_expect_eq(v.bytes % ITEM_BATCH, 0);
	stop();
}

Test(tail, the_last_lines_are_chosen)
{
	box_open(&box);
	box_file(&box, "log", "1\n2\n3\n");
	prepare((const char *const[]){"log", NULL});
	args.op.lines = 0 + 1;
	viewer_start(&v, &args);
	cr_assert(viewer_is_open(&v));
	viewer_stop(&v);
	args.op.lines = 2 + 1;
	viewer_start(&v, &args);
	cr_assert(viewer_sees(&v, "3"));
	cr_expect_eq(v.lines, 2);
	stop();
}

Test(tail, only_lines_that_match_come)
{
	box_open(&box);
	box_file(&box, "log", "an ERROR\nfine\n");
	prepare((const char *const[]){"log", NULL});
	strcpy(args.op.pattern, "error|last$");
	args.op.flags = OPEN_FLAG_CASE;
	viewer_start(&v, &args);
	cr_assert(viewer_sees(&v, "an ERROR"));
	box_append(&box, "log", "nothing\nlast one\nerror again\nthe last\n");
	cr_assert(viewer_sees(&v, "the last"));
	cr_expect_eq(v.lines, 3);
	stop();
}

Test(tail, a_pattern_that_takes_too_long_is_said)
{
	box_open(&box);
	box_file(&box, "log", "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx!\nxx\n");
	prepare((const char *const[]){"log", NULL});
	strcpy(args.op.pattern, "^(x+)+$");
	viewer_start(&v, &args);
	cr_assert(viewer_sees(&v, "xx"));
	cr_assert(viewer_is_told(&v, "lines on which the pattern took too long: 1"));
	stop();
}

/* ---- rotation ---- */

Test(tail, rename_and_create)
{
	start("1\n");
	cr_assert(viewer_sees(&v, "1"));
	for (int i = 0; i < 3; i++) {
		char old[32], new[32];

		snprintf(old, sizeof old, "late %d\n", i);
		snprintf(new, sizeof new, "new %d\n", i);
		move("log", "log.1");
		box_file(&box, "log", "");
		box_append(&box, "log.1", old);
		box_append(&box, "log", new);
		new[5] = '\0';
		cr_assert(viewer_sees(&v, new), "%s", new);
		old[6] = '\0';
		cr_expect_eq(viewer_times(&v, old), 1, "%s", old);
	}
	cr_expect_eq(v.lines, 7);
	cr_assert(viewer_is_told(&v, "/log: rotated; the new file is read"));
	stop();
}

Test(tail, copy_and_truncate)
{
	start("a first line that is long\n");
	cr_assert(viewer_sees(&v, "a first line that is long"));
	cr_assert_eq(truncate(box_name(&box, "log"), 0), 0);
	cr_assert(viewer_is_told(&v, "/log: emptied; it is read from its beginning"));
	box_append(&box, "log", "short\n");
	cr_assert(viewer_sees(&v, "short"));
	cr_expect_eq(v.lines, 2);
	stop();
}

Test(tail, deleted_and_made_again)
{
	start("1\n");
	cr_assert(viewer_sees(&v, "1"));
	cr_assert_eq(unlink(box_name(&box, "log")), 0);
	cr_assert(viewer_is_told(&v, "/log: it is not there; waiting for it"));
	box_file(&box, "log", "2\n");
	cr_assert(viewer_sees(&v, "2"));
	stop();
}

Test(tail, replaced_by_a_link_to_outside)
{
	start("1\n");
	cr_assert(viewer_sees(&v, "1"));
	cr_assert_eq(unlink(box_name(&box, "log")), 0);
	box_link(&box, "log", "/etc/passwd");
	cr_assert(viewer_is_told(&v, "/log: not read: it leads out of the folder"));
	cr_assert_eq(unlink(box_name(&box, "log")), 0);
	box_file(&box, "log", "2\n");
	cr_assert(viewer_sees(&v, "2"));
	cr_expect_eq(v.lines, 2);
	stop();
}

Test(tail, a_file_and_its_folder_may_come_later)
{
	box_open(&box);
	prepare((const char *const[]){"app/today/log", NULL});
	viewer_start(&v, &args);
	cr_assert(viewer_is_told(&v, "/app/today/log: it is not there; waiting for it"));
	box_folder(&box, "app");
	box_folder(&box, "app/today");
	box_file(&box, "app/today/log", "1\n");
	cr_assert(viewer_sees(&v, "1"));
	box_append(&box, "app/today/log", "2\n");
	cr_assert(viewer_sees(&v, "2"));
	move("app", "moved");
	cr_assert(viewer_is_told(&v, "it is not there"));
	box_append(&box, "moved/today/log", "3\n");
	cr_assert(viewer_sees(&v, "3"), "what is open is read on");
	box_folder(&box, "app");
	box_folder(&box, "app/today");
	box_file(&box, "app/today/log", "4\n");
	cr_assert(viewer_sees(&v, "4"));
	stop();
}

/* As programs are brought up to date: nothing happens in the folder itself. */
Test(tail, a_link_above_the_folder_may_lead_elsewhere)
{
	box_open(&box);
	box_folder(&box, "v1");
	box_folder(&box, "v2");
	box_file(&box, "v1/log", "old\n");
	box_file(&box, "v2/log", "new\n");
	box_link(&box, "current", "v1");
	box_link(&box, "next", "v2");
	prepare((const char *const[]){"current/log", NULL});
	viewer_start(&v, &args);
	cr_assert(viewer_sees(&v, "old"));
	while (viewer_read(&v, 1000)) /* until it is quiet */
		;
	move("next", "current");
	cr_assert(viewer_sees(&v, "new"));
	stop();
}

Test(tail, a_file_that_alone_was_granted_may_be_rotated)
{
	box_open(&box);
	box_file(&box, "log", "1\n");
	box_file(&box, "other", "other\n");
	box_args(&box, TAIL_FILES, "log", (const char *const[]){"", NULL}, &args);
	viewer_start(&v, &args);
	cr_assert(viewer_sees(&v, "1"));
	move("log", "log.1");
	box_file(&box, "log", "2\n");
	cr_assert(viewer_sees(&v, "2"));
	stop();
}

/* ---- several ---- */

Test(tail, several_are_merged_by_their_times)
{
	static const char *const order[] = {
	    "2026-01-05 10:00:00 a",  "Jan  5 10:00:01 b",     " of b",
	    "2026-01-05T10:00:02Z c", "2026-01-05 10:00:03 a", "no time, of a",
	    "2026-01-05T10:00:04Z c"};

	box_open(&box);
	box_file(&box, "a", "2026-01-05 10:00:00 a\n2026-01-05 10:00:03 a\nno time, of a\n");
	box_file(&box, "b", "Jan  5 10:00:01 b\n of b\n");
	box_file(&box, "c", "2026-01-05T10:00:02Z c\n2026-01-05T10:00:04Z c\n");
	prepare((const char *const[]){"a", "b", "c", NULL});
	viewer_start(&v, &args);
	cr_assert(viewer_counts(&v, 7));
	for (size_t i = 0; i < 7; i++)
		cr_expect_str_eq(v.text[i], order[i]);
	cr_expect_eq(v.sources, 3);
	cr_expect_eq(v.line[0].line.source, 0);
	cr_expect_eq(v.line[1].line.source, 1);
	stop();
}

/* They share a folder, and so what the kernel tells of it. */
Test(tail, eight_files_are_rotated_one_by_one)
{
	static const char *const names[] = {"0", "1", "2", "3", "4", "5", "6", "7", NULL};
	char old[32], text[32];

	box_open(&box);
	for (int i = 0; i < 8; i++)
		box_file(&box, names[i], "begin\n");
	prepare(names);
	viewer_start(&v, &args);
	cr_assert(viewer_counts(&v, 8));
	for (int i = 0; i < 8; i++) {
		snprintf(old, sizeof old, "%d.1", i);
		move(names[i], old);
		snprintf(text, sizeof text, "new %d\n", i);
		box_file(&box, names[i], text);
	}
	cr_assert(viewer_counts(&v, 16));
	for (int i = 0; i < 8; i++) {
		snprintf(text, sizeof text, "on %d\n", i);
		box_append(&box, names[i], text);
	}
	cr_assert(viewer_sees(&v, "on 7"));
	cr_assert(viewer_counts(&v, 24));
	stop();
}

Test(tail, one_file_by_two_names_comes_twice)
{
	box_open(&box);
	box_file(&box, "log", "1\n");
	box_link(&box, "link", "log");
	prepare((const char *const[]){"log", "link", NULL});
	viewer_start(&v, &args);
	cr_assert(viewer_counts(&v, 2));
	cr_assert_eq(unlink(box_name(&box, "link")), 0);
	cr_assert(viewer_is_told(&v, "/link: it is not there"));
	box_append(&box, "log", "2\n");
	cr_assert(viewer_counts(&v, 4));
	stop();
}

/* ---- more than the reader takes ---- */

/* How many bytes the view has read so far, of all it reads; UINT64_MAX when nobody can say. */
static uint64_t has_read(void)
{
	char path[64], text[512] = "";
	const char *at;
	int fd;

	snprintf(path, sizeof path, "/proc/%d/io", (int)v.pid);
	fd = open(path, O_RDONLY);
	if (fd >= 0 && read(fd, text, sizeof text - 1) < 0)
		text[0] = '\0';
	if (fd >= 0)
		close(fd);
	at = strstr(text, "rchar: ");
	return at ? strtoull(at + 7, NULL, 10) : UINT64_MAX;
}

/* The kernel tells of each read of the log; nobody reads the view meanwhile. */
static void wait_until_read(uint64_t bytes)
{
	int notify = inotify_init1(IN_CLOEXEC);
	struct pollfd p = {.fd = notify, .events = POLLIN};
	char events[4096];

	cr_assert_geq(inotify_add_watch(notify, box_name(&box, "log"), IN_ACCESS), 0);
	while (has_read() < bytes && poll(&p, 1, VIEWER_LIMIT_MS) > 0)
		cr_assert_gt(read(notify, events, sizeof events), 0);
	close(notify);
}

Test(tail, a_reader_who_stops_learns_how_many_lines_he_missed)
{
	const uint64_t written = 60000;
	static char text[110 * 1000];
	uint64_t before, bytes = 0;

	start("");
	cr_assert(viewer_is_open(&v));
	before = has_read();
	for (uint64_t i = 0; i < written; i += 1000) {
		size_t len = 0;

		for (uint64_t k = 0; k < 1000; k++)
			len += (size_t)sprintf(text + len, "%07llu %0*d\n",
					       (unsigned long long)(i + k), 92, 0);
		box_append(&box, "log", text);
		bytes += len;
	}
	wait_until_read(before + bytes);
	cr_assert(viewer_counts(&v, written));
	cr_expect(v.dropped > 0 || before == UINT64_MAX);
	cr_expect_eq(v.lines + v.dropped, written);
	stop();
}

Test(tail, a_very_long_line_is_cut_and_the_next_one_whole)
{
	char *text = malloc(300001);

	memset(text, 'y', 300000);
	text[300000] = '\0';
	start("");
	box_append(&box, "log", text);
	box_append(&box, "log", "\nnext\n");
	cr_assert(viewer_sees(&v, "next"));
	cr_expect_eq(v.lines, 2);
	cr_expect(v.line[0].line.cut);
	cr_expect_eq(v.line[0].line.len, ITEM_LINE_MAX);
	free(text);
	stop();
}

/* ---- nothing to see ---- */

static int state_of(void)
{
	struct took took;

	box_run(&args, &took);

	int state = took.state;
	cr_expect_eq((int)took.capture.end.end.state, state, "engineer and customer hear the same");
	box_run_done(&took);
	return state;
}

Test(tail, what_can_never_be_read_ends_at_once)
{
	box_open(&box);
	box_folder(&box, "folder");
	box_link(&box, "out", "/etc/passwd");
	prepare((const char *const[]){"folder", "out", NULL});
	cr_expect_eq(state_of(), ITEM_UNAVAILABLE);
	prepare((const char *const[]){"folder", NULL});
	strcpy(args.op.pattern, "(");
	cr_expect_eq(state_of(), ITEM_FAILED);
	prepare((const char *const[]){"folder", NULL});
	snprintf(args.real, sizeof args.real, "/nowhere/at/all");
	cr_expect_eq(state_of(), ITEM_UNAVAILABLE);
	prepare(NULL);
	cr_expect_eq(state_of(), ITEM_FAILED);
	box_done(&box);
}

Test(tail, it_ends_with_its_reader)
{
	struct collect_args *a = &args;
	int ends[2], state;

	signal(SIGPIPE, SIG_IGN);
	box_open(&box);
	box_file(&box, "log", "1\n");
	prepare((const char *const[]){"log", NULL});
	cr_assert_eq(pipe(ends), 0);
	close(ends[0]);
	state = run_collector(collector_find(TAIL_FILES), a, ends[1]);
	cr_expect_lt(state, 0);
	close(ends[1]);
	box_done(&box);
}
