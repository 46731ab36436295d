/* SPDX-License-Identifier: Apache-2.0
 *
 * Following a journal made of an array, which moves as libsystemd does: a step beyond either end
 * answers 0 and stays where it is. It grows once, and then it cannot be read any more.
 */
#include <criterion/criterion.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "agent/collect/journal_live.h"
#include "agent/collect/journal_open.h"
#include "agent/collect/journal_read.h"
#include "agent/collect/live.h"
#include "tests/support/viewer.h"

#define ENTRIES	 20
#define START_US UINT64_C(1700000000000000)

TestSuite(journal_live, .timeout = 60);

struct sd_journal {
	int at; /* -1 = before the first; `count` = behind the last */
	int count, event;
	unsigned processed;
	bool by_priority[8], filtered, broken;
	uint64_t timeout; /* what libsystemd wants us to wait, absolute */
	char data[JOURNAL_MESSAGE_MAX];
};

static struct sd_journal fake;
static struct op_args args;
static struct viewer v;

static int step(struct sd_journal *j, int by)
{
	if (j->broken)
		return -EIO;
	for (int i = j->at + by; i >= 0 && i < j->count; i += by) {
		if (!j->filtered || j->by_priority[i % 8]) {
			j->at = i;
			return 1;
		}
	}
	return 0;
}

static int fake_next(struct sd_journal *j)
{
	return step(j, 1);
}

static int fake_previous(struct sd_journal *j)
{
	return step(j, -1);
}

static int fake_head(struct sd_journal *j)
{
	j->at = -1;
	return 0;
}

static int fake_tail(struct sd_journal *j)
{
	j->at = j->count;
	return 0;
}

static int fake_match(struct sd_journal *j, const void *data, size_t n)
{
	j->filtered = true;
	j->by_priority[((const char *)data)[n - 1] - '0'] = true;
	return 0;
}

static void fake_flush(struct sd_journal *j)
{
	j->filtered = false;
}

static int fake_realtime(struct sd_journal *j, uint64_t *us)
{
	*us = START_US + (uint64_t)j->at;
	return 0;
}

static int fake_data(struct sd_journal *j, const char *field, const void **data, size_t *n)
{
	if (strcmp(field, "MESSAGE") != 0)
		return -ENOENT;
	*n = (size_t)snprintf(j->data, sizeof j->data, "MESSAGE=number %d", j->at);
	*data = j->data;
	return 0;
}

static int fake_fd(struct sd_journal *j)
{
	return j->event;
}

static int fake_events(struct sd_journal *j)
{
	(void)j;
	return 1; /* POLLIN */
}

static int fake_timeout(struct sd_journal *j, uint64_t *us)
{
	*us = j->timeout;
	return 0;
}

static int fake_process(struct sd_journal *j)
{
	if (j->processed++ == 0)
		j->count++;
	else
		j->broken = true;
	return 1;
}

static const struct journal journal = {
    .api = {.add_match = fake_match,
	    .flush_matches = fake_flush,
	    .seek_head = fake_head,
	    .seek_tail = fake_tail,
	    .next = fake_next,
	    .previous = fake_previous,
	    .get_realtime = fake_realtime,
	    .get_data = fake_data,
	    .get_fd = fake_fd,
	    .get_events = fake_events,
	    .get_timeout = fake_timeout,
	    .process = fake_process},
    .j = &fake,
};

/* The numbers that came, with blanks between them. */
static const char *follow(void)
{
	static char out[512];
	struct live *live;
	int ends[2];

	fake.event = fake.event ? fake.event : eventfd(1, 0); /* it has always news */
	signal(SIGPIPE, SIG_IGN);
	cr_assert_eq(pipe(ends), 0);
	live = live_new(ends[1]);
	viewer_over(&v, ends[0]);

	int err = journal_follow(&journal, live, &args);
	err = live_finish(live, err, 0);
	live_free(live);
	close(ends[1]);
	while (viewer_read(&v, 0))
		;
	cr_expect_eq((int)v.end.end.state, err);
	out[0] = '\0';
	for (size_t i = 0; i < v.lines; i++) {
		const char *number = strstr(v.text[i], "number ");

		cr_assert_not_null(number);
		snprintf(out + strlen(out), sizeof out - strlen(out), "%s%s", i > 0 ? " " : "",
			 number + strlen("number "));
	}
	viewer_stop(&v);
	return out;
}

static void start(int count, uint32_t lines)
{
	fake = (struct sd_journal){.at = 3, .count = count, .timeout = UINT64_MAX};
	args = (struct op_args){.lines = lines + 1};
}

Test(journal_live, the_last_ones_and_then_what_comes)
{
	start(ENTRIES, 3);
	cr_expect_str_eq(follow(), "17 18 19 20");
	cr_expect_eq(v.sources, 1);
	cr_expect_eq(v.line[0].line.time, START_US + 17);
	cr_expect_eq(v.end.end.state, ITEM_FAILED, "and that it can be read no more");
}

Test(journal_live, only_what_comes)
{
	start(ENTRIES, 0);
	cr_expect_str_eq(follow(), "20");
}

Test(journal_live, no_more_than_there_are)
{
	start(3, 3);
	cr_expect_str_eq(follow(), "0 1 2 3");
	start(3, 100);
	cr_expect_str_eq(follow(), "0 1 2 3");
	start(3, 2);
	cr_expect_str_eq(follow(), "1 2 3");
	start(1, 1);
	cr_expect_str_eq(follow(), "0 1");
	start(0, 10);
	cr_expect_str_eq(follow(), "0");
	start(0, 0);
	cr_expect_str_eq(follow(), "0");
}

Test(journal_live, only_what_matches_and_so_many_of_it)
{
	start(ENTRIES, 2);
	strcpy(args.pattern, "number \\d?[05]$");
	cr_expect_str_eq(follow(), "10 15 20");
	start(ENTRIES, 100);
	strcpy(args.pattern, "NUMBER 1.$");
	args.flags = OPEN_FLAG_CASE;
	cr_expect_str_eq(follow(), "10 11 12 13 14 15 16 17 18 19");
}

Test(journal_live, only_what_is_urgent)
{
	start(ENTRIES, 3);
	args.priority = 1 + 1; /* 0 and 1 */
	cr_expect_str_eq(follow(), "9 16 17");
}

/* Its clock stands still while the computer sleeps; ours does not. */
Test(journal_live, a_deadline_that_is_over_is_over)
{
	start(ENTRIES, 0);
	fake.event = -1; /* nobody tells us */
	fake.timeout = 0;
	cr_expect_str_eq(follow(), "20");
}

Test(journal_live, a_wrong_pattern_is_said)
{
	start(ENTRIES, 1);
	strcpy(args.pattern, "(");
	cr_expect_str_eq(follow(), "");
	cr_expect_eq(v.end.end.state, ITEM_FAILED);
	cr_expect(strstr(v.end.end.why, "the pattern is wrong"));
}
