/* SPDX-License-Identifier: Apache-2.0
 *
 * Against a journal made of an array, which moves as libsystemd does: a step beyond either end
 * answers 0 and stays on the last entry.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/collect/journal_read.h"
#include "proto/base/clock.h"
#include "tests/support/capture.h"

#define ENTRIES	 20
#define START_US UINT64_C(1700000000000000)
#define ROOMY	 (16u << 20)
#define NO_HURRY 60000

struct sd_journal {
	int at; /* -1 = before the first; ENTRIES = behind the last */
	bool by_priority[8];
	bool filtered;
	char data[2 * JOURNAL_MESSAGE_MAX];
};

static const char *special; /* the message of entry 7, when set */

static unsigned priority_of(int i)
{
	return (unsigned)i % 8;
}

static bool fits(const struct sd_journal *j, int i)
{
	return !j->filtered || j->by_priority[priority_of(i)];
}

static int step(struct sd_journal *j, int by)
{
	for (int i = j->at + by; i >= 0 && i < ENTRIES; i += by) {
		if (fits(j, i)) {
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
	j->at = ENTRIES;
	return 0;
}

static int fake_match(struct sd_journal *j, const void *data, size_t n)
{
	cr_assert_eq(n, strlen("PRIORITY=0"));
	j->filtered = true;
	j->by_priority[((const char *)data)[n - 1] - '0'] = true;
	return 0;
}

static void fake_flush(struct sd_journal *j)
{
	j->filtered = false;
	memset(j->by_priority, 0, sizeof j->by_priority);
}

static int fake_realtime(struct sd_journal *j, uint64_t *us)
{
	*us = START_US + (uint64_t)j->at * 1000000;
	return 0;
}

static int fake_data(struct sd_journal *j, const char *field, const void **data, size_t *n)
{
	int len = -1;

	if (strcmp(field, "MESSAGE") == 0 && j->at == 7 && special)
		len = snprintf(j->data, sizeof j->data, "MESSAGE=%s", special);
	else if (strcmp(field, "MESSAGE") == 0)
		len = snprintf(j->data, sizeof j->data, "MESSAGE=number %d", j->at);
	else if (strcmp(field, "_HOSTNAME") == 0)
		len = snprintf(j->data, sizeof j->data, "_HOSTNAME=host");
	else if (strcmp(field, "_COMM") == 0)
		len = snprintf(j->data, sizeof j->data, "_COMM=prog\nram");
	else if (strcmp(field, "_PID") == 0)
		len = snprintf(j->data, sizeof j->data, "_PID=42");
	if (len < 0)
		return -2;
	*data = j->data;
	*n = (size_t)len;
	return 0;
}

static const struct journal_api fake = {
    .add_match = fake_match,
    .flush_matches = fake_flush,
    .seek_head = fake_head,
    .seek_tail = fake_tail,
    .next = fake_next,
    .previous = fake_previous,
    .get_realtime = fake_realtime,
    .get_data = fake_data,
};

static const struct journal_query everything = {
    .priority = 8, .unit = "", .max_bytes = ROOMY, .stop_ms = UINT64_MAX};

static const struct capture_file *ask(struct capture *c, const struct journal_query *q, bool *cut)
{
	struct sd_journal j = {.at = 3};

	setenv("TZ", "UTC", 1);
	tzset();
	*cut = false;
	capture_open(c, false, ROOMY, NO_HURRY);
	sink_file_begin(c->sink, "journal", ITEM_FROM_API, "x");
	cr_assert_eq(journal_write(&fake, &j, q, c->sink, cut), 0);
	capture_read(c);
	return &c->files[0];
}

static size_t lines(const char *text)
{
	size_t n = 0;

	for (; text && *text; text++)
		n += *text == '\n';
	return n;
}

Test(journal_read, writes_everything_from_old_to_new)
{
	struct capture c;
	bool cut;
	const struct capture_file *f = ask(&c, &everything, &cut);

	cr_assert_eq(lines(f->text), ENTRIES);
	cr_assert_eq(
	    strncmp(f->text, "2023-11-14T22:13:20.000000+0000 host prog?ram[42]: number 0\n", 60),
	    0, "%s", f->text);
	cr_assert_not_null(strstr(f->text, "number 19\n"));
	cr_assert_not(cut);
	capture_done(&c);
}

Test(journal_read, keeps_the_newest_when_there_is_more_than_fits)
{
	struct journal_query q = everything;
	struct capture c;
	bool cut;

	q.max_bytes = 200;

	const struct capture_file *f = ask(&c, &q, &cut);
	cr_assert(cut);
	cr_assert_eq(lines(f->text), 3);
	cr_assert_not_null(strstr(f->text, "number 17\n"));
	cr_assert_not_null(strstr(f->text, "number 19\n"));
	cr_assert_null(strstr(f->text, "number 16\n"));
	capture_done(&c);
}

Test(journal_read, stops_at_its_first_hour)
{
	struct journal_query q = everything;
	struct capture c;
	bool cut;

	q.since_us = START_US + UINT64_C(15000000);

	const struct capture_file *f = ask(&c, &q, &cut);
	cr_assert_not(cut, "what was not asked for is not missing");
	cr_assert_eq(lines(f->text), 5);
	cr_assert_not_null(strstr(f->text, "number 15\n"));
	capture_done(&c);
}

Test(journal_read, takes_only_what_is_serious_when_asked)
{
	struct journal_query q = everything;
	struct capture c;
	bool cut;

	q.priority = 1;

	const struct capture_file *f = ask(&c, &q, &cut);
	cr_assert_eq(lines(f->text), 6); /* 0 1 8 9 16 17 */
	cr_assert_eq(strncmp(strstr(f->text, "number"), "number 0\n", 9), 0);
	cr_assert_null(strstr(f->text, "number 2\n"));
	capture_done(&c);
}

Test(journal_read, writes_nothing_when_nothing_fits)
{
	struct journal_query q = everything;
	struct capture c;
	bool cut;

	q.since_us = UINT64_MAX;
	cr_assert_eq(ask(&c, &q, &cut)->n, 0);
	capture_done(&c);
	q = everything;
	q.max_bytes = 5;
	cr_assert_eq(ask(&c, &q, &cut)->n, 0);
	cr_assert(cut);
	capture_done(&c);
}

Test(journal_read, indents_the_further_lines_of_a_message)
{
	struct capture c;
	bool cut;

	special = "one\n2023-11-14T22:13:20.000000+0000 host sshd[1]: forged\n\n";

	const struct capture_file *f = ask(&c, &everything, &cut);
	cr_assert_not_null(strstr(f->text, ": one\n\t2023-11-14T22:13:20"));
	cr_assert_eq(lines(f->text), ENTRIES + 1);
	capture_done(&c);
}

Test(journal_read, cuts_a_long_message_and_marks_it)
{
	static char longest[JOURNAL_MESSAGE_MAX + 100];
	struct sd_journal j = {.at = 7};
	char line[JOURNAL_LINE_MAX];

	memset(longest, '\n', sizeof longest - 1);
	longest[0] = longest[JOURNAL_MESSAGE_MAX - 1] = 'x';
	special = longest;

	size_t n = journal_line(&fake, &j, line, sizeof line);
	cr_assert_lt(n, sizeof line);
	cr_assert_str_eq(line + n - 6, "x ...\n");
}
