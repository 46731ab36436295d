/* SPDX-License-Identifier: Apache-2.0
 *
 * journal_live: the messages of the journal as they come, of one unit or of all, of a priority and
 * worse, and only those that match a pattern. We sleep until libsystemd says that there is more.
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/collect/collect.h"
#include "agent/collect/journal_live.h"
#include "agent/collect/journal_open.h"
#include "agent/collect/journal_read.h"
#include "agent/collect/live.h"
#include "agent/collect/match.h"
#include "agent/collect/sink.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define LINES_DEFAULT 10
#define LINES_MAX     100000
#define BLIND_MS      1000 /* where nobody tells us, and at most between two looks */
#define AT_ONCE	      2000 /* entries, then what was made is sent */

struct view {
	const struct journal *journal;
	struct live *live;
	struct match *match;
	char line[JOURNAL_LINE_MAX];
};

/* The entry the journal stands at, when it is wanted. */
static int put_entry(struct view *v, uint64_t now_ms)
{
	const struct journal_api *api = &v->journal->api;
	uint64_t us = 0;
	size_t n = journal_line(api, v->journal->j, v->line, sizeof v->line);

	while (n > 0 && v->line[n - 1] == '\n')
		n--;
	if (!match_line(v->match, v->line, n))
		return 0;
	api->get_realtime(v->journal->j, &us);
	return live_line(v->live, 0, us, v->line, n, now_ms);
}

/* Where next() comes to the first of all. */
static int to_the_beginning(struct view *v)
{
	return v->journal->api.seek_head(v->journal->j);
}

/* So many that are wanted back from the newest, and one step more, so that next() comes to the
 * first of them. Running off the beginning leaves a journal where next() would lose its first
 * entry. */
static int go_back(struct view *v, unsigned lines)
{
	const struct journal_api *api = &v->journal->api;
	struct sd_journal *j = v->journal->j;
	int err = api->seek_tail(j);

	for (unsigned looked = 0; err >= 0 && lines > 0 && looked < LINES_MAX; looked++) {
		err = api->previous(j);
		if (err == 0)
			return to_the_beginning(v);
		if (err < 0)
			return err;

		size_t n = journal_line(api, j, v->line, sizeof v->line);
		lines -= match_line(v->match, v->line, n > 0 ? n - 1 : 0);
	}
	if (err >= 0)
		err = api->previous(j);
	return err == 0 ? to_the_beginning(v) : err < 0 ? err : 0;
}

static int announce(struct view *v, const struct op_args *a, uint64_t now_ms)
{
	struct item it = {.type = ITEM_SOURCE};

	snprintf(it.source.name, sizeof it.source.name, "journal%s%s", a->unit[0] ? ": " : "",
		 a->unit);
	return live_put(v->live, &it, now_ms);
}

/* More than 0 when there may be more at once. */
static int read_entries(struct view *v, uint64_t now_ms)
{
	const struct journal_api *api = &v->journal->api;

	for (unsigned i = 0; i < AT_ONCE; i++) {
		int err = api->next(v->journal->j);

		if (err > 0)
			err = put_entry(v, now_ms) < 0 ? -ENOMEM : 1;
		if (err <= 0)
			return err;
	}
	return 1;
}

/* libsystemd's own deadline is absolute, on a clock that stands still while the computer sleeps.
 * Journals on other file systems must be looked at. */
static int journal_wait_ms(struct view *v)
{
	const struct journal_api *api = &v->journal->api;
	uint64_t us, now_us;
	struct timespec now;

	if (api->get_fd(v->journal->j) < 0)
		return BLIND_MS; /* nobody tells us */
	if (api->get_timeout(v->journal->j, &us) < 0 || us == UINT64_MAX)
		return -1;
	clock_gettime(CLOCK_MONOTONIC, &now);
	now_us = (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
	if (us <= now_us)
		return 0;
	return us - now_us < BLIND_MS * 1000 ? (int)((us - now_us) / 1000) + 1 : BLIND_MS;
}

static int sooner(int a, int b)
{
	return a < 0 ? b : b < 0 || a < b ? a : b;
}

static void wait_for_news(struct view *v, bool more, uint64_t now_ms)
{
	const struct journal_api *api = &v->journal->api;
	struct pollfd fds[] = {
	    {.fd = live_wants_write(v->live) ? live_output(v->live) : -1, .events = POLLOUT},
	    {.fd = api->get_fd(v->journal->j), .events = (short)api->get_events(v->journal->j)},
	};
	int journal = journal_wait_ms(v), wait = sooner(live_wait_ms(v->live, now_ms), journal);
	int ready = poll(fds, 2, more ? 0 : wait);

	if (fds[1].revents != 0 || journal == 0 || (ready == 0 && journal > 0))
		api->process(v->journal->j);
}

static int follow(struct view *v)
{
	for (;;) {
		uint64_t now = clock_mono_ms();
		int more = read_entries(v, now);
		int err = more < 0 ? more : live_given_up(v->live, match_given_up(v->match), now);

		if (err == 0)
			err = live_pump(v->live, now, false);
		if (err < 0)
			return err;
		wait_for_news(v, more > 0, clock_mono_ms());
	}
}

static int run(struct view *v, const struct op_args *a)
{
	const struct journal_api *api = &v->journal->api;
	struct journal_query query = {.priority = a->priority ? a->priority - 1 : 8,
				      .unit = a->unit};
	unsigned lines = a->lines == 0 ? LINES_DEFAULT : a->lines - 1;
	int err;

	api->get_fd(v->journal->j); /* from here on it hears of changes */
	journal_match(api, v->journal->j, &query);
	err = announce(v, a, clock_mono_ms());
	if (err == 0)
		err = go_back(v, lines < LINES_MAX ? lines : LINES_MAX);
	return err < 0 ? err : follow(v);
}

int journal_follow(const struct journal *journal, struct live *live, const struct op_args *a)
{
	struct view *v = calloc(1, sizeof *v);
	char why[MATCH_WHY_MAX];
	int err;

	if (!v)
		return -ENOMEM;
	v->journal = journal;
	v->live = live;
	if (match_new(a->pattern, a->flags & OPEN_FLAG_CASE, &v->match, why) < 0)
		err = live_end(live, ITEM_FAILED, why, clock_mono_ms());
	else
		err = run(v, a);
	match_free(v->match);
	free(v);
	return err;
}

int collect_journal_live(struct sink *out, const struct collect_args *args)
{
	struct live *live = live_new(sink_hand_over(out));
	struct journal journal;
	int err;

	if (!live)
		return -ENOMEM;
	if (journal_open(&journal) < 0) {
		err = live_end(live, ITEM_UNAVAILABLE, journal.why, clock_mono_ms());
	} else {
		err = journal_follow(&journal, live, &args->op);
		journal.api.close(journal.j);
	}
	err = live_finish(live, err, clock_mono_ms());
	live_free(live);
	return err;
}
