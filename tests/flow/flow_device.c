/* SPDX-License-Identifier: Apache-2.0
 *
 * Neighbouring devices: real OpenSSH servers on loopback, the customer who says whose key is right
 * and logs in, and what becomes of it in the bundle.
 */
#include <criterion/criterion.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/support/sshd.h"
#include "tests/support/stage.h"

#define DEVICES 8
#define STALLED 7 /* the last one, whose item has the number 8 */
#define FLOODS	3

static struct stage st;
static struct pty console;
static struct sshd devices[DEVICES];

static void open_stage(void)
{
	stage_open(&st);
	stage_agent(&st);
	console = (struct pty){.fd = -1};
}

static void close_stage(void)
{
	for (size_t i = 0; i < DEVICES; i++)
		sshd_stop(&devices[i]);
	pty_done(&console);
	stage_done(&st);
}

TestSuite(device, .init = open_stage, .fini = close_stage);

/* ---- the engineer ---- */

static void ask_for(size_t count, const char *type)
{
	static char scopes[DEVICES][200];
	const char *args[2 * DEVICES + 3];
	size_t n = 0;

	for (size_t i = 0; i < count; i++) {
		snprintf(scopes[i], sizeof scopes[i], "device:%.160s%s", devices[i].target, type);
		args[n++] = "--scope";
		args[n++] = scopes[i];
	}
	args[n++] = "-c";
	args[n++] = "device";
	args[n] = NULL;
	stage_connect(&st, &console, args);
}

/* ---- the customer ---- */

/* The question that comes next: what stands between "Type " and ": ". The prompt's own may stand
 * there twice. */
static const char *next_question(void)
{
	static char what[64];

	do {
		size_t from, n;

		cr_assert(pty_expect(&st.agent, "\nType "), "%s", st.agent.screen);
		from = st.agent.seen;
		cr_assert(pty_expect(&st.agent, ": "), "%s", st.agent.screen);
		n = st.agent.seen - from - 2;
		snprintf(what, sizeof what, "%.*s", (int)n, st.agent.screen + from);
	} while (strcmp(what, "allow or deny") == 0);
	return what;
}

static void trust(void)
{
	cr_assert_str_eq(next_question(), "trust or skip", "%s", st.agent.screen);
	pty_type(&st.agent, "trust\n");
}

/* With the key of the device that is asked for. */
static void log_in(void)
{
	char line[700];
	const char *at = NULL, *found = NULL;
	size_t which = 0;

	for (size_t i = 0; i < DEVICES; i++) {
		char asked[64];

		snprintf(asked, sizeof asked, "log in to %s,", devices[i].host);
		for (at = st.agent.screen; (at = strstr(at, asked)); at++)
			if (at < st.agent.screen + st.agent.seen && (!found || at > found)) {
				found = at;
				which = i;
			}
	}
	cr_assert_neq(found, NULL, "%s", st.agent.screen);
	snprintf(line, sizeof line, "key %s\n", devices[which].key);
	pty_type(&st.agent, line);
	cr_assert(pty_expect(&st.agent, "Enter for none): "), "%s", st.agent.screen);
	pty_type(&st.agent, "\n");
}

static void answer_all(size_t questions)
{
	for (size_t i = 0; i < questions; i++) {
		const char *what = next_question();

		if (strcmp(what, "trust or skip") == 0)
			pty_type(&st.agent, "trust\n");
		else if (strcmp(what, "one of these") == 0)
			log_in();
		else
			cr_assert_fail("what is \"%s\"? %s", what, st.agent.screen);
	}
}

/* ---- what became of it ---- */

static off_t file_size(const char *folder, const char *name)
{
	char path[2 * STAGE_PATH_MAX];
	struct stat s;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	return stat(path, &s) == 0 ? s.st_size : -1;
}

#define FLOOD "case $SSH_ORIGINAL_COMMAND in uname*) exec yes flood;; esac\n"

Test(device, eight_at_once_and_none_waits_for_the_one_that_hangs)
{
	char bundle[STAGE_PATH_MAX], name[128], state[STAGE_PATH_MAX];

	for (unsigned i = 0; i < DEVICES; i++)
		sshd_start(&devices[i], st.dir, i,
			   i == STALLED	 ? "exec sleep 1000\n"
			   : i == FLOODS ? FLOOD "echo $SSH_ORIGINAL_COMMAND\n"
					 : "echo device says: $SSH_ORIGINAL_COMMAND\n",
			   "");
	ask_for(DEVICES, ",generic");
	stage_allow(&st);
	answer_all(2 * DEVICES);
	/* all but one come to their end, however that one hangs; the flood's is "partial" */
	for (size_t i = 0; i + 2 < DEVICES; i++)
		cr_assert(pty_expect_within(&console, "\"state\":\"ok\"", 2 * PTY_LIMIT_MS), "%s",
			  console.screen);
	pty_type(&st.agent, "cancel 8\n");
	cr_assert_eq(pty_wait(&console), 1, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);

	stage_bundle(&st, bundle);
	for (unsigned i = 0; i < DEVICES; i++) {
		snprintf(name, sizeof name, "devices/%s/show_version", devices[i].host);
		if (i == STALLED)
			continue;

		const char *text = stage_text(bundle, name, NULL);
		cr_assert(strstr(text, "show version"), "%s: %s", name, text);
	}
	snprintf(name, sizeof name, "devices/%s/uname_-a", devices[FLOODS].host);
	cr_assert_eq(file_size(bundle, name), 1024 * 1024, "a flood is cut at the command's size");
	cr_assert_eq(stage_run((const char *[]){ASSENT_BIN "/assent-console", "bundle", "verify",
						bundle, NULL},
			       NULL, 0),
		     0);

	/* whose key, and how it went, stands in the record; how he logged in, nowhere */
	stage_path(&st, "state/assent/record", state);
	cr_assert(stage_holds(state, "logged in"));
	cr_assert(stage_holds(state, "SHA256:"));
	cr_assert_not(stage_holds(state, "PRIVATE KEY"));
	cr_assert_not(stage_holds(bundle, "PRIVATE KEY"));
}

Test(device, a_key_that_is_known_is_not_asked_for_again_and_another_one_is_refused)
{
	char known[STAGE_PATH_MAX], line[400];

	sshd_start(&devices[0], st.dir, 0, "echo $SSH_ORIGINAL_COMMAND\n", "");
	snprintf(line, sizeof line, "[%s]:%d = ssh-ed25519 %064d\n", devices[0].host, SSHD_PORT, 7);

	FILE *f = fopen(stage_path(&st, "state/assent/known_devices", known), "we");
	cr_assert_neq(f, NULL);
	fputs(line, f);
	fclose(f);
	ask_for(1, "");
	stage_allow(&st);
	cr_assert_eq(pty_wait(&console), 1, "%s", console.screen);
	cr_assert(strstr(console.screen, "denied"), "%s", console.screen);
	cr_assert(strstr(console.screen, "not the one that is known"), "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "WARNING"), "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "before:  ssh-ed25519 SHA256:"), "%s", st.agent.screen);
	cr_assert_null(strstr(st.agent.screen, "trust or skip"), "no yes leads past it");
	cr_assert_null(strstr(st.agent.screen, "How shall"), "%s", st.agent.screen);
}

Test(device, no_trust_no_log_in)
{
	char known[STAGE_PATH_MAX];

	sshd_start(&devices[0], st.dir, 0, NULL, "");
	ask_for(1, "");
	stage_allow(&st);
	cr_assert_str_eq(next_question(), "trust or skip");
	pty_type(&st.agent, "yes\n");
	cr_assert_str_eq(next_question(), "trust or skip", "only the word counts");
	pty_type(&st.agent, "skip\n");
	cr_assert_eq(pty_wait(&console), 1, "%s", console.screen);
	cr_assert(strstr(console.screen, "did not trust"), "%s", console.screen);
	cr_assert_eq(access(stage_path(&st, "state/assent/known_devices", known), F_OK), -1);
}

Test(device, a_device_that_is_not_ticked_is_not_even_called)
{
	sshd_start(&devices[0], st.dir, 0, "echo $SSH_ORIGINAL_COMMAND\n", "");
	sshd_start(&devices[1], st.dir, 1, "echo $SSH_ORIGINAL_COMMAND\n", "");
	ask_for(2, ",generic");
	stage_prompt(&st);
	pty_type(&st.agent, "2\n");
	cr_assert(pty_expect(&st.agent, "[ ]  2"), "%s", st.agent.screen);
	cr_assert(pty_expect(&st.agent, "Type allow or deny: "), "%s", st.agent.screen);
	pty_type(&st.agent, "allow\n");
	trust();
	cr_assert_str_eq(next_question(), "one of these");
	log_in();
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);

	char bundle[STAGE_PATH_MAX], name[64];
	stage_bundle(&st, bundle);
	snprintf(name, sizeof name, "devices/%s", devices[0].host);
	cr_assert_neq(file_size(bundle, name), -1);
	snprintf(name, sizeof name, "devices/%s", devices[1].host);
	cr_assert_eq(file_size(bundle, name), -1);
}

/* Everything that speaks with devices ends with the session, at once. */
Test(device, stop_ends_all_connections)
{
	pid_t below[128];
	size_t n;

	for (unsigned i = 0; i < 2; i++)
		sshd_start(&devices[i], st.dir, i, "exec sleep 1000\n", "");
	ask_for(2, ",generic");
	stage_allow(&st);
	answer_all(4);
	cr_assert(pty_expect(&console, "logged in"), "%s", console.screen);
	n = stage_descendants(st.agent.pid, below, 128);
	cr_assert_geq(n, 4, "two helpers and a child each");
	pty_type(&st.agent, "stop\n");
	cr_assert(stage_all_gone(below, n), "something outlived the customer's stop");
	cr_assert_eq(pty_wait(&console), 14, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
}

Test(device, what_would_be_run_is_shown_when_he_asks)
{
	sshd_start(&devices[0], st.dir, 0, NULL, "");
	ask_for(1, ",cisco-ios");
	stage_prompt(&st);
	cr_assert(strstr(st.agent.screen, devices[0].host), "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "port 2222"), "%s", st.agent.screen);
	pty_type(&st.agent, "list 1\n");
	cr_assert(pty_expect(&st.agent, "show interfaces"), "%s", st.agent.screen);
	cr_assert(pty_expect(&st.agent, "Type allow or deny: "), "%s", st.agent.screen);
	cr_assert_null(strstr(st.agent.screen, "running-config"), "nobody asked for it");
	pty_type(&st.agent, "deny\n");
	cr_assert_eq(pty_wait(&console), 10, "%s", console.screen);
}

Test(device, without_a_common_algorithm_both_offers_are_named)
{
	char bundle[STAGE_PATH_MAX];

	sshd_start(&devices[0], st.dir, 0, NULL, "KexAlgorithms diffie-hellman-group14-sha1\n");
	ask_for(1, "");
	stage_allow(&st);
	cr_assert_eq(pty_wait(&console), 1, "%s", console.screen);
	cr_assert(strstr(console.screen, "no common algorithm"), "%s", console.screen);
	cr_assert(strstr(console.screen, "--legacy"), "%s", console.screen);
	stage_bundle(&st, bundle);
	cr_assert(stage_holds(bundle, "the device offers diffie-hellman-group14-sha1"));
	cr_assert(stage_holds(bundle, "this program takes curve25519-sha256"));
}

Test(device, a_list_that_is_not_installed_is_said_and_a_script_learns_of_it)
{
	sshd_start(&devices[0], st.dir, 0, NULL, "");
	ask_for(1, ",nosuch");
	stage_prompt(&st);
	cr_assert(strstr(st.agent.screen, "No list of commands for \"nosuch\""), "%s",
		  st.agent.screen);
	pty_type(&st.agent, "allow\n");
	cr_assert_eq(pty_wait(&console), 1, "%s", console.screen);
	cr_assert(strstr(console.screen, "\"unavailable\""), "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	cr_assert_null(strstr(st.agent.screen, "trust or skip"), "nobody is asked in vain");
}

/* The customer's own way past a key that has changed. */
Test(device, a_key_that_was_forgotten_is_asked_for_again)
{
	char state[STAGE_PATH_MAX], env_state[STAGE_PATH_MAX + 32], where[64], line[700];
	const char *env[] = {env_state, NULL};
	struct pty p;

	sshd_start(&devices[0], st.dir, 0, "echo $SSH_ORIGINAL_COMMAND\n", "");
	ask_for(1, ",generic");
	stage_allow(&st);
	trust();
	cr_assert_str_eq(next_question(), "one of these");
	snprintf(line, sizeof line, "key %s.pub\n", devices[0].key);
	pty_type(&st.agent, line);
	cr_assert(pty_expect(&st.agent, "is no private key"), "%s", st.agent.screen);
	cr_assert_str_eq(next_question(), "one of these", "and costs no try");
	cr_assert(strstr(st.agent.screen, "(try 1 of 3)"), "%s", st.agent.screen);
	cr_assert_null(strstr(st.agent.screen, "(try 2 of 3)"), "%s", st.agent.screen);
	pty_type(&st.agent, "skip\n");
	cr_assert_eq(pty_wait(&console), 1, "%s", console.screen);
	cr_assert(strstr(console.screen, "did not log in"), "%s", console.screen);

	snprintf(env_state, sizeof env_state, "XDG_STATE_HOME=%s", stage_path(&st, "state", state));
	snprintf(where, sizeof where, "[%s]:%d", devices[0].host, SSHD_PORT);
	cr_assert_eq(
	    pty_start_piped(&p, (const char *[]){ASSENT_BIN "/assent-agent", "device", NULL}, env),
	    0);
	cr_assert_eq(pty_wait(&p), 0);
	cr_assert(strstr(p.screen, where) && strstr(p.screen, "SHA256:"), "%s", p.screen);
	pty_done(&p);
	for (int code = 0; code < 2; code++) { /* the second time there is nothing to forget */
		cr_assert_eq(pty_start_piped(&p,
					     (const char *[]){ASSENT_BIN "/assent-agent", "device",
							      "forget", where, NULL},
					     env),
			     0);
		cr_assert_eq(pty_wait(&p), code, "%s", p.screen);
		pty_done(&p);
	}
}

/* ---- the customer's ssh-agent ---- */

static pid_t start_ssh_agent(const char *path)
{
	pid_t pid = fork();

	if (pid == 0) {
		setsid();
		execl("/usr/bin/ssh-agent", "ssh-agent", "-D", "-a", path, (char *)NULL);
		_exit(127);
	}
	for (int waited = 0; access(path, F_OK) != 0; waited += 20) {
		cr_assert(waited < PTY_LIMIT_MS && waitpid(pid, NULL, WNOHANG) == 0, "no %s", path);
		poll(NULL, 0, 20);
	}
	return pid;
}

static pid_t ssh_agent;

static void open_with_agent(void)
{
	char path[STAGE_PATH_MAX];

	stage_open(&st);
	ssh_agent = start_ssh_agent(stage_path(&st, "ssh-agent", path));
	setenv("SSH_AUTH_SOCK", path, 1);
	stage_agent(&st);
	console = (struct pty){.fd = -1};
}

static void close_with_agent(void)
{
	kill(ssh_agent, SIGTERM);
	waitpid(ssh_agent, NULL, 0);
	close_stage();
}

TestSuite(device_agent, .init = open_with_agent, .fini = close_with_agent);

/* It holds no key at first: that is a try like any other, and the next one finds it anew. */
Test(device_agent, the_keys_of_the_customers_ssh_agent_may_be_used)
{
	char said[256];

	sshd_start(&devices[0], st.dir, 0, "echo $SSH_ORIGINAL_COMMAND\n", "");
	ask_for(1, ",generic");
	stage_allow(&st);
	trust();
	for (int tries = 0; tries < 2; tries++) {
		cr_assert_str_eq(next_question(), "one of these");
		pty_type(&st.agent, "agent\n");
		cr_assert(pty_expect(&st.agent, "any key of your ssh-agent"), "%s",
			  st.agent.screen);
	}
	cr_assert_eq(stage_run((const char *[]){"/usr/bin/ssh-add", "-q", devices[0].key, NULL},
			       said, sizeof said),
		     0, "%s", said);
	cr_assert_str_eq(next_question(), "one of these");
	pty_type(&st.agent, "agent\n");
	cr_assert_eq(pty_wait(&console), 0, "%s", console.screen);
}
