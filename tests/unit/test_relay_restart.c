/* SPDX-License-Identifier: Apache-2.0
 *
 * A relay that was started anew knows nothing, and sessions come back to it all the same: by their
 * handles, which it can judge as long as it has its key.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "tests/support/relay_stage.h"

Test(relay_restart, a_session_survives_a_restart_of_the_relay)
{
	for (int first = 0; first < 2; first++) {
		static const enum relay_role roles[] = {RELAY_ROLE_AGENT, RELAY_ROLE_CONSOLE};
		struct relay_stage s;
		struct client_session x;
		struct peer back[2], third;

		relay_stage_start(&s);
		client_session_begin(&s, &x);
		relay_stage_restart(&s);
		cr_assert(x.agent.gone && x.console.gone);
		client_arrive(&s, &back[first], roles[first], x.handle[first]);
		cr_assert_eq(back[first].heard[RELAY_PAIRED], 1);
		client_console(&s, &third, x.id);
		client_expect_error(&s, &third, AS_E_BUSY);
		cr_assert_eq(back[first].heard[RELAY_PEER_BACK], 0);
		client_arrive(&s, &back[!first], roles[!first], x.handle[!first]);
		ENDS_UNTIL(&s.e, back[0].heard[RELAY_PEER_BACK] && back[1].heard[RELAY_PEER_BACK]);
		cr_assert_eq(back[0].heard[RELAY_PEER_LOST] + back[1].heard[RELAY_PEER_LOST], 0);
		client_expect_talk(&s, &back[0], &back[1]);
		cr_assert_eq(server_tickets(s.server), 1);
		client_session_end(&s, &back[0], &back[1]);
		client_expect_unknown(&s, RELAY_ROLE_AGENT, x.handle[0]);
		relay_stage_stop(&s);
	}
}

Test(relay_restart, after_a_restart_handles_are_still_judged)
{
	struct relay_stage s;
	struct client_session x;
	struct relay_frame f;

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	relay_stage_restart(&s);
	f = x.handle[1];
	f.reattach.id = (f.reattach.id + 1) & 0xfffff;
	client_expect_unknown(&s, RELAY_ROLE_CONSOLE, f);
	client_expect_unknown(&s, RELAY_ROLE_AGENT, x.handle[1]);
	client_expect_unknown(&s, RELAY_ROLE_CONSOLE, x.handle[0]);
	cr_assert_eq(server_tickets(s.server), 0);
	relay_stage_stop(&s);
}

Test(relay_restart, a_relay_with_another_key_knows_none_of_the_handles)
{
	struct relay_stage s;
	struct client_session x;

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	relay_stage_change_key(&s);
	relay_stage_restart(&s);
	client_expect_unknown(&s, RELAY_ROLE_AGENT, x.handle[0]);
	client_expect_unknown(&s, RELAY_ROLE_CONSOLE, x.handle[1]);
	relay_stage_stop(&s);
}

Test(relay_restart, handles_from_before_a_new_key_was_read_are_good_until_the_next)
{
	struct relay_stage s;
	struct client_session x;
	struct peer agent, console;
	char why[CONFIG_WHY_MAX] = "";

	relay_stage_start(&s);
	client_session_begin(&s, &x);
	relay_stage_change_key(&s);
	cr_assert_eq(server_reload(s.server, why), 0, "%s", why);
	cr_assert_eq(server_reload(s.server, why), 0, "the same key again: %s", why);
	client_leave(&s, &x.agent);
	client_arrive(&s, &agent, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_BACK]);
	struct relay_frame fresh = client_handle(&agent, x.id);
	cr_assert_neq(memcmp(fresh.reattach.handle, x.handle[0].reattach.handle, RELAY_HANDLE_LEN),
		      0, "made with the new key");
	relay_stage_change_key(&s);
	cr_assert_eq(server_reload(s.server, why), 0, "%s", why);
	client_leave(&s, &x.console);
	client_expect_unknown(&s, RELAY_ROLE_CONSOLE, x.handle[1]);
	client_leave(&s, &agent);
	client_arrive(&s, &console, RELAY_ROLE_AGENT, fresh);
	cr_assert_eq(console.heard[RELAY_PAIRED], 1);
	client_leave(&s, &console);
	relay_stage_stop(&s);
}

Test(relay_restart, sessions_that_came_back_count_for_their_agents_network)
{
	struct relay_stage s;
	struct client_session x, y;
	struct peer back[4], more;

	relay_stage_start(&s);
	s.config.quota.ids_per_prefix = 2;
	relay_stage_restart(&s);
	client_session_begin(&s, &x);
	client_session_begin(&s, &y);
	relay_stage_restart(&s);
	client_arrive(&s, &back[0], RELAY_ROLE_CONSOLE, x.handle[1]);
	client_arrive(&s, &back[1], RELAY_ROLE_AGENT, x.handle[0]);
	client_arrive(&s, &back[2], RELAY_ROLE_AGENT, y.handle[0]);
	cr_assert_eq(back[2].heard[RELAY_PAIRED], 1);
	client_agent(&s, &more);
	client_expect_error(&s, &more, AS_E_RATE);
	client_arrive(&s, &back[3], RELAY_ROLE_AGENT, y.handle[0]);
	cr_assert_eq(back[3].heard[RELAY_PAIRED], 1, "it is counted already");
	ENDS_UNTIL(&s.e, back[2].gone);
	client_tell(&back[3], (struct relay_frame){.type = RELAY_CLOSE});
	ENDS_UNTIL(&s.e, back[3].gone);
	client_agent(&s, &more);
	cr_assert_eq(more.heard[RELAY_ALLOCATED], 1);
	client_leave(&s, &more);
	client_session_end(&s, &back[1], &back[0]);
	relay_stage_stop(&s);
}
