/* SPDX-License-Identifier: Apache-2.0
 *
 * Acknowledgements: when they are due, what they free, and that who gives none makes us keep no
 * more than the limits (PROTOCOL.md section 9).
 */
#include <criterion/criterion.h>

#include "proto/base/err.h"
#include "proto/wire/mux_frame.h"
#include "tests/support/mux_pair.h"

TestSuite(mux_ack, .init = pair_authed, .fini = pair_stop);

Test(mux_ack, comes_after_so_many_messages_or_bytes)
{
	static const uint8_t zeros[MUX_ACK_BYTES / 2];

	for (int i = 1; i < MUX_ACK_MESSAGES; i++) {
		cr_assert_eq(pair_feed(&agent, MUX_AUDIT_MARK, 0, "x", 1), 0);
		cr_assert_not(mux_has_output(agent.mux));
	}
	cr_assert_eq(pair_feed(&agent, MUX_AUDIT_MARK, 0, "x", 1), 0);
	cr_assert_eq(pair_next_type(&agent, NULL), MUX_ACK);
	cr_assert_eq(pair_next_type(&agent, NULL), 0);
	cr_assert_eq(pair_feed(&agent, MUX_AUDIT_MARK, 0, zeros, sizeof zeros), 0);
	cr_assert_not(mux_has_output(agent.mux));
	cr_assert_eq(pair_feed(&agent, MUX_AUDIT_MARK, 0, zeros, sizeof zeros), 0);
	cr_assert_eq(pair_next_type(&agent, NULL), MUX_ACK);
}

Test(mux_ack, comes_at_once_for_a_whole_stream_and_frees_it)
{
	uint32_t id = pair_open_stream();

	pair_write_all(&agent, id, 100000);
	mux_stream_finish(agent.mux, id);
	pair_carry(&agent, &console, 100);
	cr_assert_eq(console.fins, 1);
	cr_assert_eq(pair_next_type(&console, NULL), MUX_ACK);
}

Test(mux_ack, for_more_than_was_sent_ends_the_session)
{
	mux_send(agent.mux, MUX_AUDIT_MARK, "x", 1);
	cr_assert_eq(pair_feed_u64(&agent, MUX_ACK, 1), AS_E_PROTOCOL, "it waits here still");
}

Test(mux_ack, that_says_nothing_new_costs_a_token)
{
	int i = 0;

	mux_send(agent.mux, MUX_AUDIT_MARK, "x", 1);
	cr_assert_eq(pair_next_type(&agent, NULL), MUX_AUDIT_MARK);
	cr_assert_eq(pair_feed_u64(&agent, MUX_ACK, 1), 0);
	while (pair_feed_u64(&agent, MUX_ACK, 1) == 0)
		i++;
	cr_assert_eq(i, MUX_CONTROL_BURST);
	cr_assert_eq(mux_error(agent.mux), AS_E_RATE);
}

Test(mux_ack, makes_room_for_more_messages)
{
	static const uint8_t zeros[MUX_CONTROL_MAX];
	uint64_t sent = 0;

	for (int round = 0; round < 3; round++) {
		while (mux_send(agent.mux, MUX_AUDIT_MARK, zeros, sizeof zeros) == 0) {
			cr_assert_eq(pair_next_type(&agent, NULL), MUX_AUDIT_MARK);
			sent++;
			cr_assert_leq(sent, (uint64_t)(round + 1) * MUX_CONTROL_QUEUE_MAX /
						MUX_CONTROL_MAX);
		}
		cr_assert_eq(pair_feed_u64(&agent, MUX_ACK, sent), 0);
	}
	cr_assert_gt(sent, 40);
}

Test(mux_ack, resets_and_ends_that_have_arrived_are_forgotten)
{
	for (int i = 0; i < 1200; i++) {
		uint32_t id;

		agent.now = console.now += 100;
		id = pair_open_stream();
		cr_assert_eq(i % 2 ? mux_stream_reset(agent.mux, id, AS_E_SCOPE)
				   : mux_stream_finish(agent.mux, id),
			     0);
		pair_settle();
		cr_assert_eq(console.fins + console.resets, i + 1);
	}
}

/* A window of its largest size, of which a quarter is told at once. */
static uint32_t open_wide(void)
{
	uint32_t id = pair_open_stream();
	struct mux_stat stat = {0};

	for (uint64_t at = 0; stat.window < MUX_WINDOW_MAX;) {
		at = pair_run_into_the_window(id, at);
		pair_settle();
		cr_assert(mux_stream_stat(console.mux, id, &stat));
	}
	pair_settle();
	return id;
}

Test(mux_ack, what_is_consumed_and_not_yet_told_does_not_stop_the_sender)
{
	uint32_t id[16];
	struct mux_stat stat;

	for (size_t i = 0; i < 16; i++)
		id[i] = open_wide();
	for (size_t i = 0; i < 16; i++) {
		do {
			cr_assert_eq(pair_offer(&agent, id[i], 0, MUX_QUEUE_MAX), MUX_QUEUE_MAX);
			pair_settle();
			cr_assert(mux_stream_stat(agent.mux, id[i], &stat));
			cr_assert_eq(stat.queued, 0, "stream %zu waits", i);
		} while (stat.kept >= MUX_QUEUE_MAX &&
			 stat.kept + MUX_QUEUE_MAX < MUX_WINDOW_MAX / 4);
	}
}

Test(mux_ack, who_gives_none_gets_no_endless_resets)
{
	size_t resets = 0;

	for (uint32_t i = 0; i < 2000 && pair_feed_open(&agent, 2 * i + 1) == 0; i++) {
		agent.now += 1000;
		mux_stream_reset(agent.mux, 2 * i + 1, AS_E_SCOPE);
		for (uint8_t type; (type = pair_next_type(&agent, NULL)) != 0;)
			resets += type == MUX_RESET;
	}
	cr_assert_gt(resets, 100);
	cr_assert_lt(resets, 400);
	cr_assert_eq(mux_error(agent.mux), AS_E_QUOTA);
}

Test(mux_ack, who_gives_credit_and_consumes_nothing_makes_us_keep_no_more_than_the_limit)
{
	static const uint8_t zeros[MUX_QUEUE_MAX];
	uint64_t kept = 0, at = 0;
	uint32_t id;

	for (int i = 0; i < 32; i++)
		pair_open_stream();
	for (int round = 0; round < 400; round++) {
		agent.now += 1000;
		cr_assert_geq(pair_feed_u64(&agent, MUX_SCREDIT, at + MUX_SESSION_WINDOW), 0);
		for (uint32_t k = 0; k < 32; k++)
			if (round < 1)
				cr_assert_eq(pair_feed_credit(&agent, 2 * k + 1, 0, MUX_WINDOW_MAX),
					     0);
		for (uint32_t k = 0; k < 32; k++)
			mux_stream_write(agent.mux, 2 * k + 1, zeros, sizeof zeros);
		while (pair_next_type(&agent, &id))
			;
		at = kept = 0;
		for (uint32_t k = 0; k < 32; k++) {
			struct mux_stat stat;

			cr_assert(mux_stream_stat(agent.mux, 2 * k + 1, &stat));
			kept += stat.kept;
			at += stat.sent;
		}
		cr_assert_leq(kept, MUX_KEPT_MAX);
	}
	cr_assert_eq(kept, MUX_KEPT_MAX);
}
