/* SPDX-License-Identifier: Apache-2.0 */
#include "console/live.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/events_lines.h"
#include "console/view.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/wire/host_path.h"

#define TAKES \
	(OP_TAKES(ITEM_SOURCE) | OP_TAKES(ITEM_LINE) | OP_TAKES(ITEM_DROPPED) | OP_TAKES(ITEM_PAD))
#define IDS 256 /* of the sources of one operation */

struct live_stream {
	struct live *l;
	struct op op;
	char *sources[IDS];	 /* ours; NULL: not heard of */
	const char *labels[IDS]; /* parts of them */
};

struct live {
	struct view view; /* counts lines */
	uint32_t for_s;
	uint64_t lines_max, running_ms;
	bool with_time;
	size_t named; /* sources that were heard of */
	const char *last_source;
	struct live_stream streams[];
};

static void on_done(enum item_state state, const char *why, void *owner)
{
	struct live_stream *s = owner;

	view_part_done(&s->l->view, state, why);
}

static void on_stop(struct job *j, enum job_stop how, const char *why)
{
	if (how == JOB_LOST)
		view_finish((struct view *)j, ITEM_PARTIAL, why);
	else
		view_finish((struct view *)j, ITEM_OK, "");
}

/* ---- what comes ---- */

static const char *file_name(const char *path)
{
	const char *slash = strrchr(path, host_path_is_drive(path) ? '\\' : '/');

	return slash && slash[1] ? slash + 1 : path;
}

/* Short, unless that would be the name of two. */
static const char *label(const struct live *l, const char *source)
{
	const char *name = file_name(source);

	for (size_t i = 0; i < l->view.ops_count; i++)
		for (size_t id = 0; id < IDS; id++) {
			const char *other = l->streams[i].sources[id];

			if (other && strcmp(other, source) != 0 &&
			    strcmp(file_name(other), name) == 0)
				return source;
		}
	return name;
}

static void label_all(struct live *l)
{
	for (size_t i = 0; i < l->view.ops_count; i++)
		for (size_t id = 0; id < IDS; id++)
			if (l->streams[i].sources[id])
				l->streams[i].labels[id] = label(l, l->streams[i].sources[id]);
}

static int on_source(struct live_stream *s, const struct item *rec)
{
	char **at = &s->sources[rec->source.id];
	char *name;

	if (*at && strcmp(*at, rec->source.name) == 0)
		return 0;
	name = strdup(rec->source.name);
	if (!name)
		return -ENOMEM;
	s->l->named += *at == NULL;
	if (s->l->last_source == *at)
		s->l->last_source = NULL;
	free(*at);
	*at = name;
	label_all(s->l);
	return 0;
}

/* As tail(1) does it with several files, so that the lines stay as they are. */
static void keep_heading(struct live *l, const char *source)
{
	char text[ITEM_SOURCE_MAX + 16];
	int n;

	if (l->named < 2 || l->last_source == source)
		return;
	l->last_source = source;
	n = snprintf(text, sizeof text, "==> %s <==\n", source);
	saved_put(&l->view.saved, text, (size_t)n);
}

static int on_line(struct live_stream *s, const struct item *rec)
{
	struct live *l = s->l;
	const char *source = s->sources[rec->line.source];
	struct line_view v = {
	    .job = l->view.job.id,
	    .source = source ? source : "",
	    .label = l->named > 1 ? s->labels[rec->line.source] : NULL,
	    .with_time = l->with_time,
	    .time_us = rec->line.time,
	    .text = rec->line.text,
	    .len = rec->line.len,
	    .cut = rec->line.cut,
	};

	view_begin_printing(&l->view);
	events_line(l->view.job.jobs->ev, &v);
	if (source)
		keep_heading(l, source);
	view_keep(&l->view, v.text, v.len);
	l->view.reached = ++l->view.count == l->lines_max;
	return l->view.reached ? AS_E_CANCELLED : 0;
}

static void on_dropped(struct live *l, const struct item *rec)
{
	char text[96], count[EVENTS_COUNT_MAX];
	int n = snprintf(text, sizeof text, "==> %s lines were dropped <==\n",
			 events_count(rec->dropped.lines, count));

	view_begin_printing(&l->view);
	events_dropped(l->view.job.jobs->ev, l->view.job.id, rec->dropped.lines,
		       rec->dropped.bytes);
	saved_put(&l->view.saved, text, (size_t)n);
	l->view.saved.truncated = true;
	l->last_source = NULL;
}

static int on_record(const struct item *rec, void *owner)
{
	struct live_stream *s = owner;
	struct live *l = s->l;

	switch (rec->type) {
	case ITEM_SOURCE:
		return on_source(s, rec);
	case ITEM_LINE:
		return on_line(s, rec);
	case ITEM_DROPPED:
		on_dropped(l, rec);
		return 0;
	case ITEM_NOTE:
		view_note(&l->view, rec->note.text);
		return 0;
	default:
		return 0; /* PAD; END is op.c's */
	}
}

static void on_fed(void *owner)
{
	struct live_stream *s = owner;

	view_fed(&s->l->view, &s->op);
}

static void on_running(void *owner)
{
	struct live_stream *s = owner;

	if (s->l->running_ms == 0)
		s->l->running_ms = clock_mono_ms();
}

static const struct op_events op_ev = {
    .on_record = on_record,
    .on_done = on_done,
    .on_running = on_running,
    .on_fed = on_fed,
};

/* ---- as a job ---- */

static void on_tick(struct job *j, uint64_t now_ms)
{
	struct live *l = (struct live *)j;

	if (j->jobs->ev->json)
		job_tell_running(j, now_ms);
	if (l->for_s > 0 && l->running_ms > 0 &&
	    now_ms - l->running_ms >= l->for_s * UINT64_C(1000))
		view_finish(&l->view, ITEM_OK, "");
}

static void on_free(struct job *j)
{
	struct live *l = (struct live *)j;

	view_hang_up(&l->view);
	for (size_t i = 0; i < l->view.ops_count; i++)
		for (size_t id = 0; id < IDS; id++)
			free(l->streams[i].sources[id]);
	free(l);
}

static const struct job_kind kind = {
    .stop = on_stop,
    .total = view_total,
    .tick = on_tick,
    .drained = view_drained,
    .free = on_free,
};

int live_start(struct jobs *js, const struct live_wish *w, const struct asks *asks,
	       struct job **out)
{
	struct live *l = calloc(1, sizeof *l + asks->count * sizeof l->streams[0]);
	if (!l)
		return -ENOMEM;

	l->view.job = (struct job){.kind = &kind,
				   .name = w->name,
				   .live = true,
				   .endless = w->for_s == 0 && w->lines_max == 0};
	l->view.counted = COUNT_LINES;
	l->for_s = w->for_s;
	l->lines_max = w->lines_max;
	l->with_time = w->with_time;
	for (size_t i = 0; i < asks->count; i++) {
		struct live_stream *s = &l->streams[i];

		s->l = l;
		s->op = (struct op){.ev = &op_ev, .owner = s, .takes = TAKES};
		l->view.ops[i] = &s->op;
	}

	int err = view_start(&l->view, js, w->line, "log", w->keep, asks);
	if (err < 0) {
		free(l);
		return err;
	}
	*out = &l->view.job;
	return 0;
}
