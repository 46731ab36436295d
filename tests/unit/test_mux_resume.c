/* SPDX-License-Identifier: Apache-2.0
 *
 * A session outlives its connections: nothing is lost, doubled or changed wherever they are cut
 * (PROTOCOL.md section 9). Most of what is checked here stands in tests/support/mux_cut.c.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/mux_table.h"
#include "tests/support/mux_cut.h"
#include "tests/support/mux_pair.h"

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
TestSuite(mux_cut);
TestSuite(mux_table_use, .init = start, .fini = stop);
TestSuite(mux_ack, .init = pair_authed, .fini = pair_stop);

static struct mux *mux_of(int end)
{
	return w.end[end].mux;
}

/* ---- cuts everywhere ---- */

/* A bit of everything. Between the steps the connection is worked. */
#define STEPS 14
static void step(int i)
{
	switch (i) {
	case 0:
		for (int k = 0; k < 10; k++)
			cut_open(&w);
		break;
	case 1:
		cut_say(&w, CUT_CONSOLE, 20);
		cut_write(&w, CUT_AGENT, cut_id(0), 700);
		cut_write(&w, CUT_AGENT, cut_id(1), 300);
		break;
	case 2:
		cut_finish(&w, CUT_AGENT, cut_id(1));
		cut_say(&w, CUT_AGENT, 30);
		break;
	case 3:
		cut_reset(&w, CUT_AGENT, cut_id(3));
		cut_write(&w, CUT_CONSOLE, cut_id(2), 200);
		break;
	case 4:
		cut_write(&w, CUT_AGENT, cut_id(4), 100);
		cut_reset(&w, CUT_CONSOLE, cut_id(4));
		break;
	case 5:
		cut_finish(&w, CUT_AGENT, cut_id(5)); /* empty */
		cut_finish(&w, CUT_CONSOLE, cut_id(2));
		break;
	case 6:
		cut_write(&w, CUT_AGENT, cut_id(6), 400);
		cut_reset(&w, CUT_CONSOLE, cut_id(6));
		cut_reset(&w, CUT_AGENT, cut_id(6)); /* both at once */
		break;
	default:
		cut_say(&w, i % 2, 9);
		cut_write(&w, CUT_AGENT, cut_id(0), 50);
		cut_open(&w);
		break;
	}
}

/* Frames are made ahead, so that a cut loses several. False once `budget` bytes have passed. */
static bool work(size_t *budget)
{
	for (int idle = 0; idle < 2; idle++) {
		for (int end = 0; end < 2; end++) {
			cut_produce(&w, end, 3);

			size_t want = *budget < 60 ? *budget : 60;
			size_t got = cut_deliver(&w, end, want);

			*budget -= got;
			if (*budget == 0)
				return false;
			if (got > 0)
				idle = -1;
		}
		if (idle < 0)
			continue;
	}
	return true;
}

/* Plays it all with a cut after each of n numbers of bytes; returns how many passed in the end. */
static size_t play(const size_t *cuts, size_t n)
{
	size_t cut = 0, passed = 0;
	size_t budget = n > 0 ? cuts[0] : SIZE_MAX;

	cut_start(&w);
	for (int i = 0; i < STEPS; i++) {
		step(i);
		for (size_t before = budget; budget == 0 || !work(&budget); before = budget) {
			passed += before - budget;
			cut_reconnect(&w);
			cut++;
			budget = cut < n ? cuts[cut] : SIZE_MAX;
		}
	}
	passed = (size_t)(w.end[0].wire + w.end[1].wire);
	cut_finale(&w);
	cr_assert_eq(w.cuts, cut);
	cr_assert_leq(w.resumes, w.cuts);
	cut_stop(&w);
	return passed;
}

Test(mux_cut, after_every_single_byte_nothing_is_lost)
{
	size_t all = play(NULL, 0);

	cr_assert_gt(all, 2500);
	for (size_t at = 0; at < all; at++)
		play(&at, 1);
}

Test(mux_cut, a_second_cut_may_come_anywhere_in_the_resume)
{
	size_t all = play(NULL, 0);

	for (size_t at = 0; at < all; at += 1201)
		for (size_t second = 0; second < 900; second++)
			play((size_t[]){at, second}, 2);
}

Test(mux_cut, ten_cuts_in_a_row_are_no_worse)
{
	size_t all = play(NULL, 0);
	size_t cuts[10];

	for (size_t at = 0; at < all; at += 83) {
		for (size_t k = 0; k < 10; k++)
			cuts[k] = k == 0 ? at : (at * (k + 7) + k * 131) % 1300;
		play(cuts, 10);
	}
}

static uint32_t seed;

static uint32_t dice(uint32_t n)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void random_deed(void)
{
	int end = (int)dice(2);
	uint32_t id = cut_id(dice(40));

	switch (dice(14)) {
	case 0:
		cut_open(&w);
		break;
	case 1:
	case 2:
	case 3:
		cut_write(&w, end, id, dice(BULK));
		break;
	case 4:
		if (dice(4) == 0)
			cut_finish(&w, end, id);
		break;
	case 5:
		if (dice(8) == 0)
			cut_reset(&w, end, id);
		break;
	case 6:
		cut_say(&w, end, dice(dice(10) == 0 ? MUX_CONTROL_MAX : 50));
		break;
	case 7:
		w.end[end].hoards = dice(2);
		break;
	case 8:
		cut_consume(&w, end, id, dice(MUX_WINDOW_FIRST));
		break;
	case 9:
		if (dice(6) == 0)
			cut_lose(&w, end);
		break;
	case 10:
		if (dice(6) == 0 || mux_is_suspended(mux_of(0)))
			cut_reconnect(&w);
		break;
	default:
		cut_produce(&w, end, dice(20));
		cut_deliver(&w, end, dice(4) == 0 ? dice(300) : dice(300000));
		break;
	}
}

Test(mux_cut, whatever_happens_in_whatever_order)
{
	for (uint32_t i = 0; i < 250; i++) {
		seed = i;
		cut_start(&w);
		for (int k = 0; k < 600; k++)
			random_deed();
		cut_finale(&w);
		cut_stop(&w);
	}
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

/* ---- the phase in between ---- */

static int feed_frame(struct mux *m, uint8_t type, uint32_t on, size_t n)
{
	uint8_t buf[MUX_FRAME_MAX] = {0};

	mux_frame_header(type, on, n, buf);
	return mux_feed(m, buf, MUX_HEADER + n, 1000000);
}

Test(mux_resume, nothing_but_the_handshake_passes_before_it)
{
	static const struct {
		uint8_t type;
		uint32_t stream;
		size_t n;
	} bad[] = {{MUX_AUDIT_MARK, 0, 8}, {MUX_OPEN, 0, 4},  {MUX_DATA, 1, 4},
		   {MUX_CREDIT, 0, 20},	   {MUX_ACK, 0, 8},   {MUX_PING, 0, 8},
		   {MUX_RESET, 1, 4},	   {MUX_FIN, 1, 40},  {0x90, 0, 1},
		   {MUX_RESUMED, 0, 1},	   {MUX_PAKE_A, 0, 1}};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		stop();
		start();
		cut_open(&w);
		cut_settle(&w);
		cut_lose(&w, CUT_AGENT);
		cr_assert_eq(feed_frame(mux_of(CUT_AGENT), bad[i].type, bad[i].stream, bad[i].n),
			     AS_E_PROTOCOL, "type 0x%02x", bad[i].type);
	}
}

Test(mux_resume, not_more_than_a_few_frames_pass_before_it)
{
	int i = 0;

	cut_lose(&w, CUT_AGENT);
	while (feed_frame(mux_of(CUT_AGENT), MUX_HELLO, 0, 4) == 0)
		i++;
	cr_assert_eq(i, MUX_UNAUTHED_FRAMES);
}

Test(mux_resume, what_a_stranger_does_before_the_proof_costs_only_the_connection)
{
	struct mux *m = mux_of(CUT_AGENT);

	cut_say(&w, CUT_CONSOLE, 10);
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(feed_frame(m, MUX_OPEN, 0, 4), AS_E_PROTOCOL);
	cr_assert_eq(feed_frame(m, MUX_HELLO, 0, 4), AS_E_PROTOCOL);
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_error(m), 0);
	cr_assert_eq(feed_frame(m, MUX_END, 0, 0), 0);
	cut_finale(&w);
}

Test(mux_resume, who_lost_nothing_takes_no_resume)
{
	cr_assert_eq(feed_frame(mux_of(CUT_AGENT), MUX_RESUME, 0, 1), AS_E_PROTOCOL);
	cr_assert_eq(feed_frame(mux_of(CUT_CONSOLE), MUX_RESUMED, 0, 1), AS_E_PROTOCOL);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), AS_ESTATE);
	cr_assert_eq(mux_send(mux_of(CUT_CONSOLE), MUX_RESUME, "x", 1), AS_ESTATE);
}

Test(mux_resume, is_not_for_who_never_proved_the_code)
{
	struct mux_events none = {0};
	struct mux *m = mux_new(MUX_AGENT, &none, NULL);
	uint8_t table[MUX_TABLE_LEN_MAX];

	mux_suspend(m);
	int n = mux_resume_table(m, table, sizeof table);
	cr_assert_eq(mux_resume(m, table, (size_t)n), AS_ESTATE);
	cr_assert_eq(mux_send(m, MUX_RESUMED, "x", 1), AS_ESTATE);
	cr_assert_eq(feed_frame(m, MUX_RESUME, 0, 1), AS_E_PROTOCOL);
	mux_free(m);
}

static size_t table_of(int end, uint8_t *buf)
{
	int n = mux_resume_table(mux_of(end), buf, MUX_TABLE_LEN_MAX);

	cr_assert_gt(n, 0);
	return (size_t)n;
}

Test(mux_resume, the_agent_says_nothing_before_resumed)
{
	uint8_t table[MUX_TABLE_LEN_MAX], buf[MUX_FRAME_MAX];

	cut_say(&w, CUT_AGENT, 10);
	cut_lose(&w, CUT_AGENT);
	cut_lose(&w, CUT_CONSOLE);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), 0);
	cr_assert_not(mux_has_output(mux_of(CUT_AGENT)));
	cr_assert_eq(mux_next(mux_of(CUT_AGENT), buf, sizeof buf), 0);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), AS_ESTATE);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), 0);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), AS_ESTATE);
	cr_assert_gt(mux_next(mux_of(CUT_AGENT), buf, sizeof buf), 0);
	cr_assert_eq(buf[3], MUX_RESUMED);
	cr_assert_gt(mux_next(mux_of(CUT_AGENT), buf, sizeof buf), 0);
	cr_assert_eq(buf[3], MUX_AUDIT_MARK);
}

Test(mux_resume, what_waits_again_cannot_be_acknowledged)
{
	uint8_t table[MUX_TABLE_LEN_MAX], ack[MUX_HEADER + 8] = {[MUX_HEADER + 7] = 3};

	for (int i = 0; i < 3; i++)
		cut_say(&w, CUT_AGENT, 10);
	cut_produce(&w, CUT_AGENT, 100);
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), 0);
	mux_frame_header(MUX_ACK, 0, 8, ack);
	cr_assert_eq(mux_feed(mux_of(CUT_AGENT), ack, sizeof ack, 0), AS_E_PROTOCOL);
}

Test(mux_resume, what_the_table_has_said_is_not_acknowledged_again)
{
	uint8_t table[MUX_TABLE_LEN_MAX], buf[MUX_FRAME_MAX];

	for (int i = 0; i < MUX_ACK_MESSAGES; i++)
		cut_say(&w, CUT_CONSOLE, 10);
	cut_produce(&w, CUT_CONSOLE, 100);
	cut_deliver(&w, CUT_CONSOLE, SIZE_MAX);
	cr_assert(mux_has_output(mux_of(CUT_AGENT)), "an ACK");
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), 0);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), 0);
	cr_assert_gt(mux_next(mux_of(CUT_AGENT), buf, sizeof buf), 0);
	cr_assert_not(mux_has_output(mux_of(CUT_AGENT)));
	cut_say(&w, CUT_CONSOLE, 10);
	cr_assert_eq(feed_frame(mux_of(CUT_AGENT), 0x90, 0, 1), 0);
	cr_assert_not(mux_has_output(mux_of(CUT_AGENT)), "counting begins anew");
}

Test(mux_resume, a_goodbye_does_not_wait_for_it)
{
	uint8_t buf[MUX_FRAME_MAX], table[MUX_TABLE_LEN_MAX];

	cut_say(&w, CUT_AGENT, 10);
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_END, NULL, 0), 0);
	cr_assert_gt(mux_next(mux_of(CUT_AGENT), buf, sizeof buf), 0);
	cr_assert_eq(buf[3], MUX_END);
	cr_assert_not(mux_has_output(mux_of(CUT_AGENT)));
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), AS_ESTATE,
		     "nothing leads back");
}

Test(mux_resume, a_full_queue_of_messages_does_not_stand_in_its_way)
{
	static const uint8_t zeros[1000];

	for (int end = 0; end < 2; end++)
		while (mux_send(mux_of(end), MUX_AUDIT_MARK, zeros, sizeof zeros) == 0)
			;
	cut_reconnect(&w);
	while (w.resumes == 0) {
		for (int end = 0; end < 2; end++) {
			cut_produce(&w, end, 1);
			if (w.resumes == 0) /* the messages themselves are not the world's */
				cut_deliver(&w, end, SIZE_MAX);
		}
	}
}

Test(mux_resume, a_goodbye_that_did_not_get_out_is_one_all_the_same)
{
	uint8_t table[MUX_TABLE_LEN_MAX];

	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_END, NULL, 0), 0);
	cut_lose(&w, CUT_AGENT);
	cr_assert_not(mux_has_output(mux_of(CUT_AGENT)));
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)), AS_ESTATE);
}

Test(mux_resume, messages_of_a_handshake_have_a_limit_of_their_own)
{
	static const uint8_t zeros[1000];
	int err, n = 0;

	while ((err = mux_send(mux_of(CUT_AGENT), MUX_HELLO, zeros, sizeof zeros)) == 0)
		n++;
	cr_assert_eq(err, AS_EFULL);
	cr_assert_eq(n, MUX_UNAUTHED_BYTES / (MUX_HEADER + sizeof zeros));
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_AUDIT_MARK, zeros, sizeof zeros), 0);
}

Test(mux_resume, half_a_frame_is_forgotten)
{
	uint8_t half[] = {0, 0, 100, MUX_AUDIT_MARK, 0, 0, 0, 0, 1, 2};

	cr_assert_eq(mux_feed(mux_of(CUT_AGENT), half, sizeof half, 0), 0);
	cut_reconnect(&w);
	cut_say(&w, CUT_CONSOLE, 10);
	cut_finale(&w);
}

Test(mux_resume, an_error_is_final)
{
	uint8_t table[MUX_TABLE_LEN_MAX];

	cr_assert_eq(feed_frame(mux_of(CUT_AGENT), MUX_GRANT, 0, 1), AS_E_PROTOCOL);
	cut_lose(&w, CUT_AGENT);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), table, table_of(CUT_CONSOLE, table)),
		     AS_E_PROTOCOL);
}

/* ---- tables that cannot be true ---- */

static struct mux_table hostile;
static uint8_t bytes[MUX_TABLE_LEN_MAX];

/* Stream 1: the agent has sent 40,000, the console has 16,320. Stream 3: ended and arrived. Stream
 * 5: ended and not arrived. Stream 7: nothing. The agent's next message was lost. */
static void make_history(void)
{
	for (int i = 0; i < 4; i++)
		cut_open(&w);
	cut_settle(&w);
	w.end[CUT_CONSOLE].hoards = true;
	cut_write(&w, CUT_AGENT, 3, 100);
	cut_finish(&w, CUT_AGENT, 3);
	cut_write(&w, CUT_AGENT, 1, 40000);
	cut_produce(&w, CUT_AGENT, 3);
	while (cut_deliver(&w, CUT_AGENT, SIZE_MAX) > 0)
		;
	while (w.end[CUT_CONSOLE].streams[0].got < MUX_PAYLOAD_MAX ||
	       !w.end[CUT_CONSOLE].streams[1].got_fin) {
		cut_produce(&w, CUT_AGENT, 1);
		cut_deliver(&w, CUT_AGENT, SIZE_MAX);
	}
	cut_write(&w, CUT_AGENT, 5, 200);
	cut_finish(&w, CUT_AGENT, 5);
	cut_say(&w, CUT_AGENT, 10);
	while (cut_produce(&w, CUT_AGENT, 100) > 0)
		;
	cut_lose(&w, CUT_AGENT);
	cut_lose(&w, CUT_CONSOLE);
	cr_assert_eq(mux_table_decode(bytes, table_of(CUT_CONSOLE, bytes), &hostile), 0);
	cr_assert_eq(hostile.n, 4);
	cr_assert_eq(hostile.entries[0].stream, 1);
	cr_assert(hostile.entries[1].flags == MUX_TABLE_FIN && hostile.entries[2].flags == 0);
}

static int use(void)
{
	int n = mux_table_encode(&hostile, bytes, sizeof bytes);

	cr_assert_gt(n, 0);
	return mux_resume(mux_of(CUT_AGENT), bytes, (size_t)n);
}

static void refuses(void)
{
	struct mux *m = mux_of(CUT_AGENT);
	struct mux_stat before, after;

	cr_assert(mux_stream_stat(m, 1, &before));
	cr_assert_eq(use(), AS_E_RESUME);
	cr_assert(mux_is_suspended(m));
	mux_suspend(m);
	cr_assert_eq(mux_error(m), AS_E_RESUME, "for good");
	cr_assert_neq(mux_why(m)[0], '\0');
	cr_assert(mux_stream_stat(m, 1, &after));
	cr_assert_eq(before.sent, after.sent);
	cr_assert_eq(before.kept, after.kept);
	cr_assert_eq(before.may_send, after.may_send);
}

#define REFUSED(name, change)     \
	Test(mux_table_use, name) \
	{                         \
		make_history();   \
		change;           \
		refuses();        \
	}

REFUSED(more_messages_than_were_sent, hostile.controls += 20)
REFUSED(fewer_messages_than_were_acknowledged, hostile.controls = 0)
REFUSED(more_data_than_was_sent, hostile.entries[0].received = hostile.entries[0].max)
REFUSED(more_session_data_than_was_sent, hostile.session_received += 50000)
REFUSED(less_session_credit_than_was_given, hostile.session_max -= 1)
REFUSED(more_session_credit_than_a_window, hostile.session_max += MUX_SESSION_WINDOW)
REFUSED(less_credit_than_was_given, hostile.entries[0].max -= 1)
REFUSED(more_credit_than_a_window, hostile.entries[0].max += MUX_WINDOW_MAX)
REFUSED(an_end_that_was_not_counted, hostile.entries[0].flags = MUX_TABLE_FIN)
REFUSED(a_counted_end_that_is_denied, hostile.entries[1].flags = 0)
REFUSED(a_whole_stream_with_a_hole, hostile.entries[1].received--; hostile.entries[1].consumed = 0)
REFUSED(an_end_without_its_data, hostile.controls++; hostile.entries[2].flags = MUX_TABLE_FIN;
	hostile.entries[2].received = 199)
REFUSED(data_of_a_stream_that_never_was, hostile.entries[3].stream = 99;
	hostile.entries[3].received = 1)

Test(mux_table_use, the_true_one_is_taken)
{
	make_history();
	cr_assert_eq(use(), 0);
}

Test(mux_table_use, data_below_what_was_acknowledged_cannot_be_asked_for)
{
	make_history();
	cr_assert_eq(use(), 0); /* it says that 16,320 have arrived */
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), 0);
	cut_lose(&w, CUT_AGENT);
	hostile.entries[0].received--;
	hostile.entries[0].consumed = 0;
	cr_assert_eq(use(), AS_E_RESUME);
}

Test(mux_table_use, a_stream_the_console_never_opened_is_refused_by_it)
{
	make_history();
	cr_assert_eq(mux_table_decode(bytes, table_of(CUT_AGENT, bytes), &hostile), 0);
	hostile.entries[hostile.n++] = (struct mux_table_entry){.stream = 99};
	int n = mux_table_encode(&hostile, bytes, sizeof bytes);
	cr_assert_eq(mux_resume(mux_of(CUT_CONSOLE), bytes, (size_t)n), AS_E_RESUME);
}

Test(mux_table_use, a_stream_that_the_peer_has_forgotten_is_not_sent_any_more)
{
	uint8_t buf[MUX_FRAME_MAX];
	int n;

	make_history();
	memmove(&hostile.entries[0], &hostile.entries[1], 3 * sizeof hostile.entries[0]);
	hostile.n = 3;
	cut_write(&w, CUT_AGENT, 1, 500);
	cut_finish(&w, CUT_AGENT, 1);
	cr_assert_eq(use(), 0);
	cr_assert_eq(mux_send(mux_of(CUT_AGENT), MUX_RESUMED, "x", 1), 0);
	while ((n = mux_next(mux_of(CUT_AGENT), buf, sizeof buf)) > 0)
		cr_assert((buf[3] != MUX_DATA && buf[3] != MUX_FIN) || buf[7] != 1);
	cr_assert_eq(n, 0);
}

Test(mux_table_use, bytes_that_are_no_table_are_refused)
{
	make_history();
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), bytes, 3), AS_E_RESUME);
	cr_assert_eq(mux_resume(mux_of(CUT_AGENT), bytes, table_of(CUT_CONSOLE, bytes)),
		     AS_E_RESUME, "for good");
}

/* ---- acknowledgements ---- */

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
			(void)pair_offer(&agent, 2 * k + 1, 0, MUX_QUEUE_MAX);
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
