/* SPDX-License-Identifier: Apache-2.0
 *
 * ls, stat and the walk below them, against real folders.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "agent/collect/walk.h"
#include "tests/support/box.h"

#define LS   40
#define STAT 41

TestSuite(collect_list, .timeout = 60);

static struct box box;
static struct collect_args args;
static struct took took;

static void ask(uint32_t op, uint32_t flags, const char *const paths[])
{
	box_args(&box, op, "", paths, &args);
	args.op.flags = flags;
	box_run(&args, &took);
}

static const char *const whole[] = {"", NULL};

/* ---- ls ---- */

static void fill(void)
{
	box_open(&box);
	box_folder(&box, "b");
	box_folder(&box, "b/deep");
	box_file(&box, "b/deep/x", "12345");
	box_file(&box, "a", "1");
	box_link(&box, "l", "b/deep");
}

Test(collect_list, a_folder_is_listed_by_name)
{
	fill();
	ask(LS, 0, whole);
	cr_assert_eq(took.state, ITEM_OK);
	cr_assert_eq(took.count, 3);
	cr_expect_str_eq(took.seen[0].text, "a");
	cr_expect_str_eq(took.seen[1].text, "b");
	cr_expect_str_eq(took.seen[2].text, "l");
	cr_expect_str_eq(took.seen[2].target, "b/deep");
	cr_expect_eq(took.seen[0].it.entry.type, 'f');
	cr_expect_eq(took.seen[1].it.entry.type, 'd');
	cr_expect_eq(took.seen[2].it.entry.type, 'l');
	cr_expect_eq(took.seen[0].it.entry.size, 1);
	box_run_done(&took);
	box_done(&box);
}

Test(collect_list, what_lies_deeper_comes_behind_its_folder)
{
	fill();
	ask(LS, OPEN_FLAG_DEEP, whole);
	cr_assert_eq(took.count, 5);
	cr_expect_str_eq(took.seen[1].text, "b");
	cr_expect_str_eq(took.seen[2].text, "b/deep");
	cr_expect_str_eq(took.seen[3].text, "b/deep/x");
	cr_expect_str_eq(took.seen[4].text, "l", "and a link is not entered");
	box_run_done(&took);
	box_done(&box);
}

Test(collect_list, what_is_asked_for_may_be_a_link_to_inside_a_file_or_nothing)
{
	static const char *const paths[] = {"l", "a", "none", NULL};

	fill();
	ask(LS, 0, paths);
	cr_expect_eq(took.state, ITEM_PARTIAL);
	cr_expect_eq(took.count, 2);
	cr_expect_str_eq(took.seen[0].text, "l/x");
	cr_expect_str_eq(took.seen[1].text, "a");
	cr_expect(capture_noted(&took.capture, "/none: there is no such file"));
	box_run_done(&took);
	box_done(&box);
}

Test(collect_list, a_list_of_nothing_is_not_partial)
{
	static const char *const paths[] = {"none", NULL};

	fill();
	ask(LS, 0, paths);
	cr_expect_eq(took.state, ITEM_UNAVAILABLE);
	cr_expect(strstr(took.capture.end.end.why, "there is no such file"));
	box_run_done(&took);
	ask(LS, 0, NULL);
	cr_expect_eq(took.state, ITEM_FAILED, "and one of no folder is an error");
	box_run_done(&took);
	box_done(&box);
}

/* ---- stat ---- */

Test(collect_list, stat_tells_of_the_link_itself)
{
	static const char *const paths[] = {"l", "a", "", NULL};

	fill();
	cr_assert_eq(chmod(box_name(&box, "a"), 04751), 0);
	ask(STAT, 0, paths);
	cr_assert_eq(took.state, ITEM_OK);
	cr_assert_eq(took.count, 3);
	cr_expect_eq(took.seen[0].it.entry.type, 'l');
	cr_expect_str_eq(took.seen[0].target, "b/deep");
	cr_expect_eq(took.seen[1].it.entry.mode & 07777, 04751);
	cr_expect_eq(took.seen[1].it.entry.uid, getuid());
	cr_expect_str_eq(took.seen[2].text, ".");
	if (getuid() == 0)
		cr_expect_str_eq(took.seen[1].it.entry.owner, "root");
	box_run_done(&took);
	box_done(&box);
}

Test(collect_list, times_beyond_our_clock_are_as_far_as_it_goes)
{
	static const char *const paths[] = {"far", "early", "now", NULL};
	const struct {
		const char *name;
		struct timespec t[2];
	} rows[] = {
	    {"far", {{1, 0}, {INT64_C(1) << 40, 5}}},
	    {"early", {{1, 0}, {-(INT64_C(1) << 40), 5}}},
	    {"now", {{1, 0}, {1700000000, 123456789}}},
	};

	/* in memory: other file systems do not keep such times */
	setenv("TMPDIR", "/dev/shm", 1);
	box_open(&box);
	for (size_t i = 0; i < 3; i++) {
		box_file(&box, rows[i].name, "");
		cr_assert_eq(utimensat(AT_FDCWD, box_name(&box, rows[i].name), rows[i].t, 0), 0);
	}
	ask(STAT, 0, paths);
	cr_assert_eq(took.count, 3);
	cr_expect_gt(took.seen[0].it.entry.mtime_ns, INT64_C(1) << 60);
	cr_expect_lt(took.seen[1].it.entry.mtime_ns, -(INT64_C(1) << 60));
	cr_expect_eq(took.seen[2].it.entry.mtime_ns, INT64_C(1700000000123456789));
	box_run_done(&took);
	box_done(&box);
}

/* ---- any names ---- */

Test(collect_list, names_are_any_bytes)
{
	static const char *const names[] = {"\x1b[31mred", "back\\slash", "line\nbreak",
					    "not\xff\xfeutf8"};

	box_open(&box);
	for (size_t i = 0; i < 4; i++)
		box_file(&box, names[i], "");
	box_link(&box, "z", "a\nb\xff");
	ask(LS, 0, whole);
	cr_assert_eq(took.count, 5);
	for (size_t i = 0; i < 4; i++)
		cr_expect_str_eq(took.seen[i].text, names[i]);
	cr_expect_str_eq(took.seen[4].target, "a\nb\xff");
	box_run_done(&took);
	box_done(&box);
}

/* ---- the walk ---- */

static unsigned entered, gaps;
static int last_gap;
static size_t longest;

static int count_entry(const struct walk_at *at, void *owner)
{
	(void)owner;
	entered++;
	if (strlen(at->path) > longest)
		longest = strlen(at->path);
	return WALK_ON;
}

static int count_gap(const char *path, int err, void *owner)
{
	(void)path;
	(void)owner;
	gaps++;
	last_gap = err;
	return 0;
}

static const struct walk_events counting = {count_entry, count_gap};

static int walk(const struct walk_events *ev, const char *path)
{
	int fd = open(box_name(&box, path), O_PATH), err = walk_below(fd, path, true, ev, NULL);

	close(fd);
	return err;
}

/* By its descriptor: the whole path is longer than any that can be opened. */
static void make_deep(const char *part, unsigned depth)
{
	int at = open(box.path, O_PATH | O_DIRECTORY);

	for (unsigned i = 0; i < depth; i++) {
		cr_assert_eq(mkdirat(at, part, 0755), 0);

		int next = openat(at, part, O_PATH | O_DIRECTORY);
		cr_assert_geq(next, 0);
		close(at);
		at = next;
	}
	close(at);
}

static void remove_deep(void)
{
	char command[PATH_MAX + 32];

	snprintf(command, sizeof command, "rm -rf '%s'", box.path);
	cr_assert_eq(system(command), 0);
}

Test(collect_list, a_walk_has_a_floor)
{
	box_open(&box);
	make_deep("d", WALK_DEPTH_MAX + 10);
	cr_assert_eq(walk(&counting, ""), 0);
	cr_expect_eq(entered, WALK_DEPTH_MAX);
	cr_expect_eq(gaps, 1);
	cr_expect_eq(last_gap, -ENAMETOOLONG);
	remove_deep();
}

Test(collect_list, a_path_has_an_end)
{
	char part[201];

	memset(part, 'n', sizeof part - 1);
	part[200] = '\0';
	box_open(&box);
	make_deep(part, 30);
	cr_assert_eq(walk(&counting, ""), 0);
	cr_expect_leq(longest, WALK_PATH_MAX);
	cr_expect_gt(longest, WALK_PATH_MAX - 202);
	cr_expect_eq(gaps, 1);
	cr_expect_eq(last_gap, -ENAMETOOLONG);
	entered = 0;
	ask(LS, OPEN_FLAG_DEEP, whole);
	cr_expect_eq(took.count, 20, "and what fits is listed, not left out");
	cr_expect_eq(took.state, ITEM_PARTIAL);
	box_run_done(&took);
	remove_deep();
}

static int vanish(const struct walk_at *at, void *owner)
{
	(void)owner;
	entered++;
	if (strcmp(at->name, "a") == 0) { /* all that comes behind it */
		unlink(box_name(&box, "b"));
		rmdir(box_name(&box, "c"));
		rmdir(box_name(&box, "d"));
		box_link(&box, "d", "/");
	}
	return WALK_ON;
}

Test(collect_list, what_vanishes_during_the_walk_is_no_gap)
{
	static const struct walk_events vanishing = {vanish, count_gap};

	box_open(&box);
	box_file(&box, "a", "");
	box_file(&box, "b", "");
	box_folder(&box, "c");
	box_folder(&box, "d");
	cr_assert_eq(walk(&vanishing, ""), 0);
	cr_expect_eq(entered, 2, "a, and what d is now");
	cr_expect_eq(gaps, 0);
	box_done(&box);
}

static int swap_folder(const struct walk_at *at, void *owner)
{
	(void)owner;
	entered++;
	if (strcmp(at->name, "d") == 0) { /* between the look and the step into it */
		rmdir(box_name(&box, "in/d"));
		box_link(&box, "in/d", "../out");
	}
	cr_expect_str_neq(at->name, "secret");
	return WALK_ON;
}

Test(collect_list, a_folder_that_becomes_a_link_is_not_entered)
{
	static const struct walk_events swapping = {swap_folder, count_gap};

	box_open(&box);
	box_folder(&box, "out");
	box_file(&box, "out/secret", "");
	box_folder(&box, "in");
	box_folder(&box, "in/d");
	cr_assert_eq(walk(&swapping, "in"), 0);
	cr_expect_eq(entered, 1);
	cr_expect_eq(gaps, 1);
	box_done(&box);
}

/* As somebody whom the locked folders lock out: root may read everything. */
static void in_child(void (*body)(void))
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (getuid() == 0 && setresuid(65534, 65534, 65534) != 0)
			_exit(99);
		body();
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == 0, "%x", status);
}

#define LOCKED 25

static void look_at_locked(void)
{
	ask(LS, OPEN_FLAG_DEEP, whole);
	if (took.state != ITEM_PARTIAL || took.count != LOCKED + 2)
		_exit(1);
	if (!capture_noted(&took.capture, "/locked01: needs administrator rights"))
		_exit(2);
	if (took.capture.notes != 21 || !capture_noted(&took.capture, "and 5 more"))
		_exit(3);
}

Test(collect_list, an_unreadable_folder_costs_itself_only)
{
	char name[32];

	box_open(&box);
	cr_assert_eq(chmod(box.path, 0755), 0);
	box_folder(&box, "a");
	for (int i = 0; i < LOCKED; i++) {
		snprintf(name, sizeof name, "locked%02d", i);
		box_folder(&box, name);
		cr_assert_eq(chmod(box_name(&box, name), getuid() == 0 ? 0700 : 0), 0);
	}
	box_folder(&box, "z");
	in_child(look_at_locked);
	box_done(&box);
}
