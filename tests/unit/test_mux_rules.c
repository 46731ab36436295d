/* SPDX-License-Identifier: Apache-2.0
 *
 * What a peer may do and how often, and what ends the session.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/mux.h"
#include "tests/support/mux_pair.h"

TestSuite(mux_rules, .init = pair_authed, .fini = pair_stop);
TestSuite(mux_early, .init = pair_start, .fini = pair_stop);

/* ---- who may do what ---- */

Test(mux_rules, stream_numbers_are_odd_and_rise)
{
	cr_assert_eq(pair_feed_open(&agent, 1), 0);
	cr_assert_eq(pair_feed_open(&agent, 7), 0);
	mux_stream_reset(agent.mux, 7, AS_E_SCOPE);
	while (pair_next_type(&agent, NULL))
		;
	cr_assert_eq(pair_feed_open(&agent, 7), AS_E_PROTOCOL, "not even when it is gone");
	cr_assert_eq(mux_blamed(agent.mux), 7);
}

Test(mux_rules, an_even_stream_number_ends_the_session)
{
	uint8_t open_2[] = {0x08, 2, 0x10, 1};

	cr_assert_eq(pair_feed(&agent, MUX_OPEN, 0, open_2, sizeof open_2), AS_E_PROTOCOL);
}

Test(mux_rules, frames_for_a_stream_that_never_was_end_the_session)
{
	cr_assert_eq(pair_feed_open(&agent, 5), 0);
	cr_assert_eq(pair_feed_reset(&agent, 3, 1), 0, "3 can only be a forgotten one");
	cr_assert_eq(pair_feed_data(&agent, 7, 1), AS_E_PROTOCOL);
	cr_assert_eq(mux_blamed(agent.mux), 7);
}

Test(mux_rules, data_on_a_stream_that_does_not_listen_ends_the_session)
{
	cr_assert_eq(pair_feed_open(&agent, 1), 0);
	cr_assert_eq(pair_feed_data(&agent, 1, 1), AS_E_PROTOCOL);
}

Test(mux_rules, the_console_opens_no_more_than_allowed_and_may_go_on_when_one_is_over)
{
	uint32_t id = 0;

	for (int i = 0; i < MUX_STREAMS_MAX; i++)
		id = pair_open_stream();
	cr_assert_eq(mux_stream_open(console.mux, &id), AS_E_QUOTA);
	agent.now += 1000;
	mux_stream_reset(console.mux, id, AS_E_REVOKED);
	cr_assert_eq(mux_stream_open(console.mux, &id), AS_E_QUOTA, "RESET has not gone out");
	pair_settle();
	pair_open_stream();
}

Test(mux_rules, one_open_stream_too_many_ends_the_session)
{
	for (uint32_t i = 0; i < MUX_STREAMS_MAX; i++)
		cr_assert_eq(pair_feed_open(&agent, 2 * i + 1), 0);
	agent.now += 1000;
	cr_assert_eq(pair_feed_open(&agent, 2 * MUX_STREAMS_MAX + 1), AS_E_QUOTA);
}

Test(mux_rules, an_open_that_lies_about_its_stream_is_not_sent)
{
	uint8_t buf[256];
	uint32_t id;

	cr_assert_eq(mux_stream_open(console.mux, &id), 0);
	cr_assert_eq(mux_send(console.mux, MUX_OPEN, buf,
			      pair_make_open(id + 2, MUX_WINDOW_FIRST, buf, sizeof buf)),
		     AS_EBADMSG);
	cr_assert_eq(mux_send(console.mux, MUX_OPEN, buf, pair_make_open(id, 1, buf, sizeof buf)),
		     AS_EBADMSG);
}

Test(mux_rules, each_role_sends_only_its_own_messages)
{
	cr_assert_eq(mux_send(agent.mux, MUX_OPEN, "", 0), AS_ESTATE);
	cr_assert_eq(mux_send(console.mux, MUX_GRANT, "", 0), AS_ESTATE);
	cr_assert_eq(mux_send(console.mux, MUX_DATA, "x", 1), AS_ESTATE);
	cr_assert_eq(mux_send(console.mux, MUX_PING, "12345678", 8), AS_ESTATE);
	cr_assert_eq(mux_send(console.mux, 0x7f, "", 0), AS_ESTATE);
	cr_assert_eq(mux_send(agent.mux, MUX_AUDIT_MARK, "", MUX_CONTROL_MAX + 1), AS_E_TOO_BIG);
	cr_assert_eq(pair_feed(&console, MUX_SESSION_REQ, 0, "x", 1), AS_E_PROTOCOL);
	cr_assert_eq(pair_feed(&agent, MUX_CATALOG, 0, "x", 1), AS_E_PROTOCOL);
}

Test(mux_rules, unknown_types_that_may_be_ignored_are)
{
	cr_assert_eq(pair_feed(&agent, 0x81, 0, "x", 1), 0);
	cr_assert_eq(pair_feed(&agent, 0xff, 9, "x", 1), 0);
	cr_assert_eq(agent.seen, 0);
	cr_assert_eq(pair_feed(&agent, 0x1b, 0, "x", 1), AS_E_PROTOCOL);
}

Test(mux_rules, bytes_that_are_no_frames_end_the_session)
{
	static const struct {
		uint8_t bytes[MUX_HEADER];
		int err;
	} bad[] = {
	    {{0, 0, 0, MUX_DATA, 0, 0, 0, 1}, AS_E_PROTOCOL},	      /* empty DATA */
	    {{0, 0, 0, MUX_HELLO, 0, 0, 0, 1}, AS_E_PROTOCOL},	      /* a message on a stream */
	    {{0, 0, 0, MUX_FIN, 0, 0, 0, 0}, AS_E_PROTOCOL},	      /* FIN of stream 0 */
	    {{0, 0, 0, 0, 0, 0, 0, 0}, AS_E_PROTOCOL},		      /* type 0 */
	    {{0, 0x20, 1, MUX_AUDIT_MARK, 0, 0, 0, 0}, AS_E_TOO_BIG}, /* 8193 */
	    {{0, 0x3f, 0xc1, MUX_DATA, 0, 0, 0, 1}, AS_E_TOO_BIG},    /* 16321 */
	    {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff}, AS_E_TOO_BIG},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		pair_stop();
		pair_authed();
		cr_assert_eq(mux_feed(agent.mux, bad[i].bytes, MUX_HEADER, 0), bad[i].err,
			     "case %zu", i);
		pair_stop();
		pair_authed();
		int err = 0;
		for (size_t k = 0; k < MUX_HEADER && err == 0; k++)
			err = mux_feed(agent.mux, &bad[i].bytes[k], 1, 0);
		cr_assert_eq(err, bad[i].err, "case %zu byte by byte", i);
	}
}

Test(mux_rules, flow_control_of_the_wrong_length_ends_the_session)
{
	static const uint8_t zeros[MUX_FIN_LEN + 1];
	static const struct {
		uint8_t type;
		uint32_t stream;
		size_t right;
	} all[] = {{MUX_CREDIT, 0, MUX_CREDIT_LEN},
		   {MUX_SCREDIT, 0, 8},
		   {MUX_PING, 0, 8},
		   {MUX_PONG, 0, 8},
		   {MUX_FIN, 1, MUX_FIN_LEN},
		   {MUX_RESET, 1, 4}};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		for (int by = -1; by <= 1; by += 2) {
			pair_stop();
			pair_authed();
			pair_open_stream();
			cr_assert_eq(pair_feed(&console, all[i].type, all[i].stream, zeros,
					       all[i].right + by),
				     AS_E_PROTOCOL, "type 0x%02x by %d", all[i].type, by);
		}
	}
}

Test(mux_rules, what_a_callback_refuses_ends_the_session)
{
	agent.refuse = AS_E_POLICY;
	cr_assert_eq(pair_feed(&agent, MUX_HELLO, 0, "x", 1), AS_E_POLICY);
	agent.refuse = 0;
	cr_assert_eq(pair_feed(&agent, MUX_HELLO, 0, "x", 1), AS_E_POLICY, "for good");
}

Test(mux_rules, the_end_is_the_last_thing)
{
	uint32_t id = pair_open_stream();

	pair_offer(&agent, id, 0, 1000);
	cr_assert_eq(mux_send(agent.mux, MUX_REVOKED, "r", 1), 0);
	cr_assert_eq(mux_send(agent.mux, MUX_END, NULL, 0), 0);
	cr_assert_eq(mux_send(agent.mux, MUX_END, NULL, 0), AS_ESTATE);
	cr_assert_eq(pair_next_type(&agent, NULL), MUX_REVOKED);
	cr_assert_eq(pair_next_type(&agent, NULL), MUX_END);
	cr_assert_eq(pair_next_type(&agent, NULL), 0);
	cr_assert_not(mux_has_output(agent.mux));
	cr_assert_eq(pair_feed(&console, MUX_END, 0, NULL, 0), 0);
	cr_assert_eq(pair_feed(&console, MUX_AUDIT_MARK, 0, NULL, 0), AS_E_PROTOCOL);
}

/* ---- floods ---- */

Test(mux_rules, a_flood_of_pings_is_refused_and_a_fair_rate_is_not)
{
	for (int i = 0; i < MUX_CONTROL_BURST; i++)
		cr_assert_eq(pair_feed_u64(&agent, MUX_PING, 1), 0);
	for (int i = 0; i < 1000; i++) {
		agent.now += 1000 / MUX_CONTROL_RATE;
		cr_assert_eq(pair_feed_u64(&agent, MUX_PING, 1), 0);
	}
	cr_assert_eq(pair_feed_u64(&agent, MUX_PING, 1), AS_E_RATE);
}

Test(mux_rules, a_long_silence_saves_up_no_more_than_the_burst)
{
	agent.now = UINT64_MAX / 2;
	for (int i = 0; i < MUX_CONTROL_BURST; i++)
		cr_assert_eq(pair_feed_u64(&agent, MUX_PING, 1), 0);
	cr_assert_eq(pair_feed_u64(&agent, MUX_PING, 1), AS_E_RATE);
}

Test(mux_rules, a_flood_of_useless_credit_is_refused)
{
	int err = 0, i;

	cr_assert_eq(pair_feed_open(&agent, 1), 0);
	for (i = 0; i < 1000 && err == 0; i++)
		err = pair_feed_credit(&agent, 1, 0, MUX_WINDOW_FIRST + (uint64_t)i);
	cr_assert_eq(err, AS_E_RATE);
	cr_assert_leq(i, MUX_CONTROL_BURST);
}

Test(mux_rules, useful_credit_costs_nothing)
{
	uint32_t id = pair_open_stream();

	pair_write_all(&agent, id, 64u << 20); /* all in the same millisecond */
	cr_assert_eq(console.got, 64u << 20);
}

Test(mux_rules, rapid_open_and_reset_is_refused)
{
	int err = 0, i;

	for (i = 0; i < 1000 && err == 0; i++) {
		uint32_t id = 2 * (uint32_t)i + 1;

		agent.now += 1000 / MUX_OPEN_RATE;
		err = pair_feed_open(&agent, id);
		if (err == 0)
			err = pair_feed_reset(&agent, id, 22);
		while (pair_next_type(&agent, NULL))
			;
	}
	cr_assert_eq(err, AS_E_RATE);
	cr_assert_leq(i, 2 * MUX_RESET_BURST);
}

Test(mux_rules, opening_too_fast_is_refused)
{
	int err = 0, i;

	for (i = 0; i < 1000 && err == 0; i++) {
		uint32_t id = 2 * (uint32_t)i + 1;

		err = pair_feed_open(&agent, id);
		mux_stream_finish(agent.mux, id);
		while (pair_next_type(&agent, NULL))
			;
	}
	cr_assert_eq(err, AS_E_RATE);
	cr_assert_eq(i, MUX_OPEN_BURST + 1);
}

/* ---- before the code is proved ---- */

Test(mux_early, messages_pass_but_no_streams)
{
	uint32_t id;

	cr_assert_eq(mux_send(agent.mux, MUX_HELLO, "x", 1), 0);
	cr_assert_eq(mux_send(console.mux, MUX_PAKE_A, "x", 1), 0);
	pair_settle();
	cr_assert_eq(console.types[0], MUX_HELLO);
	cr_assert_eq(agent.types[0], MUX_PAKE_A);
	cr_assert_eq(mux_stream_open(console.mux, &id), AS_ESTATE);
	cr_assert_eq(pair_feed_open(&agent, 1), AS_E_PROTOCOL);
}

Test(mux_early, the_ninth_frame_ends_the_session)
{
	for (int i = 0; i < MUX_UNAUTHED_FRAMES; i++)
		cr_assert_eq(pair_feed(&agent, MUX_HELLO, 0, "x", 1), 0);
	cr_assert_eq(pair_feed(&agent, MUX_HELLO, 0, "x", 1), AS_E_PROTOCOL);
	cr_assert_eq(agent.seen, MUX_UNAUTHED_FRAMES);
}

Test(mux_early, unknown_frames_count_too)
{
	for (int i = 0; i < MUX_UNAUTHED_FRAMES; i++)
		cr_assert_eq(pair_feed(&agent, 0x90, 0, "x", 1), 0);
	cr_assert_eq(pair_feed(&agent, 0x90, 0, "x", 1), AS_E_PROTOCOL);
}

Test(mux_early, too_many_bytes_end_the_session)
{
	static const uint8_t zeros[MUX_PAYLOAD_MAX];

	cr_assert_eq(pair_feed(&agent, MUX_SESSION_REQ, 0, zeros, sizeof zeros), 0);
	cr_assert_eq(pair_feed(&agent, MUX_SESSION_REQ, 0, zeros, sizeof zeros), 0);
	cr_assert_eq(pair_feed(&agent, MUX_SESSION_REQ, 0, zeros, 200), AS_E_PROTOCOL);
}

Test(mux_early, we_keep_to_the_limit_ourselves)
{
	for (int i = 0; i < MUX_UNAUTHED_FRAMES; i++)
		cr_assert_eq(mux_send(agent.mux, MUX_HELLO, "x", 1), 0);
	cr_assert_eq(mux_send(agent.mux, MUX_HELLO, "x", 1), AS_ESTATE);
	cr_assert_eq(mux_send(agent.mux, MUX_END, NULL, 0), 0);
}
