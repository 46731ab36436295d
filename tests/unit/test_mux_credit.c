/* SPDX-License-Identifier: Apache-2.0
 *
 * Flow control: the windows of one stream and of the session (PROTOCOL.md section 9).
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/mux.h"
#include "tests/support/mux_pair.h"

TestSuite(mux_credit, .init = pair_authed, .fini = pair_stop);

Test(mux_credit, a_consumer_that_takes_nothing_stops_the_sender_at_the_window)
{
	struct mux_stat stat;
	uint32_t id = pair_open_stream();
	uint64_t at = 0;

	console.hoards = true;
	for (size_t took = 1; took > 0; pair_settle())
		at += took = pair_offer(&agent, id, at, MUX_QUEUE_MAX);
	cr_assert_eq(console.got, MUX_WINDOW_FIRST);
	cr_assert_eq(at, MUX_WINDOW_FIRST + MUX_QUEUE_MAX, "the queue is bounded, too");
	cr_assert(mux_stream_stat(console.mux, id, &stat));
	cr_assert_eq(stat.window, MUX_WINDOW_FIRST, "a slow consumer gets no bigger window");

	mux_consumed(console.mux, id, MUX_WINDOW_FIRST / 2 - 1);
	cr_assert_not(mux_has_output(console.mux), "credit comes in batches");
	mux_consumed(console.mux, id, 1);
	pair_settle();
	cr_assert_eq(console.got, MUX_WINDOW_FIRST + MUX_WINDOW_FIRST / 2);
}

Test(mux_credit, the_window_grows_while_the_consumer_keeps_up_and_the_bigger_one_is_announced)
{
	struct mux_stat a, c;
	uint32_t id = pair_open_stream();

	/* Only what stops the sender makes it grow: all it may send goes before any answer. */
	for (uint64_t at = 0; at < 64u << 20;) {
		at = pair_run_into_the_window(id, at);
		cr_assert_gt(pair_carry(&console, &agent, 100), 0, "both wait at %llu",
			     (unsigned long long)at);
	}
	cr_assert(mux_stream_stat(console.mux, id, &c));
	cr_assert(mux_stream_stat(agent.mux, id, &a));
	cr_assert_eq(c.window, MUX_WINDOW_MAX);
	cr_assert_eq(a.may_send, c.consumed + c.window);
}

Test(mux_credit, the_window_grows_no_further_than_its_limit)
{
	struct mux_stat a, c;
	uint32_t id = pair_open_stream();

	mux_stream_limit_window(console.mux, id, 2 * MUX_WINDOW_FIRST);
	for (uint64_t at = 0; at < 16u << 20;) {
		at = pair_run_into_the_window(id, at);
		cr_assert_gt(pair_carry(&console, &agent, 100), 0, "both wait at %llu",
			     (unsigned long long)at);
	}
	cr_assert(mux_stream_stat(console.mux, id, &c));
	cr_assert(mux_stream_stat(agent.mux, id, &a));
	cr_assert_eq(c.window, 2 * MUX_WINDOW_FIRST);
	cr_assert_eq(a.may_send, c.consumed + c.window);
	mux_stream_limit_window(console.mux, id + 2, 1); /* one that is not there */
}

Test(mux_credit, the_window_stays_when_the_sender_never_runs_into_it)
{
	struct mux_stat stat;
	uint32_t id = pair_open_stream();

	pair_write_all(&agent, id, 4u << 20); /* settles after every 64 KiB */
	cr_assert(mux_stream_stat(console.mux, id, &stat));
	cr_assert_eq(stat.window, MUX_WINDOW_FIRST);
}

/* 64 MiB of 64 KiB each; *credits: how often the sender was given more for the last 16 of them. */
static uint32_t window_after(uint64_t step_ms, uint32_t limit, unsigned *credits)
{
	struct mux_stat stat;
	uint32_t id = pair_open_stream();
	uint64_t may_send = 0;

	*credits = 0;
	console.now++;
	mux_stream_limit_window(console.mux, id, limit);
	for (uint64_t at = 0; at < 64u << 20; at += MUX_WINDOW_FIRST / 4) {
		console.now += step_ms;
		cr_assert_eq(pair_offer(&agent, id, at, MUX_WINDOW_FIRST / 4),
			     MUX_WINDOW_FIRST / 4);
		pair_settle();
		cr_assert(mux_stream_stat(agent.mux, id, &stat));
		*credits += at >= 48u << 20 && stat.may_send != may_send;
		may_send = stat.may_send;
	}
	cr_assert(mux_stream_stat(console.mux, id, &stat));
	return stat.window;
}

Test(mux_credit, a_stream_in_a_hurry_gets_a_larger_window_and_so_fewer_credits)
{
	unsigned credits;

	cr_assert_eq(window_after(0, MUX_WINDOW_MAX, &credits), 1u << 20);
	cr_assert(credits > 16 * 2 && credits < 16 * 4, "a third of it at once: %u", credits);
	cr_assert_eq(window_after(100, MUX_WINDOW_MAX, &credits), MUX_WINDOW_FIRST);
	cr_assert_eq(window_after(0, MUX_WINDOW_FIRST, &credits), MUX_WINDOW_FIRST);
}

/* Half of a window would be too late for a sender that is far away. */
Test(mux_credit, a_window_that_is_not_used_up_quickly_is_given_back_by_quarters)
{
	uint32_t id = pair_open_stream();
	uint64_t at = 0;
	unsigned credits = 0;
	struct mux_stat a, c;

	for (int i = 0; i < 10; i++) {
		console.now += 1000;
		at = pair_run_into_the_window(id, at);
		pair_settle();
	}
	cr_assert(mux_stream_stat(console.mux, id, &c));
	cr_assert_eq(c.window, MUX_WINDOW_MAX);
	cr_assert(mux_stream_stat(agent.mux, id, &a));
	for (uint64_t n = 0, before = a.may_send; n < 16u << 20; n += MUX_WINDOW_FIRST / 4) {
		console.now += 1000;
		pair_offer(&agent, id, at + n, MUX_WINDOW_FIRST / 4);
		pair_settle();
		cr_assert(mux_stream_stat(agent.mux, id, &a));
		credits += a.may_send != before;
		before = a.may_send;
	}
	cr_assert_eq(credits, (16u << 20) / (MUX_WINDOW_MAX / 4));
}

Test(mux_credit, each_stop_doubles_the_window_only_once)
{
	struct mux_stat stat;
	uint32_t id = pair_open_stream();

	pair_run_into_the_window(id, 0);
	pair_settle();
	pair_write_all(&agent, id, 4u << 20);
	cr_assert(mux_stream_stat(console.mux, id, &stat));
	cr_assert_eq(stat.window, 2 * MUX_WINDOW_FIRST);
}

Test(mux_credit, a_consumer_that_was_behind_gets_no_bigger_window_when_it_catches_up)
{
	struct mux_stat stat;
	uint32_t id = pair_open_stream();

	console.hoards = true;
	for (uint64_t at = 0; at < MUX_WINDOW_FIRST + 1000; pair_settle())
		at += pair_offer(&agent, id, at, at < MUX_WINDOW_FIRST ? MUX_QUEUE_MAX : 1000);
	mux_consumed(console.mux, id, MUX_WINDOW_FIRST / 2);
	pair_settle();
	cr_assert_eq(console.got, MUX_WINDOW_FIRST + 1000);
	mux_consumed(console.mux, id, MUX_WINDOW_FIRST / 2 + 1000);
	cr_assert(mux_stream_stat(console.mux, id, &stat));
	cr_assert_eq(stat.window, MUX_WINDOW_FIRST);
}

Test(mux_credit, what_is_in_flight_when_we_reset_is_given_back_to_the_session)
{
	for (int round = 0; round < 200; round++) {
		uint32_t id;

		agent.now = console.now += 100;
		id = pair_open_stream();
		cr_assert_eq(pair_offer(&agent, id, 0, MUX_QUEUE_MAX), MUX_QUEUE_MAX);
		cr_assert_eq(mux_stream_reset(console.mux, id, AS_E_REVOKED), 0);
		cr_assert_gt(pair_carry(&agent, &console, 100), 3, "round %d", round);
		pair_settle();
	}
	cr_assert_eq(console.got, 0);
}

Test(mux_credit, all_streams_together_stop_at_the_session_window)
{
	uint32_t ids[40];
	uint64_t at = 0;

	console.hoards = true;
	for (size_t i = 0; i < 40; i++)
		ids[i] = pair_open_stream();
	for (size_t took = 1; took > 0; pair_settle()) {
		took = 0;
		for (size_t i = 0; i < 40; i++)
			took += pair_offer(&agent, ids[i], at, MUX_QUEUE_MAX);
	}
	cr_assert_eq(console.got, MUX_SESSION_WINDOW);

	/* What one consumer takes, any stream may use. */
	for (size_t i = 0; i < 20; i++)
		mux_consumed(console.mux, ids[i], (size_t)console.got_on[ids[i]]);
	pair_settle();
	cr_assert_gt(console.got, MUX_SESSION_WINDOW);
}

Test(mux_credit, nothing_of_the_session_window_is_lost_with_streams_that_end_anyhow)
{
	for (int round = 0; round < 200; round++) {
		uint32_t id;

		agent.now = console.now += 100;
		id = pair_open_stream();
		console.hoards = true;
		for (uint64_t at = 0; at < 200000;)
			at += pair_offer(&agent, id, at, MUX_QUEUE_MAX),
			    pair_carry(&agent, &console, 100);
		switch (round % 4) {
		case 0:
			mux_stream_finish(agent.mux, id);
			pair_settle();
			mux_stream_drop(console.mux, id);
			break;
		case 1:
			mux_stream_reset(console.mux, id, AS_E_REVOKED);
			break;
		case 2:
			mux_stream_reset(agent.mux, id, AS_E_OP_FAILED);
			pair_settle();
			mux_consumed(console.mux, id, (size_t)console.got_on[id % 512]);
			break;
		default:
			mux_stream_finish(agent.mux, id);
			pair_settle();
			mux_consumed(console.mux, id, (size_t)console.got_on[id % 512]);
		}
		console.got_on[id % 512] = 0;
		pair_settle();
		cr_assert_eq(mux_streams(agent.mux), 0, "round %d", round);
		cr_assert_eq(mux_streams(console.mux), 0, "round %d", round);
	}
}

Test(mux_credit, a_stream_that_ended_lives_until_its_bytes_are_consumed)
{
	struct mux_stat stat;
	uint32_t id = pair_open_stream();

	console.hoards = true;
	pair_offer(&agent, id, 0, 1000);
	mux_stream_finish(agent.mux, id);
	pair_settle();
	cr_assert_eq(console.fins, 1);
	cr_assert(mux_stream_stat(console.mux, id, &stat));
	cr_assert_eq(mux_streams(console.mux), 0, "but it is not an open one");
	mux_consumed(console.mux, id, 1000);
	cr_assert_not(mux_stream_stat(console.mux, id, &stat));
	mux_consumed(console.mux, id, 1000); /* harmless */
}

Test(mux_credit, both_directions_full_is_no_deadlock)
{
	uint32_t id = pair_open_stream();
	uint64_t at_a = 0, at_c = 0;

	agent.hoards = console.hoards = true;
	mux_stream_listen(agent.mux, id);
	pair_settle();
	for (size_t took = 1; took > 0; pair_settle()) {
		size_t more = pair_offer(&agent, id, at_a, MUX_QUEUE_MAX);

		took = pair_offer(&console, id, at_c, MUX_QUEUE_MAX);
		at_a += more;
		at_c += took;
		took += more;
	}
	cr_assert_eq(console.got, MUX_WINDOW_FIRST);
	cr_assert_eq(agent.got, MUX_WINDOW_FIRST);

	/* Messages and pings still pass in both directions, ... */
	mux_ping(agent.mux, 42);
	cr_assert_eq(mux_send(console.mux, MUX_AUDIT_MARK, "x", 1), 0);
	pair_settle();
	cr_assert_eq(agent.pongs, 1);
	cr_assert_eq(agent.last_pong, 42);
	cr_assert_eq(agent.types[agent.seen - 1], MUX_AUDIT_MARK);

	/* ... and consumption moves both on. */
	mux_consumed(console.mux, id, MUX_WINDOW_FIRST);
	mux_consumed(agent.mux, id, MUX_WINDOW_FIRST);
	pair_settle();
	cr_assert_eq(console.got, at_a);
	cr_assert_eq(agent.got, at_c);
}

Test(mux_credit, a_full_control_queue_does_not_stop_reading)
{
	uint8_t big[MUX_CONTROL_MAX] = {0};
	uint32_t id = pair_open_stream();

	while (mux_send(agent.mux, MUX_AUDIT_MARK, big, sizeof big) == 0)
		;
	while (mux_send(agent.mux, MUX_AUDIT_MARK, big, 1) == 0)
		;
	cr_assert_eq(mux_send(agent.mux, MUX_AUDIT_MARK, big, 1), AS_EFULL);
	cr_assert_eq(pair_feed_u64(&agent, MUX_PING, 7), 0);
	cr_assert_eq(pair_feed_credit(&agent, id, 0, MUX_WINDOW_FIRST + 65536), 0);
	cr_assert_eq(mux_send(agent.mux, MUX_END, "\x08\x16", 2), 0, "END always fits");
	cr_assert_eq(pair_next_type(&agent, NULL), MUX_PONG, "answers do not wait in that queue");
}

Test(mux_credit, credit_that_does_not_raise_is_ignored_and_counted)
{
	struct mux_stat stat;
	uint32_t id = pair_open_stream();

	cr_assert_eq(pair_feed_credit(&agent, id, 0, MUX_WINDOW_FIRST + 100000), 0);
	cr_assert_eq(pair_feed_credit(&agent, id, 0, MUX_WINDOW_FIRST + 100000), 0);
	cr_assert_eq(pair_feed_credit(&agent, id, 0, 5), 0);
	cr_assert_eq(pair_feed_u64(&agent, MUX_SCREDIT, 1000), 0);
	cr_assert(mux_stream_stat(agent.mux, id, &stat));
	cr_assert_eq(stat.may_send, MUX_WINDOW_FIRST + 100000, "told twice is granted once");
	cr_assert_eq(mux_ignored_credits(agent.mux), 3);
}

Test(mux_credit, credit_for_what_was_never_sent_ends_the_session)
{
	uint32_t id = pair_open_stream();

	cr_assert_eq(pair_feed_credit(&agent, id, 1, MUX_WINDOW_FIRST + 100000), AS_E_PROTOCOL);
	cr_assert_eq(mux_blamed(agent.mux), id);
}

Test(mux_credit, more_credit_than_the_largest_window_ends_the_session)
{
	uint32_t id = pair_open_stream();

	cr_assert_eq(pair_feed_credit(&agent, id, 0, MUX_WINDOW_MAX + 1), AS_E_PROTOCOL);
}

Test(mux_credit, more_session_credit_than_its_window_ends_the_session)
{
	cr_assert_eq(pair_feed_u64(&agent, MUX_SCREDIT, MUX_SESSION_WINDOW + 1), AS_E_PROTOCOL);
}

Test(mux_credit, exceeding_a_window_ends_the_session_and_says_which_stream)
{
	uint32_t id;

	pair_open_stream();
	id = pair_open_stream();
	cr_assert_eq(pair_feed_data(&console, id, MUX_WINDOW_FIRST), 0);
	console.hoards = true;
	console.got = 0;
	/* The credit for it has not gone out yet: it does not count. */
	cr_assert_eq(pair_feed_data(&console, id, 1), AS_E_PROTOCOL);
	cr_assert_eq(mux_blamed(console.mux), id);
	cr_assert_str_eq(mux_why(console.mux), "stream 3: more data than its window");
	cr_assert_eq(console.got, 0, "and nothing of it is handed on");
	cr_assert_eq(pair_feed_u64(&console, MUX_PING, 1), AS_E_PROTOCOL, "for good");
}

Test(mux_credit, exceeding_the_session_window_ends_the_session)
{
	uint32_t id = 0;

	console.hoards = true;
	for (int i = 0; i < 32; i++) {
		id = pair_open_stream();
		cr_assert_eq(pair_feed_data(&console, id, MUX_WINDOW_FIRST), 0);
	}
	id = pair_open_stream();
	cr_assert_eq(pair_feed_data(&console, id, 1), AS_E_PROTOCOL);
	cr_assert_eq(mux_blamed(console.mux), id);
}
