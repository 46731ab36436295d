/* SPDX-License-Identifier: Apache-2.0
 *
 * Live views with the real programs: several at once beside a big file, ended by either side, and
 * a log that is rotated in every way. A script of the engineer's waits where the test wants it to:
 * "tail --lines 1 GATE" ends when the test writes a line into GATE.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "tests/support/stage.h"

#define BIG_BYTES (64u << 20)

static struct stage st;
static struct pty console;
static const char *right;

static void open_stage(void)
{
	console = (struct pty){.fd = -1};
	stage_open(&st);
	right = stage_data(&st);
	stage_agent(&st);
}

static void close_stage(void)
{
	pty_done(&console);
	stage_done(&st);
}

TestSuite(watch, .init = open_stage, .fini = close_stage);

/* "COMMAND DIR/data/NAME REST" */
static const char *command(char out[STAGE_PATH_MAX + 64], const char *verb, const char *name,
			   const char *rest)
{
	snprintf(out, STAGE_PATH_MAX + 64, "%s %.500s%s", verb, stage_in_data(&st, name), rest);
	return out;
}

/* Sooner or later, or already: what several views show has no order. */
static void shows(const char *text)
{
	console.seen = 0;
	cr_assert(pty_expect(&console, text), "%s is missing: %s", text, console.screen);
}

static void sees(const char *line)
{
	char text[128];

	snprintf(text, sizeof text, "\"text\":\"%s\"", line);
	shows(text);
}

/* The customer reads it in his record. */
static void record_tells(const char *text)
{
	static const char script[] =
	    "export XDG_STATE_HOME=\"$1/state\"; id=$(\"$2\" record list | cut -d' ' -f1); "
	    "\"$2\" record show \"$id\" | grep -qF \"$3\"";

	cr_assert_eq(stage_run((const char *[]){"/bin/sh", "-c", script, "sh", st.dir,
						ASSENT_BIN "/assent-agent", text, NULL},
			       NULL, 0),
		     0, "no \"%s\" in the record", text);
}

/* What the console stored of a file is that file. */
static void is_fetched(const char *name)
{
	char bundle[STAGE_PATH_MAX], copy[2 * STAGE_PATH_MAX];

	stage_bundle(&st, bundle);
	snprintf(copy, sizeof copy, "%s%s", bundle, stage_in_data(&st, name));
	cr_assert_eq(
	    stage_run((const char *[]){"/usr/bin/cmp", stage_in_data(&st, name), copy, NULL}, NULL,
		      0),
	    0);
	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-console", "bundle", "verify",
						bundle, NULL},
			       NULL, 0),
		     0);
}

Test(watch, the_customer_ends_one_of_five_and_the_others_go_on)
{
	char a[STAGE_PATH_MAX + 64], b[STAGE_PATH_MAX + 64], c[STAGE_PATH_MAX + 64],
	    gate[STAGE_PATH_MAX + 64], get[STAGE_PATH_MAX + 64], shut[STAGE_PATH_MAX + 64];

	stage_append(&st, "a.log", "a is there\n");
	stage_append(&st, "b.log", "b is there\n");
	stage_append(&st, "c.log", "c is there\n");
	stage_append(&st, "gate", "");
	stage_append(&st, "last", "");
	stage_noise(&st, "big", BIG_BYTES);
	stage_connect(&st, &console,
		      (const char *[]){"--scope", right, "--scope", "metrics", "-c",
				       command(a, "tail", "a.log", " &"), "-c",
				       command(b, "tail", "b.log", " &"), "-c",
				       command(c, "tail", "c.log", " &"), "-c", "top &", "-c",
				       command(gate, "tail --lines 1", "gate", ""), "-c",
				       command(get, "get", "big", ""), "-c",
				       command(shut, "tail --lines 1", "last", ""), NULL});
	stage_allow(&st);
	sees("a is there");
	sees("b is there");
	sees("c is there");
	shows("\"event\":\"sample\"");

	/* the file has begun and cannot end: nobody takes more of it than its window */
	stage_append(&st, "gate", "open\n");
	shows("\"name\":\"get\",\"state\":\"running\"");
	kill(console.pid, SIGSTOP);
	cr_assert(pty_expect(&st.agent, "Send files: "), "%s", st.agent.screen);
	pty_type(&st.agent, "cancel 2\n");
	cr_assert(pty_expect(&st.agent, "b.log - "), "%s", st.agent.screen);
	cr_assert(pty_expect(&st.agent, ", stopped"), "%s", st.agent.screen);
	kill(console.pid, SIGCONT);
	shows("the customer has stopped this item");
	stage_append(&st, "b.log", "b is over\n");
	stage_append(&st, "a.log", "a goes on\n");
	stage_append(&st, "c.log", "c goes on\n");
	sees("a goes on");
	sees("c goes on");
	console.seen = console.len;
	cr_assert(pty_expect(&console, "\"event\":\"sample\""), "%s", console.screen);
	shows("\"name\":\"get\",\"state\":\"ok\"");
	stage_append(&st, "last", "now\n");

	cr_assert_eq(pty_wait(&console), 1, "%s", console.screen);
	cr_assert_null(strstr(console.screen, "b is over"), "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	is_fetched("big");
	cr_assert(strstr(st.agent.screen, ", ended"), "%s", st.agent.screen);
	cr_assert_null(strstr(st.agent.screen, "partial"), "%s", st.agent.screen);
	cr_assert(stage_record_has(&st, "\"state\":\"ended\",\"stopped_by\":\"customer\""));
	cr_assert(stage_record_has(&st, "\"state\":\"ended\",\"stopped_by\":\"engineer\""));
	record_tells("Asked for: get, ");
	record_tells("Sent: tail_files, ");
	record_tells("ended (stopped by you)");
	record_tells("ended (stopped by the engineer)");
}

/* As logrotate does it, and as it must not be. */
static void rotate(void)
{
	char old[STAGE_PATH_MAX];

	snprintf(old, sizeof old, "%s", stage_in_data(&st, "app.log"));
	cr_assert_eq(rename(old, stage_in_data(&st, "app.log.1")), 0);
	stage_append(&st, "app.log.1", "late, into the old one\n");
	stage_append(&st, "app.log", "renamed\n");
	sees("late, into the old one");
	sees("renamed");

	cr_assert_eq(truncate(stage_in_data(&st, "app.log"), 0), 0);
	stage_append(&st, "app.log", "cut\n");
	sees("cut");

	cr_assert_eq(unlink(stage_in_data(&st, "app.log")), 0);
	stage_append(&st, "app.log", "made again\n");
	sees("made again");
}

Test(watch, a_log_is_rotated_in_every_way)
{
	char tail[STAGE_PATH_MAX + 64], gate[STAGE_PATH_MAX + 64], get[STAGE_PATH_MAX + 64],
	    outside[STAGE_PATH_MAX];

	stage_append(&st, "app.log", "first\n");
	stage_append(&st, "gate", "");
	stage_noise(&st, "big", BIG_BYTES);
	stage_connect(&st, &console,
		      (const char *[]){"--scope", right, "-c",
				       command(tail, "tail", "app.log", " &"), "-c",
				       command(gate, "tail --lines 1", "gate", ""), "-c",
				       command(get, "get", "big", " &"), "-c", "cancel 3", NULL});
	stage_allow(&st);
	sees("first");
	rotate();

	/* by a link to outside: said, not followed; and when it is a file again it goes on */
	FILE *f = fopen(stage_path(&st, "outside", outside), "we");
	cr_assert(f && fputs("secret\n", f) >= 0 && fclose(f) == 0);
	cr_assert_eq(unlink(stage_in_data(&st, "app.log")), 0);
	cr_assert_eq(symlink(outside, stage_in_data(&st, "app.log")), 0);
	shows("app.log: not read: ");
	cr_assert_eq(unlink(stage_in_data(&st, "app.log")), 0);
	stage_append(&st, "app.log", "a file again\n");
	sees("a file again");
	stage_append(&st, "gate", "enough\n");
	cr_assert_eq(pty_wait(&console), 1, "a file is not whole: %s", console.screen);
	cr_assert_null(strstr(console.screen, "secret"), "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	cr_assert_null(strstr(st.agent.screen, "partial"), "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "stopped by the engineer"), "%s", st.agent.screen);
}
