/* SPDX-License-Identifier: Apache-2.0
 *
 * The console's half of coming back, against an agent made of the other half's engine.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "console/comeback.h"
#include "proto/base/err.h"
#include "proto/wire/messages.h"
#include "proto/wire/mux_frame.h"

static const uint8_t our_table[] = "what the console has", their_table[] = "what the agent has";
static const uint8_t spki[32] = {8, 8}, id[16] = {9, 9}, nonce[32] = {4};
static struct comeback c;
static struct resume agent;
static uint8_t binding[32];

static struct {
	uint8_t types[8];
	size_t count;
	as_Hello hello;
	as_Resume resume;
	int proved;
	int send_err;
} seen;

static int on_send(uint8_t type, const void *p, size_t n, void *owner)
{
	(void)owner;
	seen.types[seen.count++] = type;
	if (type == MUX_HELLO)
		cr_assert_eq(msg_decode(MSG_HELLO, p, n, &seen.hello), 0);
	else
		cr_assert_eq(msg_decode(MSG_RESUME, p, n, &seen.resume), 0);
	return seen.send_err;
}

static int on_table(uint8_t *buf, size_t cap, void *owner)
{
	(void)owner;
	cr_assert_geq(cap, MUX_TABLE_LEN_MAX);
	memcpy(buf, our_table, sizeof our_table);
	return sizeof our_table;
}

static int on_proved(const uint8_t *table, size_t n, void *owner)
{
	(void)owner;
	cr_assert_eq(n, sizeof their_table);
	cr_assert_arr_eq(table, their_table, n);
	cr_assert_eq(c.state, COMEBACK_AWAY);
	seen.proved++;
	return 0;
}

static const struct comeback_events ev = {on_send, on_table, on_proved};

static void make(void)
{
	struct secret key = {.len = 32, .bytes = {1, 2, 3}};

	comeback_init(&c, &key, id, spki, &ev, NULL);
	resume_init(&agent, &key);
}

static void clean(void)
{
	comeback_done(&c);
	resume_done(&agent);
}

TestSuite(comeback, .init = make, .fini = clean);

static int tell(uint8_t type, enum msg m, const void *msg)
{
	static uint8_t buf[MUX_CONTROL_MAX];
	int n = msg_encode(m, msg, buf, sizeof buf);

	cr_assert_geq(n, 0);
	return comeback_take(&c, type, buf, (size_t)n);
}

static int say_hello(uint32_t version)
{
	as_Hello h = {.ver_min = version,
		      .ver_max = version,
		      .has_limits = true,
		      .limits = {64, 1, 1, MUX_PAYLOAD_MAX},
		      .product = "agent"};

	return tell(MUX_HELLO, MSG_HELLO, &h);
}

/* A new connection: from the handshake to RESUME, which the agent takes. */
static void reach_resume(uint8_t connection)
{
	memset(binding, connection, sizeof binding);
	memset(&seen, 0, sizeof seen);
	cr_assert_eq(comeback_start(&c, binding, spki, nonce), 0);
	cr_assert_eq(seen.count, 0, "nothing is said before the agent's HELLO");
	cr_assert_eq(say_hello(MSG_VERSION), 0);
	cr_assert_eq(seen.count, 2);
	cr_assert_eq(seen.types[0], MUX_HELLO);
	cr_assert_eq(seen.types[1], MUX_RESUME);
	cr_assert_arr_eq(seen.hello.nonce, nonce, 32);
	cr_assert_eq(resume_check(&agent, RESUME_CONSOLE, binding, id, seen.resume.n,
				  seen.resume.table.bytes, seen.resume.table.size, seen.resume.mac),
		     0);
}

/* What a good agent answers; it is one step further then. */
static void fill_resumed(as_Resume *out)
{
	*out = (as_Resume){.n = agent.n, .table.size = sizeof their_table};
	memcpy(out->session_id, id, sizeof id);
	memcpy(out->table.bytes, their_table, sizeof their_table);
	cr_assert_eq(resume_mac(&agent, RESUME_AGENT, binding, id, their_table, sizeof their_table,
				out->mac),
		     0);
	cr_assert_eq(resume_next(&agent, binding), 0);
}

static int say_resumed(void)
{
	as_Resume m;

	fill_resumed(&m);
	return tell(MUX_RESUMED, MSG_RESUME, &m);
}

Test(comeback, from_hello_to_resumed_as_often_as_it_takes)
{
	for (uint8_t i = 0; i < 5; i++) {
		reach_resume(i);
		cr_assert_eq(seen.resume.n, i);
		cr_assert_arr_eq(seen.resume.session_id, id, sizeof id);
		cr_assert_eq(seen.resume.table.size, sizeof our_table);
		cr_assert_arr_eq(seen.resume.table.bytes, our_table, sizeof our_table);
		cr_assert_eq(say_resumed(), 0);
		cr_assert_eq(seen.proved, 1);
	}
}

Test(comeback, another_agent_is_told_nothing)
{
	uint8_t other[32] = {8, 9};

	cr_assert_eq(comeback_start(&c, binding, other, nonce), AS_E_RESUME);
	cr_assert_eq(say_hello(MSG_VERSION), AS_E_PROTOCOL);
	cr_assert_eq(seen.count, 0);
}

Test(comeback, an_agent_without_the_key_is_refused)
{
	as_Resume good, m;

	reach_resume(1);
	fill_resumed(&good);
	for (int wrong = 0; wrong < 4; wrong++) {
		m = good;
		uint8_t *at[] = {m.mac, m.table.bytes, m.session_id, (uint8_t *)&m.n};

		at[wrong][0] ^= 1;
		cr_assert_eq(tell(MUX_RESUMED, MSG_RESUME, &m), AS_E_RESUME, "%d", wrong);
		cr_assert_eq(seen.proved, 0);
	}
	cr_assert_eq(tell(MUX_RESUMED, MSG_RESUME, &good), 0, "the untouched one was good");
}

Test(comeback, our_own_proof_said_back_to_us_is_refused)
{
	reach_resume(1);
	cr_assert_eq(tell(MUX_RESUMED, MSG_RESUME, &seen.resume), AS_E_RESUME);
}

Test(comeback, a_proof_of_an_earlier_connection_is_refused)
{
	as_Resume old;

	reach_resume(1);
	fill_resumed(&old);
	comeback_lost(&c);
	reach_resume(2);
	cr_assert_eq(tell(MUX_RESUMED, MSG_RESUME, &old), AS_E_RESUME);
}

Test(comeback, it_may_be_lost_at_any_point_and_begun_again)
{
	memset(binding, 1, sizeof binding);
	cr_assert_eq(comeback_start(&c, binding, spki, nonce), 0);
	comeback_lost(&c);
	cr_assert_eq(say_hello(MSG_VERSION), AS_E_PROTOCOL, "that connection is over");

	reach_resume(2);
	comeback_lost(&c); /* RESUMED never came, though the agent has sent it */
	as_Resume lost;
	fill_resumed(&lost);

	reach_resume(3);
	cr_assert_eq(seen.resume.n, 0, "nothing was resumed yet");
	cr_assert_eq(say_resumed(), 0);
	cr_assert_eq(seen.proved, 1);
	reach_resume(4);
	cr_assert_eq(seen.resume.n, 1);
	cr_assert_eq(say_resumed(), 0);
}

Test(comeback, messages_out_of_turn_end_the_session)
{
	static const uint8_t others[] = {MUX_GRANT,  MUX_DENY,	  MUX_OPEN_OK, MUX_PENDING,
					 MUX_PAKE_B, MUX_REVOKED, MUX_CATALOG};

	reach_resume(1);
	for (size_t i = 0; i < sizeof others; i++)
		cr_assert_eq(comeback_take(&c, others[i], (const uint8_t *)"x", 1), AS_E_PROTOCOL);
	cr_assert_eq(say_hello(MSG_VERSION), AS_E_PROTOCOL, "one HELLO");
	cr_assert_eq(comeback_take(&c, MUX_RESUMED, (const uint8_t *)"x", 1), AS_E_PROTOCOL);
	cr_assert_eq(say_resumed(), 0);
	cr_assert_eq(comeback_take(&c, MUX_RESUMED, NULL, 0), AS_E_PROTOCOL, "one RESUMED");
}

Test(comeback, an_agent_of_another_version_is_told_apart)
{
	cr_assert_eq(comeback_start(&c, binding, spki, nonce), 0);
	cr_assert_eq(say_hello(MSG_VERSION + 1), AS_E_VERSION);
	cr_assert_eq(seen.count, 0);
}

Test(comeback, what_cannot_be_sent_ends_it)
{
	cr_assert_eq(comeback_start(&c, binding, spki, nonce), 0);
	seen.send_err = AS_EFULL;
	cr_assert_eq(say_hello(MSG_VERSION), AS_EFULL);
}
