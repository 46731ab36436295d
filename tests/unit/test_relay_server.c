/* SPDX-License-Identifier: Apache-2.0
 *
 * The whole relay over loopback, with agents and consoles in the same loop.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/base/err.h"
#include "proto/transport/dial.h"
#include "relay/server.h"
#include "tests/support/ends.h"

struct stage {
	struct ends e;
	struct relay_config config;
	struct server *server;
	char dir[32];
	bool gone;
};

static void put_file(struct stage *s, const char *name, const char *text, char *path)
{
	snprintf(path, INI_VALUE_MAX, "%s/%s", s->dir, name);
	FILE *f = fopen(path, "wb");

	cr_assert_not_null(f);
	cr_assert_eq(fwrite(text, 1, strlen(text), f), strlen(text));
	fclose(f);
}

static void on_server_gone(void *owner)
{
	struct stage *s = owner;

	s->gone = true;
	s->server = NULL;
}

static void start(struct stage *s)
{
	char why[CONFIG_WHY_MAX] = "";

	memset(s, 0, sizeof *s);
	ends_init(&s->e);
	strcpy(s->dir, "/tmp/test_relay.XXXXXX");
	cr_assert_not_null(mkdtemp(s->dir));
	s->config = (struct relay_config){.listen = "127.0.0.1:0",
					  .max_ids = 50,
					  .quota = QUOTA_LIMITS_DEFAULT,
					  .visitors = LISTEN_LIMITS_DEFAULT};
	put_file(s, "relay.crt", s->e.relay.pem, s->config.cert);
	put_file(s, "relay.key", s->e.relay.key_pem, s->config.key);
	put_file(s, "ca.crt", s->e.ca.pem, s->config.console_ca);
	cr_assert_eq(server_start(&s->e.loop, &s->config, on_server_gone, s, &s->server, why), 0,
		     "%s", why);
}

static void stop(struct stage *s)
{
	if (s->server)
		server_drain(s->server, 0);
	ENDS_UNTIL(&s->e, s->gone);
	ends_done(&s->e);
	unlink(s->config.cert);
	unlink(s->config.key);
	unlink(s->config.console_ca);
	rmdir(s->dir);
}

/* Everybody is sent away, and a relay that knows nothing takes over. */
static void restart(struct stage *s)
{
	char why[CONFIG_WHY_MAX] = "";

	server_drain(s->server, 0);
	ENDS_UNTIL(&s->e, s->gone);
	s->gone = false;
	cr_assert_eq(server_start(&s->e.loop, &s->config, on_server_gone, s, &s->server, why), 0,
		     "%s", why);
}

/* ---- clients ---- */

struct visit {
	struct stage *s;
	struct peer *p;
	SSL_CTX *ctx;
	bool done;
	struct carrier *carrier;
};

static void on_dialled(const struct report *r, uv_tcp_t *tcp, void *owner)
{
	struct visit *v = owner;

	cr_assert_eq(r->step, REPORT_DONE);
	cr_assert_eq(hop_open_in(v->s->e.hops, tcp, tls_client(v->ctx, "127.0.0.1"), v->carrier,
				 &ends_events, v->p, &v->p->hop),
		     0);
	v->done = true;
}

static void come_in(struct stage *s, struct peer *p, SSL_CTX *ctx, struct carrier *carrier)
{
	struct visit v = {s, p, ctx, false, carrier};
	char address[LISTEN_TEXT_MAX];
	struct route way;
	struct dial *d;

	cr_assert_eq(route_direct(server_address(s->server, address), &way), 0);
	cr_assert_eq(dial_start(&s->e.loop, &way, DIAL_TIMEOUT_MS, on_dialled, &v, &d), 0);
	ENDS_UNTIL(&s->e, v.done);
	ENDS_UNTIL(&s->e, p->gone || p->heard[RELAY_HELLO] || p->heard[RELAY_ERROR]);
}

static void come(struct stage *s, struct peer *p, SSL_CTX *ctx)
{
	come_in(s, p, ctx, NULL);
}

static void tell(struct peer *p, const struct relay_frame f)
{
	cr_assert_eq(hop_send(p->hop, &f), 0);
}

static void agent_with_id(struct stage *s, struct peer *agent)
{
	*agent = (struct peer){.role = RELAY_ROLE_AGENT};
	come(s, agent, s->e.agent_ctx);
	tell(agent, (struct relay_frame){.type = RELAY_ALLOC});
	ENDS_UNTIL(&s->e, agent->gone || agent->heard[RELAY_ALLOCATED]);
}

static void console_joins(struct stage *s, struct peer *console, uint32_t id)
{
	*console = (struct peer){.role = RELAY_ROLE_CONSOLE};
	come(s, console, s->e.console_ctx);
	tell(console, (struct relay_frame){.type = RELAY_JOIN, .join_id = id});
	ENDS_UNTIL(&s->e,
		   console->gone || console->heard[RELAY_PAIRED] || console->heard[RELAY_ERROR]);
}

static uint32_t id_of(const struct peer *agent)
{
	return agent->last[RELAY_ALLOCATED].allocated.id;
}

static void pair(struct stage *s, struct peer *agent, struct peer *console)
{
	agent_with_id(s, agent);
	console_joins(s, console, id_of(agent));
	ENDS_UNTIL(&s->e, agent->heard[RELAY_PAIRED]);
}

static void proved(struct stage *s, struct peer *agent, struct peer *console)
{
	unsigned int before = console->heard[RELAY_DATA];

	tell(agent, (struct relay_frame){.type = RELAY_PAIRED});
	cr_assert_eq(hop_send_data(agent->hop, "x", 1), 0); /* when it arrives, so has the other */
	ENDS_UNTIL(&s->e, console->heard[RELAY_DATA] > before);
}

static void expect_error(struct stage *s, struct peer *p, int err)
{
	ENDS_UNTIL(&s->e, p->gone);
	cr_assert_eq(p->heard[RELAY_ERROR], 1);
	cr_assert_eq(p->last[RELAY_ERROR].error_code, err_to_wire(err), "%u instead of %d",
		     p->last[RELAY_ERROR].error_code, err);
	cr_assert_eq(p->why, 0, "and a proper end: %d", p->why);
}

static void leave(struct stage *s, struct peer *p)
{
	if (p->hop)
		hop_close(p->hop, 0);
	ENDS_UNTIL(&s->e, p->gone);
}

Test(relay_server, pairs_by_id_and_forwards_both_ways)
{
	struct stage s;
	struct peer agent, console;

	start(&s);
	agent_with_id(&s, &agent);
	cr_assert_eq(agent.last[RELAY_ALLOCATED].allocated.life_s, 600);
	console_joins(&s, &console, id_of(&agent));
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PAIRED]);
	cr_assert(console.last[RELAY_PAIRED].paired.has_handle);
	cr_assert(agent.last[RELAY_PAIRED].paired.has_handle);
	cr_assert_eq(hop_send_data(agent.hop, "from the agent", 14), 0);
	cr_assert_eq(hop_send_data(console.hop, "from the console", 16), 0);
	ENDS_UNTIL(&s.e, agent.bytes == 16 && console.bytes == 14);
	cr_assert_eq(console.digest, ends_digest(0, "from the agent", 14));
	cr_assert_eq(agent.digest, ends_digest(0, "from the console", 16));
	leave(&s, &agent);
	leave(&s, &console);
	stop(&s);
}

Test(relay_server, lets_nobody_join_twice)
{
	struct stage s;
	struct peer agent, console, second, third;

	start(&s);
	pair(&s, &agent, &console);
	console_joins(&s, &second, id_of(&agent));
	expect_error(&s, &second, AS_E_BUSY);
	proved(&s, &agent, &console);
	console_joins(&s, &third, id_of(&agent));
	expect_error(&s, &third, AS_E_BUSY);
	leave(&s, &agent);
	leave(&s, &console);
	stop(&s);
}

Test(relay_server, a_console_without_certificate_is_refused)
{
	struct stage s;
	struct peer p = {.role = RELAY_ROLE_CONSOLE};

	start(&s);
	come(&s, &p, s.e.agent_ctx);
	expect_error(&s, &p, AS_E_CERT);
	stop(&s);
}

Test(relay_server, guessing_ids_gets_a_console_blocked)
{
	struct stage s;
	struct peer agent, p;

	start(&s);
	agent_with_id(&s, &agent);
	for (uint32_t i = 1; i <= 6; i++) {
		console_joins(&s, &p, (id_of(&agent) + i) & 0xfffff);
		expect_error(&s, &p, AS_E_CODE_UNKNOWN);
	}
	console_joins(&s, &p, id_of(&agent));
	expect_error(&s, &p, AS_E_RATE);
	leave(&s, &agent);
	stop(&s);
}

Test(relay_server, an_agents_prefix_gets_ten_ids_a_minute)
{
	struct stage s;
	struct peer agents[11];

	start(&s);
	for (int i = 0; i < 11; i++)
		agent_with_id(&s, &agents[i]);
	expect_error(&s, &agents[10], AS_E_RATE);
	cr_assert_eq(server_tickets(s.server), 10);
	for (int i = 0; i < 10; i++)
		leave(&s, &agents[i]);
	ENDS_UNTIL(&s.e, server_tickets(s.server) == 0);
	stop(&s);
}

Test(relay_server, a_wrong_console_can_be_dropped_and_the_id_kept)
{
	struct stage s;
	struct peer agent, console, next;

	start(&s);
	pair(&s, &agent, &console);
	tell(&agent, (struct relay_frame){.type = RELAY_CLOSE,
					  .close = {err_to_wire(AS_E_CODE_WRONG), true}});
	ENDS_UNTIL(&s.e, console.gone);
	cr_assert_eq(console.last[RELAY_CLOSE].close.code, err_to_wire(AS_E_CODE_WRONG));
	cr_assert_eq(agent.heard[RELAY_PEER_LOST], 0, "it asked for it");
	console_joins(&s, &next, id_of(&agent));
	cr_assert_eq(next.heard[RELAY_PAIRED], 1);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PAIRED] == 2);
	leave(&s, &next);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_LOST] == 1);
	leave(&s, &agent);
	stop(&s);
}

Test(relay_server, a_console_that_goes_before_the_proof_frees_the_id)
{
	struct stage s;
	struct peer agent, console, next;

	start(&s);
	pair(&s, &agent, &console);
	leave(&s, &console);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_LOST]);
	console_joins(&s, &next, id_of(&agent));
	cr_assert_eq(next.heard[RELAY_PAIRED], 1);
	leave(&s, &agent);
	ENDS_UNTIL(&s.e, next.gone);
	cr_assert_eq(next.last[RELAY_CLOSE].close.code, err_to_wire(AS_E_PEER_LOST));
	cr_assert_eq(server_tickets(s.server), 0);
	stop(&s);
}

Test(relay_server, a_close_ends_the_session_for_both)
{
	struct stage s;
	struct peer agent, console, late;

	start(&s);
	pair(&s, &agent, &console);
	proved(&s, &agent, &console);
	tell(&agent, (struct relay_frame){.type = RELAY_CLOSE,
					  .close = {err_to_wire(AS_E_REVOKED), false}});
	ENDS_UNTIL(&s.e, agent.gone && console.gone);
	cr_assert_eq(console.last[RELAY_CLOSE].close.code, err_to_wire(AS_E_REVOKED));
	console_joins(&s, &late, id_of(&agent));
	expect_error(&s, &late, AS_E_CODE_UNKNOWN);
	stop(&s);
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
	struct stage s;

	start(&s);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct peer p = {.role = bad[i].role};

		come(&s, &p, p.role == RELAY_ROLE_AGENT ? s.e.agent_ctx : s.e.console_ctx);
		tell(&p, bad[i].frame);
		expect_error(&s, &p, AS_E_PROTOCOL);
	}
	stop(&s);
}

Test(relay_server, speaks_only_with_clients_of_its_version)
{
	struct stage s;
	struct peer p = {0};
	struct visit v = {&s, &p, NULL, false, NULL};
	char address[LISTEN_TEXT_MAX];
	struct route way;
	struct dial *d;

	start(&s);
	v.ctx = s.e.agent_ctx;
	cr_assert_eq(route_direct(server_address(s.server, address), &way), 0);
	cr_assert_eq(dial_start(&s.e.loop, &way, DIAL_TIMEOUT_MS, on_dialled, &v, &d), 0);
	ENDS_UNTIL(&s.e, p.ready);
	tell(&p, (struct relay_frame){.type = RELAY_HELLO, .hello = {RELAY_ROLE_AGENT, 2, 9, 0}});
	expect_error(&s, &p, AS_E_PROTOCOL);
	stop(&s);
}

/* ---- in a WebSocket ---- */

/* An agent that asks for an id. forwarded: what a web server in front of the relay would add; it
 * gets into the request by way of the path. */
static void agent_from(struct stage *s, struct peer *p, const char *forwarded)
{
	static const struct hostport at = {"relay.example", "443"};
	static const uint8_t key[16] = {1};
	struct carrier *carrier;
	char path[128];

	snprintf(path, sizeof path, "/ HTTP/1.1\r\nX-Forwarded-For: %s\r\nX-Rest:", forwarded);
	carrier = carrier_client(&at, path, NULL, key);
	*p = (struct peer){.role = RELAY_ROLE_AGENT};
	come_in(s, p, s->e.agent_ctx, carrier);
	tell(p, (struct relay_frame){.type = RELAY_ALLOC});
	ENDS_UNTIL(&s->e, p->gone || p->heard[RELAY_ALLOCATED] || p->heard[RELAY_ERROR]);
}

Test(relay_server, counts_whom_a_trusted_web_server_forwards)
{
	struct stage s;
	struct peer a, b, c;

	start(&s);
	s.config.quota.ids_per_prefix = 1;
	restart(&s);
	agent_from(&s, &a, "192.0.2.1");
	cr_assert(a.heard[RELAY_ALLOCATED]);
	agent_from(&s, &b, "192.0.2.2");
	cr_assert(b.heard[RELAY_ERROR], "anybody can write that");
	stop(&s);

	start(&s);
	s.config.quota.ids_per_prefix = 1;
	s.config.trusted_count = 1;
	memcpy(s.config.trusted[0], "\0\0\0\0\0\0\0\0\0\0\xff\xff\x7f\0\0\1", 16);
	restart(&s);
	agent_from(&s, &a, "192.0.2.1");
	cr_assert(a.heard[RELAY_ALLOCATED]);
	agent_from(&s, &b, "192.0.2.2");
	cr_assert(b.heard[RELAY_ALLOCATED]);
	agent_from(&s, &c, "10.9.8.7, 192.0.2.2");
	cr_assert(c.heard[RELAY_ERROR], "the last one is what the web server saw");
	stop(&s);
}

/* ---- back-pressure ---- */

#define STREAM_BYTES (24u << 20)

static void pour(struct peer *p)
{
	static uint8_t block[RELAY_FRAME_PAYLOAD_MAX];
	uint64_t *sent = p->arg;

	while (*sent < STREAM_BYTES && hop_queued(p->hop) < HOP_HIGH) {
		memset(block, (int)(*sent >> 14 & 0xff), sizeof block);
		cr_assert_eq(hop_send_data(p->hop, block, sizeof block), 0);
		*sent += sizeof block;
	}
}

Test(relay_server, a_slow_reader_stops_the_other_sides_writer)
{
	struct stage s;
	struct peer agent, console;
	uint64_t sent = 0;

	start(&s);
	pair(&s, &agent, &console);
	agent.arg = &sent;
	agent.on_low = pour;
	hop_pause(console.hop);
	pour(&agent);
	/* The relay and the kernel take so much and then no more: the loop has nothing to do but
	 * the relay's own clock. */
	for (uint64_t before = 0, quiet = 0; quiet < 50; quiet = sent == before ? quiet + 1 : 0) {
		before = sent;
		uv_run(&s.e.loop, UV_RUN_NOWAIT);
	}
	cr_assert_lt(sent, STREAM_BYTES, "the agent was stopped");
	cr_assert_eq(console.bytes, 0);
	hop_resume(console.hop);
	ENDS_UNTIL(&s.e, sent >= STREAM_BYTES && console.bytes == sent);
	leave(&s, &agent);
	leave(&s, &console);
	stop(&s);
}

Test(relay_server, a_writer_that_was_stopped_goes_on_when_the_slow_reader_is_gone)
{
	struct stage s;
	struct peer agent, console, next;
	uint64_t sent = 0;

	start(&s);
	pair(&s, &agent, &console);
	agent.arg = &sent;
	agent.on_low = pour;
	hop_pause(console.hop);
	pour(&agent);
	for (uint64_t before = 0, quiet = 0; quiet < 50; quiet = sent == before ? quiet + 1 : 0) {
		before = sent;
		uv_run(&s.e.loop, UV_RUN_NOWAIT);
	}
	leave(&s, &console);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_LOST] && sent >= STREAM_BYTES &&
			     hop_queued(agent.hop) == 0);
	console_joins(&s, &next, id_of(&agent));
	cr_assert_eq(next.heard[RELAY_PAIRED], 1);
	leave(&s, &agent);
	leave(&s, &next);
	stop(&s);
}

/* ---- coming back ---- */

static struct relay_frame handle_of(const struct peer *p, uint32_t id)
{
	struct relay_frame f = {.type = RELAY_REATTACH, .reattach = {.id = id}};

	memcpy(f.reattach.handle, p->last[RELAY_PAIRED].paired.handle, RELAY_HANDLE_LEN);
	return f;
}

static void arrive(struct stage *s, struct peer *back, enum relay_role role,
		   const struct relay_frame f)
{
	*back = (struct peer){.role = role};
	come(s, back, role == RELAY_ROLE_AGENT ? s->e.agent_ctx : s->e.console_ctx);
	tell(back, f);
	ENDS_UNTIL(&s->e, back->gone || back->heard[RELAY_PAIRED] || back->heard[RELAY_ERROR]);
}

static void expect_unknown(struct stage *s, enum relay_role role, const struct relay_frame f)
{
	struct peer p;

	arrive(s, &p, role, f);
	expect_error(s, &p, AS_E_CODE_UNKNOWN);
}

/* Something in each direction, and nothing else. */
static void expect_talk(struct stage *s, struct peer *agent, struct peer *console)
{
	uint64_t a = agent->bytes, c = console->bytes;

	cr_assert_eq(hop_send_data(agent->hop, "still", 5), 0);
	cr_assert_eq(hop_send_data(console->hop, "there?", 6), 0);
	ENDS_UNTIL(&s->e, agent->bytes >= a + 6 && console->bytes >= c + 5);
	cr_assert_eq(agent->bytes, a + 6);
	cr_assert_eq(console->bytes, c + 5);
}

/* A session whose code is proved, and the frames that bring its sides back. */
struct session {
	struct peer agent, console;
	uint32_t id;
	struct relay_frame handle[2]; /* agent's, console's */
};

static void begin(struct stage *s, struct session *x)
{
	pair(s, &x->agent, &x->console);
	proved(s, &x->agent, &x->console);
	x->id = id_of(&x->agent);
	x->handle[0] = handle_of(&x->agent, x->id);
	x->handle[1] = handle_of(&x->console, x->id);
}

static void end(struct stage *s, struct peer *agent, struct peer *console)
{
	tell(agent, (struct relay_frame){.type = RELAY_CLOSE});
	ENDS_UNTIL(&s->e, agent->gone && console->gone);
	cr_assert_eq(server_tickets(s->server), 0);
}

Test(relay_server, each_pairing_has_handles_of_its_own)
{
	struct stage s;
	struct peer agent, console, next;

	start(&s);
	pair(&s, &agent, &console);
	struct relay_frame first = agent.last[RELAY_PAIRED];
	cr_assert_neq(
	    memcmp(first.paired.handle, console.last[RELAY_PAIRED].paired.handle, RELAY_HANDLE_LEN),
	    0);
	leave(&s, &console);
	console_joins(&s, &next, id_of(&agent));
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PAIRED] == 2);
	cr_assert_neq(
	    memcmp(first.paired.handle, agent.last[RELAY_PAIRED].paired.handle, RELAY_HANDLE_LEN),
	    0);
	leave(&s, &agent);
	leave(&s, &next);
	stop(&s);
}

Test(relay_server, the_lost_side_of_a_session_may_come_back)
{
	struct stage s;
	struct session x;
	struct peer agent, console;

	start(&s);
	begin(&s, &x);
	leave(&s, &x.agent);
	ENDS_UNTIL(&s.e, x.console.heard[RELAY_PEER_LOST]);
	arrive(&s, &agent, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_BACK] && x.console.heard[RELAY_PEER_BACK]);
	cr_assert_eq(memcmp(agent.last[RELAY_PAIRED].paired.handle, x.handle[0].reattach.handle,
			    RELAY_HANDLE_LEN),
		     0, "good for the next time, too");
	expect_talk(&s, &agent, &x.console);

	leave(&s, &x.console);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_LOST]);
	arrive(&s, &console, RELAY_ROLE_CONSOLE, x.handle[1]);
	ENDS_UNTIL(&s.e, console.heard[RELAY_PEER_BACK] && agent.heard[RELAY_PEER_BACK] == 2);
	expect_talk(&s, &agent, &console);
	end(&s, &agent, &console);
	stop(&s);
}

Test(relay_server, both_sides_may_be_lost_at_the_same_time)
{
	struct stage s;
	struct session x;
	struct peer agent, console;

	start(&s);
	begin(&s, &x);
	leave(&s, &x.console);
	leave(&s, &x.agent);
	cr_assert_eq(server_tickets(s.server), 1);
	arrive(&s, &console, RELAY_ROLE_CONSOLE, x.handle[1]);
	cr_assert_eq(console.heard[RELAY_PAIRED], 1);
	cr_assert_eq(console.heard[RELAY_PEER_BACK], 0);
	arrive(&s, &agent, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, console.heard[RELAY_PEER_BACK] && agent.heard[RELAY_PEER_BACK]);
	cr_assert_eq(console.heard[RELAY_PEER_LOST], 0);
	expect_talk(&s, &agent, &console);
	end(&s, &agent, &console);
	stop(&s);
}

Test(relay_server, a_new_connection_takes_the_place_of_one_that_only_looks_alive)
{
	struct stage s;
	struct session x;
	struct peer agent, again;

	start(&s);
	begin(&s, &x);
	arrive(&s, &agent, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, x.agent.gone);
	cr_assert_eq(x.agent.heard[RELAY_CLOSE] + x.agent.heard[RELAY_ERROR], 0);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_BACK] && x.console.heard[RELAY_PEER_BACK]);
	cr_assert_eq(x.console.heard[RELAY_PEER_LOST], 1);
	expect_talk(&s, &agent, &x.console);

	leave(&s, &x.console);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_LOST]);
	arrive(&s, &again, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, agent.gone);
	cr_assert_eq(again.heard[RELAY_PEER_BACK], 0, "the console is not there");
	leave(&s, &again);
	stop(&s);
}

Test(relay_server, nothing_meant_for_the_old_connection_reaches_the_new_one)
{
	for (int lost = 0; lost < 2; lost++) {
		static const enum relay_role roles[] = {RELAY_ROLE_AGENT, RELAY_ROLE_CONSOLE};
		struct stage s;
		struct session x;
		struct peer back, *gone, *stays;

		start(&s);
		begin(&s, &x);
		gone = lost == 0 ? &x.agent : &x.console;
		stays = lost == 0 ? &x.console : &x.agent;
		hop_pause(stays->hop); /* it will not hear of the loss for a while */
		leave(&s, gone);
		arrive(&s, &back, roles[lost], x.handle[lost]);
		cr_assert_eq(hop_send_data(stays->hop, "old", 3), 0);
		cr_assert_eq(hop_send_data(back.hop, "too early", 9), 0);

		uint64_t before = stays->bytes;
		hop_resume(stays->hop);
		ENDS_UNTIL(&s.e, back.heard[RELAY_PEER_BACK] && stays->heard[RELAY_PEER_BACK]);
		cr_assert_eq(stays->heard[RELAY_PEER_LOST], 1);
		cr_assert_eq(back.bytes, 0);
		cr_assert_eq(stays->bytes, before);
		expect_talk(&s, lost == 0 ? &back : stays, lost == 0 ? stays : &back);
		end(&s, stays, &back);
		stop(&s);
	}
}

Test(relay_server, who_has_not_heard_of_one_loss_does_not_hear_of_the_next)
{
	struct stage s;
	struct session x;
	struct peer first, second;

	start(&s);
	begin(&s, &x);
	hop_pause(x.agent.hop);
	leave(&s, &x.console);
	arrive(&s, &first, RELAY_ROLE_CONSOLE, x.handle[1]);
	leave(&s, &first);
	arrive(&s, &second, RELAY_ROLE_CONSOLE, x.handle[1]);
	hop_resume(x.agent.hop);
	ENDS_UNTIL(&s.e, second.heard[RELAY_PEER_BACK] && x.agent.heard[RELAY_PEER_BACK]);
	cr_assert_eq(first.heard[RELAY_PEER_BACK], 0);
	expect_talk(&s, &x.agent, &second);
	cr_assert_eq(x.agent.heard[RELAY_PEER_LOST], 1);
	cr_assert_eq(x.agent.heard[RELAY_PEER_BACK], 1);
	end(&s, &x.agent, &second);
	stop(&s);
}

Test(relay_server, a_side_that_never_caught_up_may_be_replaced)
{
	struct stage s;
	struct session x;
	struct peer agent, console;

	start(&s);
	begin(&s, &x);
	hop_pause(x.agent.hop);
	leave(&s, &x.console);
	arrive(&s, &console, RELAY_ROLE_CONSOLE, x.handle[1]);
	arrive(&s, &agent, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, console.heard[RELAY_PEER_BACK] && agent.heard[RELAY_PEER_BACK]);
	cr_assert_eq(console.heard[RELAY_PEER_LOST], 0, "it knew no other agent");
	expect_talk(&s, &agent, &console);
	hop_resume(x.agent.hop);
	ENDS_UNTIL(&s.e, x.agent.gone);
	end(&s, &agent, &console);
	stop(&s);
}

Test(relay_server, what_was_refused_to_a_writer_does_not_stop_the_next_connection)
{
	struct stage s;
	struct session x;
	struct peer console;
	uint64_t sent = 0;

	start(&s);
	begin(&s, &x);
	x.agent.arg = &sent;
	x.agent.on_low = pour;
	hop_pause(x.console.hop);
	pour(&x.agent);
	for (uint64_t before = 0, quiet = 0; quiet < 50; quiet = sent == before ? quiet + 1 : 0) {
		before = sent;
		uv_run(&s.e.loop, UV_RUN_NOWAIT);
	}
	arrive(&s, &console, RELAY_ROLE_CONSOLE, x.handle[1]);
	hop_resume(x.console.hop);
	ENDS_UNTIL(&s.e, x.console.gone && x.agent.heard[RELAY_PEER_BACK] &&
			     console.heard[RELAY_PEER_BACK]);
	cr_assert_lt(console.bytes, STREAM_BYTES);
	leave(&s, &x.agent);
	leave(&s, &console);
	stop(&s);
}

Test(relay_server, coming_back_is_no_join_and_has_no_daily_limit)
{
	struct stage s;
	struct session x;
	struct peer console[4];

	start(&s);
	s.config.quota.joins_per_minute = 1;
	restart(&s);
	begin(&s, &x);
	leave(&s, &x.console);
	for (int i = 0; i < 4; i++) {
		arrive(&s, &console[i], RELAY_ROLE_CONSOLE, x.handle[1]);
		ENDS_UNTIL(&s.e, console[i].heard[RELAY_PEER_BACK]);
		leave(&s, &console[i]);
	}
	leave(&s, &x.agent);
	stop(&s);
}

Test(relay_server, a_session_that_has_ended_is_unknown)
{
	struct stage s;
	struct session x;

	start(&s);
	begin(&s, &x);
	end(&s, &x.agent, &x.console);
	expect_unknown(&s, RELAY_ROLE_CONSOLE, x.handle[1]);
	expect_unknown(&s, RELAY_ROLE_AGENT, x.handle[0]);
	stop(&s);
}

Test(relay_server, before_the_proof_nobody_comes_back)
{
	struct stage s;
	struct peer agent, console, back;

	start(&s);
	pair(&s, &agent, &console);
	arrive(&s, &back, RELAY_ROLE_CONSOLE, handle_of(&console, id_of(&agent)));
	expect_error(&s, &back, AS_E_BUSY);
	leave(&s, &agent);
	leave(&s, &console);
	stop(&s);
}

Test(relay_server, only_the_sides_own_handle_brings_it_back)
{
	struct stage s;
	struct session x;
	struct relay_frame f;

	start(&s);
	begin(&s, &x);
	leave(&s, &x.agent);
	expect_unknown(&s, RELAY_ROLE_AGENT, x.handle[1]);
	f = x.handle[0];
	f.reattach.id ^= 1;
	expect_unknown(&s, RELAY_ROLE_AGENT, f);
	for (size_t i = 0; i < RELAY_HANDLE_LEN; i += RELAY_HANDLE_LEN - 1) {
		f = x.handle[0];
		f.reattach.handle[i] ^= 1;
		expect_unknown(&s, RELAY_ROLE_AGENT, f);
	}
	memset(f.reattach.handle, 0, RELAY_HANDLE_LEN);
	expect_unknown(&s, RELAY_ROLE_AGENT, f);
	cr_assert_eq(server_tickets(s.server), 1, "nothing was made anew");
	leave(&s, &x.console);
	stop(&s);
}

Test(relay_server, forging_handles_gets_a_console_blocked)
{
	struct stage s;
	struct session x;
	struct peer p;
	struct relay_frame f;

	start(&s);
	begin(&s, &x);
	leave(&s, &x.console);
	f = x.handle[1];
	f.reattach.handle[15] ^= 1;
	for (int i = 0; i < 6; i++)
		expect_unknown(&s, RELAY_ROLE_CONSOLE, f);
	arrive(&s, &p, RELAY_ROLE_CONSOLE, x.handle[1]);
	expect_error(&s, &p, AS_E_RATE);
	leave(&s, &x.agent);
	stop(&s);
}

/* ---- after a restart ---- */

Test(relay_server, a_session_survives_a_restart_of_the_relay)
{
	for (int first = 0; first < 2; first++) {
		static const enum relay_role roles[] = {RELAY_ROLE_AGENT, RELAY_ROLE_CONSOLE};
		struct stage s;
		struct session x;
		struct peer back[2], third;

		start(&s);
		begin(&s, &x);
		restart(&s);
		cr_assert(x.agent.gone && x.console.gone);
		arrive(&s, &back[first], roles[first], x.handle[first]);
		cr_assert_eq(back[first].heard[RELAY_PAIRED], 1);
		console_joins(&s, &third, x.id);
		expect_error(&s, &third, AS_E_BUSY);
		cr_assert_eq(back[first].heard[RELAY_PEER_BACK], 0);
		arrive(&s, &back[!first], roles[!first], x.handle[!first]);
		ENDS_UNTIL(&s.e, back[0].heard[RELAY_PEER_BACK] && back[1].heard[RELAY_PEER_BACK]);
		cr_assert_eq(back[0].heard[RELAY_PEER_LOST] + back[1].heard[RELAY_PEER_LOST], 0);
		expect_talk(&s, &back[0], &back[1]);
		cr_assert_eq(server_tickets(s.server), 1);
		end(&s, &back[0], &back[1]);
		expect_unknown(&s, RELAY_ROLE_AGENT, x.handle[0]);
		stop(&s);
	}
}

Test(relay_server, after_a_restart_handles_are_still_judged)
{
	struct stage s;
	struct session x;
	struct relay_frame f;

	start(&s);
	begin(&s, &x);
	restart(&s);
	f = x.handle[1];
	f.reattach.id = (f.reattach.id + 1) & 0xfffff;
	expect_unknown(&s, RELAY_ROLE_CONSOLE, f);
	expect_unknown(&s, RELAY_ROLE_AGENT, x.handle[1]);
	expect_unknown(&s, RELAY_ROLE_CONSOLE, x.handle[0]);
	cr_assert_eq(server_tickets(s.server), 0);
	stop(&s);
}

/* The files name another certificate and key from here on. */
static void change_key(struct stage *s)
{
	struct pki_spec spec = pki_relay_spec("Acme", "127.0.0.1", (int64_t)time(NULL));
	struct pki other;

	pki_make(&spec, &s->e.ca, &other);
	put_file(s, "relay.crt", other.pem, s->config.cert);
	put_file(s, "relay.key", other.key_pem, s->config.key);
	pki_done(&other);
}

Test(relay_server, a_relay_with_another_key_knows_none_of_the_handles)
{
	struct stage s;
	struct session x;

	start(&s);
	begin(&s, &x);
	change_key(&s);
	restart(&s);
	expect_unknown(&s, RELAY_ROLE_AGENT, x.handle[0]);
	expect_unknown(&s, RELAY_ROLE_CONSOLE, x.handle[1]);
	stop(&s);
}

Test(relay_server, handles_from_before_a_new_key_was_read_are_good_until_the_next)
{
	struct stage s;
	struct session x;
	struct peer agent, console;
	char why[CONFIG_WHY_MAX] = "";

	start(&s);
	begin(&s, &x);
	change_key(&s);
	cr_assert_eq(server_reload(s.server, why), 0, "%s", why);
	cr_assert_eq(server_reload(s.server, why), 0, "the same key again: %s", why);
	leave(&s, &x.agent);
	arrive(&s, &agent, RELAY_ROLE_AGENT, x.handle[0]);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_PEER_BACK]);
	struct relay_frame fresh = handle_of(&agent, x.id);
	cr_assert_neq(memcmp(fresh.reattach.handle, x.handle[0].reattach.handle, RELAY_HANDLE_LEN),
		      0, "made with the new key");
	change_key(&s);
	cr_assert_eq(server_reload(s.server, why), 0, "%s", why);
	leave(&s, &x.console);
	expect_unknown(&s, RELAY_ROLE_CONSOLE, x.handle[1]);
	leave(&s, &agent);
	arrive(&s, &console, RELAY_ROLE_AGENT, fresh);
	cr_assert_eq(console.heard[RELAY_PAIRED], 1);
	leave(&s, &console);
	stop(&s);
}

Test(relay_server, sessions_that_came_back_count_for_their_agents_network)
{
	struct stage s;
	struct session x, y;
	struct peer back[4], more;

	start(&s);
	s.config.quota.ids_per_prefix = 2;
	restart(&s);
	begin(&s, &x);
	begin(&s, &y);
	restart(&s);
	arrive(&s, &back[0], RELAY_ROLE_CONSOLE, x.handle[1]);
	arrive(&s, &back[1], RELAY_ROLE_AGENT, x.handle[0]);
	arrive(&s, &back[2], RELAY_ROLE_AGENT, y.handle[0]);
	cr_assert_eq(back[2].heard[RELAY_PAIRED], 1);
	agent_with_id(&s, &more);
	expect_error(&s, &more, AS_E_RATE);
	arrive(&s, &back[3], RELAY_ROLE_AGENT, y.handle[0]);
	cr_assert_eq(back[3].heard[RELAY_PAIRED], 1, "it is counted already");
	ENDS_UNTIL(&s.e, back[2].gone);
	tell(&back[3], (struct relay_frame){.type = RELAY_CLOSE});
	ENDS_UNTIL(&s.e, back[3].gone);
	agent_with_id(&s, &more);
	cr_assert_eq(more.heard[RELAY_ALLOCATED], 1);
	leave(&s, &more);
	end(&s, &back[1], &back[0]);
	stop(&s);
}

/* ---- the relay goes away ---- */

Test(relay_server, draining_sends_away_who_waits_and_lets_sessions_go_on)
{
	struct stage s;
	struct peer waiting, agent, console;

	start(&s);
	pair(&s, &agent, &console);
	proved(&s, &agent, &console);
	agent_with_id(&s, &waiting);
	server_drain(s.server, SERVER_DRAIN_S);
	expect_error(&s, &waiting, AS_E_RELAY);
	ENDS_UNTIL(&s.e, agent.heard[RELAY_NOTICE] && console.heard[RELAY_NOTICE]);
	cr_assert_eq(agent.last[RELAY_NOTICE].notice_s, SERVER_DRAIN_S);
	cr_assert_eq(hop_send_data(agent.hop, "going on", 8), 0);
	ENDS_UNTIL(&s.e, console.bytes == 9);
	leave(&s, &console);
	leave(&s, &agent);
	ENDS_UNTIL(&s.e, s.gone); /* well before the 30 seconds */
	stop(&s);
}

Test(relay_server, the_end_of_the_drain_cuts_what_is_left)
{
	struct stage s;
	struct peer agent, console;

	start(&s);
	pair(&s, &agent, &console);
	server_drain(s.server, 0);
	expect_error(&s, &agent, AS_E_RELAY);
	expect_error(&s, &console, AS_E_RELAY);
	cr_assert_eq(agent.heard[RELAY_NOTICE], 0, "what is over is not announced");
	stop(&s);
}

Test(relay_server, reads_its_certificates_again_and_keeps_the_old_when_that_fails)
{
	struct stage s;
	struct peer agent, other;
	char why[CONFIG_WHY_MAX] = "";

	start(&s);
	agent_with_id(&s, &agent);
	cr_assert_eq(server_reload(s.server, why), 0, "%s", why);
	unlink(s.config.key);
	cr_assert_lt(server_reload(s.server, why), 0);
	cr_assert_not_null(strstr(why, "relay.key"), "%s", why);
	agent_with_id(&s, &other);
	cr_assert_eq(other.heard[RELAY_ALLOCATED], 1);
	leave(&s, &agent);
	leave(&s, &other);
	stop(&s);
}

Test(relay_server, says_what_is_wrong_when_it_cannot_start)
{
	struct stage s;
	struct server *other;
	struct relay_config c;
	char why[CONFIG_WHY_MAX] = "";

	start(&s);
	c = s.config;
	server_address(s.server, c.listen);
	cr_assert_eq(server_start(&s.e.loop, &c, on_server_gone, NULL, &other, why), UV_EADDRINUSE);
	cr_assert_not_null(strstr(why, c.listen), "%s", why);
	strcpy(c.cert, c.key);
	cr_assert_eq(server_start(&s.e.loop, &c, on_server_gone, NULL, &other, why), AS_E_CERT);
	cr_assert_not_null(strstr(why, "relay.key"), "%s", why);
	stop(&s);
}
