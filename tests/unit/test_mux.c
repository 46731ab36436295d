/* SPDX-License-Identifier: Apache-2.0
 *
 * Streams from end to end: how they carry bytes, take turns and end.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/mux.h"
#include "tests/support/mux_pair.h"

TestSuite(mux, .init = pair_authed, .fini = pair_stop);

/* ---- streams from end to end ---- */

Test(mux, a_stream_arrives_whole_with_its_sum)
{
	uint32_t id = pair_open_stream();
	uint64_t n = 3u << 20;

	pair_write_all(&agent, id, n);
	cr_assert_eq(mux_stream_finish(agent.mux, id), 0);
	pair_settle();
	cr_assert_eq(console.got, n);
	cr_assert_eq(console.sum, pair_pattern_sum(n));
	cr_assert_eq(console.fins, 1);
	cr_assert_eq(console.bad_fins, 0);
	cr_assert_eq(mux_streams(agent.mux), 0);
	cr_assert_eq(mux_streams(console.mux), 0);
}

Test(mux, both_sides_may_agree_on_a_quicker_sum)
{
	mux_set_fast_sum(agent.mux);
	mux_set_fast_sum(console.mux);

	uint32_t id = pair_open_stream();

	pair_write_all(&agent, id, 300000);
	mux_stream_finish(agent.mux, id);
	pair_settle();
	cr_assert_eq(console.fins, 1);
	cr_assert_eq(console.bad_fins, 0);
}

Test(mux, a_sum_of_another_kind_is_a_wrong_one)
{
	mux_set_fast_sum(agent.mux);

	uint32_t id = pair_open_stream();

	pair_write_all(&agent, id, 1000);
	mux_stream_finish(agent.mux, id);
	pair_settle();
	cr_assert_eq(console.bad_fins, 1);
}

Test(mux, an_empty_stream_ends_well)
{
	uint32_t id = pair_open_stream();

	cr_assert_eq(mux_stream_finish(agent.mux, id), 0);
	cr_assert_eq(mux_stream_finish(agent.mux, id), AS_ESTATE);
	pair_settle();
	cr_assert_eq(console.fins, 1);
	cr_assert_eq(console.bad_fins, 0);
	cr_assert_eq(mux_stream_write(agent.mux, id, "x", 1), AS_ESTATE);
}

Test(mux, does_not_care_how_bytes_are_cut)
{
	static const size_t steps[] = {1, 2, 7, 9, 4097};

	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		uint32_t id = pair_open_stream();
		uint64_t before = console.got;

		cr_assert_eq(pair_offer(&agent, id, 0, 20000), 20000);
		cr_assert_eq(mux_send(agent.mux, MUX_AUDIT_MARK, "abc", 3), 0);
		mux_stream_finish(agent.mux, id);
		pair_carry_cut(&agent, &console, 100, steps[i]);
		pair_settle();
		cr_assert_eq(console.got - before, 20000);
		cr_assert_eq(console.fins, (int)i + 1);
	}
	cr_assert_eq(console.bad_fins, 0);
	cr_assert_eq(console.seen, 5);
}

Test(mux, the_console_may_write_once_the_agent_listens)
{
	uint32_t id = pair_open_stream();

	cr_assert_eq(mux_stream_write(console.mux, id, "x", 1), AS_ESTATE);
	cr_assert_eq(mux_stream_listen(agent.mux, id), 0);
	cr_assert_eq(mux_stream_listen(agent.mux, id), 0);
	pair_settle();
	pair_write_all(&console, id, 600000);
	cr_assert_eq(agent.got, 600000);
	cr_assert_eq(mux_stream_finish(agent.mux, id), 0);
	pair_settle();
	cr_assert_eq(mux_streams(console.mux), 1, "one direction is still open");
	cr_assert_eq(mux_stream_finish(console.mux, id), 0);
	pair_settle();
	cr_assert_eq(agent.fins, 1);
	cr_assert_eq(mux_streams(console.mux), 0);
	cr_assert_eq(mux_streams(agent.mux), 0);
}

Test(mux, a_refused_stream_is_forgotten_on_both_ends)
{
	uint32_t id = pair_open_stream();

	cr_assert_eq(mux_stream_refuse(agent.mux, id, AS_E_SCOPE), 0);
	cr_assert_eq(mux_stream_refuse(agent.mux, id, AS_E_SCOPE), AS_ESTATE);
	pair_settle();
	cr_assert_eq(console.types[console.seen - 1], MUX_OPEN_ERR);
	cr_assert_eq(mux_streams(agent.mux), 0);
	cr_assert_eq(mux_streams(console.mux), 0);
}

Test(mux, tells_its_numbers)
{
	struct mux_stat stat;
	uint32_t id = pair_open_stream();

	console.hoards = true;
	pair_offer(&agent, id, 0, 5000);
	cr_assert(mux_stream_stat(agent.mux, id, &stat));
	cr_assert_eq(stat.queued, 5000);
	cr_assert_eq(stat.may_send, MUX_WINDOW_FIRST);
	pair_settle();
	mux_consumed(console.mux, id, 2000);
	cr_assert(mux_stream_stat(console.mux, id, &stat));
	cr_assert_eq(stat.received, 5000);
	cr_assert_eq(stat.consumed, 2000);
	cr_assert(mux_stream_stat(agent.mux, id, &stat));
	cr_assert_eq(stat.sent, 5000);
	cr_assert_not(mux_stream_stat(agent.mux, 99, &stat));
}

/* ---- order ---- */

Test(mux, messages_overtake_data_and_streams_take_turns)
{
	uint32_t a = pair_open_stream(), b = pair_open_stream(), c = pair_open_stream(), id = 0;
	uint32_t order[6];

	pair_offer(&agent, a, 0, MUX_QUEUE_MAX);
	pair_offer(&agent, b, 0, MUX_QUEUE_MAX);
	pair_offer(&agent, c, 0, 100);
	for (int i = 0; i < 6; i++) {
		mux_send(agent.mux, MUX_REVOKED, "r", 1);
		cr_assert_eq(pair_next_type(&agent, &id), MUX_REVOKED, "before frame %d", i);
		cr_assert_eq(pair_next_type(&agent, &order[i]), MUX_DATA);
	}
	uint32_t want[6] = {a, b, c, a, b, a};
	cr_assert_arr_eq(order, want, sizeof want);
}

Test(mux, a_stalled_stream_does_not_hold_up_the_others)
{
	uint32_t slow = pair_open_stream(), fast = pair_open_stream();
	uint64_t at = 0;

	console.hoards = true;
	for (size_t took = 1; took > 0; pair_settle())
		at += took = pair_offer(&agent, slow, at, MUX_QUEUE_MAX);
	console.hoards = false;
	pair_write_all(&agent, fast, 2u << 20);
	cr_assert_eq(console.got_on[fast], 2u << 20);
	cr_assert_eq(console.got_on[slow], MUX_WINDOW_FIRST);
}

Test(mux, pings_and_pongs_do_not_pile_up)
{
	for (uint64_t i = 0; i < 50; i++) {
		cr_assert_eq(pair_feed_u64(&agent, MUX_PING, i), 0);
		mux_ping(agent.mux, i);
	}
	cr_assert_eq(pair_next_type(&agent, NULL), MUX_PONG);
	cr_assert_eq(pair_next_type(&agent, NULL), MUX_PING);
	cr_assert_eq(pair_next_type(&agent, NULL), 0);
}

Test(mux, on_room_comes_once_there_is_room_again)
{
	uint32_t id = pair_open_stream();

	cr_assert_eq(pair_offer(&agent, id, 0, MUX_QUEUE_MAX), MUX_QUEUE_MAX);
	pair_settle();
	cr_assert_eq(agent.rooms, 0, "nobody was refused");
	cr_assert_eq(pair_offer(&agent, id, 0, MUX_QUEUE_MAX), MUX_QUEUE_MAX);
	cr_assert_eq(pair_offer(&agent, id, 0, 1), 0);
	pair_carry(&agent, &console, MUX_QUEUE_MAX / 2 / MUX_PAYLOAD_MAX);
	cr_assert_eq(agent.rooms, 0, "less than half of the queue is free");
	pair_carry(&agent, &console, 1);
	cr_assert_eq(agent.rooms, 1);
	cr_assert_eq(agent.last_room, id);
	pair_settle();
	cr_assert_eq(agent.rooms, 1);
}

/* ---- ends of streams ---- */

Test(mux, a_wrong_sum_or_length_is_reported_and_costs_only_that_stream)
{
	uint32_t id = pair_open_stream();

	cr_assert_eq(pair_feed_data(&console, id, 100), 0);
	cr_assert_eq(pair_feed_fin(&console, id, 100), 0);
	cr_assert_eq(console.bad_fins, 1);
	cr_assert_eq(pair_next_type(&console, NULL), MUX_ACK); /* for what the agent did not send */
	id = pair_open_stream();
	cr_assert_eq(pair_feed_fin(&console, id, 1), 0);
	cr_assert_eq(console.bad_fins, 2);
	cr_assert_eq(pair_next_type(&console, NULL), MUX_ACK);
	pair_open_stream();
}

Test(mux, a_right_sum_with_a_wrong_length_is_not_whole)
{
	uint8_t buf[MUX_FRAME_MAX];
	uint32_t id = pair_open_stream();
	int n;

	pair_offer(&agent, id, 0, 1000);
	pair_carry(&agent, &console, 1);
	mux_stream_finish(agent.mux, id);
	n = mux_next(agent.mux, buf, sizeof buf);
	buf[MUX_HEADER + 7]++; /* the last byte of the final offset */
	cr_assert_eq(mux_feed(console.mux, buf, (size_t)n, 0), 0);
	cr_assert_eq(console.fins, 1);
	cr_assert_eq(console.bad_fins, 1);
}

Test(mux, data_after_the_end_ends_the_session)
{
	uint32_t id = pair_open_stream();

	console.hoards = true;
	cr_assert_eq(pair_feed_data(&console, id, 100), 0);
	cr_assert_eq(pair_feed_fin(&console, id, 100), 0);
	cr_assert_eq(pair_feed_data(&console, id, 100), AS_E_PROTOCOL);
	cr_assert_eq(mux_blamed(console.mux), id);
}

Test(mux, an_end_that_comes_twice_ends_the_session)
{
	uint32_t id = pair_open_stream();

	console.hoards = true;
	cr_assert_eq(pair_feed_data(&console, id, 100), 0);
	cr_assert_eq(pair_feed_fin(&console, id, 100), 0);
	cr_assert_eq(pair_feed_fin(&console, id, 100), AS_E_PROTOCOL);
}

Test(mux, a_reset_by_the_agent_keeps_what_had_arrived)
{
	uint32_t id = pair_open_stream();

	pair_offer(&agent, id, 0, 50000);
	pair_carry(&agent, &console, 2);
	cr_assert_eq(mux_stream_reset(agent.mux, id, AS_E_OP_FAILED), 0);
	cr_assert_eq(mux_stream_reset(agent.mux, id, AS_E_OP_FAILED), AS_ESTATE);
	pair_settle();
	cr_assert_eq(console.got, 2 * MUX_PAYLOAD_MAX, "what was queued is dropped");
	cr_assert_eq(console.resets, 1);
	cr_assert_eq(console.reset_code, AS_E_OP_FAILED);
	cr_assert_eq(mux_streams(console.mux), 0);
	cr_assert_eq(mux_streams(agent.mux), 0);
}

Test(mux, what_comes_after_our_own_reset_is_ignored)
{
	uint32_t id = pair_open_stream();

	pair_offer(&agent, id, 0, 50000);
	mux_stream_finish(agent.mux, id);
	pair_carry(&agent, &console, 1);
	cr_assert_eq(mux_stream_reset(console.mux, id, AS_E_REVOKED), 0);
	pair_settle();
	cr_assert_eq(console.got, MUX_PAYLOAD_MAX);
	cr_assert_eq(console.fins, 0);
	cr_assert_eq(console.resets, 0);
	cr_assert_eq(agent.resets + agent.fins, agent.resets);
	cr_assert_eq(mux_streams(console.mux) + mux_streams(agent.mux), 0);
}

Test(mux, a_stream_may_be_dropped_or_reset_from_its_own_on_data)
{
	uint32_t a = pair_open_stream(), b = pair_open_stream();

	console.drop_on_data = a;
	console.reset_on_data = b;
	pair_offer(&agent, a, 0, 50000);
	pair_offer(&agent, b, 0, 50000);
	pair_settle();
	cr_assert_eq(console.got_on[a], MUX_PAYLOAD_MAX);
	cr_assert_eq(console.got_on[b], MUX_PAYLOAD_MAX);
	cr_assert_eq(agent.resets, 1);
	cr_assert_eq(agent.reset_code, AS_E_QUOTA);
}
