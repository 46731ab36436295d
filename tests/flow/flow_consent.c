/* SPDX-License-Identifier: Apache-2.0
 *
 * What the customer decides, from yes to stop, with the real programs.
 */
#include <criterion/criterion.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/support/stage.h"

static struct stage st;
static struct pty console;

static void open_stage(void)
{
	stage_open(&st);
	stage_agent(&st);
	console = (struct pty){.fd = -1};
}

static void close_stage(void)
{
	pty_done(&console);
	stage_done(&st);
}

TestSuite(consent, .init = open_stage, .fini = close_stage);

static bool file_has(const char *bundle, const char *name, const char *text)
{
	return strstr(stage_text(bundle, name, NULL), text) != NULL;
}

Test(consent, allow_brings_a_bundle_that_verifies)
{
	char bundle[STAGE_PATH_MAX];

	stage_connect(&st, &console, (const char *[]){"-c", "collect quick", NULL});
	stage_allow(&st);
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
	cr_assert(strstr(console.screen, "\"event\": \"granted\"") ||
		      strstr(console.screen, "\"event\":\"granted\""),
		  "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);

	stage_bundle(&st, bundle);
	cr_assert(file_has(bundle, "proc/meminfo", "MemTotal"));
	cr_assert(file_has(bundle, "manifest.json", "sha256"));
	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-console", "bundle", "verify",
						bundle, NULL},
			       NULL, 0),
		     0);
}

Test(consent, the_prompt_says_who_why_and_what)
{
	stage_connect(&st, &console,
		      (const char *[]){"--scope", "system", "--scope", "logs", "--for", "10m", "-c",
				       "collect os", NULL});
	stage_prompt(&st);
	cr_assert(strstr(st.agent.screen, "Ada Lovelace"), "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "Acme Support"), "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "+49 30 1234567"), "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "T-17"), "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "Checking the printer"), "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "10 minutes"), "%s", st.agent.screen);
	pty_type(&st.agent, "deny\n");
	cr_assert_eq(pty_wait(&console), 10);
}

Test(consent, deny_sends_nothing)
{
	stage_connect(&st, &console, (const char *[]){"-c", "collect os", NULL});
	stage_prompt(&st);
	pty_type(&st.agent, "deny\n");
	cr_assert_eq(pty_wait(&console), 10, "%s", console.screen);
	cr_assert(strstr(console.screen, "denied"), "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 10, "%s", st.agent.screen);
}

Test(consent, an_answer_before_the_lock_opens_does_not_count)
{
	stage_connect(&st, &console, (const char *[]){"-c", "collect os", NULL});
	cr_assert(pty_expect(&st.agent, "Did YOU ask for help?"), "%s", st.agent.screen);
	pty_type(&st.agent, "allow\n");
	stage_skip(&st, 6000);
	cr_assert(pty_expect(&st.agent, "Type allow or deny: "), "%s", st.agent.screen);
	cr_assert_eq(strstr(console.screen ? console.screen : "", "granted"), NULL);
	pty_type(&st.agent, "deny\n");
	cr_assert_eq(pty_wait(&console), 10, "%s", console.screen);
}

Test(consent, only_the_full_word_counts)
{
	stage_connect(&st, &console, (const char *[]){"-c", "collect os", NULL});
	stage_prompt(&st);
	pty_type(&st.agent, "y\n");
	cr_assert(pty_expect(&st.agent, "Type allow or deny: "), "%s", st.agent.screen);
	pty_type(&st.agent, "allowed\n");
	cr_assert(pty_expect(&st.agent, "Type allow or deny: "), "%s", st.agent.screen);
	pty_type(&st.agent, "allow\n");
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
}

Test(consent, no_answer_counts_as_no)
{
	stage_connect(&st, &console, (const char *[]){"-c", "collect os", NULL});
	stage_prompt(&st);
	stage_skip(&st, 181000);
	cr_assert_eq(pty_wait(&console), 10, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 10, "%s", st.agent.screen);
}

Test(consent, a_line_that_is_not_ticked_is_refused)
{
	stage_connect(&st, &console,
		      (const char *[]){"--scope", "system", "--scope", "network", "-c",
				       "collect os addresses", NULL});
	stage_prompt(&st);
	pty_type(&st.agent, "2\n");
	cr_assert(pty_expect(&st.agent, "[ ]  2"), "%s", st.agent.screen);
	cr_assert(pty_expect(&st.agent, "Type allow or deny: "), "%s", st.agent.screen);
	pty_type(&st.agent, "allow\n");
	cr_assert_eq(pty_wait(&console), 1, "%s", console.screen);

	char bundle[STAGE_PATH_MAX];
	stage_bundle(&st, bundle);
	cr_assert(file_has(bundle, "etc/os-release", "NAME"));
	cr_assert(file_has(bundle, "manifest.json", "denied"));
}

Test(consent, more_rights_are_a_new_question)
{
	stage_connect(&st, &console,
		      (const char *[]){"--scope", "system", "-c", "collect os", "-c",
				       "request network", "-c", "collect addresses", NULL});
	stage_allow(&st);
	stage_prompt(&st);
	cr_assert(strstr(st.agent.screen, "already"), "%s", st.agent.screen);
	pty_type(&st.agent, "allow\n");
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
}

Test(consent, a_refused_extension_leaves_what_was_allowed)
{
	stage_connect(&st, &console,
		      (const char *[]){"--scope", "system", "-c", "request network", "-c",
				       "collect os", NULL});
	stage_allow(&st);
	stage_prompt(&st);
	pty_type(&st.agent, "deny\n");
	pty_wait(&console);

	char bundle[STAGE_PATH_MAX];
	stage_bundle(&st, bundle);
	cr_assert(file_has(bundle, "etc/os-release", "NAME"));
}

/* How the customer may end it in the middle. */
static void end_by(void (*how)(void))
{
	pid_t below[64];
	char command[128];

	snprintf(command, sizeof command, "collect reachability %s", stage_silent_server(&st));
	stage_connect(&st, &console, (const char *[]){"-c", command, NULL});
	stage_allow(&st);
	cr_assert(pty_expect(&console, "running"), "%s", console.screen);

	size_t n = stage_descendants(st.agent.pid, below, 64);
	cr_assert_gt(n, 0);
	how();
	cr_assert(stage_all_gone(below, n), "a collector outlived the customer's stop");
}

static void type_stop(void)
{
	pty_type(&st.agent, "stop\n");
}

static void type_ctrl_c(void)
{
	pty_type(&st.agent, "\003");
}

static void close_terminal(void)
{
	pty_hang_up(&st.agent);
}

Test(consent, stop_ends_everything)
{
	end_by(type_stop);
	cr_assert(pty_expect(&st.agent, "stopped"), "%s", st.agent.screen);
	cr_assert_eq(pty_wait(&console), 14, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
}

Test(consent, ctrl_c_ends_everything)
{
	end_by(type_ctrl_c);
	cr_assert_eq(pty_wait(&console), 14, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
}

Test(consent, closing_the_terminal_ends_everything)
{
	end_by(close_terminal);
	cr_assert_eq(pty_wait(&console), 14, "%s", console.screen);
}

Test(consent, the_agreed_time_runs_out)
{
	char identity[STAGE_PATH_MAX], out[STAGE_PATH_MAX];
	const char *argv[] = {ASSENT_BIN "/assent-console",
			      "connect",
			      st.code,
			      "--identity",
			      stage_path(&st, "ada", identity),
			      "--reason",
			      "Waiting",
			      "--for",
			      "10m",
			      "--out",
			      stage_path(&st, "out", out),
			      NULL};

	cr_assert_eq(pty_start(&console, argv, NULL), 0); /* interactive: the session stays open */
	stage_allow(&st);
	cr_assert(pty_expect(&console, "> "), "%s", console.screen);
	stage_skip(&st, 601000);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "time is over"), "%s", st.agent.screen);
	cr_assert_neq(pty_wait(&console), -1, "the console hangs: %s", console.screen);
}

Test(consent, the_customer_can_read_and_verify_the_record)
{
	char state[STAGE_PATH_MAX + 32], file[STAGE_PATH_MAX * 2], id[64];

	stage_connect(&st, &console, (const char *[]){"-c", "collect os", NULL});
	stage_allow(&st);
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);

	struct pty list;
	snprintf(state, sizeof state, "XDG_STATE_HOME=%s/state", st.dir);
	const char *env[] = {state, NULL};
	cr_assert_eq(
	    pty_start_piped(
		&list, (const char *[]){ASSENT_BIN "/assent-agent", "record", "list", NULL}, env),
	    0);
	cr_assert_eq(pty_wait(&list), 0);
	cr_assert(strstr(list.screen, "Ada Lovelace"), "%s", list.screen);
	cr_assert_eq(sscanf(list.screen, "%63s", id), 1);
	pty_done(&list);

	snprintf(file, sizeof file, "%s/state/assent/record/%s.jsonl", st.dir, id);
	cr_assert_eq(pty_start_piped(&list,
				     (const char *[]){ASSENT_BIN "/assent-agent", "record",
						      "verify", file, NULL},
				     env),
		     0);
	cr_assert_eq(pty_wait(&list), 0, "%s", list.screen);
	pty_done(&list);
}

Test(consent, ctrl_z_ends_the_session_instead_of_hiding_it)
{
	stage_connect(&st, &console, (const char *[]){"-c", "collect os", NULL});
	stage_prompt(&st);
	pty_type(&st.agent, "\x1a");
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
	cr_assert_eq(pty_wait(&console), 10, "%s", console.screen);
}

/* The disk is full from the prompt on: the no still counts, and can only not be written down. */
Test(consent, deny_counts_when_the_record_cannot_be_written)
{
	const struct rlimit full = {1, 1};

	pty_done(&st.agent);
	signal(SIGXFSZ,
	       SIG_IGN); /* the agent inherits it: the write then fails as on a full disk */
	stage_agent(&st);
	stage_connect(&st, &console, (const char *[]){"-c", "collect os", NULL});
	stage_prompt(&st);
	cr_assert_eq(prlimit(st.agent.pid, RLIMIT_FSIZE, &full, NULL), 0);
	pty_type(&st.agent, "deny\n");
	cr_assert_eq(pty_wait(&st.agent), 10, "%s", st.agent.screen);
	cr_assert_eq(pty_wait(&console), 10, "%s", console.screen);
}
