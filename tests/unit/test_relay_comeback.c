/* SPDX-License-Identifier: Apache-2.0
 *
 * A side of a session that was lost comes back to the relay with its handle, and nobody else does.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "tests/support/relay_stage.h"

Test(relay_comeback, each_pairing_has_handles_of_its_own)
{
	struct relay_stage s;
	struct peer agent, console, next;

	relay_stage_start(&s);
	client_pair(&s, &agent, &console);
	struct relay_frame first = agent.last[RELAY_PAIRED];
	cr_assert_neq(
	    memcmp(first.paired.handle, console.last[RELAY_PAIRED].paired.handle, RELAY_HANDLE_LEN),
	    0);
	client_leave(&s, &console);
	client_console(&s, &next, client_id(&agent));
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PAIRED] == 2);
	cr_assert_neq(
	    memcmp(first.paired.handle, agent.last[RELAY_PAIRED].paired.handle, RELAY_HANDLE_LEN),
	    0);
	client_leave(&s, &agent);
	client_leave(&s, &next);
	relay_stage_stop(&s);
}

Test(relay_comeback, the_lost_side_of_a_session_may_come_back)
{
	struct relay_stage s;
	struct client_session x;
	struct peer agent, console;

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	client_leave(&s, &x.agent);
	ENDS_UNTIL(&s.e, x.console.heard[RELAY_PEER_LOST]);
	client_arrive(&s, &agent, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_BACK] && x.console.heard[RELAY_PEER_BACK]);
	cr_assert_eq(memcmp(agent.last[RELAY_PAIRED].paired.handle, x.handle[0].reattach.handle,
			    RELAY_HANDLE_LEN),
		     0, "good for the next time, too");
	client_expect_talk(&s, &agent, &x.console);

	client_leave(&s, &x.console);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_LOST]);
	client_arrive(&s, &console, RELAY_ROLE_CONSOLE, x.handle[1]);
	ENDS_UNTIL(&s.e, console.heard[RELAY_PEER_BACK] && agent.heard[RELAY_PEER_BACK] == 2);
	client_expect_talk(&s, &agent, &console);
	client_session_end(&s, &agent, &console);
	relay_stage_stop(&s);
}

Test(relay_comeback, both_sides_may_be_lost_at_the_same_time)
{
	struct relay_stage s;
	struct client_session x;
	struct peer agent, console;

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	client_leave(&s, &x.console);
	client_leave(&s, &x.agent);
	cr_assert_eq(server_tickets(s.server), 1);
	client_arrive(&s, &console, RELAY_ROLE_CONSOLE, x.handle[1]);
	cr_assert_eq(console.heard[RELAY_PAIRED], 1);
	cr_assert_eq(console.heard[RELAY_PEER_BACK], 0);
	client_arrive(&s, &agent, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, console.heard[RELAY_PEER_BACK] && agent.heard[RELAY_PEER_BACK]);
	cr_assert_eq(console.heard[RELAY_PEER_LOST], 0);
	client_expect_talk(&s, &agent, &console);
	client_session_end(&s, &agent, &console);
	relay_stage_stop(&s);
}

Test(relay_comeback, a_new_connection_takes_the_place_of_one_that_only_looks_alive)
{
	struct relay_stage s;
	struct client_session x;
	struct peer agent, again;

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	client_arrive(&s, &agent, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, x.agent.gone);
	cr_assert_eq(x.agent.heard[RELAY_CLOSE] + x.agent.heard[RELAY_ERROR], 0);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_BACK] && x.console.heard[RELAY_PEER_BACK]);
	cr_assert_eq(x.console.heard[RELAY_PEER_LOST], 1);
	client_expect_talk(&s, &agent, &x.console);

	client_leave(&s, &x.console);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_LOST]);
	client_arrive(&s, &again, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, agent.gone);
	cr_assert_eq(again.heard[RELAY_PEER_BACK], 0, "the console is not there");
	client_leave(&s, &again);
	relay_stage_stop(&s);
}

Test(relay_comeback, nothing_meant_for_the_old_connection_reaches_the_new_one)
{
	for (int lost = 0; lost < 2; lost++) {
		static const enum relay_role roles[] = {RELAY_ROLE_AGENT, RELAY_ROLE_CONSOLE};
		struct relay_stage s;
		struct client_session x;
		struct peer back, *gone, *stays;

		relay_stage_start(&s);
		client_session_begin(&s, &x);
		gone = lost == 0 ? &x.agent : &x.console;
		stays = lost == 0 ? &x.console : &x.agent;
		hop_pause(stays->hop); /* it will not hear of the loss for a while */
		client_leave(&s, gone);
		client_arrive(&s, &back, roles[lost], x.handle[lost]);
		cr_assert_eq(hop_send_data(stays->hop, "old", 3), 0);
		cr_assert_eq(hop_send_data(back.hop, "too early", 9), 0);

		uint64_t before = stays->bytes;
		hop_resume(stays->hop);
		ENDS_UNTIL(&s.e, back.heard[RELAY_PEER_BACK] && stays->heard[RELAY_PEER_BACK]);
		cr_assert_eq(stays->heard[RELAY_PEER_LOST], 1);
		cr_assert_eq(back.bytes, 0);
		cr_assert_eq(stays->bytes, before);
		client_expect_talk(&s, lost == 0 ? &back : stays, lost == 0 ? stays : &back);
		client_session_end(&s, stays, &back);
		relay_stage_stop(&s);
	}
}

Test(relay_comeback, who_has_not_heard_of_one_loss_does_not_hear_of_the_next)
{
	struct relay_stage s;
	struct client_session x;
	struct peer first, second;

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	hop_pause(x.agent.hop);
	client_leave(&s, &x.console);
	client_arrive(&s, &first, RELAY_ROLE_CONSOLE, x.handle[1]);
	client_leave(&s, &first);
	client_arrive(&s, &second, RELAY_ROLE_CONSOLE, x.handle[1]);
	hop_resume(x.agent.hop);
	ENDS_UNTIL(&s.e, second.heard[RELAY_PEER_BACK] && x.agent.heard[RELAY_PEER_BACK]);
	cr_assert_eq(first.heard[RELAY_PEER_BACK], 0);
	client_expect_talk(&s, &x.agent, &second);
	cr_assert_eq(x.agent.heard[RELAY_PEER_LOST], 1);
	cr_assert_eq(x.agent.heard[RELAY_PEER_BACK], 1);
	client_session_end(&s, &x.agent, &second);
	relay_stage_stop(&s);
}

Test(relay_comeback, a_side_that_never_caught_up_may_be_replaced)
{
	struct relay_stage s;
	struct client_session x;
	struct peer agent, console;

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	hop_pause(x.agent.hop);
	client_leave(&s, &x.console);
	client_arrive(&s, &console, RELAY_ROLE_CONSOLE, x.handle[1]);
	client_arrive(&s, &agent, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, console.heard[RELAY_PEER_BACK] && agent.heard[RELAY_PEER_BACK]);
	cr_assert_eq(console.heard[RELAY_PEER_LOST], 0, "it knew no other agent");
	client_expect_talk(&s, &agent, &console);
	hop_resume(x.agent.hop);
	ENDS_UNTIL(&s.e, x.agent.gone);
	client_session_end(&s, &agent, &console);
	relay_stage_stop(&s);
}

Test(relay_comeback, coming_back_is_no_join_and_has_no_daily_limit)
{
	struct relay_stage s;
	struct client_session x;
	struct peer console[4];

	relay_stage_start(&s);
	s.config.quota.joins_per_minute = 1;
	relay_stage_restart(&s);
	client_session_begin(&s, &x);
	client_leave(&s, &x.console);
	for (int i = 0; i < 4; i++) {
		client_arrive(&s, &console[i], RELAY_ROLE_CONSOLE, x.handle[1]);
		ENDS_UNTIL(&s.e, console[i].heard[RELAY_PEER_BACK]);
		client_leave(&s, &console[i]);
	}
	client_leave(&s, &x.agent);
	relay_stage_stop(&s);
}

Test(relay_comeback, a_session_that_has_ended_is_unknown)
{
	struct relay_stage s;
	struct client_session x;

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	client_session_end(&s, &x.agent, &x.console);
	client_expect_unknown(&s, RELAY_ROLE_CONSOLE, x.handle[1]);
	client_expect_unknown(&s, RELAY_ROLE_AGENT, x.handle[0]);
	relay_stage_stop(&s);
}

Test(relay_comeback, before_the_proof_nobody_comes_back)
{
	struct relay_stage s;
	struct peer agent, console, back;

	relay_stage_start(&s);
	client_pair(&s, &agent, &console);
	client_arrive(&s, &back, RELAY_ROLE_CONSOLE, client_handle(&console, client_id(&agent)));
	client_expect_error(&s, &back, AS_E_BUSY);
	client_leave(&s, &agent);
	client_leave(&s, &console);
	relay_stage_stop(&s);
}

Test(relay_comeback, only_the_sides_own_handle_brings_it_back)
{
	struct relay_stage s;
	struct client_session x;
	struct relay_frame f;

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	client_leave(&s, &x.agent);
	client_expect_unknown(&s, RELAY_ROLE_AGENT, x.handle[1]);
	f = x.handle[0];
	f.reattach.id ^= 1;
	client_expect_unknown(&s, RELAY_ROLE_AGENT, f);
	for (size_t i = 0; i < RELAY_HANDLE_LEN; i += RELAY_HANDLE_LEN - 1) {
		f = x.handle[0];
		f.reattach.handle[i] ^= 1;
		client_expect_unknown(&s, RELAY_ROLE_AGENT, f);
	}
	memset(f.reattach.handle, 0, RELAY_HANDLE_LEN);
	client_expect_unknown(&s, RELAY_ROLE_AGENT, f);
	cr_assert_eq(server_tickets(s.server), 1, "nothing was made anew");
	client_leave(&s, &x.console);
	relay_stage_stop(&s);
}

Test(relay_comeback, forging_handles_gets_a_console_blocked)
{
	struct relay_stage s;
	struct client_session x;
	struct peer p;
	struct relay_frame f;

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	client_leave(&s, &x.console);
	f = x.handle[1];
	f.reattach.handle[15] ^= 1;
	for (int i = 0; i < 6; i++)
		client_expect_unknown(&s, RELAY_ROLE_CONSOLE, f);
	client_arrive(&s, &p, RELAY_ROLE_CONSOLE, x.handle[1]);
	client_expect_error(&s, &p, AS_E_RATE);
	client_leave(&s, &x.agent);
	relay_stage_stop(&s);
}
