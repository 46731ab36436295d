/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/live.h"
#include "tests/support/viewer.h"

#define NOW 1000000

TestSuite(collect_live, .timeout = 60);

static struct viewer v;
static struct live *live;
static int ends[2];

static void start(void)
{
	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe(ends), 0);
	live = live_new(ends[1]);
	cr_assert_not_null(live);
	viewer_over(&v, ends[0]);
}

static void stop(void)
{
	live_free(live);
	close(ends[1]);
	viewer_stop(&v);
}

static void say(uint64_t number, size_t filler)
{
	char text[ITEM_LINE_MAX];
	int n = snprintf(text, sizeof text, "%07llu ", (unsigned long long)number);

	memset(text + n, 'x', filler);
	cr_assert_eq(live_line(live, 0, 0, text, (size_t)n + filler, NOW), 0);
}

static void source(void)
{
	struct item it = {.type = ITEM_SOURCE};

	snprintf(it.source.name, sizeof it.source.name, "/var/log/x");
	cr_assert_eq(live_put(live, &it, NOW), 0);
}

/* Everything that is queued, while it is written on. */
static void drain(void)
{
	do {
		cr_assert_eq(live_pump(live, NOW, true), 0);
	} while (viewer_read(&v, 0) || live_wants_write(live));
}

/* ---- batches ---- */

Test(collect_live, a_batch_is_a_multiple_of_its_unit_whatever_is_in_it)
{
	/* one length for each way in which a record can end before the edge */
	for (size_t filler = 1990; filler < 2060; filler++) {
		start();
		say(1, filler);
		cr_assert_eq(live_pump(live, NOW, true), 0);
		viewer_read(&v, 0);
		cr_assert_eq(v.bytes % ITEM_BATCH, 0, "%zu: %llu", filler,
			     (unsigned long long)v.bytes);
		cr_assert_gt(v.bytes, 0);
		cr_assert_eq(v.lines, 1);
		stop();
	}
}

Test(collect_live, a_batch_waits_for_its_time)
{
	start();
	cr_expect_eq(live_wait_ms(live, NOW), -1);
	say(1, 0);
	cr_expect_eq(live_wait_ms(live, NOW), LIVE_BATCH_MS);
	cr_assert_eq(live_pump(live, NOW + LIVE_BATCH_MS - 1, false), 0);
	cr_expect_not(viewer_read(&v, 0));
	say(2, 0);
	cr_expect_eq(live_wait_ms(live, NOW + LIVE_BATCH_MS - 1), 1, "since its first record");
	cr_assert_eq(live_pump(live, NOW + LIVE_BATCH_MS, false), 0);
	cr_expect(viewer_read(&v, 0));
	cr_expect_eq(v.lines, 2);
	cr_expect_eq(live_wait_ms(live, NOW), -1);
	stop();
}

Test(collect_live, a_full_batch_does_not_wait)
{
	start();
	for (int i = 0; i < 100; i++)
		say((uint64_t)i, 1000);
	cr_assert_eq(live_pump(live, NOW, false), 0);
	viewer_read(&v, 0);
	cr_expect_gt(v.lines, 0);
	cr_expect_eq(v.bytes % ITEM_BATCH, 0);
	stop();
}

Test(collect_live, a_line_that_is_too_long_is_cut_and_marked)
{
	static char text[100000];

	start();
	memset(text, 'y', sizeof text);
	cr_assert_eq(live_line(live, 3, 77, text, sizeof text, NOW), 0);
	cr_assert_eq(live_line(live, 3, 78, text, ITEM_LINE_MAX, NOW), 0);
	cr_assert_eq(live_line(live, 3, 79, text, 0, NOW), 0);
	drain();
	cr_assert_eq(v.lines, 3);
	cr_expect(v.line[0].line.cut);
	cr_expect_eq(v.line[0].line.len, ITEM_LINE_MAX);
	cr_expect_eq(v.line[0].line.source, 3);
	cr_expect_eq(v.line[0].line.time, 77);
	cr_expect_not(v.line[1].line.cut);
	cr_expect_eq(v.line[1].line.len, ITEM_LINE_MAX);
	cr_expect_eq(v.line[2].line.len, 0);
	stop();
}

/* ---- a reader who is too slow ---- */

static uint64_t next_number;
static bool after_a_gap;

/* Numbers rise; they jump only behind a record that says so, by what it says. */
static void check_order(const struct item *it, void *owner)
{
	uint64_t *expected = owner;

	if (it->type == ITEM_DROPPED) {
		*expected += it->dropped.lines;
		after_a_gap = true;
	}
	if (it->type == ITEM_LINE) {
		cr_assert_eq(strtoull((const char *)it->line.text, NULL, 10), *expected);
		(*expected)++;
	}
}

Test(collect_live, what_a_slow_reader_misses_is_counted_where_it_is_missing)
{
	const uint64_t written = 20000;

	start();
	v.on_item = check_order;
	v.owner = &next_number;
	source();
	for (uint64_t i = 0; i < written; i++) {
		say(i, 300);
		cr_assert_eq(live_pump(live, NOW, false), 0);
		if (i % 1000 == 999)
			viewer_read(&v, 0); /* now and then he takes something */
		cr_assert_leq(live_queued(live), LIVE_QUEUE_MAX + 2 * ITEM_BATCH);
	}
	drain();
	cr_expect_gt(v.dropped, 0);
	cr_expect_eq(v.lines + v.dropped, written);
	cr_expect_eq(next_number, written);
	cr_expect_eq(v.sources, 1);
	cr_expect(after_a_gap);
	stop();
}

/* It once queued one record more at each attempt to write. */
Test(collect_live, a_reader_who_stands_still_costs_no_more_memory)
{
	uint64_t written = 0;

	start();
	source();
	for (unsigned pumps = 0; pumps < 3000; pumps++) {
		for (int i = 0; i < 10; i++)
			say(written++, 1000);
		cr_assert_eq(live_pump(live, NOW, true), 0);
		cr_assert_leq(live_queued(live), LIVE_QUEUE_MAX + 2 * ITEM_BATCH);
	}
	drain();
	cr_expect_eq(v.drops, 1, "one gap is told once, not %u times", v.drops);
	cr_expect_eq(v.lines + v.dropped, written);
	cr_expect_eq(v.sources, 1);
	cr_expect_eq(strtoull(v.text[v.lines < VIEWER_LINES ? v.lines - 1 : 0], NULL, 10),
		     written - 1, "the newest is there");
	stop();
}

static unsigned seen_sources, seen_drops;

static void order_of_kinds(const struct item *it, void *owner)
{
	(void)owner;
	if (it->type == ITEM_SOURCE)
		cr_expect_eq(seen_drops, 0, "sources come first");
	seen_sources += it->type == ITEM_SOURCE;
	seen_drops += it->type == ITEM_DROPPED;
	if (it->type == ITEM_LINE)
		cr_expect_gt(seen_sources, 0);
}

Test(collect_live, sources_are_never_thrown_away_and_stay_in_front)
{
	char fill[4096] = {0};
	int blocks = 0;

	start();
	v.on_item = order_of_kinds;
	while (write(ends[1], fill, sizeof fill) > 0)
		blocks++; /* not one byte of what follows is taken now */
	source();
	for (uint64_t i = 0; i < 3000; i++)
		say(i, 1000);
	cr_assert_eq(live_pump(live, NOW, true), 0);
	for (; blocks > 0; blocks--)
		cr_assert_eq(read(ends[0], fill, sizeof fill), (ssize_t)sizeof fill);
	drain();
	cr_expect_eq(seen_sources, 1);
	cr_expect_gt(seen_drops, 0);
	cr_expect_eq(v.lines + v.dropped, 3000);
	stop();
}

Test(collect_live, what_was_passed_over_before_counts_too)
{
	start();
	say(1, 0);
	live_dropped(live, 41, 4100);
	say(2, 0);
	drain();
	cr_expect_eq(v.dropped, 41);
	cr_expect_eq(v.lines, 2);
	stop();
}

/* ---- the end ---- */

Test(collect_live, the_end_stands_behind_everything)
{
	start();
	source();
	say(1, 10);
	cr_assert_eq(live_end(live, ITEM_UNAVAILABLE, "no \x1b more", NOW), ITEM_UNAVAILABLE);
	while (viewer_read(&v, 0))
		;
	cr_expect(item_is_ended(&v.decoder));
	cr_expect_eq(v.end.end.state, ITEM_UNAVAILABLE);
	cr_expect_str_eq(v.end.end.why, "no ? more");
	cr_expect_eq(v.lines, 1);
	stop();
}

Test(collect_live, an_error_becomes_an_end)
{
	start();
	cr_expect_eq(live_finish(live, ITEM_OK, NOW), ITEM_OK, "that was said already");
	cr_expect_eq(live_finish(live, -EIO, NOW), ITEM_FAILED);
	while (viewer_read(&v, 0))
		;
	cr_expect_eq(v.end.end.state, ITEM_FAILED);
	cr_expect(strlen(v.end.end.why) > 0);
	stop();
}

Test(collect_live, a_reader_who_is_gone_is_an_error)
{
	start();
	say(1, 0);
	close(ends[0]);
	cr_expect_eq(live_pump(live, NOW, true), -EPIPE);
	cr_expect_eq(live_finish(live, -EPIPE, NOW), -EPIPE, "and nobody is told");
	live_free(live);
	close(ends[1]);
}

Test(collect_live, remarks_are_one_clean_line)
{
	start();
	cr_assert_eq(live_note(live, NOW, "%s: gone\n", "/x\x1b[2J"), 0);
	drain();
	cr_expect_str_eq(v.note[0], "/x?[2J: gone ");
	stop();
}
