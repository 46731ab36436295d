/* SPDX-License-Identifier: Apache-2.0
 *
 * The wall between broker and network: a real agent whose assent-net is in the attacker's hands
 * (tests/support/hostile_net.c). Whatever it says, nothing is collected and no right is given
 * without the word that the customer types.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/support/stage.h"

#define OPS	  16
#define OP_SYSTEM 6 /* the last that belongs to the right "system" (agent/collect/table.h) */

static struct stage st;

static void install(const char *from, const char *to)
{
	char path[STAGE_PATH_MAX];

	cr_assert_eq(
	    stage_run((const char *[]){"/bin/cp", from, stage_path(&st, to, path), NULL}, NULL, 0),
	    0);
}

static void write_file(const char *name, const char *text)
{
	char path[STAGE_PATH_MAX];
	FILE *f = fopen(stage_path(&st, name, path), "we");

	cr_assert(f && fputs(text, f) >= 0 && fclose(f) == 0);
}

/* An installation of its own: the agent finds its helpers beside itself. */
static void start(const char *mode)
{
	char path[STAGE_PATH_MAX], other[STAGE_PATH_MAX], state[STAGE_PATH_MAX + 32],
	    clock[STAGE_PATH_MAX + 32];

	stage_open(&st);
	cr_assert_eq(mkdir(stage_path(&st, "bin", path), 0755), 0);
	cr_assert_eq(mkdir(stage_path(&st, "libexec", path), 0755), 0);
	install(ASSENT_BIN "/assent-agent", "bin/assent-agent");
	install(ASSENT_BIN "/../libexec/assent-dial", "libexec/assent-dial");
	install(ASSENT_BIN "/hostile_net", "libexec/assent-net");
	install(ASSENT_BIN "/hostile_net", "libexec/assent-collect");
	install(stage_path(&st, "ada/engineer.crt", path), "libexec/engineer.crt");
	install(stage_path(&st, "ada/engineer.key", path), "libexec/engineer.key");
	write_file("libexec/mode", mode);
	snprintf(state, sizeof state, "XDG_STATE_HOME=%s/state", st.dir);
	snprintf(clock, sizeof clock, "CLOCK_SHIM=%s/clock", st.dir);
	cr_assert_eq(pty_start(&st.agent,
			       (const char *[]){stage_path(&st, "bin/assent-agent", path),
						"support", "--config",
						stage_path(&st, "agent/agent.conf", other), NULL},
			       (const char *[]){state, clock, "LD_PRELOAD=" CLOCK_SHIM_LIBRARY,
						"ASAN_OPTIONS=verify_asan_link_order=0", NULL}),
		     0);
}

static void tell_code(void)
{
	cr_assert(pty_expect(&st.agent, "Your code: "), "%s", st.agent.screen);
	cr_assert(pty_rest_of_line(&st.agent, st.code, sizeof st.code));
	write_file("libexec/code", st.code);
}

static bool was_collected(unsigned op)
{
	char name[32], path[STAGE_PATH_MAX];

	snprintf(name, sizeof name, "libexec/collected-%u", op);
	return access(stage_path(&st, name, path), F_OK) == 0;
}

static void expect_nothing_collected(void)
{
	for (unsigned op = 0; op <= OPS; op++)
		cr_expect_not(was_collected(op), "operation %u was started", op);
}

static void finish(void)
{
	stage_done(&st);
}

TestSuite(hostile_net, .fini = finish);

Test(hostile_net, garbage_ends_the_session)
{
	start("garbage");
	cr_assert_eq(pty_wait(&st.agent), 12, "%s", st.agent.screen);
	cr_assert_eq(strstr(st.agent.screen, "Your code"), NULL);
	expect_nothing_collected();
}

Test(hostile_net, messages_in_the_right_order_bring_no_prompt)
{
	start("steps");
	cr_assert(pty_expect(&st.agent, "will restart in 7 seconds"), "%s", st.agent.screen);
	pty_type(&st.agent, "stop\n");
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
	cr_assert_eq(strstr(st.agent.screen, "Did YOU ask"), NULL, "%s", st.agent.screen);
	expect_nothing_collected();
}

Test(hostile_net, cannot_fill_the_screen_with_notices)
{
	start("notices");
	cr_assert(pty_expect(&st.agent, "will restart in 7000 seconds"), "%s", st.agent.screen);
	pty_type(&st.agent, "stop\n");
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
	cr_assert_eq(strstr(st.agent.screen, "7001"), NULL, "%s", st.agent.screen);
}

Test(hostile_net, has_three_guesses_like_everybody)
{
	start("guesses");
	cr_assert_eq(pty_wait(&st.agent), 11, "%s", st.agent.screen);
	expect_nothing_collected();
}

Test(hostile_net, opens_nothing_when_the_customer_denies)
{
	start("greedy");
	tell_code();
	stage_prompt(&st);
	pty_type(&st.agent, "deny\n");
	cr_assert_eq(pty_wait(&st.agent), 10, "%s", st.agent.screen);
	expect_nothing_collected();
}

Test(hostile_net, opens_nothing_beyond_what_was_allowed)
{
	start("greedy");
	tell_code();
	stage_allow(&st);
	cr_assert(pty_expect(&st.agent, "may now read what you allowed"), "%s", st.agent.screen);
	cr_assert(pty_expect(&st.agent, "System services"), "%s", st.agent.screen);
	pty_type(&st.agent, "stop\n");
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
	for (unsigned op = OP_SYSTEM + 1; op <= OPS; op++)
		cr_expect_not(was_collected(op), "operation %u was not allowed", op);
	cr_expect(was_collected(1));
}

Test(hostile_net, cannot_make_the_broker_grow_by_lies_about_what_it_consumed)
{
	start("liar");
	tell_code();
	stage_allow(&st);
	cr_assert_eq(pty_wait(&st.agent), 13, "%s", st.agent.screen);
}

Test(hostile_net, does_not_take_the_broker_with_it)
{
	start("quitter");
	tell_code();
	stage_allow(&st);
	cr_assert_eq(pty_wait(&st.agent), 13, "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "assent-agent record list"), "%s", st.agent.screen);
}

Test(hostile_net, forty_items_run_at_once_and_one_more_is_refused)
{
	start("many");
	tell_code();
	stage_allow(&st);
	cr_assert(pty_expect_within(&st.agent, "will restart in 9 seconds", 90000), "%s",
		  st.agent.screen);
	pty_type(&st.agent, "stop\n");
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
	cr_assert(strstr(st.agent.screen, "40 items were sent"), "%s", st.agent.screen);
}

Test(hostile_net, items_that_are_given_up_make_room_for_others)
{
	start("fickle");
	tell_code();
	stage_allow(&st);
	cr_assert(pty_expect_within(&st.agent, "will restart in 7 seconds", 90000), "%s",
		  st.agent.screen);
	pty_type(&st.agent, "stop\n");
	cr_assert_eq(pty_wait(&st.agent), 14, "%s", st.agent.screen);
}
