/* SPDX-License-Identifier: Apache-2.0
 *
 * The code, the certificates and the configuration: everything that can be wrong before the
 * customer is asked.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "proto/e2e/code.h"
#include "tests/support/stage.h"

static struct stage st;
static struct pty console;

static void open_stage(void)
{
	stage_open(&st);
	console = (struct pty){.fd = -1};
}

static void close_stage(void)
{
	pty_done(&console);
	stage_done(&st);
}

TestSuite(code, .init = open_stage, .fini = close_stage);

/* The same id with another secret: a code that passes the check character and is wrong. */
static void make_wrong(uint32_t change)
{
	struct code c;

	cr_assert_eq(code_parse(st.code, &c), 0);
	c.secret ^= change;
	code_format(&c, st.code);
}

static int connect_once(void)
{
	pty_done(&console);
	stage_connect(&st, &console, (const char *[]){"-c", "collect os", NULL});
	return pty_wait(&console);
}

Test(code, a_typing_error_is_caught_before_anything_is_sent)
{
	stage_agent(&st);
	st.code[12] = st.code[12] == '7' ? '8' : '7';
	kill(st.relay.pid, SIGSTOP); /* whoever talks to it would wait */
	cr_assert_eq(connect_once(), 11, "%s", console.screen);
	kill(st.relay.pid, SIGCONT);
}

Test(code, an_unknown_code_is_told_apart_from_a_typing_error)
{
	struct code c;

	stage_agent(&st);
	cr_assert_eq(code_parse(st.code, &c), 0);
	c.id ^= 1;
	code_format(&c, st.code);
	cr_assert_eq(connect_once(), 11, "%s", console.screen);
	cr_assert(strstr(console.screen, "E_CODE_UNKNOWN"), "%s", console.screen);
}

Test(code, is_void_after_three_wrong_tries)
{
	char right[32];

	stage_agent(&st);
	snprintf(right, sizeof right, "%s", st.code);
	for (uint32_t i = 1; i <= 3; i++) {
		snprintf(st.code, sizeof st.code, "%s", right);
		make_wrong(i);
		cr_assert_eq(connect_once(), 11, "%s", console.screen);
	}
	cr_assert_eq(pty_wait(&st.agent), 11, "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "wrong code"), "%s", st.agent.screen);
}

Test(code, still_works_after_one_wrong_try)
{
	char right[32];

	stage_agent(&st);
	snprintf(right, sizeof right, "%s", st.code);
	make_wrong(5);
	cr_assert_eq(connect_once(), 11, "%s", console.screen);
	cr_assert(pty_expect(&st.agent, "wrong code"), "%s", st.agent.screen);

	snprintf(st.code, sizeof st.code, "%s", right);
	pty_done(&console);
	stage_connect(&st, &console, (const char *[]){"-c", "collect os", NULL});
	stage_allow(&st);
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
}

Test(code, expires)
{
	stage_agent(&st);
	stage_skip(&st, 601000);
	cr_assert_eq(pty_wait(&st.agent), 11, "%s", st.agent.screen);
	cr_assert_eq(connect_once(), 11, "%s", console.screen);
}

/* Another organisation's engineer, with a certificate that its own CA made. */
Test(code, an_engineer_of_another_organisation_is_refused)
{
	char ca[STAGE_PATH_MAX], eve[STAGE_PATH_MAX], mixed[STAGE_PATH_MAX], command[4096];

	stage_agent(&st);
	stage_path(&st, "ca2", ca);
	stage_path(&st, "eve", eve);
	stage_path(&st, "ada", mixed);
	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-console", "ca", "init", "--org",
						"Evil Support", "--dir", ca, NULL},
			       NULL, 0),
		     0);
	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-console", "ca", "engineer",
						"--dir", ca, "--id", "eve", "--name", "Eve",
						"--relay", st.address, "--out", eve, NULL},
			       NULL, 0),
		     0);
	/* the worst case: the relay lets her in, because she has stolen a console's credential */
	snprintf(command, sizeof command, "cp %.400s/engineer.key %.400s/engineer.crt %.400s/", eve,
		 eve, mixed);
	cr_assert_eq(stage_run((const char *[]){"/bin/sh", "-c", command, NULL}, NULL, 0), 0);
	cr_assert_eq(connect_once(), 15, "%s", console.screen);
}

Test(code, a_console_without_a_credential_for_the_relay_is_refused)
{
	char ca[STAGE_PATH_MAX], eve[STAGE_PATH_MAX], ada[STAGE_PATH_MAX], command[4096];

	stage_agent(&st);
	stage_path(&st, "ca2", ca);
	stage_path(&st, "eve", eve);
	stage_path(&st, "ada", ada);
	stage_run((const char *[]){ASSENT_BIN "/assent-console", "ca", "init", "--org",
				   "Evil Support", "--dir", ca, NULL},
		  NULL, 0);
	stage_run((const char *[]){ASSENT_BIN "/assent-console", "ca", "engineer", "--dir", ca,
				   "--id", "eve", "--name", "Eve", "--relay", st.address, "--out",
				   eve, NULL},
		  NULL, 0);
	snprintf(command, sizeof command, "cp %.400s/console.key %.400s/console.crt %.400s/", eve,
		 eve, ada);
	cr_assert_eq(stage_run((const char *[]){"/bin/sh", "-c", command, NULL}, NULL, 0), 0);
	cr_assert_eq(connect_once(), 15, "%s", console.screen);
}

/* ---- the agent's side ---- */

static int run_agent(const char *config, const char *state)
{
	char env_state[STAGE_PATH_MAX + 32];
	const char *argv[] = {ASSENT_BIN "/assent-agent", "support", "--config", config, NULL};
	const char *env[] = {env_state, NULL};

	snprintf(env_state, sizeof env_state, "XDG_STATE_HOME=%s", state);
	cr_assert_eq(pty_start(&st.agent, argv, env), 0);
	return pty_wait(&st.agent);
}

Test(code, an_agent_without_a_relay_says_so)
{
	char config[STAGE_PATH_MAX], state[STAGE_PATH_MAX];

	kill(st.relay.pid, SIGKILL);
	pty_wait(&st.relay);
	cr_assert_eq(
	    run_agent(stage_path(&st, "agent/agent.conf", config), stage_path(&st, "state", state)),
	    12, "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, st.address), "%s", st.agent.screen);
}

Test(code, a_relay_of_another_organisation_is_not_trusted)
{
	char ca[STAGE_PATH_MAX], agent[STAGE_PATH_MAX], state[STAGE_PATH_MAX];

	stage_path(&st, "ca2", ca);
	stage_path(&st, "agent2", agent);
	stage_run((const char *[]){ASSENT_BIN "/assent-console", "ca", "init", "--org", "Other",
				   "--dir", ca, NULL},
		  NULL, 0);
	stage_run((const char *[]){ASSENT_BIN "/assent-console", "ca", "agent-config", "--dir", ca,
				   "--relay", st.address, "--phone", "1", "--out", agent, NULL},
		  NULL, 0);
	cr_assert_eq(
	    run_agent(stage_path(&st, "agent2/agent.conf", agent), stage_path(&st, "state", state)),
	    12, "%s", st.agent.screen);
}

Test(code, a_missing_configuration_is_one_clear_line)
{
	char config[STAGE_PATH_MAX], state[STAGE_PATH_MAX];

	cr_assert_eq(
	    run_agent(stage_path(&st, "nowhere.conf", config), stage_path(&st, "state", state)), 20,
	    "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "nowhere.conf"), "%s", st.agent.screen);
}

Test(code, without_a_record_there_is_no_session)
{
	char config[STAGE_PATH_MAX], state[STAGE_PATH_MAX];
	int fd = open(stage_path(&st, "state", state), O_CREAT | O_WRONLY | O_CLOEXEC, 0600);

	close(fd); /* a file where the folder should be: not even root can write a record there */
	cr_assert_eq(run_agent(stage_path(&st, "agent/agent.conf", config), state), 20, "%s",
		     st.agent.screen);
	cr_assert(strstr(st.agent.screen, "record"), "%s", st.agent.screen);
}

Test(code, an_agent_without_a_terminal_does_not_start)
{
	char config[STAGE_PATH_MAX], out[4096];

	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-agent", "support", "--config",
						stage_path(&st, "agent/agent.conf", config), NULL},
			       out, sizeof out),
		     20, "%s", out);
}

Test(code, a_warning_stands_in_the_prompt_when_anybody_could_write_the_configuration)
{
	char config[STAGE_PATH_MAX];

	chmod(stage_path(&st, "agent/agent.conf", config), 0666);
	stage_agent(&st);
	stage_connect(&st, &console, (const char *[]){"-c", "collect os", NULL});
	stage_prompt(&st);
	cr_assert(strstr(st.agent.screen, "administrator"), "%s", st.agent.screen);
	pty_type(&st.agent, "deny\n");
	cr_assert_eq(pty_wait(&console), 10);
}
