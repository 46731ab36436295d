/* SPDX-License-Identifier: Apache-2.0 */
#include "console/top.h"

#include <errno.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "console/events_lines.h"
#include "console/op.h"
#include "console/saved.h"
#include "console/top_print.h"
#include "console/top_view.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define TAKES (OP_TAKES(ITEM_ROW) | OP_TAKES(ITEM_DROPPED) | OP_TAKES(ITEM_PAD))

struct top {
	struct job job;
	struct op op;
	struct top_state *state;
	struct top_view *view; /* NULL without a screen of its own */
	uint32_t for_s;
	uint64_t samples_max, running_ms;
	bool reached; /* its own limit has ended it */
	bool quit;    /* the engineer has seen enough */
	struct saved saved;
};

/* ---- its end ---- */

static void finish(struct top *t, enum item_state state, const char *why)
{
	if (t->job.is_done)
		return;
	op_stop(&t->op, AS_E_CANCELLED);
	top_view_free(t->view);
	t->view = NULL;
	state = saved_close(&t->saved, state, why);
	job_tell_done(&t->job, state, why);
	job_done(&t->job, state, state != ITEM_OK);
}

static void on_done(enum item_state state, const char *why, void *owner)
{
	struct top *t = owner;

	if (t->reached)
		finish(t, ITEM_OK, "");
	else
		finish(t, state, why);
}

static void on_stop(struct job *j, enum job_stop how, const char *why)
{
	bool lost = how == JOB_LOST;

	finish((struct top *)j, lost ? ITEM_PARTIAL : ITEM_OK, lost ? why : "");
}

/* From inside the view, which must not go while it is at work. */
static void on_quit(void *owner)
{
	struct top *t = owner;

	t->quit = true;
	t->job.works = true;
	job_wake(&t->job);
}

static bool on_work(struct job *j)
{
	struct top *t = (struct top *)j;

	if (t->quit)
		finish(t, ITEM_OK, "");
	return false;
}

/* ---- samples ---- */

static void show(struct top *t)
{
	struct events *ev = t->job.jobs->ev;

	if (ev->json) {
		events_json(ev, top_json(&t->state->now, t->job.id));
	} else if (!t->view) {
		screen_begin(&ev->screen);
		top_text(&t->state->now, ev->out);
		screen_end(&ev->screen);
	}
}

static void keep(struct top *t)
{
	json_t *o = top_json(&t->state->now, t->job.id);
	char *line = o ? json_dumps(o, JSON_COMPACT) : NULL;

	if (line) {
		saved_put(&t->saved, line, strlen(line));
		saved_put(&t->saved, "\n", 1);
		saved_flush(&t->saved);
	}
	free(line);
	json_decref(o);
}

static int on_row(struct top *t, const struct item *rec)
{
	if (t->view)
		top_view_row(t->view, rec);
	if (!top_state_row(t->state, rec))
		return 0;
	show(t);
	keep(t);
	t->reached = t->state->samples == t->samples_max;
	return t->reached ? AS_E_CANCELLED : 0;
}

static int on_record(const struct item *rec, void *owner)
{
	struct top *t = owner;

	switch (rec->type) {
	case ITEM_ROW:
		return on_row(t, rec);
	case ITEM_NOTE:
		events_remark(t->job.jobs->ev, t->job.id, t->job.name, rec->note.text);
		saved_note(&t->saved, rec->note.text);
		return 0;
	default:
		return 0;
	}
}

static void on_fed(void *owner)
{
	struct top *t = owner;
	t->op.holds = !t->view && events_is_full(t->job.jobs->ev);
}

static void on_running(void *owner)
{
	struct top *t = owner;
	t->running_ms = clock_mono_ms();
}

static const struct op_events op_ev = {
    .on_record = on_record, .on_done = on_done, .on_running = on_running, .on_fed = on_fed};

/* ---- as a job ---- */

static void on_total(const struct job *j, struct item_view *out)
{
	const struct top *t = (const struct top *)j;

	out->bytes = t->saved.bytes;
	out->files = t->saved.to_file ? 1 : 0;
	out->counted = COUNT_SAMPLES;
	out->count = t->state->samples;
}

static void on_tick(struct job *j, uint64_t now_ms)
{
	struct top *t = (struct top *)j;

	if (j->jobs->ev->json)
		job_tell_running(j, now_ms);
	if (t->for_s > 0 && t->running_ms > 0 &&
	    now_ms - t->running_ms >= t->for_s * UINT64_C(1000))
		finish(t, ITEM_OK, "");
	else if (t->view && !t->quit)
		top_view_tick(t->view, j->jobs->ev->lost_left_s);
}

static void on_drained(struct job *j)
{
	struct top *t = (struct top *)j;

	t->op.holds = false;
	op_release(&t->op);
}

static void on_free(struct job *j)
{
	struct top *t = (struct top *)j;

	op_stop(&t->op, AS_E_CANCELLED);
	top_view_free(t->view);
	top_state_free(t->state);
	free(t);
}

static const struct job_kind kind = {
    .stop = on_stop,
    .total = on_total,
    .tick = on_tick,
    .work = on_work,
    .drained = on_drained,
    .free = on_free,
};

static void begin(struct top *t, const struct top_wish *w, const struct ask *ask)
{
	struct jobs *js = t->job.jobs;
	char text[128];

	saved_open(&t->saved, js->bundle, "top", "jsonl", w->line, w->keep);
	t->op = (struct op){.ev = &op_ev, .owner = t, .takes = TAKES};

	int err = op_ask(&t->op, js->ops, &ask->entry, &ask->args);
	if (err < 0) {
		finish(t, ITEM_FAILED, err_text(err, text, sizeof text));
		return;
	}
	job_tell_running(&t->job, clock_mono_ms());
	if (w->full_screen && js->ev->outlet && !js->ev->json && top_view_is_possible())
		t->view = top_view_new(js->ev->outlet, w->host, on_quit, t);
	t->job.own_keys = t->view != NULL;
}

int top_start(struct jobs *js, const struct top_wish *w, const struct ask *ask, struct job **out)
{
	struct top *t = calloc(1, sizeof *t);

	if (!t || !(t->state = top_state_new())) {
		free(t);
		return -ENOMEM;
	}
	t->job = (struct job){.kind = &kind,
			      .name = "top",
			      .live = true,
			      .endless = w->for_s == 0 && w->samples_max == 0};
	t->for_s = w->for_s;
	t->samples_max = w->samples_max;

	int err = jobs_add(js, &t->job, w->line);
	if (err < 0) {
		top_state_free(t->state);
		free(t);
		return err;
	}
	begin(t, w, ask);
	*out = &t->job;
	return 0;
}
