/* SPDX-License-Identifier: Apache-2.0
 *
 * Somebody dies in the middle. Whatever had arrived is kept, everybody hears at once what
 * happened, and no process is left behind.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include "tests/support/stage.h"

static struct stage st;
static struct pty console;
static pid_t below[64];
static size_t below_count;

/* Up to the middle of a session: one item is done, one is running. */
static void begin(bool resume)
{
	char command[128];

	console = (struct pty){.fd = -1};
	stage_open(&st);
	if (!resume)
		stage_without_resume(&st);
	stage_agent(&st);
	snprintf(command, sizeof command, "collect os reachability %s", stage_silent_server(&st));
	stage_connect(&st, &console, (const char *[]){"-c", command, NULL});
	stage_allow(&st);
	cr_assert(pty_expect(&console, "\"os\",\"state\":\"ok\""), "%s", console.screen);
	below_count = stage_descendants(st.agent.pid, below, 64);
	cr_assert_gt(below_count, 0);
}

static void open_stage(void)
{
	begin(false);
}

static void open_stage_that_resumes(void)
{
	begin(true);
}

static void close_stage(void)
{
	pty_done(&console);
	stage_done(&st);
}

TestSuite(loss, .init = open_stage, .fini = close_stage);
TestSuite(resume, .init = open_stage_that_resumes, .fini = close_stage);

static void bundle_is_kept(void)
{
	char bundle[STAGE_PATH_MAX], out[8192];

	stage_bundle(&st, bundle);
	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-console", "bundle", "verify",
						bundle, NULL},
			       out, sizeof out),
		     0, "%s", out);
}

/* The child of the agent whose program is `name`. */
static pid_t child_named(const char *name)
{
	for (size_t i = 0; i < below_count; i++) {
		char path[64], text[64] = "";
		snprintf(path, sizeof path, "/proc/%d/comm", (int)below[i]);

		FILE *f = fopen(path, "re");
		if (f && fgets(text, sizeof text, f) && strncmp(text, name, strlen(name)) == 0) {
			fclose(f);
			return below[i];
		}
		if (f)
			fclose(f);
	}
	return 0;
}

Test(loss, the_relay_is_killed)
{
	kill(st.relay.pid, SIGKILL);
	cr_assert_eq(pty_wait(&console), 13, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 13, "%s", st.agent.screen);
	cr_assert(stage_all_gone(below, below_count));
	bundle_is_kept();
}

Test(loss, the_console_is_killed)
{
	char bundle[STAGE_PATH_MAX], out[8192];

	kill(console.pid, SIGKILL);
	cr_assert_eq(pty_wait(&st.agent), 13, "%s", st.agent.screen);
	cr_assert(stage_all_gone(below, below_count));

	/* nobody was there to finish the bundle: that is said, and every hash is right */
	stage_bundle(&st, bundle);
	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-console", "bundle", "verify",
						bundle, NULL},
			       out, sizeof out),
		     1);
	cr_assert(strstr(out, "the console was stopped") && strstr(out, "1 problem"), "%s", out);
}

Test(loss, the_agent_is_killed)
{
	kill(st.agent.pid, SIGKILL);
	cr_assert_eq(pty_wait(&console), 13, "%s", console.screen);
	cr_assert(stage_all_gone(below, below_count), "something outlived the agent");
	bundle_is_kept();
}

Test(loss, assent_net_is_killed)
{
	pid_t net = child_named("assent-net");

	cr_assert_neq(net, 0);
	kill(net, SIGKILL);
	cr_assert_eq(pty_wait(&console), 13, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 13, "%s", st.agent.screen);
	cr_assert(stage_all_gone(below, below_count));
}

Test(loss, a_killed_collector_loses_only_itself)
{
	pid_t collect = child_named("assent-collect");

	if (collect != 0)
		kill(collect, SIGKILL);
	cr_assert_eq(pty_wait(&console), collect != 0, "%s", console.screen);
	bundle_is_kept();
}

Test(resume, a_restarted_relay_ends_nothing)
{
	stage_restart_relay(&st);
	cr_assert(pty_expect(&console, "\"resumed\""), "%s", console.screen);
	cr_assert(pty_expect(&st.agent, "The connection is back"), "%s", st.agent.screen);
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	bundle_is_kept();
}

Test(resume, the_customer_may_stop_while_the_connection_is_away)
{
	kill(st.relay.pid, SIGKILL);
	cr_assert(pty_expect(&st.agent, "The connection is lost"), "%s", st.agent.screen);
	pty_type(&st.agent, "stop\n");
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
	cr_assert(stage_all_gone(below, below_count));
}

Test(resume, waiting_has_an_end)
{
	kill(st.relay.pid, SIGKILL);
	cr_assert(pty_expect(&st.agent, "The connection is lost"), "%s", st.agent.screen);
	stage_skip(&st, 121000);
	cr_assert_eq(pty_wait(&st.agent), 13, "%s", st.agent.screen);
	cr_assert(stage_all_gone(below, below_count));
}

Test(relay, without_descriptors_it_says_so)
{
	char out[1024];
	int code = stage_run((const char *[]){"/bin/sh", "-c",
					      "ulimit -n 7; exec " ASSENT_BIN
					      "/assent-relay --listen 127.0.0.1:0 --cert x --key x "
					      "--console-ca x",
					      NULL},
			     out, sizeof out);

	cr_assert_eq(code, 1, "%d: %s", code, out);
	cr_assert(strstr(out, "ulimit -n"), "%s", out);
}
