/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "agent/collect/log_list.h"
#include "tests/support/capture.h"

static char root[] = "/tmp/assent-logs-XXXXXX";
static struct capture c;

static const char *below(const char *path)
{
	static char all[512];

	snprintf(all, sizeof all, "%s/%s", root, path);
	return all;
}

static void make_file(const char *path, time_t when)
{
	const struct timespec times[2] = {{.tv_sec = when}, {.tv_sec = when}};
	int fd = open(below(path), O_CREAT | O_WRONLY, 0600);

	cr_assert_geq(fd, 0);
	futimens(fd, times);
	close(fd);
}

static void setup(void)
{
	cr_assert_not_null(mkdtemp(root));
	capture_open(&c, false, 1u << 20, 60000);
	mkdir(below("app"), 0700);
	mkdir(below("journal"), 0700);
	make_file("old.log", 1000);
	make_file("app/new.log", 3000);
	make_file("middle.log", 2000);
	make_file("journal/system.journal", 4000);
	cr_assert_eq(symlink("/etc/passwd", below("link")), 0);
	cr_assert_eq(symlink("/etc", below("folder-link")), 0);
	cr_assert_eq(mkfifo(below("pipe"), 0600), 0);
}

static void teardown(void)
{
	char command[64];

	capture_done(&c);
	snprintf(command, sizeof command, "rm -rf %s", root);
	cr_assert_eq(system(command), 0);
}

TestSuite(log_list, .init = setup, .fini = teardown, .timeout = 30);

Test(log_list, has_regular_files_newest_first_and_follows_no_link)
{
	struct log_list l;

	cr_assert_eq(log_list_read(&l, root, c.sink), 0);
	cr_assert_eq(l.count, 3);
	cr_assert_str_eq(l.all[0].path, "app/new.log");
	cr_assert_str_eq(l.all[1].path, "middle.log");
	cr_assert_str_eq(l.all[2].path, "old.log");
	cr_assert_eq(l.left_out, 0);
	log_list_done(&l);
	log_list_done(&l);
}

Test(log_list, stops_at_its_depth)
{
	char path[256] = "a";
	struct log_list l;

	for (int i = 0; i < LOG_DEPTH_MAX + 2; i++) {
		mkdir(below(path), 0700);
		strcat(path, "/a");
	}
	cr_assert_eq(log_list_read(&l, root, c.sink), 0);
	cr_assert_eq(l.left_out, 1);
	log_list_done(&l);
}

Test(log_list, says_when_the_folder_is_not_there)
{
	struct log_list l;

	cr_assert_eq(log_list_read(&l, "/nonexistent/folder", c.sink), 0);
	cr_assert_eq(l.count, 0);
	log_list_done(&l);
	capture_read(&c);
	cr_assert_eq(c.notes, 1);
}

Test(log_list, opens_what_it_listed_and_nothing_behind_a_link)
{
	int fd = log_list_open(root, "app/new.log");

	cr_assert_geq(fd, 0);
	close(fd);
	cr_assert_eq(log_list_open(root, "link"), -ELOOP);
	cr_assert_eq(log_list_open(root, "folder-link/passwd"), -ENOTDIR);
	cr_assert_eq(log_list_open(root, "gone.log"), -ENOENT);
	cr_assert_eq(log_list_open("/nonexistent", "x"), -ENOENT);
}
