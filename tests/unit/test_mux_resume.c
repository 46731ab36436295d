/* SPDX-License-Identifier: Apache-2.0
 *
 * What a cut has lost is sent again after a resume, once and in its order, and nothing else is:
 * frame by frame, and with windows that are full (PROTOCOL.md section 9).
 */
#include <criterion/criterion.h>

#include "tests/support/mux_cut.h"

#define BULK (64u << 10) /* bytes at once, when it need not be all that fits */

static struct cut_world w;

static void start(void)
{
	cut_start(&w);
}

static void stop(void)
{
	cut_stop(&w);
}

TestSuite(mux_resume, .init = start, .fini = stop);

static struct mux *mux_of(int end)
{
	return w.end[end].mux;
}

/* ---- what is lost, one by one ---- */

/* Everything that is ready at that end is sent and lost. */
static void lose_all_from(int end)
{
	while (cut_produce(&w, end, 100) > 0)
		;
	cut_reconnect(&w);
}

Test(mux_resume, a_lost_open_is_sent_again)
{
	cr_assert_neq(cut_open(&w), 0);
	lose_all_from(CUT_CONSOLE);
	cut_settle(&w);
	cr_assert(w.end[CUT_AGENT].streams[0].known);
	cr_assert(w.end[CUT_CONSOLE].streams[0].got_answer);
	cut_finale(&w);
}

Test(mux_resume, lost_answers_to_open_are_sent_again)
{
	for (int i = 0; i < 8; i++)
		cut_open(&w);
	while (cut_produce(&w, CUT_CONSOLE, 100) > 0)
		cut_deliver(&w, CUT_CONSOLE, SIZE_MAX);
	lose_all_from(CUT_AGENT);
	cut_settle(&w);
	for (size_t i = 0; i < 8; i++)
		cr_assert(w.end[CUT_CONSOLE].streams[i].got_answer);
	cr_assert(w.end[CUT_CONSOLE].streams[7].refused);
	cut_finale(&w);
}

Test(mux_resume, a_lost_end_of_a_stream_is_sent_again_with_what_is_before_it)
{
	uint32_t id = cut_open(&w);

	cut_settle(&w);
	cut_write(&w, CUT_AGENT, id, 50000);
	cut_produce(&w, CUT_AGENT, 2);
	cut_deliver(&w, CUT_AGENT, SIZE_MAX);
	cut_finish(&w, CUT_AGENT, id);
	lose_all_from(CUT_AGENT);
	cut_settle(&w);
	cr_assert(w.end[CUT_CONSOLE].streams[0].got_fin);
	cr_assert_eq(w.end[CUT_AGENT].data_out, 50000 + 50000 - 2 * MUX_PAYLOAD_MAX);
	cut_finale(&w);
}

Test(mux_resume, a_lost_end_alone_is_sent_again_alone)
{
	uint32_t id = cut_open(&w);

	cut_settle(&w);
	cut_write(&w, CUT_AGENT, id, 50000);
	cut_settle(&w);
	cut_finish(&w, CUT_AGENT, id);
	lose_all_from(CUT_AGENT);
	cut_settle(&w);
	cr_assert(w.end[CUT_CONSOLE].streams[0].got_fin);
	cr_assert_eq(w.end[CUT_AGENT].data_out, 50000);
	cut_finale(&w);
}

Test(mux_resume, an_end_that_had_arrived_is_not_sent_again)
{
	uint32_t id = cut_open(&w);

	cut_settle(&w);
	w.end[CUT_CONSOLE].hoards = true; /* still there when the table is made */
	cut_write(&w, CUT_AGENT, id, 50000);
	cut_finish(&w, CUT_AGENT, id);
	while (cut_produce(&w, CUT_AGENT, 100) > 0)
		cut_deliver(&w, CUT_AGENT, SIZE_MAX);
	cr_assert(w.end[CUT_CONSOLE].streams[0].got_fin);
	lose_all_from(CUT_CONSOLE); /* the ACK */
	cut_settle(&w);
	cr_assert_eq(w.end[CUT_AGENT].data_out, 50000);
	cut_finale(&w);
}

Test(mux_resume, what_was_finished_arrives_although_its_owner_has_let_go_of_the_rest)
{
	uint32_t id = cut_open(&w);

	cut_settle(&w);
	w.end[CUT_AGENT].hoards = true;
	cut_write(&w, CUT_CONSOLE, id, 500);
	cut_finish(&w, CUT_CONSOLE, id);
	cut_settle(&w);
	cut_write(&w, CUT_AGENT, id, 700);
	cut_finish(&w, CUT_AGENT, id);
	cut_produce(&w, CUT_AGENT, 100);
	cut_reset(&w, CUT_AGENT, id); /* it does not want the 500 bytes any more */
	cut_reconnect(&w);
	cut_settle(&w);
	cr_assert(w.end[CUT_CONSOLE].streams[0].got_fin);
	cr_assert_eq(w.end[CUT_CONSOLE].streams[0].got, 700);
	cut_finale(&w);
}

Test(mux_resume, lost_resets_are_sent_again_both_ways)
{
	uint32_t a = cut_open(&w), b = cut_open(&w);

	cut_settle(&w);
	cut_reset(&w, CUT_AGENT, a);
	cut_reset(&w, CUT_CONSOLE, b);
	cut_produce(&w, CUT_CONSOLE, 100);
	lose_all_from(CUT_AGENT);
	cut_settle(&w);
	cr_assert(w.end[CUT_CONSOLE].streams[0].got_reset);
	cr_assert(w.end[CUT_AGENT].streams[1].got_reset);
	cut_finale(&w);
}

Test(mux_resume, lost_messages_come_in_their_order_and_before_newer_ones)
{
	for (int i = 0; i < 20; i++) {
		cut_say(&w, CUT_AGENT, 100);
		cut_say(&w, CUT_CONSOLE, 100);
	}
	cut_produce(&w, CUT_CONSOLE, 15);
	cut_produce(&w, CUT_AGENT, 15);
	cut_deliver(&w, CUT_AGENT, 5 * (MUX_HEADER + 100) + 50);
	cut_reconnect(&w);
	cut_say(&w, CUT_AGENT, 100); /* while nothing can be sent */
	cut_settle(&w);
	cr_assert_eq(w.end[CUT_CONSOLE].heard, 21);
	cr_assert_eq(w.end[CUT_AGENT].heard, 20);
	cut_finale(&w);
}

Test(mux_resume, a_lost_resumed_leaves_the_console_where_it_was)
{
	uint32_t id = cut_open(&w);

	cut_settle(&w);
	cut_write(&w, CUT_AGENT, id, 60000);
	lose_all_from(CUT_AGENT);
	for (int lost = 0; lost < 5; lost++) {
		while (mux_is_suspended(mux_of(CUT_AGENT))) {
			cut_produce(&w, CUT_AGENT, 1);
			cut_deliver(&w, CUT_AGENT, SIZE_MAX);
			cut_produce(&w, CUT_CONSOLE, 100);
			cut_deliver(&w, CUT_CONSOLE, SIZE_MAX);
			if (w.end[CUT_AGENT].answer_due)
				cut_produce(&w, CUT_AGENT, 1);
		}
		cut_write(&w, CUT_AGENT, id, 1000);
		lose_all_from(CUT_AGENT); /* RESUMED and all behind it */
		cr_assert_eq(w.resumes, 0);
	}
	cut_finale(&w);
	cr_assert_eq(w.resumes, 1);
	cr_assert_eq(w.end[CUT_CONSOLE].streams[0].got, 65000);
}

Test(mux_resume, one_end_may_notice_much_later_than_the_other)
{
	uint32_t id = cut_open(&w);

	cut_settle(&w);
	cut_lose(&w, CUT_CONSOLE);
	cut_write(&w, CUT_AGENT, id, 30000);
	cut_say(&w, CUT_AGENT, 10);
	cut_produce(&w, CUT_AGENT, 100);
	cut_say(&w, CUT_CONSOLE, 10);
	cr_assert_neq(cut_open(&w), 0, "work goes on");
	cr_assert_eq(cut_produce(&w, CUT_CONSOLE, 100), 0, "but nothing goes out");
	cut_finale(&w);
}

/* ---- windows ---- */

static uint64_t all_got(int end)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < CUT_STREAMS_MAX; i++)
		sum += w.end[end].streams[i].got;
	return sum;
}

/* Both directions run into the session's window; nobody consumes. */
static void fill_windows(void)
{
	uint64_t before;

	for (int i = 0; i < 64; i++) {
		cut_open(&w);
		cut_settle(&w);
	}
	w.end[0].hoards = w.end[1].hoards = true;
	do {
		before = w.end[0].data_out + w.end[1].data_out;
		for (size_t i = 0; i < 64; i++) {
			cut_write(&w, CUT_AGENT, cut_id(i), BULK);
			cut_write(&w, CUT_CONSOLE, cut_id(i), BULK);
		}
		cut_settle(&w);
	} while (w.end[0].data_out + w.end[1].data_out > before);
	cr_assert_eq(w.end[CUT_AGENT].data_out, MUX_SESSION_WINDOW);
	cr_assert_eq(w.end[CUT_CONSOLE].data_out, MUX_SESSION_WINDOW);
}

Test(mux_resume, full_windows_in_both_directions_survive_and_nothing_is_sent_twice)
{
	fill_windows();
	for (int i = 0; i < 3; i++) {
		cut_reconnect(&w);
		cut_settle(&w);
	}
	cr_assert_eq(w.end[CUT_AGENT].data_out, MUX_SESSION_WINDOW);
	cr_assert_eq(w.end[CUT_CONSOLE].data_out, MUX_SESSION_WINDOW);
	cut_finale(&w);
	cr_assert_eq(w.end[CUT_AGENT].data_out, all_got(CUT_CONSOLE));
	cr_assert_eq(w.end[CUT_CONSOLE].data_out, all_got(CUT_AGENT));
}

Test(mux_resume, what_is_sent_again_is_what_was_lost)
{
	uint64_t lost = 0;

	for (int i = 0; i < 6; i++)
		cut_open(&w);
	cut_settle(&w);
	for (int round = 0; round < 40; round++) {
		for (size_t i = 0; i < 6; i++)
			cut_write(&w, CUT_AGENT, cut_id(i), BULK);
		cut_produce(&w, CUT_AGENT, 12);
		cut_deliver(&w, CUT_AGENT, 30000 * (size_t)(round % 5));
		if (round % 4 == 3) {
			lost += w.end[CUT_AGENT].data_out - lost - all_got(CUT_CONSOLE);
			cut_reconnect(&w);
			cut_settle(&w);
		}
	}
	cut_finale(&w);
	cr_assert_eq(w.end[CUT_AGENT].data_out, all_got(CUT_CONSOLE) + lost);
}

Test(mux_resume, consuming_while_suspended_counts_afterwards)
{
	uint32_t id = cut_open(&w);

	cut_settle(&w);
	w.end[CUT_CONSOLE].hoards = true;
	for (int i = 0; i < 10; i++) {
		cut_write(&w, CUT_AGENT, id, MUX_QUEUE_MAX);
		cut_settle(&w);
	}
	cr_assert_eq(w.end[CUT_CONSOLE].streams[0].got, MUX_WINDOW_FIRST);
	cut_lose(&w, CUT_CONSOLE);
	cut_consume(&w, CUT_CONSOLE, id, SIZE_MAX);
	w.end[CUT_CONSOLE].hoards = false;
	cut_finale(&w);
	cr_assert_eq(w.end[CUT_CONSOLE].streams[0].got, MUX_WINDOW_FIRST + MUX_QUEUE_MAX);
}

Test(mux_resume, what_is_lost_does_not_use_up_the_credit_of_the_session)
{
	uint32_t id[4];

	for (int i = 0; i < 4; i++)
		id[i] = cut_open(&w);
	cut_settle(&w);
	for (int round = 0; round < 60; round++) {
		for (int i = 0; i < 4; i++)
			cut_write(&w, CUT_AGENT, id[i], MUX_QUEUE_MAX);
		lose_all_from(CUT_AGENT);
		cut_settle(&w);
	}
	cr_assert_gt(w.end[CUT_AGENT].data_out, all_got(CUT_CONSOLE) + MUX_SESSION_WINDOW);
	cr_assert_eq(all_got(CUT_CONSOLE), 60 * 4 * MUX_QUEUE_MAX);
	cut_finale(&w);
}

Test(mux_resume, a_lost_credit_of_the_session_is_made_up_for)
{
	fill_windows();
	for (size_t i = 0; i < 64; i++)
		cut_consume(&w, CUT_CONSOLE, cut_id(i), SIZE_MAX);
	lose_all_from(CUT_CONSOLE);
	cut_settle(&w);
	cr_assert_gt(w.end[CUT_AGENT].data_out, MUX_SESSION_WINDOW + MUX_SESSION_WINDOW / 4);
	cut_finale(&w);
}

Test(mux_resume, many_half_told_streams_do_not_stop_each_other)
{
	/* Each is consumed at once, but its own credit is due only after a quarter of its window:
	 * what the sender keeps meanwhile must not fill MUX_KEPT_MAX for good. */
	for (int i = 0; i < 60; i++) {
		cut_open(&w);
		cut_settle(&w);
	}
	for (int round = 0; round < 12; round++) {
		for (size_t i = 0; i < 60; i++) {
			for (int k = 0; k < 2 + round; k++) {
				cut_write(&w, CUT_AGENT, cut_id(i), BULK);
				if (k % 4 == 3) /* into the window, so that it grows */
					while (cut_produce(&w, CUT_AGENT, 50) > 0)
						cut_deliver(&w, CUT_AGENT, CUT_PIPE_MAX);
			}
			cut_settle(&w);
		}
	}
	for (size_t i = 0; i < 60; i++) {
		struct mux_stat stat;

		if (!mux_stream_stat(mux_of(CUT_AGENT), cut_id(i), &stat))
			continue;
		cr_assert_eq(stat.queued, 0, "stream %zu is stuck", i);
	}
	cut_finale(&w);
}

Test(mux_resume, sent_never_goes_back_for_the_owner)
{
	struct mux_stat stat;
	uint32_t id = cut_open(&w);

	cut_settle(&w);
	cut_write(&w, CUT_AGENT, id, 40000);
	lose_all_from(CUT_AGENT);
	while (mux_is_suspended(mux_of(CUT_CONSOLE))) {
		cut_produce(&w, CUT_AGENT, 1);
		cut_deliver(&w, CUT_AGENT, SIZE_MAX);
		cut_produce(&w, CUT_CONSOLE, 2);
		cut_deliver(&w, CUT_CONSOLE, SIZE_MAX);
	}
	cr_assert(mux_stream_stat(mux_of(CUT_AGENT), id, &stat));
	cr_assert_eq(stat.sent, 40000);
	cr_assert_eq(stat.queued, 0);
	cr_assert_eq(stat.kept, 40000);
	cut_finale(&w);
}
