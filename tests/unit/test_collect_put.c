/* SPDX-License-Identifier: Apache-2.0
 *
 * put: what arrives on standard input becomes a file, or nothing. Each case is a process of its
 * own, for its standard input is ours.
 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "tests/support/box.h"

#define PUT 44

TestSuite(collect_put, .timeout = 60);

static struct box box;
static struct collect_args args;
static struct took took;

/* What the broker writes: the bytes, and when all of them are what was sent, the mark. */
static int send(const char *name, const char *bytes, uint64_t promised, bool mark)
{
	const char whole = COLLECT_INPUT_WHOLE;
	int ends[2], state;

	box_args(&box, PUT, "", (const char *const[]){name, NULL}, &args);
	args.op.size_min = promised;
	cr_assert_eq(pipe(ends), 0);
	if (bytes[0])
		cr_assert_eq(write(ends[1], bytes, strlen(bytes)), (ssize_t)strlen(bytes));
	if (mark)
		cr_assert_eq(write(ends[1], &whole, 1), 1);
	close(ends[1]);
	cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	box_run(&args, &took);
	state = took.state;
	cr_expect_eq((int)took.capture.end.end.state, state);
	return state;
}

static unsigned entries(void)
{
	DIR *d = opendir(box.path);
	unsigned n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n - 2;
}

static void holds(const char *name, const char *want)
{
	char text[64] = "";
	int fd = open(box_name(&box, name), O_RDONLY);

	cr_assert_geq(fd, 0, "%s", name);
	cr_assert_geq(read(fd, text, sizeof text - 1), 0);
	cr_expect_str_eq(text, want);
	close(fd);
}

static void is_stored(const char *name)
{
	struct stat st;

	cr_expect_eq(send(name, "content", 7, true), ITEM_OK, "%s", took.capture.end.end.why);
	cr_expect(capture_noted(&took.capture, "stored as "));
	box_run_done(&took);
	holds(name, "content");
	cr_assert_eq(stat(box_name(&box, name), &st), 0);
	cr_expect_eq(st.st_mode & 07777, 0600, "his alone, and no program");
	cr_expect_eq(st.st_nlink, 1);
	cr_expect_eq(entries(), 1);
}

Test(collect_put, what_arrives_whole_is_a_file)
{
	box_open(&box);
	umask(0);
	is_stored("patch 1.txt");
	box_done(&box);
}

Test(collect_put, an_empty_file_is_a_file)
{
	box_open(&box);
	cr_expect_eq(send("empty", "", 0, true), ITEM_OK);
	box_run_done(&took);
	holds("empty", "");
	box_done(&box);
}

Test(collect_put, what_does_not_arrive_whole_is_nothing)
{
	box_open(&box);
	cr_expect_eq(send("a", "conte", 7, false), ITEM_PARTIAL);
	cr_expect(strstr(took.capture.note[0], "did not arrive whole; nothing of it is kept"));
	box_run_done(&took);
	cr_expect_eq(send("a", "content", 7, false), ITEM_PARTIAL, "all bytes, but nobody's word");
	box_run_done(&took);
	cr_expect_eq(send("a", "contentX", 7, false), ITEM_PARTIAL, "another byte is no mark");
	box_run_done(&took);
	cr_expect_eq(entries(), 0);
	box_done(&box);
}

Test(collect_put, nothing_is_replaced)
{
	box_open(&box);
	box_file(&box, "a", "mine");
	box_link(&box, "link", "nowhere");
	box_folder(&box, "folder");
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"a", "link", "folder"};

		cr_expect_eq(send(names[i], "content", 7, true), ITEM_FAILED);
		cr_expect(
		    capture_noted(&took.capture, "is there already, and nothing is replaced"));
		box_run_done(&took);
	}
	holds("a", "mine");
	cr_expect_eq(entries(), 3);
	box_done(&box);
}

/* ---- names ---- */

Test(collect_put, names_are_plain)
{
	static const char *const bad[] = {
	    "",	    ".",    "..",   ".hidden",	 "-rf",	    "~",    "a/b",
	    "../a", "a\\b", "c:",   "a*",	 "a?",	    "a\"b", "<a>",
	    "a|b",  "dot.", "end ", "new\nline", "\x1b[2J", "\xff", "a\xe2\x80\xae.exe"};
	char longer[OP_PATH_MAX + 1];

	box_open(&box);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		cr_expect_eq(send(bad[i], "content", 7, true), ITEM_FAILED, "%s", bad[i]);
		cr_expect(capture_noted(&took.capture, "needs a plain name"));
		box_run_done(&took);
	}
	memset(longer, 'n', 201);
	longer[201] = '\0';
	cr_expect_eq(send(longer, "content", 7, true), ITEM_FAILED);
	box_run_done(&took);
	cr_expect_eq(entries(), 0);
	longer[200] = '\0';
	cr_expect_eq(send(longer, "content", 7, true), ITEM_OK);
	box_run_done(&took);
	cr_expect_eq(send("gr\xc3\xbc\xc3\x9f.txt", "content", 7, true), ITEM_OK);
	box_run_done(&took);
	box_done(&box);
}

Test(collect_put, a_folder_that_became_something_else_is_refused)
{
	box_open(&box);
	box_folder(&box, "real");
	box_link(&box, "link", "real");
	box_file(&box, "file", "");
	for (int i = 0; i < 3; i++) {
		static const char *const roots[] = {"link", "file", "missing"};

		box_args(&box, PUT, roots[i], (const char *const[]){"a", NULL}, &args);
		box_run(&args, &took);
		cr_expect_eq(took.state, ITEM_FAILED);
		cr_expect(capture_noted(&took.capture, "the folder cannot be opened"));
		box_run_done(&took);
	}
	box_done(&box);
}

/* ---- a file system that does not know files without a name ---- */

/* From here on a system call with this argument in place `arg`, seen through mask, fails. */
static void forbid(long call, unsigned arg, unsigned mask, unsigned bits, int err)
{
	struct sock_filter code[] = {
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)call, 0, 4),
	    BPF_STMT(BPF_LD | BPF_W | BPF_ABS,
		     (unsigned)offsetof(struct seccomp_data, args) + arg * 8),
	    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, mask),
	    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, bits, 0, 1),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)err),
	    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog filter = {.len = sizeof code / sizeof code[0], .filter = code};

	cr_assert_eq(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
	cr_assert_eq(prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter), 0);
}

static void without_nameless_files(void)
{
	forbid(SYS_openat, 2, O_TMPFILE, O_TMPFILE, EOPNOTSUPP);
}

Test(collect_put, it_has_a_hidden_name_where_it_cannot_be_without)
{
	box_open(&box);
	without_nameless_files();
	is_stored("a");
	cr_expect_eq(send("b", "conte", 7, false), ITEM_PARTIAL);
	box_run_done(&took);
	cr_expect_eq(send("a", "other", 5, true), ITEM_FAILED);
	box_run_done(&took);
	holds("a", "content");
	cr_expect_eq(entries(), 1);
	box_done(&box);
}

/* NFS, and file systems of users. */
Test(collect_put, where_a_rename_cannot_replace_nothing_a_second_name_does)
{
	box_open(&box);
	without_nameless_files();
	forbid(SYS_renameat2, 4, ~0u, 1, EINVAL);
	is_stored("a");
	box_done(&box);
}

/* While it is on its way, somebody else takes the name. */
static void is_taken_meanwhile(void)
{
	const char whole = COLLECT_INPUT_WHOLE;
	int ends[2];
	pid_t pid;

	box_args(&box, PUT, "", (const char *const[]){"a", NULL}, &args);
	args.op.size_min = 1 << 20;
	cr_assert_eq(pipe(ends), 0);
	pid = fork();
	if (pid == 0) {
		/* he writes when the pipe's other side reads: then the name was looked at */
		static char more[1 << 20];

		close(ends[0]);
		memset(more, 'x', sizeof more);
		if (write(ends[1], more, sizeof more) != (ssize_t)sizeof more)
			_exit(1);
		box_file(&box, "a", "mine");
		_exit(write(ends[1], &whole, 1) == 1 ? 0 : 1);
	}
	close(ends[1]);
	cr_assert_eq(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
	close(ends[0]);
	box_run(&args, &took);
	cr_expect_eq(took.state, ITEM_FAILED);
	cr_expect(capture_noted(&took.capture, "a is there already, and nothing is replaced"));
	box_run_done(&took);
	holds("a", "mine");
	cr_expect_eq(entries(), 1);
}

Test(collect_put, a_name_that_is_taken_meanwhile_is_not_replaced)
{
	box_open(&box);
	is_taken_meanwhile();
	box_done(&box);
}

Test(collect_put, a_name_that_is_taken_meanwhile_is_not_replaced_with_a_hidden_name)
{
	box_open(&box);
	without_nameless_files();
	is_taken_meanwhile();
	box_done(&box);
}

Test(collect_put, a_name_that_is_taken_meanwhile_is_not_replaced_with_a_second_name)
{
	box_open(&box);
	without_nameless_files();
	forbid(SYS_renameat2, 4, ~0u, 1, EINVAL);
	is_taken_meanwhile();
	box_done(&box);
}

/* ---- room ---- */

Test(collect_put, a_disk_keeps_some_room)
{
	static const struct {
		uint64_t size;
		int state;
	} rows[] = {{UINT64_MAX, ITEM_FAILED},
		    {1 << 20, ITEM_FAILED},
		    {(1 << 20) - 4096, ITEM_FAILED},
		    {7, ITEM_OK}};

	if (unshare(CLONE_NEWNS) != 0 || mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		cr_skip("mounting needs administrator rights");
	box_open(&box);
	cr_assert_eq(mount("t", box.path, "tmpfs", 0, "size=1m"), 0);
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		cr_expect_eq(send("a", "content", rows[i].size, true), rows[i].state);
		cr_expect(rows[i].state == ITEM_OK ||
			  capture_noted(&took.capture, "there is not enough room"));
		box_run_done(&took);
	}
	umount(box.path);
	box_done(&box);
}

/* It was there when we looked. A limit for files stands for a disk that others fill meanwhile. */
Test(collect_put, a_disk_that_fills_up_costs_only_itself)
{
	const struct rlimit limit = {1000, 1000};
	char text[4001];

	memset(text, 'x', 4000);
	text[4000] = '\0';
	box_open(&box);
	signal(SIGXFSZ, SIG_IGN);
	cr_assert_eq(setrlimit(RLIMIT_FSIZE, &limit), 0);
	cr_expect_eq(send("a", text, 4000, true), ITEM_FAILED);
	cr_expect(capture_noted(&took.capture, "it cannot be written: File too large"));
	box_run_done(&took);
	without_nameless_files();
	cr_expect_eq(send("a", text, 4000, true), ITEM_FAILED);
	box_run_done(&took);
	cr_expect_eq(entries(), 0);
	box_done(&box);
}
