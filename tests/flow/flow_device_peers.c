/* SPDX-License-Identifier: Apache-2.0
 *
 * Neighbouring devices that are no OpenSSH: passwords, questions, a switch with a terminal, and bad
 * manners. Each costs one clear line, and what had come is kept.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tests/support/ssh_peer.h"
#include "tests/support/stage.h"

static struct stage st;
static struct pty console;
static struct ssh_peer peer;

static void open_stage(void)
{
	stage_open(&st);
	stage_agent(&st);
	console = (struct pty){.fd = -1};
}

static void close_stage(void)
{
	ssh_peer_stop(&peer);
	pty_done(&console);
	stage_done(&st);
}

TestSuite(device_peers, .init = open_stage, .fini = close_stage);

/* Up to the first question. suffix: ",cisco-ios" */
static void visit(enum ssh_peer_kind kind, const char *suffix)
{
	char scope[128];

	ssh_peer_start(&peer, kind);
	snprintf(scope, sizeof scope, "device:%s%s", peer.target, suffix);
	stage_connect(&st, &console, (const char *[]){"--scope", scope, "-c", "device", NULL});
	stage_allow(&st);
}

static void answer(const char *question, const char *line)
{
	cr_assert(pty_expect(&st.agent, question), "no \"%s\": %s", question, st.agent.screen);
	pty_type(&st.agent, line);
}

static void give_password(const char *line)
{
	answer("Type one of these: ", "\n");
	answer("(not shown): ", line);
}

static char bundle[STAGE_PATH_MAX];
static size_t text_len;

static const char *file(const char *name)
{
	char path[STAGE_PATH_MAX];

	snprintf(path, sizeof path, "devices/127.0.0.1/%s", name);
	return stage_text(bundle, path, &text_len);
}

/* The state of one file in the manifest. */
static bool manifest_says(const char *name, const char *what)
{
	const char *at = strstr(stage_text(bundle, "manifest.json", NULL), name);

	cr_assert_neq(at, NULL, "%s", name);
	return memmem(at, strcspn(at, "}"), what, strlen(what)) != NULL;
}

static void end(int code)
{
	cr_assert_eq(pty_wait(&console), code, "%s", console.screen);
	cr_assert_eq(pty_wait(&st.agent), 0, "%s", st.agent.screen);
	stage_bundle(&st, bundle);
}

Test(device_peers, three_wrong_passwords_and_it_is_left_out)
{
	visit(SSH_PEER_BINARY, ",generic");
	answer("trust or skip: ", "trust\n");
	for (int i = 0; i < 3; i++) {
		char try[32];

		snprintf(try, sizeof try, "(try %d of 3)", i + 1);
		cr_assert(pty_expect(&st.agent, try), "%s", st.agent.screen);
		give_password("no horse at all\n");
	}
	end(1);
	cr_assert(strstr(console.screen, "refused the log-in three times"), "%s", console.screen);
	cr_assert_not(stage_holds(st.dir, "no horse at all"));
	cr_assert_null(strstr(st.agent.screen, "no horse at all"));
	cr_assert_null(strstr(console.screen, "no horse at all"));
}

Test(device_peers, the_second_try_may_be_right_and_bytes_of_any_kind_are_kept)
{
	visit(SSH_PEER_BINARY, ",generic");
	answer("trust or skip: ", "trust\n");
	give_password("wrong\n");
	cr_assert(pty_expect(&st.agent, "does not accept"), "%s", st.agent.screen);
	give_password(SSH_PEER_PASSWORD "\n");
	end(0);

	const char *text = file("uptime");
	cr_assert_gt(text_len, 4096);
	cr_assert_eq(memcmp(text, "\x1b[2J", 4), 0, "as it was sent");
	cr_assert(memmem(text, text_len, "output of uptime", 16));
	cr_assert_null(strchr(console.screen, 0x1b), "and nobody's terminal sees it");
	cr_assert_not(stage_holds(st.dir, SSH_PEER_PASSWORD));
}

Test(device_peers, a_device_that_hangs_up_on_a_wrong_password_has_three_tries_too)
{
	visit(SSH_PEER_EXITS, ",generic");
	answer("trust or skip: ", "trust\n");
	give_password("wrong\n");
	give_password(SSH_PEER_PASSWORD "\n");
	end(0);
	cr_assert(strstr(file("uptime"), "output of uptime"));
}

Test(device_peers, a_devices_own_question_is_asked_in_quotes)
{
	visit(SSH_PEER_QUESTIONS, ",generic");
	answer("trust or skip: ", "trust\n");
	give_password(SSH_PEER_PASSWORD "\n");
	cr_assert(pty_expect(&st.agent, "asks \"Code from 'the' ?[31mapp: \""), "%s",
		  st.agent.screen);
	answer("(not shown): ", SSH_PEER_CODE "\n");
	end(0);
	cr_assert(strstr(file("uptime"), "output of uptime"));
	cr_assert_not(stage_holds(st.dir, SSH_PEER_CODE));
}

Test(device_peers, a_second_password_is_asked_for_in_the_same_connection)
{
	visit(SSH_PEER_TWICE, ",generic");
	answer("trust or skip: ", "trust\n");
	give_password(SSH_PEER_PASSWORD "\n");
	cr_assert(pty_expect(&st.agent, "asks \"Password, too:\""), "%s", st.agent.screen);
	answer("(not shown): ", SSH_PEER_PASSWORD "\n");
	end(0);
	cr_assert(strstr(file("uptime"), "output of uptime"));
	cr_assert_not(stage_holds(st.dir, SSH_PEER_PASSWORD));
}

Test(device_peers, a_step_that_nobody_can_give_is_said)
{
	visit(SSH_PEER_BOTH, ",generic");
	answer("trust or skip: ", "trust\n");
	give_password(SSH_PEER_PASSWORD "\n");
	end(1);
	cr_assert(strstr(console.screen, "a further log-in"), "%s", console.screen);
}

Test(device_peers, a_switch_is_read_in_its_terminal)
{
	visit(SSH_PEER_SWITCH, "");
	answer("trust or skip: ", "trust\n");
	cr_assert(pty_expect(&st.agent, "list cisco-ios"), "%s", st.agent.screen);
	give_password(SSH_PEER_PASSWORD "\n");
	end(0);
	cr_assert_str_eq(file("show_version"), "Cisco IOS Software, sw1# is my name\r\n");
	cr_assert_str_eq(file("show_arp"),
			 "entry 0\r\nentry 1\r\nentry 2\r\nanswer to show arp\r\n");
	cr_assert(manifest_says("/show_lldp_neighbors_detail", "unavailable"));
	cr_assert_not(stage_holds(bundle, "running-config"), "nobody asked for secrets");
}

Test(device_peers, a_connection_that_breaks_keeps_what_had_come)
{
	visit(SSH_PEER_DROPS, ",generic");
	answer("trust or skip: ", "trust\n");
	give_password(SSH_PEER_PASSWORD "\n");
	end(1);
	cr_assert(strstr(console.screen, "the device closed the connection"), "%s", console.screen);
	cr_assert(strstr(file("uname_-a"), "output of uname"));
	cr_assert_str_eq(file("uptime"), "half of an ans");
	cr_assert(manifest_says("/uptime", "partial"));
}

Test(device_peers, old_algorithms_are_used_when_the_customer_was_told)
{
	visit(SSH_PEER_OLD, ",generic,legacy");
	cr_assert(strstr(st.agent.screen, "old encryption"), "%s", st.agent.screen);
	answer("trust or skip: ", "trust\n");
	give_password(SSH_PEER_PASSWORD "\n");
	end(0);
	cr_assert(strstr(file("uptime"), "output of uptime"));
}

Test(device_peers, a_greeting_without_end_is_given_up)
{
	visit(SSH_PEER_BANNER, "");
	end(1);
	cr_assert(strstr(console.screen, "not an SSH server"), "%s", console.screen);
}
