/* SPDX-License-Identifier: Apache-2.0
 *
 * One file that is followed, without a clock: after each change the test looks and reads.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collect/follow.h"
#include "tests/support/box.h"

TestSuite(follow, .timeout = 60);

static struct box box;
static struct collect_args args;
static struct below root;
static struct follow f;

static void begin(unsigned lines)
{
	box_args(&box, 33, "", NULL, &args);
	cr_assert_eq(below_open(&args, &root), 0);
	follow_open(&f, &root, "log", lines);
}

static void start(const char *text, unsigned lines)
{
	box_open(&box);
	if (text)
		box_file(&box, "log", text);
	begin(lines);
}

static void stop(void)
{
	follow_close(&f);
	below_close(&root);
	box_done(&box);
}

/* All lines that there are now, each with '|' behind it. */
static const char *lines(void)
{
	static char all[4096];
	const char *line;
	size_t n;

	all[0] = '\0';
	do {
		while (follow_line(&f, &line, &n))
			snprintf(all + strlen(all), sizeof all - strlen(all), "%.*s|",
				 n < 100 ? (int)n : 100, line);
	} while (f.fd >= 0 && !f.at_end);
	return all;
}

#define READS(want)                                                     \
	do {                                                            \
		const char *did_ = lines();                             \
		cr_assert_str_eq(did_, want, "%s, not %s", did_, want); \
	} while (0)

/* The first look that has news other than to read on; what is read meanwhile goes to text. */
static enum follow_news look(char text[256])
{
	enum follow_news news;

	text[0] = '\0';
	for (int i = 0; i < 10; i++) {
		news = follow_look(&f);
		if (news != FOLLOW_MORE)
			return news;
		strcat(text, lines());
	}
	return FOLLOW_MORE;
}

static void rotate(void)
{
	char from[PATH_MAX];

	snprintf(from, sizeof from, "%s", box_name(&box, "log"));
	cr_assert_eq(rename(from, box_name(&box, "log.1")), 0);
}

/* ---- where it begins ---- */

Test(follow, it_begins_at_the_last_lines)
{
	static const struct {
		unsigned lines;
		const char *file, *first;
	} rows[] = {
	    {0, "a\nb\nc\n", ""},
	    {1, "a\nb\nc\n", "c|"},
	    {2, "a\nb\nc\n", "b|c|"},
	    {3, "a\nb\nc\n", "a|b|c|"},
	    {9, "a\nb\nc\n", "a|b|c|"},
	    {2, "\n\n\n", "||"},
	    {5, "", ""},
	    {1, "a\nb\nunfinished", ""},
	    {2, "a\nb\nunfinished", "b|"},
	    {0, "a\nb\nunfinished", ""},
	};
	char text[256];

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		start(rows[i].file, rows[i].lines);
		READS(rows[i].first);
		cr_expect_eq(look(text), FOLLOW_SAME);
		stop();
	}
}

Test(follow, a_line_comes_when_it_is_whole)
{
	start("a\nun", 1);
	READS("");
	box_append(&box, "log", "fin");
	READS("");
	box_append(&box, "log", "ished\nnext\nhalf");
	READS("unfinished|next|");
	stop();
	start("a\nthe beginning is not ours", 0);
	box_append(&box, "log", ", nor the end\nours\n");
	READS("ours|");
	stop();
}

Test(follow, many_last_lines_end_at_a_limit_with_whole_lines)
{
	char *text = malloc(3u << 20);
	const char *line;
	size_t n, len = 0;
	unsigned count = 0;

	while (len < (2u << 20))
		len += (size_t)sprintf(text + len, "line %zu\n", len);
	start(text, 1000000);
	while (follow_line(&f, &line, &n)) {
		cr_assert_eq(memcmp(line, "line ", 5), 0, "%.*s", (int)n, line);
		count++;
	}
	cr_expect_gt(count, 1000);
	free(text);
	stop();
}

/* ---- long lines ---- */

static void append_x(size_t n)
{
	char *text = malloc(n + 1);

	memset(text, 'x', n);
	text[n] = '\0';
	box_append(&box, "log", text);
	free(text);
}

Test(follow, a_line_longer_than_our_memory_is_one_line)
{
	static const size_t sizes[] = {FOLLOW_READ_MAX - 1, FOLLOW_READ_MAX, FOLLOW_READ_MAX + 1,
				       3 * FOLLOW_READ_MAX, 5u << 20};
	const char *line;
	size_t n;

	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		start("", 0);
		append_x(sizes[i]);
		box_append(&box, "log", "\nnext\n");
		cr_assert(follow_line(&f, &line, &n));
		cr_expect_eq(n, sizes[i] < FOLLOW_READ_MAX ? sizes[i] : FOLLOW_READ_MAX);
		READS("next|");
		stop();
	}
}

/* Others have their turn meanwhile. */
Test(follow, a_line_without_end_does_not_hold_us)
{
	const char *line;
	size_t n;

	start("", 0);
	append_x(4u << 20);
	cr_assert(follow_line(&f, &line, &n));
	cr_expect_not(follow_line(&f, &line, &n));
	cr_expect_not(f.at_end, "there is more to read");
	READS("");
	box_append(&box, "log", "\nnext\n");
	READS("next|");
	stop();
}

/* ---- rotation ---- */

Test(follow, a_renamed_file_is_read_to_its_end)
{
	char text[256];

	start("a\n", 1);
	READS("a|");
	box_append(&box, "log", "b\n");
	rotate();
	box_append(&box, "log.1", "c\n");
	box_file(&box, "log", "d\n");
	READS("b|c|");
	cr_expect_eq(look(text), FOLLOW_ROTATED);
	READS("d|");
	stop();
}

/* Between our last read and the look. */
Test(follow, what_comes_at_the_last_moment_is_read)
{
	char text[256];

	start("a\n", 1);
	READS("a|");
	rotate();
	box_append(&box, "log.1", "late\n");
	box_file(&box, "log", "new\n");
	cr_expect_eq(look(text), FOLLOW_ROTATED);
	cr_expect_str_eq(text, "late|");
	READS("new|");
	stop();
}

/* As `create` of logrotate does it: programs write to the old one until they are told. */
Test(follow, an_empty_new_file_waits_for_its_first_byte)
{
	char text[256];

	start("a\n", 1);
	READS("a|");
	rotate();
	box_file(&box, "log", "");
	cr_expect_eq(look(text), FOLLOW_SAME);
	cr_expect_geq(f.next, 0, "it can be watched");
	box_append(&box, "log.1", "still here\n");
	READS("still here|");
	cr_expect_eq(look(text), FOLLOW_SAME);
	box_append(&box, "log.1", "the last\n");
	box_append(&box, "log", "there\n");
	cr_expect_eq(look(text), FOLLOW_ROTATED);
	cr_expect_str_eq(text, "the last|");
	READS("there|");
	cr_expect_lt(f.next, 0);
	stop();
}

Test(follow, the_last_line_of_an_old_file_needs_no_end)
{
	char text[256];

	start("a\n", 1);
	READS("a|");
	box_append(&box, "log", "no end");
	READS("");
	rotate();
	box_file(&box, "log", "new\n");
	cr_expect_eq(look(text), FOLLOW_ROTATED);
	cr_expect_str_eq(text, "no end|");
	READS("new|");
	stop();
}

Test(follow, twice_rotated_is_rotated)
{
	char text[256];

	start("a\n", 1);
	READS("a|");
	rotate();
	box_file(&box, "log", "");
	cr_expect_eq(look(text), FOLLOW_SAME);
	rotate();
	box_file(&box, "log", "third\n");
	cr_expect_eq(look(text), FOLLOW_ROTATED);
	READS("third|");
	stop();
}

/* ---- in place ---- */

Test(follow, an_emptied_file_is_read_from_its_beginning)
{
	char text[256];

	start("a long line\nanother\n", 9);
	READS("a long line|another|");
	cr_assert_eq(truncate(box_name(&box, "log"), 0), 0);
	cr_expect_eq(look(text), FOLLOW_TRUNCATED);
	cr_expect_eq(look(text), FOLLOW_SAME);
	box_append(&box, "log", "b\n");
	READS("b|");
	stop();
}

Test(follow, an_unfinished_line_is_not_lost_with_the_file)
{
	char text[256];

	start("", 0);
	box_append(&box, "log", "half");
	READS("");
	cr_assert_eq(truncate(box_name(&box, "log"), 0), 0);
	cr_expect_eq(look(text), FOLLOW_TRUNCATED);
	cr_expect_str_eq(text, "half|");
	stop();
}

/* Programs that do not append write on at their old place. */
Test(follow, the_hole_they_leave_is_no_text)
{
	char text[256];
	int fd;

	start("a\n", 9);
	READS("a|");
	fd = open(box_name(&box, "log"), O_WRONLY);
	cr_assert_eq(ftruncate(fd, 0), 0);
	cr_expect_eq(look(text), FOLLOW_TRUNCATED);
	cr_assert_eq(pwrite(fd, "behind\n", 7, INT64_C(1) << 34), 7);
	READS("behind|");
	close(fd);
	stop();
}

/* ---- gone, and other things in its place ---- */

Test(follow, a_deleted_file_is_waited_for)
{
	char text[256];

	start("a\n", 1);
	READS("a|");
	cr_assert_eq(unlink(box_name(&box, "log")), 0);
	cr_expect_eq(look(text), FOLLOW_GONE);
	cr_expect_eq(look(text), FOLLOW_SAME, "that is news once");
	box_file(&box, "log", "again\n");
	cr_expect_eq(look(text), FOLLOW_ROTATED);
	READS("again|");
	stop();
}

Test(follow, a_file_that_comes_later_is_read_whole)
{
	char text[256];

	start(NULL, 10);
	cr_expect_eq(f.err, -ENOENT);
	READS("");
	cr_expect_eq(look(text), FOLLOW_SAME);
	box_file(&box, "log", "1\n2\n");
	cr_expect_eq(look(text), FOLLOW_FOUND);
	READS("1|2|");
	stop();
}

Test(follow, a_link_to_outside_is_never_read)
{
	char text[256], words[100];

	start("a\n", 1);
	READS("a|");
	cr_assert_eq(unlink(box_name(&box, "log")), 0);
	box_link(&box, "log", "/etc/passwd");
	cr_expect_eq(look(text), FOLLOW_REFUSED);
	cr_expect(strstr(follow_why(&f, words, sizeof words), "leads out"));
	READS("");
	cr_expect_eq(look(text), FOLLOW_SAME, "that is news once");
	cr_assert_eq(unlink(box_name(&box, "log")), 0);
	cr_assert_eq(mkfifo(box_name(&box, "log"), 0644), 0);
	cr_expect_eq(look(text), FOLLOW_REFUSED);
	cr_assert_eq(unlink(box_name(&box, "log")), 0);
	box_file(&box, "log", "back\n");
	cr_expect_eq(look(text), FOLLOW_ROTATED);
	READS("back|");
	stop();
}

Test(follow, what_the_system_makes_up_is_not_followed)
{
	box_open(&box);
	box_args(&box, 33, "", NULL, &args);
	snprintf(args.op.root, sizeof args.op.root, "/proc/%d", (int)getpid());
	snprintf(args.real, sizeof args.real, "%s", args.op.root);
	cr_assert_eq(below_open(&args, &root), 0);
	follow_open(&f, &root, "status", 10);
	cr_expect_lt(f.fd, 0);
	cr_expect_eq(f.err, -EINVAL);
	stop();
}

/* On overlayfs the first who writes makes a copy. */
Test(follow, a_file_that_was_copied_up_goes_on)
{
	char options[4 * PATH_MAX], text[256];

	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		cr_skip("mounting needs administrator rights");
	box_open(&box);
	box_folder(&box, "base");
	cr_assert_eq(mount("t", box_name(&box, "base"), "tmpfs", 0, NULL), 0);
	box_folder(&box, "base/lower");
	box_folder(&box, "base/upper");
	box_folder(&box, "base/work");
	box_folder(&box, "merged");
	box_file(&box, "base/lower/log", "a\n");
	snprintf(options, sizeof options,
		 "lowerdir=%1$s/base/lower,upperdir=%1$s/base/upper,workdir=%1$s/base/work",
		 box.path);
	if (mount("o", box_name(&box, "merged"), "overlay", 0, options) != 0)
		cr_skip("this kernel has no overlayfs");
	box_args(&box, 33, "merged", NULL, &args);
	cr_assert_eq(below_open(&args, &root), 0);
	follow_open(&f, &root, "log", 1);
	READS("a|");
	box_append(&box, "merged/log", "b\n");
	READS("b|");
	cr_expect_eq(look(text), FOLLOW_SAME, "and is the same file");
	box_append(&box, "merged/log", "c\n");
	READS("c|");
	follow_close(&f);
	below_close(&root);
	umount(box_name(&box, "merged"));
	umount(box_name(&box, "base"));
	box_done(&box);
}

/* ---- too far behind ---- */

Test(follow, what_is_too_far_behind_is_passed_over_and_counted)
{
	char text[64];
	const char *line;
	size_t n, read = 0;
	uint64_t bytes = 0, skipped, written = 0;

	start("", 0);
	for (int i = 0; i < 100; i++, written++) {
		snprintf(text, sizeof text, "line %03d\n", i);
		box_append(&box, "log", text);
	}
	cr_assert(follow_line(&f, &line, &n)); /* the buffer has all of them */
	cr_expect_eq(follow_skip(&f, 1000, &bytes), 0);
	for (int i = 0; i < 30000; i += 1000) {
		static char many[16 * 1000 + 1];

		many[0] = '\0';
		for (int k = 0; k < 1000; k++, written++)
			sprintf(many + (size_t)k * 11, "line %05d\n", i + k);
		box_append(&box, "log", many);
	}
	skipped = follow_skip(&f, 1000, &bytes);
	cr_expect_gt(skipped, 29000);
	cr_expect_gt(bytes, 300000);
	while (follow_line(&f, &line, &n)) {
		cr_assert_eq(n, 10, "a whole line: %.*s", (int)n, line);
		read++;
	}
	cr_expect_eq(1 + skipped + read, written);
	cr_expect_eq(memcmp(line, "line 29999", 10), 0);
	stop();
}
