/* SPDX-License-Identifier: Apache-2.0
 *
 * A session outlives its connections: nothing is lost, doubled or changed wherever they are cut
 * (PROTOCOL.md section 9), and whatever happens between the cuts. What is checked stands in
 * tests/support/mux_cut.c.
 */
#include <criterion/criterion.h>

#include "tests/support/mux_cut.h"

#define BULK (64u << 10) /* bytes at once, when it need not be all that fits */

static struct cut_world w;

TestSuite(mux_cut);

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
		if (dice(6) == 0 || mux_is_suspended(w.end[0].mux))
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
