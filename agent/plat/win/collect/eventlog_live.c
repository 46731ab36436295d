/* SPDX-License-Identifier: Apache-2.0
 *
 * eventlog_live: the messages of the event logs as they come, of System, Application and, where
 * this user may read it, Security; or of a channel, or by an XPath, that the engineer names.
 *
 * Each log is subscribed to first and then read backwards for its newest messages; what is in both
 * is told by its number. Windows hands over new ones by itself; we fetch them LOOK_MS after that at
 * the latest, which is how often a batch is sent anyway.
 */
#include "agent/plat/win/collect/event_text.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/live.h"
#include "agent/collect/match.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define CHANNELS_MAX  3
#define LINES_DEFAULT 10
#define LINES_MAX     1000
#define BACK_MAX      5000 /* messages of one log that are looked at for the newest that match */
#define AT_ONCE	      500  /* messages of one log, then what was made is sent */
#define LOOK_MS	      250

struct channel {
	const char *name;
	HANDLE signal;
	EVT_HANDLE events; /* NULL: it cannot be read */
	uint64_t shown;	   /* the number of the newest that was shown from the log itself */
};

struct old {
	uint64_t us;
	uint8_t source;
	char *line;
};

struct view {
	struct live *live;
	struct match *match;
	struct event_reader reader;
	struct channel channels[CHANNELS_MAX];
	size_t count;
	wchar_t query[EVENT_QUERY_CHARS];
	struct old *old; /* of all logs, before they are sorted */
	size_t old_count;
	char line[EVENT_LINE_MAX];
};

static uint64_t unix_us(const FILETIME *t)
{
	const uint64_t epoch = UINT64_C(116444736000000000);
	uint64_t v = (uint64_t)t->dwHighDateTime << 32 | t->dwLowDateTime;

	return v > epoch ? (v - epoch) / 10 : 0;
}

/* ---- what was there before ---- */

static int keep_old(struct view *v, const struct event *e, uint8_t source, size_t n)
{
	struct old *o = &v->old[v->old_count];

	*o = (struct old){.us = unix_us(&e->at), .source = source, .line = malloc(n + 1)};
	if (!o->line)
		return -ENOMEM;
	memcpy(o->line, v->line, n);
	o->line[n] = '\0';
	v->old_count++;
	return 0;
}

/* The newest `lines` of one log that match. */
static int look_back(struct view *v, uint8_t source, unsigned lines)
{
	const struct event_api *api = &v->reader.api;
	struct channel *c = &v->channels[source];
	wchar_t name[256];
	EVT_HANDLE event;
	DWORD got;
	int err = 0;

	win_wide(c->name, name, 256);

	EVT_HANDLE all =
	    api->query(NULL, name, v->query, EvtQueryChannelPath | EvtQueryReverseDirection);
	for (unsigned i = 0; all && err == 0 && lines > 0 && i < BACK_MAX &&
			     api->next(all, 1, &event, 1000, 0, &got);
	     i++) {
		struct event e;

		if (event_read(&v->reader, event, &e)) {
			size_t n = event_line(&e, v->line, sizeof v->line);

			if (c->shown == 0)
				c->shown = e.record;
			if (match_line(v->match, v->line, n)) {
				err = keep_old(v, &e, source, n);
				lines--;
			}
		}
		api->close(event);
	}
	if (all)
		api->close(all);
	return err;
}

static int by_time(const void *a, const void *b)
{
	const struct old *x = a, *y = b;

	return (x->us > y->us) - (x->us < y->us);
}

/* The newest of all of them, the oldest first. */
static int show_old(struct view *v, unsigned lines)
{
	size_t from = v->old_count > lines ? v->old_count - lines : 0;
	int err = 0;

	if (v->old_count > 0)
		qsort(v->old, v->old_count, sizeof *v->old, by_time);
	for (size_t i = 0; i < v->old_count; i++) {
		struct old *o = &v->old[i];

		if (i >= from && err == 0)
			err = live_line(v->live, o->source, o->us, o->line, strlen(o->line),
					clock_mono_ms());
		free(o->line);
	}
	v->old_count = 0;
	return err;
}

static int begin(struct view *v, unsigned lines)
{
	int err = 0;

	v->old = calloc(CHANNELS_MAX * (size_t)LINES_MAX, sizeof *v->old);
	if (!v->old)
		return -ENOMEM;
	for (size_t i = 0; i < v->count && err == 0; i++)
		if (v->channels[i].events)
			err = look_back(v, (uint8_t)i, lines);
	int shown = show_old(v, lines);
	free(v->old);
	return err < 0 ? err : shown;
}

/* ---- what comes ---- */

static int put(struct view *v, size_t source, EVT_HANDLE event, uint64_t now_ms)
{
	struct event e;
	size_t n;

	if (!event_read(&v->reader, event, &e) || e.record <= v->channels[source].shown)
		return 0;
	n = event_line(&e, v->line, sizeof v->line);
	if (!match_line(v->match, v->line, n))
		return 0;
	return live_line(v->live, (uint8_t)source, unix_us(&e.at), v->line, n, now_ms);
}

/* More than 0 when there may be more at once. */
static int fetch(struct view *v, size_t source, uint64_t now_ms)
{
	struct channel *c = &v->channels[source];
	EVT_HANDLE event;
	DWORD got;

	if (!c->events || WaitForSingleObject(c->signal, 0) != WAIT_OBJECT_0)
		return 0;
	ResetEvent(c->signal); /* before we read: what comes meanwhile sets it again */
	for (unsigned i = 0; i < AT_ONCE; i++) {
		if (!v->reader.api.next(c->events, 1, &event, 0, 0, &got))
			return 0;

		int err = put(v, source, event, now_ms);
		v->reader.api.close(event);
		if (err < 0)
			return err;
	}
	SetEvent(c->signal);
	return 1;
}

static int follow(struct view *v)
{
	for (;;) {
		uint64_t now = clock_mono_ms();
		bool more = false;
		int err = live_given_up(v->live, match_given_up(v->match), now);

		for (size_t i = 0; i < v->count && err >= 0; i++) {
			err = fetch(v, i, now);
			more = more || err > 0;
		}
		if (err >= 0)
			err = live_pump(v->live, now, false);
		if (err < 0)
			return err;
		if (!more)
			live_wait(v->live, LOOK_MS);
	}
}

/* ---- start and end ---- */

static void subscribe(struct view *v, struct channel *c)
{
	wchar_t name[256];

	win_wide(c->name, name, 256);
	c->signal = CreateEventW(NULL, TRUE, TRUE, NULL);
	SetLastError(ERROR_CALL_NOT_IMPLEMENTED); /* wine may set no reason */
	if (c->signal)
		c->events = v->reader.api.subscribe(NULL, c->signal, name, v->query, NULL, NULL,
						    NULL, EvtSubscribeToFutureEvents);
}

static void say_why(DWORD err, char *why, size_t cap)
{
	if (err == ERROR_CALL_NOT_IMPLEMENTED)
		snprintf(why, cap, "this system has no event log interface");
	else if (err == ERROR_ACCESS_DENIED)
		snprintf(why, cap, "needs administrator rights");
	else
		facts_error(err, why, cap);
}

/* How many of them can be read; of the others it is said why not. */
static int open_all(struct view *v, char *why, size_t cap)
{
	int open = 0, err = 0;

	for (size_t i = 0; i < v->count && err == 0; i++) {
		struct channel *c = &v->channels[i];
		struct item it = {.type = ITEM_SOURCE, .source = {.id = (uint8_t)i}};

		subscribe(v, c);
		if (!c->events)
			say_why(GetLastError(), why, cap);
		snprintf(it.source.name, sizeof it.source.name, "eventlog: %s", c->name);
		err = live_put(v->live, &it, clock_mono_ms());
		if (err == 0 && !c->events)
			err = live_note(v->live, clock_mono_ms(), "%s: %s", c->name, why);
		open += c->events != NULL;
	}
	return err < 0 ? err : open;
}

static void choose(struct view *v, const struct op_args *a)
{
	event_query(a->priority, 0, a->unit, v->query);
	if (a->unit[0] && !event_is_query(a->unit))
		v->channels[v->count++].name = a->unit;
	while (v->channels[0].name != a->unit && event_channels[v->count]) {
		v->channels[v->count].name = event_channels[v->count];
		v->count++;
	}
}

static int run(struct view *v, const struct op_args *a)
{
	unsigned lines = a->lines == 0 ? LINES_DEFAULT : a->lines - 1;
	char why[ITEM_WHY_MAX + 1] = "";
	int err;

	if (!event_reader_open(&v->reader))
		return live_end(v->live, ITEM_UNAVAILABLE, "this system has no event log interface",
				clock_mono_ms());
	if (match_new(a->pattern, a->flags & OPEN_FLAG_CASE, &v->match, why) < 0)
		return live_end(v->live, ITEM_FAILED, why, clock_mono_ms());
	choose(v, a);
	err = open_all(v, why, sizeof why);
	if (err == 0)
		return live_end(v->live, ITEM_UNAVAILABLE, why, clock_mono_ms());
	if (err > 0)
		err = begin(v, lines < LINES_MAX ? lines : LINES_MAX);
	return err < 0 ? err : follow(v);
}

int collect_eventlog_live(struct sink *out, const struct collect_args *args)
{
	struct view *v = calloc(1, sizeof *v);
	int err = -ENOMEM;

	if (!v)
		return err;
	v->live = live_new(sink_hand_over(out));
	if (v->live)
		err = live_finish(v->live, run(v, &args->op), clock_mono_ms());
	event_reader_close(&v->reader);
	match_free(v->match);
	live_free(v->live);
	free(v);
	return err; /* the subscriptions end with the process */
}
