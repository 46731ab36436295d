/* SPDX-License-Identifier: Apache-2.0
 *
 * Files and live views of the agent for Windows under wine, with the relay and the console of
 * Linux, in one session. A wine prefix has no reparse points, so that links of Linux play their
 * part: wine follows them, and what is behind them must be found out after it was opened.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tests/support/wine_stage.h"

#define BIG	  (3u << 20)
#define COMMAND	  (STAGE_PATH_MAX + 128)
#define SWAPS_MIN 500

static struct wine_stage w;
static char drive_data[STAGE_PATH_MAX + 8]; /* "Z:\tmp\...\data" */
static pid_t helper;
static atomic_ulong *swaps;

/* a and b are $1 and $2. */
static int shell(const char *script, const char *a, const char *b)
{
	return stage_run((const char *[]){"/bin/sh", "-c", script, "sh", a, b, NULL}, NULL, 0);
}

/* As the engineer types it: the drive and backslashes. Returns out. */
static const char *windows_path(const char *path, char out[STAGE_PATH_MAX + 8])
{
	snprintf(out, STAGE_PATH_MAX + 8, "Z:%s", path);
	for (char *c = out; *c; c++)
		if (*c == '/')
			*c = '\\';
	return out;
}

static void open_stage(void)
{
	wine_stage_open(&w);
	w.env[WINE_STAGE_ENV - 1] = "LC_ALL=C.UTF-8"; /* or wine takes names for ASCII */
	stage_data(&w.base);
	windows_path(stage_in_data(&w.base, ""), drive_data);
	drive_data[strlen(drive_data) - 1] = '\0';
}

static void close_stage(void)
{
	if (helper > 0) {
		kill(helper, SIGKILL);
		waitpid(helper, NULL, 0);
	}
	wine_stage_done(&w);
}

TestSuite(windows_files, .init = open_stage, .fini = close_stage);

/* ---- what lies there ---- */

static void make_files(void)
{
	char outside[STAGE_PATH_MAX];

	stage_noise(&w.base, "big.bin", BIG);
	stage_append(&w.base, "app.log", "first line\nsecond line\n");
	stage_path(&w.base, "outside", outside);
	cr_assert_eq(shell("mkdir \"$2\" \"$1/sub\" \"$1/inbox\" && echo MARK-OUTSIDE >\"$2/f\" &&"
			   "ln -s \"$2/f\" \"$1/link\" && ln -s \"$2\" \"$1/way\" &&"
			   "echo needle >\"$1/sub/K\xc3\xa4se \xe2\x98\x95.txt\"",
			   stage_in_data(&w.base, ""), outside),
		     0);
}

/* A folder and a link to its like outside, which take each other's place. */
static void start_swapping(void)
{
	char outside[STAGE_PATH_MAX], a[STAGE_PATH_MAX], b[STAGE_PATH_MAX];

	stage_path(&w.base, "outside", outside);
	snprintf(a, sizeof a, "%s", stage_in_data(&w.base, "race"));
	snprintf(b, sizeof b, "%s", stage_in_data(&w.base, "waits"));
	cr_assert_eq(shell("mkdir $1 && echo MARK-INSIDE >$1/f", a, ""), 0);
	cr_assert_eq(symlink(outside, b), 0);
	swaps =
	    mmap(NULL, sizeof *swaps, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	cr_assert_neq(swaps, MAP_FAILED);
	helper = fork();
	while (helper == 0) {
		if (renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE) != 0)
			_exit(1);
		atomic_fetch_add(swaps, 1);
		nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL); /* the others work, too */
	}
}

/* ---- the engineer's script ---- */

static const char *args[64];
static size_t args_count;

static void say(const char *command)
{
	args[args_count++] = "-c";
	args[args_count++] = strdup(command);
}

/* "%s" is the granted folder. */
static void say_path(const char *before, const char *below, const char *after)
{
	char command[COMMAND];

	snprintf(command, sizeof command, "%s %s%s%s", before, drive_data, below, after);
	say(command);
}

static void say_both(const char *before, const char *a, const char *b)
{
	char command[2 * COMMAND];

	snprintf(command, sizeof command, "%s %s%s %s%s", before, drive_data, a, drive_data, b);
	say(command);
}

/* Twice the same, and a program. */
static void say_put(void)
{
	char file[STAGE_PATH_MAX], command[COMMAND];

	stage_append(&w.base, "fix.conf", "from the engineer\n");
	snprintf(file, sizeof file, "%s", stage_in_data(&w.base, "fix.conf"));
	snprintf(command, sizeof command, "put %s new.conf", file);
	say(command);
	say(command);
	snprintf(command, sizeof command, "put %s new.exe", file);
	say(command);
}

static void connect_now(void)
{
	char inbox[STAGE_PATH_MAX + 8], path[STAGE_PATH_MAX];

	stage_connect(&w.base, &w.console, args);
	if (!pty_expect(&w.base.agent, "Did YOU ask for help?")) {
		pty_wait(&w.console);
		cr_assert_fail("%s%s", w.console.screen, w.base.agent.screen);
	}
	cr_assert(strstr(w.base.agent.screen, "\"Z:\\"), "%s", w.base.agent.screen);
	cr_assert(pty_expect(&w.base.agent, "Type allow or deny:"), "%s", w.base.agent.screen);
	snprintf(path, sizeof path, "%s", stage_in_data(&w.base, "inbox"));
	pty_type(&w.base.agent, windows_path(path, inbox));
	pty_type(&w.base.agent, "\r");
	cr_assert(pty_expect(&w.base.agent, "Put new files into"), "%s", w.base.agent.screen);
	pty_type(&w.base.agent, "allow\r");
}

/* ---- live ---- */

static void expect_line(const char *text)
{
	cr_assert(pty_expect(&w.console, text), "no %s: %s", text, w.console.screen);
}

/* The number before the line with that text on the customer's screen. */
static int item_number(const char *text)
{
	const char *at = strstr(w.base.agent.screen, text);

	cr_assert_neq(at, NULL, "%s", w.base.agent.screen);
	while (at > w.base.agent.screen && at[-1] == ' ')
		at--;
	while (at > w.base.agent.screen && at[-1] >= '0' && at[-1] <= '9')
		at--;
	return atoi(at);
}

/* The log grows, is rotated, and becomes a link; then the customer has seen enough. */
static void follow_log(void)
{
	char cancel[32], path[STAGE_PATH_MAX];

	expect_line("\"second line\"");
	stage_append(&w.base, "app.log", "third line\n");
	expect_line("\"third line\"");
	snprintf(path, sizeof path, "%s", stage_in_data(&w.base, "app.log"));
	cr_assert_eq(shell("mv $1 $1.1 && echo 'fourth line' >$1", path, ""), 0);
	expect_line("rotated");
	expect_line("\"fourth line\"");
	cr_assert_eq(shell("ln -sf $2 $1", path, stage_in_data(&w.base, "link")), 0);
	expect_line("it leads out of the folder that was allowed");
	cr_assert(pty_expect(&w.base.agent, "Watch the load:"), "%s", w.base.agent.screen);
	snprintf(cancel, sizeof cancel, "cancel %d\r", item_number("Watch the load:") + 1);
	pty_type(&w.base.agent, cancel);
}

/* ---- what arrived ---- */

static bool said(const char *what)
{
	return strstr(w.console.screen, what) != NULL;
}

/* One in JSON, as the console writes it: with its backslashes doubled. */
static bool said_path(const char *below)
{
	char want[2 * STAGE_PATH_MAX];
	size_t n = 0;

	for (const char *part = drive_data; part; part = part == drive_data ? below : NULL)
		for (const char *c = part; *c && n + 2 < sizeof want; c++) {
			if (*c == '\\')
				want[n++] = '\\';
			want[n++] = *c;
		}
	want[n] = '\0';
	return said(want);
}

static void check_bundle(void)
{
	char bundle[STAGE_PATH_MAX], stored[2 * STAGE_PATH_MAX];

	stage_bundle(&w.base, bundle);
	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-console", "bundle", "verify",
						bundle, NULL},
			       NULL, 0),
		     0);
	snprintf(stored, sizeof stored, "%s/Z%s", bundle, stage_in_data(&w.base, ""));
	cr_expect_eq(shell("cmp \"$1/big.bin\" \"$2/big.bin\"", stage_in_data(&w.base, ""), stored),
		     0);
	cr_expect_eq(
	    shell("tar xOf \"$1/sub.tar\" \"K\xc3\xa4se \xe2\x98\x95.txt\" | grep -qx needle",
		  stored, ""),
	    0);
	cr_expect_eq(shell("grep -rqs MARK-OUTSIDE $1", bundle, ""), 1);
}

Test(windows_files, a_session_reads_what_was_granted_and_nothing_else)
{
	char right[STAGE_PATH_MAX + 16];

	snprintf(right, sizeof right, "files:%s", drive_data);
	args[args_count++] = "--scope";
	args[args_count++] = right;
	args[args_count++] = "--scope";
	args[args_count++] = "metrics";
	args[args_count++] = "--scope";
	args[args_count++] = "put";
	say_path("ls -R", "", "");
	say_both("get", "\\big.bin", "\\sub");
	say_path("find", "\\sub", " --name *.TXT -i");
	say_path("find", "", " --content needle");
	say_both("stat", "\\app.log", "\\link");
	say_both("get", "\\link", "\\way\\f");
	say_path("ls", "\\app.log:stream", "");
	say_path("get", "\\race\\f", "");
	say_path("find", "\\race", " --content MARK-");
	say_put();
	say("top --for 1s");
	say_path("tail", "\\app.log", "");
	make_files();
	start_swapping();
	wine_stage_agent_on_console(&w);
	connect_now();
	follow_log();
	pty_wait(&w.console); /* some of it must be refused */
	cr_assert_eq(pty_wait(&w.base.agent), 0, "%s", w.base.agent.screen);

	cr_expect(said_path("\\sub\\K\xc3\xa4se \xe2\x98\x95.txt\""), "%s", w.console.screen);
	cr_expect(said("\"size\":23"), "%s", w.console.screen);
	cr_expect(said("needle"), "%s", w.console.screen);
	cr_expect(said("it leads out of the folder that was allowed"), "%s", w.console.screen);
	cr_expect(said("stored as new.conf"), "%s", w.console.screen);
	cr_expect(said("new.conf is there already"), "%s", w.console.screen);
	cr_expect(said("new.exe would be a program"), "%s", w.console.screen);
	cr_expect_eq(shell("cmp $1/inbox/new.conf $1/fix.conf && [ ! -e $1/inbox/new.exe ]",
			   stage_in_data(&w.base, ""), ""),
		     0);
	cr_expect(said("\"sample\""), "%s", w.console.screen);
	cr_expect(said("\"assent-collect.exe\""), "%s", w.console.screen);
	cr_expect(said("E_CANCELLED") || said("the customer"), "%s", w.console.screen);
	cr_expect(said("Windows has no such name"), "%s", w.console.screen);
	cr_expect_not(said("MARK-OUTSIDE"), "%s", w.console.screen);
	cr_expect_gt(atomic_load(swaps), SWAPS_MIN);
	check_bundle();
}
