/* SPDX-License-Identifier: Apache-2.0
 *
 * Files with the real programs: a disk of the engineer's that is full, a folder that the customer
 * names, names that no screen should show as they are, and links that are swapped while they are
 * read.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/stage.h"

#define BIG_BYTES  (40u << 20)
#define SMALL_DISK "size=24m"
#define LARGE	   (128u << 20)
#define COMMAND	   (STAGE_PATH_MAX + 128)

static struct stage st;
static struct pty console;
static const char *right;
static pid_t helper;

static void open_stage(void)
{
	console = (struct pty){.fd = -1};
	stage_open(&st);
	right = stage_data(&st);
	stage_agent(&st);
}

static void close_stage(void)
{
	if (helper > 0) {
		kill(helper, SIGKILL);
		waitpid(helper, NULL, 0);
	}
	pty_done(&console);
	stage_done(&st);
}

TestSuite(files, .init = open_stage, .fini = close_stage);
TestSuite(files_disk, .fini = close_stage);

/* a and b are $1 and $2. */
static int shell(const char *script, const char *a, const char *b)
{
	return stage_run((const char *[]){"/bin/sh", "-c", script, "sh", a, b, NULL}, NULL, 0);
}

/* ---- a full disk ---- */

/* Farewell: "1 item was sent, 18 MB." */
static double sent_megabytes(void)
{
	double n = 0;
	const char *at = strstr(st.agent.screen, "sent, ");

	cr_assert(at && sscanf(at, "sent, %lf MB", &n) == 1, "%s", st.agent.screen);
	return n;
}

static void fetch(const char *with)
{
	char command[COMMAND];

	snprintf(command, sizeof command, "get %s%s", with, stage_in_data(&st, "big"));
	stage_connect(
	    &st, &console,
	    (const char *[]){"--scope", right, "-c", command, "-c", "ls /", "-c", "status", NULL});
	stage_allow(&st);
}

static void stored_is_whole(void)
{
	char pattern[3 * STAGE_PATH_MAX];
	glob_t g;

	snprintf(pattern, sizeof pattern, "%s/out/assent-*%s", st.dir, stage_in_data(&st, "big"));
	cr_assert_eq(glob(pattern, 0, NULL, &g), 0, "%s", pattern);
	cr_assert_eq(g.gl_pathc, 1, "the part and the whole are one file");
	cr_assert_eq(shell("cmp \"$1\" \"$2\"", stage_in_data(&st, "big"), g.gl_pathv[0]), 0);
	globfree(&g);
	cr_assert_eq(shell("for b in $1/out/assent-*; do $2 bundle verify $b || exit 1; done",
			   st.dir, ASSENT_BIN "/assent-console"),
		     0);
}

Test(files_disk, a_full_disk_costs_one_file_and_the_rest_of_it_comes_later)
{
	char out[STAGE_PATH_MAX];

	console = (struct pty){.fd = -1};
	st = (struct stage){.relay.fd = -1, .agent.fd = -1};
	if (!stage_own_mounts())
		cr_skip_test("this system lets nobody make a mount namespace");
	open_stage();
	cr_assert_eq(mkdir(stage_path(&st, "out", out), 0700), 0);
	cr_assert_eq(mount("tmpfs", out, "tmpfs", 0, SMALL_DISK), 0);
	stage_noise(&st, "big", BIG_BYTES);

	fetch("");
	cr_assert_eq(pty_wait(&console), 1, "%s", console.screen);
	cr_assert(strstr(console.screen, "No space left on device"), "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);

	cr_assert_eq(mount(NULL, out, NULL, MS_REMOUNT, "size=100m"), 0);
	pty_done(&console);
	pty_done(&st.agent);
	stage_agent(&st);
	fetch("--continue ");
	cr_assert_eq(pty_wait(&console), 1, "\"ls /\" is not allowed: %s", console.screen);
	cr_assert(strstr(console.screen, "\"name\":\"get\",\"state\":\"ok\""), "%s",
		  console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	cr_assert_lt(sent_megabytes(), 25, "it was sent from its beginning");
	stored_is_whole();
	umount2(out, MNT_DETACH);
}

/* ---- put ---- */

static void type_at_prompt(const char *text, const char *answer)
{
	pty_type(&st.agent, text);
	cr_assert(pty_expect(&st.agent, answer), "%s", st.agent.screen);
	cr_assert(pty_expect(&st.agent, "Type allow or deny: "), "%s", st.agent.screen);
}

Test(files, a_file_is_put_where_the_customer_says)
{
	char folder[STAGE_PATH_MAX], typed[STAGE_PATH_MAX + 2], put[COMMAND], again[COMMAND];
	struct stat info;

	stage_noise(&st, "tool", 1u << 20);
	cr_assert_eq(mkdir(stage_path(&st, "in", folder), 0755), 0);
	snprintf(put, sizeof put, "put %s new.bin", stage_in_data(&st, "tool"));
	snprintf(again, sizeof again, "put %s new.bin", ASSENT_BIN "/assent-relay");
	stage_connect(&st, &console,
		      (const char *[]){"--scope", "put", "-c", put, "-c", again, NULL});
	stage_prompt(&st);
	type_at_prompt("1\n", "First choose the folder");
	type_at_prompt("/etc\n", "Please choose another one");
	snprintf(typed, sizeof typed, "%s\n", folder);
	type_at_prompt(typed, "[x]  1  Put new files into your folder");
	pty_type(&st.agent, "allow\n");

	cr_assert_eq(pty_wait(&console), 1, "%s", console.screen);
	cr_assert(strstr(console.screen, "stored as new.bin"), "%s", console.screen);
	cr_assert(strstr(console.screen, "new.bin is there already, and nothing is replaced"), "%s",
		  console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "/in/new.bin - 1.0 MB, "), "%s", st.agent.screen);
	cr_assert_eq(shell("cmp $1 $2/new.bin", stage_in_data(&st, "tool"), folder), 0);
	cr_assert_eq(shell("test $(ls -A $1 | wc -l) = 1", folder, ""), 0);
	snprintf(typed, sizeof typed, "%.500s/new.bin", folder);
	cr_assert(stat(typed, &info) == 0 && (info.st_mode & 07777) == 0600);
}

/* ---- names ---- */

static const char *const odd[] = {"two\nlines", "\033]0;owned\007", "\033[31mred", "\xff\xfe",
				  "\u202Egnp.exe"};
#define ODD (sizeof odd / sizeof odd[0])

/* A program that calls itself so, and is large enough to be seen. */
static void run_odd_program(void)
{
	int fds[2];
	char byte;

	cr_assert_eq(pipe(fds), 0);
	helper = fork();
	if (helper == 0) {
		prctl(PR_SET_NAME, "\033]0;evil\007");
		mmap(NULL, LARGE, PROT_READ | PROT_WRITE,
		     MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
		close(fds[0]);
		close(fds[1]);
		pause();
		_exit(0);
	}
	close(fds[1]);
	cr_assert_eq(read(fds[0], &byte, 1), 0);
	close(fds[0]);
}

static void is_clean(const char *who, const char *screen)
{
	static const char *const signs[] = {"\033]", "\033[31mred", "\007",
					    "\xff",  "two\nlines",  "\u202E"};

	for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
		cr_expect_null(strstr(screen, signs[i]), "%s: sign %zu on %s", who, i, screen);
}

Test(files, names_of_any_bytes_come_through_and_do_nothing_to_a_screen)
{
	char identity[STAGE_PATH_MAX], out[STAGE_PATH_MAX], ls[COMMAND], find[COMMAND],
	    get[COMMAND], one[COMMAND], bundle[STAGE_PATH_MAX];

	for (size_t i = 0; i < ODD; i++)
		stage_append(&st, odd[i], odd[i]);
	run_odd_program();
	snprintf(ls, sizeof ls, "ls %s", stage_in_data(&st, ""));
	snprintf(find, sizeof find, "find %s --content .", stage_in_data(&st, ""));
	snprintf(get, sizeof get, "get %s", stage_in_data(&st, ""));
	snprintf(one, sizeof one, "get %s %s %s", stage_in_data(&st, "two\\x0alines"), "", "");
	cr_assert_eq(pty_start(&console,
			       (const char *[]){ASSENT_BIN "/assent-console",
						"connect",
						st.code,
						"--identity",
						stage_path(&st, "ada", identity),
						"--reason",
						"Names",
						"--out",
						stage_path(&st, "out", out),
						"--scope",
						right,
						"--scope",
						"metrics",
						"-c",
						ls,
						"-c",
						find,
						"-c",
						get,
						"-c",
						one,
						"-c",
						"top --samples 2",
						NULL},
			       NULL),
		     0);
	stage_allow(&st);
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	is_clean("the engineer", console.screen);
	is_clean("the customer", st.agent.screen);
	const char *told = strstr(console.screen, "two\\x0alines      9 B   1 file ");
	cr_assert(told, "%s", console.screen);
	cr_assert_null(strstr(told, "lines      0 B of 9 B"), "it is told and still running: %s",
		       told);
	cr_assert(strstr(st.agent.screen, "two\\x0alines"), "%s", st.agent.screen);

	/* whole, and with the very same names */
	stage_bundle(&st, bundle);
	cr_assert_eq(shell("grep -q evil $1/assent_live/top-1.jsonl", bundle, ""), 0);
	cr_assert_eq(shell("cd $1 && mkdir x && tar -xf $(find . -name '*.tar') -C x && "
			   "diff -r x $2",
			   bundle, stage_in_data(&st, "")),
		     0);
}

/* ---- links ---- */

#define ENTRIES	  24
#define SWAPS_MIN 2000

static atomic_ulong *swaps;

static void two_names(size_t i, char *a, char *b)
{
	char name[32];

	snprintf(name, sizeof name, "e%zu", i);
	snprintf(a, STAGE_PATH_MAX, "%s", stage_in_data(&st, name));
	snprintf(name, sizeof name, ".x%zu", i);
	snprintf(b, STAGE_PATH_MAX, "%s", stage_in_data(&st, name));
}

/* Each entry is a file (the first: a folder) of the granted folder, and beside it waits a link
 * to its like outside. */
static void make_entries(void)
{
	char a[STAGE_PATH_MAX], b[STAGE_PATH_MAX], outside[STAGE_PATH_MAX];

	stage_path(&st, "outside", outside);
	cr_assert_eq(shell("mkdir $1 && echo MARK-OUTSIDE >$1/f", outside, ""), 0);
	for (size_t i = 0; i < ENTRIES; i++) {
		two_names(i, a, b);
		if (i == 0)
			cr_assert_eq(shell("mkdir $1 && echo MARK-INSIDE >$1/f", a, ""), 0);
		else
			cr_assert_eq(shell("echo MARK-INSIDE >$1", a, ""), 0);
		if (i > 0)
			strcat(outside, "/f");
		cr_assert_eq(symlink(outside, b), 0);
		stage_path(&st, "outside", outside);
	}
}

static void swap_for_ever(void)
{
	static char a[ENTRIES][STAGE_PATH_MAX], b[ENTRIES][STAGE_PATH_MAX];

	for (size_t i = 0; i < ENTRIES; i++)
		two_names(i, a[i], b[i]);
	for (size_t i = 0;; i = (i + 1) % ENTRIES)
		if (renameat2(AT_FDCWD, a[i], AT_FDCWD, b[i], RENAME_EXCHANGE) == 0)
			atomic_fetch_add(swaps, 1);
		else
			_exit(1);
}

static void start_swapping(void)
{
	swaps =
	    mmap(NULL, sizeof *swaps, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(swaps, MAP_FAILED);
	helper = fork();
	if (helper == 0)
		swap_for_ever();
}

Test(files, nothing_from_outside_leaves_while_links_are_swapped)
{
	char get[COMMAND], single[COMMAND], find[COMMAND], tail[COMMAND];
	const char *args[40] = {"--scope", right};
	size_t n = 2;

	make_entries();
	snprintf(get, sizeof get, "get %s", stage_in_data(&st, ""));
	snprintf(single, sizeof single, "get %s/e0/f %s/e1", stage_in_data(&st, ""),
		 stage_in_data(&st, ""));
	snprintf(find, sizeof find, "find %s --content MARK-", stage_in_data(&st, ""));
	snprintf(tail, sizeof tail, "tail %s &", stage_in_data(&st, "e2"));
	const char *const script[] = {tail, get, find, single, get, find, single, get, single};
	for (size_t i = 0; i < sizeof script / sizeof script[0]; i++) {
		args[n++] = "-c";
		args[n++] = script[i];
	}
	start_swapping();
	stage_connect(&st, &console, args);
	stage_allow(&st);
	pty_wait(&console); /* whether all of it was there is chance */
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	cr_assert_gt(atomic_load(swaps), SWAPS_MIN);
	cr_assert_eq(shell("grep -rqs MARK-INSIDE $1/out", st.dir, ""), 0);
	cr_assert_eq(shell("grep -rs MARK-OUTSIDE $1/out", st.dir, ""), 1);
	cr_assert_null(strstr(console.screen, "MARK-OUTSIDE"), "%s", console.screen);
}
