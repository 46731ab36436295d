/* SPDX-License-Identifier: Apache-2.0 */
#include "console/list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/events_lines.h"
#include "console/op.h"
#include "console/saved.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

struct list_part {
	struct list *l;
	struct op op;
	char root[SCOPE_TARGET_MAX + 1];
	char path[SCOPE_TARGET_MAX + ITEM_PATH_MAX + 2]; /* of the last entry; "" before it */
	bool skips;					 /* that entry is not shown */
};

struct list {
	struct job job;
	uint64_t max, entries, lines, bytes;
	bool empty_only, printing;
	bool reached; /* there is more than was asked for */
	enum item_state state;
	char why[ITEM_WHY_MAX + 1];
	struct saved saved;
	size_t parts_count, at_work;
	struct list_part parts[];
};

/* ---- its end ---- */

static void finish(struct list *l, enum item_state state, const char *why)
{
	if (l->job.is_done)
		return;
	for (size_t i = 0; i < l->parts_count; i++)
		op_stop(&l->parts[i].op, AS_E_CANCELLED);
	state = saved_close(&l->saved, state, why);
	job_tell_done(&l->job, state, why);
	job_done(&l->job, state, state != ITEM_OK);
}

static void on_done(enum item_state state, const char *why, void *owner)
{
	struct list_part *p = owner;
	struct list *l = p->l;

	l->at_work--;
	if (l->reached) {
		finish(l, ITEM_OK, "");
		return;
	}
	if (state != ITEM_OK && l->state == ITEM_OK) {
		l->state = state;
		snprintf(l->why, sizeof l->why, "%s", why);
	}
	if (l->at_work == 0)
		finish(l, l->state, l->why);
}

static void on_stop(struct job *j, enum job_stop how, const char *why)
{
	(void)how;
	finish((struct list *)j, ITEM_PARTIAL, why);
}

/* ---- what comes ---- */

static void begin_printing(struct list *l)
{
	if (!l->printing)
		screen_begin(&l->job.jobs->ev->screen);
	l->printing = true;
}

static void keep(struct list *l, const char *text, size_t n)
{
	saved_put(&l->saved, text, n);
	saved_put(&l->saved, "\n", 1);
	l->bytes += n + 1;
}

static int on_entry(struct list_part *p, const struct item *rec)
{
	static char text[EVENTS_ENTRY_MAX];
	struct list *l = p->l;

	p->skips = l->empty_only && rec->entry.size > 0;
	if (l->entries == LIST_MAX)
		return AS_E_QUOTA;
	l->reached = !p->skips && l->entries == l->max && l->max > 0;
	if (l->reached)
		return AS_E_CANCELLED;
	events_path(p->root, rec->entry.name, rec->entry.name_len, p->path, sizeof p->path);
	if (p->skips)
		return 0;
	l->entries++;
	begin_printing(l);
	events_entry(l->job.jobs->ev, l->job.id, p->root, rec);
	keep(l, text, events_entry_text(p->root, rec, text));
	return 0;
}

/* A line belongs to the entry before it. */
static int on_line(struct list_part *p, const struct item *rec)
{
	static char text[EVENTS_MATCH_MAX];
	struct list *l = p->l;
	struct match_view v = {
	    .job = l->job.id,
	    .path = p->path,
	    .line = rec->line.time,
	    .text = rec->line.text,
	    .len = rec->line.len,
	    .cut = rec->line.cut,
	};

	if (!p->path[0])
		return AS_E_PROTOCOL;
	if (p->skips)
		return 0;
	if (++l->lines > LIST_MAX)
		return AS_E_QUOTA;
	begin_printing(l);
	events_match(l->job.jobs->ev, &v);
	keep(l, text, events_match_text(&v, text));
	return 0;
}

static int on_record(const struct item *rec, void *owner)
{
	struct list_part *p = owner;
	struct list *l = p->l;

	switch (rec->type) {
	case ITEM_ENTRY:
		return on_entry(p, rec);
	case ITEM_LINE:
		return on_line(p, rec);
	case ITEM_NOTE:
		begin_printing(l);
		events_remark(l->job.jobs->ev, l->job.id, l->job.name, rec->note.text);
		saved_note(&l->saved, rec->note.text);
		return 0;
	default:
		return 0;
	}
}

static void on_fed(void *owner)
{
	struct list_part *p = owner;
	struct events *ev = p->l->job.jobs->ev;

	saved_flush(&p->l->saved);
	if (p->l->printing)
		screen_end(&ev->screen);
	p->l->printing = false;
	p->op.holds = events_is_full(ev);
}

static const struct op_events op_ev = {
    .on_record = on_record, .on_done = on_done, .on_fed = on_fed};

/* ---- as a job ---- */

static void on_total(const struct job *j, struct item_view *out)
{
	const struct list *l = (const struct list *)j;

	out->bytes = l->bytes;
	out->files = l->saved.to_file ? 1 : 0;
	out->counted = "entries";
	out->count = l->entries;
}

static void on_tick(struct job *j, uint64_t now_ms)
{
	if (j->jobs->ev->json)
		job_tell_running(j, now_ms);
}

static void on_drained(struct job *j)
{
	struct list *l = (struct list *)j;

	for (size_t i = 0; i < l->parts_count; i++) {
		l->parts[i].op.holds = false;
		op_release(&l->parts[i].op);
	}
}

static void on_free(struct job *j)
{
	struct list *l = (struct list *)j;

	for (size_t i = 0; i < l->parts_count; i++)
		op_stop(&l->parts[i].op, AS_E_CANCELLED);
	free(l);
}

static const struct job_kind kind = {
    .stop = on_stop,
    .total = on_total,
    .tick = on_tick,
    .drained = on_drained,
    .free = on_free,
};

static void ask_all(struct list *l, const struct list_wish *w, const struct asks *asks)
{
	uint32_t takes = OP_TAKES(ITEM_ENTRY) | (w->matches ? OP_TAKES(ITEM_LINE) : 0);
	char text[128];

	for (size_t i = 0; i < l->parts_count; i++) {
		struct list_part *p = &l->parts[i];

		p->l = l;
		memcpy(p->root, asks->at[i].args.root, sizeof p->root);
		p->op = (struct op){.ev = &op_ev, .owner = p, .takes = takes};

		int err = op_ask(&p->op, l->job.jobs->ops, &asks->at[i].entry, &asks->at[i].args);
		if (err < 0) {
			finish(l, ITEM_FAILED, err_text(err, text, sizeof text));
			return;
		}
		l->at_work++;
	}
	job_tell_running(&l->job, clock_mono_ms());
}

int list_start(struct jobs *js, const struct list_wish *w, const struct asks *asks,
	       struct job **out)
{
	struct list *l = calloc(1, sizeof *l + asks->count * sizeof l->parts[0]);
	if (!l)
		return -ENOMEM;

	l->job = (struct job){.kind = &kind, .name = w->name};
	l->max = w->max;
	l->empty_only = w->empty_only;
	l->parts_count = asks->count;

	int err = jobs_add(js, &l->job, w->line);
	if (err < 0) {
		free(l);
		return err;
	}
	saved_open(&l->saved, js->bundle, w->name, "txt", w->line, w->keep);
	ask_all(l, w, asks);
	*out = &l->job;
	return 0;
}
