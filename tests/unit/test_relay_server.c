/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole relay over loopback, with agents and consoles in the same loop: who is paired with
 * whom, who is refused, and how the relay itself goes.
 */
#include <criterion/criterion.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "tests/support/relay_stage.h"

Test(relay_server, pairs_by_id_and_forwards_both_ways)
{
	struct relay_stage s;
	struct peer agent, console;

	relay_stage_start(&s);
	client_agent(&s, &agent);
	cr_assert_eq(agent.last[RELAY_ALLOCATED].allocated.life_s, 600);
	client_console(&s, &console, client_id(&agent));
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PAIRED]);
	cr_assert(console.last[RELAY_PAIRED].paired.has_handle);
	cr_assert(agent.last[RELAY_PAIRED].paired.has_handle);
	cr_assert_eq(hop_send_data(agent.hop, "from the agent", 14), 0);
	cr_assert_eq(hop_send_data(console.hop, "from the console", 16), 0);
	ENDS_UNTIL(&s.e, agent.bytes == 16 && console.bytes == 14);
	cr_assert_eq(console.digest, ends_digest(0, "from the agent", 14));
	cr_assert_eq(agent.digest, ends_digest(0, "from the console", 16));
	client_leave(&s, &agent);
	client_leave(&s, &console);
	relay_stage_stop(&s);
}

static void send_records(struct relay_stage *s, struct peer *from, struct peer *to)
{
	static uint8_t records[100000];
	uint64_t before = to->bytes;
	uint32_t digest = to->digest;

	ends_records(records, sizeof records);
	cr_assert_eq(hop_send_records(from->hop, records, sizeof records), 0);
	ENDS_UNTIL(&s->e, to->bytes == before + sizeof records);
	cr_assert_eq(to->digest, ends_digest(digest, records, sizeof records));
}

Test(relay_server, passes_sealed_records_on_as_the_other_side_takes_them)
{
	struct relay_stage s;
	struct peer agent, console;

	relay_stage_start(&s);
	for (unsigned who = 0; who < 4; who++) {
		s.features[0] = who & 1 ? RELAY_TAKES_SEALED : 0;
		s.features[1] = who & 2 ? RELAY_TAKES_SEALED : 0;
		client_pair(&s, &agent, &console);
		cr_assert_eq(agent.last[RELAY_HELLO].hello.features, RELAY_TAKES_SEALED);
		send_records(&s, &agent, &console);
		send_records(&s, &console, &agent);
		cr_assert_eq(agent.heard[RELAY_SEALED] > 0, who == 3);
		cr_assert_eq(console.heard[RELAY_SEALED] > 0, who == 3);
		client_leave(&s, &console);
		client_leave(&s, &agent);
	}
	s.config.encrypt_twice = true;
	client_pair(&s, &agent, &console);
	send_records(&s, &agent, &console);
	cr_assert_eq(console.heard[RELAY_SEALED], 0);
	client_leave(&s, &console);
	client_leave(&s, &agent);
	relay_stage_stop(&s);
}

Test(relay_server, lets_nobody_join_twice)
{
	struct relay_stage s;
	struct peer agent, console, second, third;

	relay_stage_start(&s);
	client_pair(&s, &agent, &console);
	client_console(&s, &second, client_id(&agent));
	client_expect_error(&s, &second, AS_E_BUSY);
	client_prove(&s, &agent, &console);
	client_console(&s, &third, client_id(&agent));
	client_expect_error(&s, &third, AS_E_BUSY);
	client_leave(&s, &agent);
	client_leave(&s, &console);
	relay_stage_stop(&s);
}

Test(relay_server, a_console_without_certificate_is_refused)
{
	struct relay_stage s;
	struct peer p = {.role = RELAY_ROLE_CONSOLE};

	relay_stage_start(&s);
	client_come(&s, &p, s.e.agent_ctx);
	client_expect_error(&s, &p, AS_E_CERT);
	relay_stage_stop(&s);
}

Test(relay_server, guessing_ids_gets_a_console_blocked)
{
	struct relay_stage s;
	struct peer agent, p;

	relay_stage_start(&s);
	client_agent(&s, &agent);
	for (uint32_t i = 1; i <= 6; i++) {
		client_console(&s, &p, (client_id(&agent) + i) & 0xfffff);
		client_expect_error(&s, &p, AS_E_CODE_UNKNOWN);
	}
	client_console(&s, &p, client_id(&agent));
	client_expect_error(&s, &p, AS_E_RATE);
	client_leave(&s, &agent);
	relay_stage_stop(&s);
}

Test(relay_server, an_agents_prefix_gets_ten_ids_a_minute)
{
	struct relay_stage s;
	struct peer agents[11];

	relay_stage_start(&s);
	for (int i = 0; i < 11; i++)
		client_agent(&s, &agents[i]);
	client_expect_error(&s, &agents[10], AS_E_RATE);
	cr_assert_eq(server_tickets(s.server), 10);
	for (int i = 0; i < 10; i++)
		client_leave(&s, &agents[i]);
	ENDS_UNTIL(&s.e, server_tickets(s.server) == 0);
	relay_stage_stop(&s);
}

Test(relay_server, a_wrong_console_can_be_dropped_and_the_id_kept)
{
	struct relay_stage s;
	struct peer agent, console, next;

	relay_stage_start(&s);
	client_pair(&s, &agent, &console);
	client_tell(&agent, (struct relay_frame){.type = RELAY_CLOSE,
						 .close = {err_to_wire(AS_E_CODE_WRONG), true}});
	ENDS_UNTIL(&s.e, console.gone);
	cr_assert_eq(console.last[RELAY_CLOSE].close.code, err_to_wire(AS_E_CODE_WRONG));
	cr_assert_eq(agent.heard[RELAY_PEER_LOST], 0, "it asked for it");
	client_console(&s, &next, client_id(&agent));
	cr_assert_eq(next.heard[RELAY_PAIRED], 1);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PAIRED] == 2);
	client_leave(&s, &next);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_LOST] == 1);
	client_leave(&s, &agent);
	relay_stage_stop(&s);
}

Test(relay_server, a_console_that_goes_before_the_proof_frees_the_id)
{
	struct relay_stage s;
	struct peer agent, console, next;

	relay_stage_start(&s);
	client_pair(&s, &agent, &console);
	client_leave(&s, &console);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_LOST]);
	client_console(&s, &next, client_id(&agent));
	cr_assert_eq(next.heard[RELAY_PAIRED], 1);
	client_leave(&s, &agent);
	ENDS_UNTIL(&s.e, next.gone);
	cr_assert_eq(next.last[RELAY_CLOSE].close.code, err_to_wire(AS_E_PEER_LOST));
	cr_assert_eq(server_tickets(s.server), 0);
	relay_stage_stop(&s);
}

Test(relay_server, a_close_ends_the_session_for_both)
{
	struct relay_stage s;
	struct peer agent, console, late;

	relay_stage_start(&s);
	client_pair(&s, &agent, &console);
	client_prove(&s, &agent, &console);
	client_tell(&agent, (struct relay_frame){.type = RELAY_CLOSE,
						 .close = {err_to_wire(AS_E_REVOKED), false}});
	ENDS_UNTIL(&s.e, agent.gone && console.gone);
	cr_assert_eq(console.last[RELAY_CLOSE].close.code, err_to_wire(AS_E_REVOKED));
	client_console(&s, &late, client_id(&agent));
	client_expect_error(&s, &late, AS_E_CODE_UNKNOWN);
	relay_stage_stop(&s);
}

Test(relay_server, what_a_state_does_not_allow_ends_the_connection)
{
	static const struct {
		enum relay_role role;
		struct relay_frame frame;
	} bad[] = {
	    {RELAY_ROLE_AGENT, {.type = RELAY_DATA, .data = {(const uint8_t *)"x", 1}}},
	    {RELAY_ROLE_AGENT, {.type = RELAY_JOIN, .join_id = 1}},
	    {RELAY_ROLE_AGENT, {.type = RELAY_PAIRED}},
	    {RELAY_ROLE_AGENT, {.type = RELAY_NOTICE}},
	    {RELAY_ROLE_AGENT, {.type = RELAY_PEER_LOST}},
	    {RELAY_ROLE_AGENT, {.type = RELAY_ERROR}},
	    {RELAY_ROLE_CONSOLE, {.type = RELAY_ALLOC}},
	    {RELAY_ROLE_CONSOLE, {.type = RELAY_CLOSE, .close = {1, true}}},
	};
	struct relay_stage s;

	relay_stage_start(&s);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct peer p = {.role = bad[i].role};

		client_come(&s, &p, p.role == RELAY_ROLE_AGENT ? s.e.agent_ctx : s.e.console_ctx);
		client_tell(&p, bad[i].frame);
		client_expect_error(&s, &p, AS_E_PROTOCOL);
	}
	relay_stage_stop(&s);
}

Test(relay_server, speaks_only_with_clients_of_its_version)
{
	struct relay_stage s;
	struct peer p = {0};

	relay_stage_start(&s);
	client_dial(&s, &p, s.e.agent_ctx, NULL);
	ENDS_UNTIL(&s.e, p.ready);
	client_tell(
	    &p, (struct relay_frame){.type = RELAY_HELLO, .hello = {RELAY_ROLE_AGENT, 2, 9, 0}});
	client_expect_error(&s, &p, AS_E_PROTOCOL);
	relay_stage_stop(&s);
}

/* ---- in a WebSocket ---- */

/* An agent that asks for an id. forwarded: what a web server in front of the relay would add; it
 * gets into the request by way of the path. */
static void agent_from(struct relay_stage *s, struct peer *p, const char *forwarded)
{
	static const struct hostport at = {"relay.example", "443"};
	static const uint8_t key[16] = {1};
	struct carrier *carrier;
	char path[128];

	snprintf(path, sizeof path, "/ HTTP/1.1\r\nX-Forwarded-For: %s\r\nX-Rest:", forwarded);
	carrier = carrier_client(&at, path, NULL, key);
	*p = (struct peer){.role = RELAY_ROLE_AGENT};
	client_come_in(s, p, s->e.agent_ctx, carrier);
	client_tell(p, (struct relay_frame){.type = RELAY_ALLOC});
	ENDS_UNTIL(&s->e, p->gone || p->heard[RELAY_ALLOCATED] || p->heard[RELAY_ERROR]);
}

Test(relay_server, counts_whom_a_trusted_web_server_forwards)
{
	struct relay_stage s;
	struct peer a, b, c;

	relay_stage_start(&s);
	s.config.quota.ids_per_prefix = 1;
	relay_stage_restart(&s);
	agent_from(&s, &a, "192.0.2.1");
	cr_assert(a.heard[RELAY_ALLOCATED]);
	agent_from(&s, &b, "192.0.2.2");
	cr_assert(b.heard[RELAY_ERROR], "anybody can write that");
	relay_stage_stop(&s);

	relay_stage_start(&s);
	s.config.quota.ids_per_prefix = 1;
	s.config.trusted_count = 1;
	memcpy(s.config.trusted[0], "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	relay_stage_restart(&s);
	agent_from(&s, &a, "192.0.2.1");
	cr_assert(a.heard[RELAY_ALLOCATED]);
	agent_from(&s, &b, "192.0.2.2");
	cr_assert(b.heard[RELAY_ALLOCATED]);
	agent_from(&s, &c, "10.9.8.7, 192.0.2.2");
	cr_assert(c.heard[RELAY_ERROR], "the last one is what the web server saw");
	relay_stage_stop(&s);
}

/* ---- the relay goes away ---- */

Test(relay_server, draining_sends_away_who_waits_and_lets_sessions_go_on)
{
	struct relay_stage s;
	struct peer waiting, agent, console;

	relay_stage_start(&s);
	client_pair(&s, &agent, &console);
	client_prove(&s, &agent, &console);
	client_agent(&s, &waiting);
	server_drain(s.server, SERVER_DRAIN_S);
	client_expect_error(&s, &waiting, AS_E_RELAY);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_NOTICE] && console.heard[RELAY_NOTICE]);
	cr_assert_eq(agent.last[RELAY_NOTICE].notice_s, SERVER_DRAIN_S);
	cr_assert_eq(hop_send_data(agent.hop, "going on", 8), 0);
	ENDS_UNTIL(&s.e, console.bytes == 9);
	client_leave(&s, &console);
	client_leave(&s, &agent);
	ENDS_UNTIL(&s.e, s.gone); /* well before the 30 seconds */
	relay_stage_stop(&s);
}

Test(relay_server, the_end_of_the_drain_cuts_what_is_left)
{
	struct relay_stage s;
	struct peer agent, console;

	relay_stage_start(&s);
	client_pair(&s, &agent, &console);
	server_drain(s.server, 0);
	client_expect_error(&s, &agent, AS_E_RELAY);
	client_expect_error(&s, &console, AS_E_RELAY);
	cr_assert_eq(agent.heard[RELAY_NOTICE], 0, "what is over is not announced");
	relay_stage_stop(&s);
}

Test(relay_server, reads_its_certificates_again_and_keeps_the_old_when_that_fails)
{
	struct relay_stage s;
	struct peer agent, other;
	char why[CONFIG_WHY_MAX] = "";

	relay_stage_start(&s);
	client_agent(&s, &agent);
	cr_assert_eq(server_reload(s.server, why), 0, "%s", why);
	unlink(s.config.key);
	cr_assert_lt(server_reload(s.server, why), 0);
	cr_assert_not_null(strstr(why, "relay.key"), "%s", why);
	client_agent(&s, &other);
	cr_assert_eq(other.heard[RELAY_ALLOCATED], 1);
	client_leave(&s, &agent);
	client_leave(&s, &other);
	relay_stage_stop(&s);
}

static void never_gone(void *owner)
{
	cr_assert_fail("a relay that did not start is gone: %p", owner);
}

Test(relay_server, says_what_is_wrong_when_it_cannot_start)
{
	struct relay_stage s;
	struct server *other;
	struct relay_config c;
	char why[CONFIG_WHY_MAX] = "";

	relay_stage_start(&s);
	c = s.config;
	server_address(s.server, c.listen);
	cr_assert_eq(server_start(&s.e.loop, &c, never_gone, NULL, &other, why), UV_EADDRINUSE);
	cr_assert_not_null(strstr(why, c.listen), "%s", why);
	strcpy(c.cert, c.key);
	cr_assert_eq(server_start(&s.e.loop, &c, never_gone, NULL, &other, why), AS_E_CERT);
	cr_assert_not_null(strstr(why, "relay.key"), "%s", why);
	relay_stage_stop(&s);
}
