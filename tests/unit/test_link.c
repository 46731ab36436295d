/* SPDX-License-Identifier: Apache-2.0
 *
 * The console's link against a relay made of hops and an agent made of a channel: above all what
 * happens when the connection is lost.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "console/identity.h"
#include "console/link.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/e2e/inner.h"
#include "tests/support/ends.h"

#define CONNECTIONS 8
#define ID	    4711

static struct ends e;
static struct pki engineer;
static struct identity id;
static uv_tcp_t door;
static char address[32];
static struct link *l;

/* The relay: one peer for each connection, the newest last. It answers nothing by itself. */
static struct peer relay[CONNECTIONS];
static size_t connections;
static uint8_t handle[RELAY_HANDLE_LEN] = {1, 2, 3};

static bool speaks_too_early;

/* The agent. */
static struct inner_agent inner;
static struct channel *agent;
static int agent_err, agent_opened;

static struct {
	int reached, joined, opened, lost, ended, gone, why;
	bool from_relay;
} seen;

/* ---- the agent ---- */

static void on_agent_open(void *owner)
{
	(void)owner;
	mux_set_authed(channel_mux(agent));
	agent_opened++;
}

static const struct channel_events agent_ev = {.on_open = on_agent_open};

static struct peer *newest(void)
{
	return &relay[connections - 1];
}

static void agent_speak(void)
{
	const uint8_t *p;
	size_t n;

	while (newest()->hop && channel_next_out(agent, 1, &p, &n) == 0 && n > 0) {
		cr_assert_eq(hop_send_data(newest()->hop, p, n), 0);
		channel_out_done(agent, n);
	}
}

static void agent_hears(const uint8_t *p, size_t n)
{
	agent_err = channel_feed(agent, p, n, 0);
	agent_speak();
}

/* What the console says behind its JOIN reaches the agent when the two are paired. */
static uint8_t early[8192];
static size_t early_len;
static bool paired;

static void on_relay_frame(struct peer *p, const struct relay_frame *f)
{
	if (f->type != RELAY_DATA || p != newest() || !agent || agent_err < 0)
		return;
	if (paired) {
		agent_hears(f->data.bytes, f->data.len);
		return;
	}
	cr_assert_leq(f->data.len, sizeof early - early_len);
	memcpy(early + early_len, f->data.bytes, f->data.len);
	early_len += f->data.len;
}

/* ---- the relay ---- */

static int only_websockets; /* so many visitors of each round are cut: TLS, and TLS around */
static int cut;

static void on_cut(uv_handle_t *h)
{
	free(h);
}

static void cut_off(uv_stream_t *from)
{
	uv_tcp_t *tcp = malloc(sizeof *tcp);

	cr_assert(tcp && uv_tcp_init(from->loop, tcp) == 0 &&
		  uv_accept(from, (uv_stream_t *)tcp) == 0);
	uv_close((uv_handle_t *)tcp, on_cut);
}

static void on_connection(uv_stream_t *from, int status)
{
	struct peer *p = &relay[connections];

	cr_assert_eq(status, 0);
	if (cut < only_websockets) {
		cut++;
		cut_off(from);
		return;
	}
	connections++;
	cr_assert_leq(connections, CONNECTIONS);
	p->role = RELAY_ROLE_RELAY;
	p->on_frame = on_relay_frame;
	cr_assert_eq(
	    hop_accept(e.hops, from, tls_server(e.server_ctx), NULL, &ends_events, p, &p->hop), 0);
	hop_allow_websocket(p->hop);
}

static void say(enum relay_frame_type type)
{
	struct relay_frame f = {.type = type};

	if (type == RELAY_PAIRED) {
		f.paired.has_handle = true;
		memcpy(f.paired.handle, handle, sizeof handle);
	}
	cr_assert_eq(hop_send(newest()->hop, &f), 0);
}

/* ---- the link's owner ---- */

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	(void)type;
	(void)p;
	(void)n;
	(void)owner;
	return 0;
}

static void on_open(void *owner)
{
	(void)owner;
	mux_set_authed(link_mux(l));
	seen.opened++;
}

static void on_end(int code, void *owner)
{
	(void)code;
	(void)owner;
	seen.ended++;
}

static void on_reached(void *owner)
{
	(void)owner;
	seen.reached++;
}

static void on_joined(void *owner)
{
	(void)owner;
	seen.joined++;
}

static void on_notice(uint32_t s, void *owner)
{
	(void)s;
	(void)owner;
}

static void on_lost(const char *detail, void *owner)
{
	(void)owner;
	cr_assert_neq(detail[0], '\0');
	seen.lost++;
}

static void on_gone(int why, const char *detail, bool from_relay, void *owner)
{
	(void)detail;
	(void)owner;
	seen.gone++;
	seen.why = why;
	seen.from_relay = from_relay;
	l = NULL;
}

static const struct link_events ev = {
    .channel = {.mux = {.on_message = on_message}, .on_open = on_open, .on_end = on_end},
    .on_reached = on_reached,
    .on_joined = on_joined,
    .on_notice = on_notice,
    .on_lost = on_lost,
    .on_gone = on_gone,
};

/* ---- the stage ---- */

static struct pem_file pem(char *bytes, size_t n)
{
	return (struct pem_file){bytes, n};
}

static int64_t now_s(void)
{
	return (int64_t)time(NULL);
}

static void make(void)
{
	struct sockaddr_in at;
	int n = sizeof at;

	ends_init(&e);

	struct pki_spec spec = pki_engineer_spec("Acme", "jane", "Jane Doe", now_s());
	pki_make(&spec, &e.ca, &engineer);
	id.ca = pem(e.ca.pem, e.ca.pem_len);
	id.console_crt = pem(e.console.pem, e.console.pem_len);
	id.console_key = pem(e.console.key_pem, e.console.key_pem_len);
	id.engineer_crt = pem(engineer.pem, engineer.pem_len);
	id.engineer_key = pem(engineer.key_pem, engineer.key_pem_len);
	id.route.websocket = only_websockets > 0 ? ROUTE_WS_AUTO : ROUTE_WS_NEVER;
	cr_assert_eq(inner_agent_init(&inner, e.ca.pem, e.ca.pem_len, now_s), 0);
	agent = channel_new(true, inner.ctx, &agent_ev, NULL);

	uv_ip4_addr("127.0.0.1", 0, &at);
	uv_tcp_init(&e.loop, &door);
	uv_tcp_bind(&door, (struct sockaddr *)&at, 0);
	cr_assert_eq(uv_listen((uv_stream_t *)&door, 8, on_connection), 0);
	uv_tcp_getsockname(&door, (struct sockaddr *)&at, &n);
	snprintf(address, sizeof address, "127.0.0.1:%d", ntohs(at.sin_port));

	struct link_target target = {.relay = address, .id = &id, .join_id = ID};
	cr_assert_eq(link_start(&e.loop, &target, &ev, NULL, &l), 0);
	/* JOIN and the first words of the handshake, before anybody has answered */
	ENDS_UNTIL(&e, connections == 1 && newest()->heard[RELAY_DATA] > 0);
	cr_assert_eq(newest()->heard[RELAY_JOIN], 1);
	cr_assert_eq(newest()->last[RELAY_JOIN].join_id, ID);
	cr_assert_eq(seen.joined, 0);
	if (speaks_too_early) {
		cr_assert_eq(hop_send_data(newest()->hop, "x", 1), 0);
		return;
	}
	say(RELAY_PAIRED);
	paired = true;
	agent_hears(early, early_len);
	ENDS_UNTIL(&e, seen.opened == 1 && agent_opened == 1);
	cr_assert_eq(seen.reached, 1);
	cr_assert_eq(seen.joined, 1);
}

static void clean(void)
{
	if (l)
		link_close(l, 0);
	for (size_t i = 0; i < connections; i++)
		if (relay[i].hop)
			hop_close(relay[i].hop, 0);
	uv_close((uv_handle_t *)&door, NULL);
	ENDS_UNTIL(&e, !l);
	cr_assert_eq(seen.gone, 1);
	channel_free(agent);
	inner_agent_done(&inner);
	pki_done(&engineer);
	ends_done(&e);
}

TestSuite(link, .init = make, .fini = clean);

static void make_rude(void)
{
	speaks_too_early = true;
	make();
}

TestSuite(rude_relay, .init = make_rude, .fini = clean);

Test(rude_relay, data_before_the_pairing_is_nobodys)
{
	ENDS_UNTIL(&e, seen.gone);
	cr_assert_eq(seen.why, AS_E_PROTOCOL);
	cr_assert_eq(seen.joined, 0);
}

static void make_where_only_websockets_pass(void)
{
	only_websockets = 2;
	make();
}

TestSuite(link_ways, .init = make_where_only_websockets_pass, .fini = clean);

/* As if all the time had passed that a next try may be away. */
static void try_now(void)
{
	uint64_t now = clock_mono_ms();

	link_tick(l, now, now + 120000);
	link_tick(l, now + 60000, now + 120000);
}

/* A new connection, up to its REATTACH. */
static void reattach(void)
{
	size_t before = connections;

	try_now();
	ENDS_UNTIL(&e, connections == before + 1 && newest()->heard[RELAY_REATTACH] == 1);
	cr_assert_eq(newest()->heard[RELAY_JOIN], 0);
	cr_assert_eq(newest()->last[RELAY_REATTACH].reattach.id, ID);
	cr_assert_arr_eq(newest()->last[RELAY_REATTACH].reattach.handle, handle, sizeof handle);
}

/* The agent, too, begins a new handshake under its old mux. */
static void agent_back(void)
{
	channel_suspend(agent);
	agent_err = channel_resume(agent, inner.ctx);
	cr_assert_eq(agent_err, 0);
	say(RELAY_PEER_BACK);
}

static void lose_relay(void)
{
	hop_close(newest()->hop, 0);
	ENDS_UNTIL(&e, seen.lost == 1 && newest()->gone);
}

Test(link, without_link_keep_a_lost_relay_is_the_end)
{
	hop_close(newest()->hop, 0);
	ENDS_UNTIL(&e, seen.gone);
	cr_assert_eq(seen.why, AS_E_PEER_LOST);
	cr_assert_eq(seen.lost, 0);
}

Test(link, a_lost_relay_is_dialled_again_and_the_same_mux_goes_on)
{
	struct mux *mux = link_mux(l);

	link_keep(l);
	for (int i = 1; i <= 3; i++) {
		hop_close(newest()->hop, 0);
		ENDS_UNTIL(&e, seen.lost == i && newest()->gone);
		cr_assert_null(link_inner(l), "the old keys are gone");
		reattach();
		say(RELAY_PAIRED);
		agent_back();
		ENDS_UNTIL(&e, seen.opened == 1 + i);
		link_is_back(l);
		cr_assert_eq(link_mux(l), mux);
	}
	cr_assert_eq(seen.reached, 1, "that is about the first connection");
	cr_assert_eq(seen.gone, 0);
}

Test(link, a_lost_agent_is_waited_for_on_the_same_connection)
{
	link_keep(l);
	say(RELAY_PEER_LOST);
	ENDS_UNTIL(&e, seen.lost == 1);
	try_now();
	agent_back();
	ENDS_UNTIL(&e, seen.opened == 2);
	cr_assert_eq(connections, 1);
	cr_assert_eq(seen.lost, 1);
}

Test(link, an_agent_that_is_back_before_it_was_missed_is_a_loss_all_the_same)
{
	link_keep(l);
	agent_back();
	ENDS_UNTIL(&e, seen.opened == 2);
	cr_assert_eq(seen.lost, 1);
}

Test(link, an_agent_that_is_lost_again_in_the_handshake_is_one_loss)
{
	unsigned int heard = newest()->heard[RELAY_DATA];

	link_keep(l);
	say(RELAY_PEER_LOST);
	agent_err = AS_E_PEER_LOST; /* it does not hear the first half of the handshake */
	say(RELAY_PEER_BACK);
	ENDS_UNTIL(&e, newest()->heard[RELAY_DATA] == heard + 1);
	say(RELAY_PEER_LOST);
	agent_back();
	ENDS_UNTIL(&e, seen.opened == 2);
	cr_assert_eq(seen.lost, 1);
}

Test(link, records_of_the_old_keys_are_passed_over)
{
	static const uint8_t stale[64] = {0x17, 3, 3, 0, 59};

	link_keep(l);
	lose_relay();
	reattach();
	cr_assert_eq(hop_send_data(newest()->hop, stale, sizeof stale), 0);
	say(RELAY_PAIRED);
	agent_back();
	cr_assert_eq(hop_send_data(newest()->hop, stale, sizeof stale), 0);
	ENDS_UNTIL(&e, seen.opened == 2);
	cr_assert_eq(connections, 2);
}

Test(link, bytes_that_cannot_be_decrypted_are_a_loss_and_not_the_end)
{
	static const uint8_t garbage[64] = {0x17, 3, 3, 0, 59, 1, 2, 3};

	link_keep(l);
	cr_assert_eq(hop_send_data(newest()->hop, garbage, sizeof garbage), 0);
	ENDS_UNTIL(&e, seen.lost == 1 && newest()->gone);
	reattach();
	say(RELAY_PAIRED);
	agent_back();
	ENDS_UNTIL(&e, seen.opened == 2);
}

Test(link, an_alert_that_anybody_could_have_made_is_not_the_end)
{
	static const uint8_t expired[] = {0x15, 3, 3, 0, 2, 2, 45};

	link_keep(l);
	lose_relay();
	reattach();
	say(RELAY_PAIRED);
	say(RELAY_PEER_BACK);
	cr_assert_eq(hop_send_data(newest()->hop, expired, sizeof expired), 0);
	ENDS_UNTIL(&e, newest()->gone);
	reattach();
	say(RELAY_PAIRED);
	agent_back();
	ENDS_UNTIL(&e, seen.opened == 2);
	cr_assert_eq(seen.lost, 1);
}

static void relay_error(int err)
{
	cr_assert_eq(hop_send(newest()->hop, &(struct relay_frame){.type = RELAY_ERROR,
								   .error_code = err_to_wire(err)}),
		     0);
	hop_close(newest()->hop, err);
}

Test(link, an_id_that_the_relay_does_not_know_is_the_end)
{
	link_keep(l);
	lose_relay();
	reattach();
	relay_error(AS_E_CODE_UNKNOWN);
	ENDS_UNTIL(&e, seen.gone);
	cr_assert_eq(seen.why, AS_E_CODE_UNKNOWN);
	cr_assert(seen.from_relay);
}

Test(link, a_relay_that_is_busy_or_goes_away_is_asked_again)
{
	static const int errs[] = {AS_E_RATE, AS_E_RELAY, AS_E_TIMEOUT};

	link_keep(l);
	lose_relay();
	for (size_t i = 0; i < sizeof errs / sizeof errs[0]; i++) {
		reattach();
		relay_error(errs[i]);
		ENDS_UNTIL(&e, newest()->gone);
	}
	reattach();
	say(RELAY_PAIRED);
	agent_back();
	ENDS_UNTIL(&e, seen.opened == 2);
	cr_assert_eq(seen.lost, 1, "one loss, however many tries");
}

Test(link, a_relay_that_does_not_answer_is_given_up_and_dialled_again)
{
	link_keep(l);
	lose_relay();
	reattach();
	link_tick(l, clock_mono_ms() + 11000, UINT64_MAX);
	ENDS_UNTIL(&e, newest()->gone);
	reattach();
	say(RELAY_PAIRED);
	ENDS_UNTIL(&e, newest()->heard[RELAY_REATTACH] == 1);
	agent_back();
	ENDS_UNTIL(&e, seen.opened == 2);
	/* and one whose agent never proves itself */
	link_tick(l, clock_mono_ms() + 16000, UINT64_MAX);
	ENDS_UNTIL(&e, newest()->gone);
	cr_assert_eq(seen.lost, 1);
	cr_assert_eq(seen.gone, 0);
}

Test(link, silence_makes_a_new_connection)
{
	link_keep(l);
	link_lose(l, "nothing was heard");
	cr_assert_eq(seen.lost, 1);
	ENDS_UNTIL(&e, newest()->gone);
	reattach();
	say(RELAY_PAIRED);
	agent_back();
	ENDS_UNTIL(&e, seen.opened == 2);
}

Test(link, between_two_tries_it_can_be_closed_at_once)
{
	link_keep(l);
	lose_relay();
	link_end(l, 0);
	cr_assert_eq(seen.gone, 1);
	cr_assert_eq(seen.why, 0);
}

Test(link, it_can_be_closed_while_it_dials)
{
	link_keep(l);
	lose_relay();
	try_now();
	link_close(l, AS_E_PEER_LOST);
	ENDS_UNTIL(&e, seen.gone);
	cr_assert_eq(seen.why, AS_E_PEER_LOST);
}

Test(link, who_ends_while_the_agent_is_lost_tells_the_relay)
{
	link_keep(l);
	say(RELAY_PEER_LOST);
	ENDS_UNTIL(&e, seen.lost == 1);
	link_end(l, AS_E_TIMEOUT);
	ENDS_UNTIL(&e, seen.gone && newest()->heard[RELAY_CLOSE] == 1);
	cr_assert_eq(seen.why, 0);
	cr_assert_eq(newest()->last[RELAY_CLOSE].close.code, err_to_wire(AS_E_TIMEOUT));
}

Test(link, a_goodbye_is_not_made_again)
{
	link_keep(l);
	link_end(l, 0);
	hop_close(newest()->hop, 0);
	ENDS_UNTIL(&e, seen.gone);
	cr_assert_eq(seen.lost, 0);
}

Test(link, the_agents_end_is_the_end)
{
	link_keep(l);
	channel_end(agent, AS_E_REVOKED);
	agent_speak();
	ENDS_UNTIL(&e, seen.gone);
	cr_assert_eq(seen.ended, 1);
	cr_assert_eq(seen.lost, 0);
	cr_assert_eq(seen.why, 0);
}

Test(link, a_close_of_the_agents_side_is_the_end)
{
	link_keep(l);
	say(RELAY_CLOSE);
	ENDS_UNTIL(&e, seen.gone);
	cr_assert_eq(seen.why, AS_E_PEER_LOST);
	cr_assert(seen.from_relay);
	cr_assert_eq(seen.lost, 0);
}

Test(link_ways, goes_on_to_the_way_that_works_and_comes_back_by_it)
{
	char way[ROUTE_TEXT_MAX];

	cr_assert_eq(cut, 2);
	cr_assert(newest()->carried);
	cr_assert_str_eq(link_way(l, way), "directly, in a WebSocket");
	link_keep(l);
	lose_relay();
	reattach();
	cr_assert_eq(connections, 2, "the one that worked comes first");
	cr_assert(newest()->carried);
	say(RELAY_PAIRED);
	agent_back();
	ENDS_UNTIL(&e, seen.opened == 2);
}

Test(link_ways, takes_another_way_when_the_good_one_is_gone)
{
	link_keep(l);
	lose_relay();
	cut = 1;
	only_websockets = 2; /* now the WebSocket is cut, and TLS passes */
	reattach();
	cr_assert_not(newest()->carried);
	say(RELAY_PAIRED);
	agent_back();
	ENDS_UNTIL(&e, seen.opened == 2);
}
