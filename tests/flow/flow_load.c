/* SPDX-License-Identifier: Apache-2.0
 *
 * Much data, a slow reader, a collector that hangs. The logs are made in a mount namespace of
 * the test's own, so that nothing on this computer changes.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>

#include "tests/support/stage.h"

#define LOG_FILES      12
#define LOG_FILE_BYTES (4u << 20) /* what syslog_files takes of one file */
#define WINDOW_BYTES   (8u << 20) /* MUX_SESSION_WINDOW: what may be on its way */

static struct stage st;
static struct pty console;

/* Lines of hexadecimal noise: zlib halves them, no more. */
static void make_log(int number)
{
	char path[64];
	uint32_t x = 2463534242u + (uint32_t)number;

	snprintf(path, sizeof path, "/var/log/noise%d.log", number);

	FILE *f = fopen(path, "we");
	cr_assert_neq(f, NULL);
	for (size_t n = 0; n < LOG_FILE_BYTES - 128;) {
		for (int i = 0; i < 8; i++) {
			x ^= x << 13;
			x ^= x >> 17;
			x ^= x << 5;
			n += (size_t)fprintf(f, "%08x", x);
		}
		n += (size_t)fprintf(f, "\n");
	}
	cr_assert_eq(fclose(f), 0);
}

static void open_stage(void)
{
	console = (struct pty){.fd = -1};
	st = (struct stage){.relay.fd = -1, .agent.fd = -1};
	if (!stage_own_mounts() || mount("tmpfs", "/var/log", "tmpfs", 0, "size=128m") != 0)
		cr_skip_test("this system lets nobody make a mount namespace");
	for (int i = 0; i < LOG_FILES; i++)
		make_log(i);
	stage_open(&st);
	stage_agent(&st);
}

static void close_stage(void)
{
	pty_done(&console);
	stage_done(&st);
}

TestSuite(load, .init = open_stage, .fini = close_stage);

/* Waits for the customer's next line about the logs; its size in bytes. */
static double shown_bytes(void)
{
	char rest[256], unit[8] = "";
	double n = 0;

	cr_assert(pty_expect(&st.agent, "Log files below /var/log - "), "%s", st.agent.screen);
	cr_assert(pty_rest_of_line(&st.agent, rest, sizeof rest));
	cr_assert_eq(sscanf(rest, "%lf %7[a-zA-Z]", &n, unit), 2, "%s", rest);
	return n * (strcmp(unit, "MB") == 0 ? 1e6 : strcmp(unit, "kB") == 0 ? 1e3 : 1);
}

/* The customer's line has stopped moving. */
static double stalled_bytes(void)
{
	double last = -1, now;

	while ((now = shown_bytes()) != last || now == 0)
		last = now;
	return now;
}

static void start_logs(void)
{
	stage_connect(&st, &console,
		      (const char *[]){"--scope", "logs", "-c", "collect syslog_files", NULL});
	stage_allow(&st);
	cr_assert(pty_expect(&st.agent, "Log files below /var/log - "), "%s", st.agent.screen);
	kill(console.pid, SIGSTOP);
}

Test(load, a_slow_console_stops_the_collector_and_nothing_is_lost)
{
	char bundle[STAGE_PATH_MAX];

	start_logs();

	double unread = stalled_bytes();
	cr_assert_lt(unread, WINDOW_BYTES + (4u << 20), "%.0f bytes went out unread", unread);
	kill(console.pid, SIGCONT);
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	stage_bundle(&st, bundle);
	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-console", "bundle", "verify",
						bundle, NULL},
			       NULL, 0),
		     0);
}

Test(load, stop_in_the_middle_of_a_transfer_keeps_what_arrived)
{
	char bundle[STAGE_PATH_MAX], out[65536];

	start_logs();
	stalled_bytes();
	pty_type(&st.agent, "stop\n");
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
	kill(console.pid, SIGCONT);
	cr_assert_eq(pty_wait(&console), 14, "%s", console.screen);
	stage_bundle(&st, bundle);
	stage_run((const char *[]){ASSENT_BIN "/assent-console", "bundle", "show", bundle, NULL},
		  out, sizeof out);
	cr_assert(strstr(out, "var/log/noise"), "what had arrived is gone: %s", out);
	cr_assert(strstr(out, "partial"), "%s", out);
}

Test(load, a_computer_that_slept_loses_no_item)
{
	char command[128];

	snprintf(command, sizeof command, "collect reachability os %s", stage_silent_server(&st));
	stage_connect(&st, &console, (const char *[]){"-c", command, NULL});
	stage_allow(&st);
	cr_assert(pty_expect(&console, "\"os\",\"state\":\"ok\""), "%s", console.screen);
	stage_skip(&st, 40000);
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
}

Test(load, a_hanging_collector_is_ended_and_the_rest_goes_on)
{
	char command[128], bundle[STAGE_PATH_MAX], out[65536];

	snprintf(command, sizeof command, "collect reachability os %s", stage_silent_server(&st));
	stage_connect(&st, &console, (const char *[]){"-c", command, NULL});
	stage_allow(&st);
	cr_assert(pty_expect(&console, "\"os\",\"state\":\"ok\""), "%s", console.screen);
	/* past its deadline of 30 s, in steps that are not taken for the computer's sleep */
	for (int i = 0; i < 40 && !strstr(st.agent.screen, "timeout"); i++) {
		stage_skip(&st, 1900);
		cr_assert(pty_expect(&st.agent, "Tests whether"), "%s", st.agent.screen);
	}
	cr_assert_eq(pty_wait(&console), 1, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	stage_bundle(&st, bundle);
	stage_run((const char *[]){ASSENT_BIN "/assent-console", "bundle", "show", bundle, NULL},
		  out, sizeof out);
	cr_assert(strstr(out, "etc/os-release"), "%s", out);
}
