/* SPDX-License-Identifier: Apache-2.0 */
#include "console/list.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/events_lines.h"
#include "console/view.h"
#include "proto/base/err.h"

struct list_part {
	struct list *l;
	struct op op;
	char root[SCOPE_TARGET_MAX + 1];
	char path[SCOPE_TARGET_MAX + ITEM_PATH_MAX + 2]; /* of the last entry; "" before it */
	bool skips;					 /* that entry is not shown */
};

struct list {
	struct view view; /* counts entries */
	uint64_t max, lines;
	bool empty_only;
	struct list_part parts[];
};

static void on_done(enum item_state state, const char *why, void *owner)
{
	struct list_part *p = owner;

	view_part_done(&p->l->view, state, why);
}

static void on_stop(struct job *j, enum job_stop how, const char *why)
{
	(void)how;
	view_finish((struct view *)j, ITEM_PARTIAL, why);
}

/* ---- what comes ---- */

static int on_entry(struct list_part *p, const struct item *rec)
{
	static char text[EVENTS_ENTRY_MAX];
	struct list *l = p->l;

	p->skips = l->empty_only && rec->entry.size > 0;
	if (l->view.count == LIST_MAX)
		return AS_E_QUOTA;
	l->view.reached = !p->skips && l->view.count == l->max && l->max > 0;
	if (l->view.reached)
		return AS_E_CANCELLED;
	events_path(p->root, rec->entry.name, rec->entry.name_len, p->path, sizeof p->path);
	if (p->skips)
		return 0;
	l->view.count++;
	view_begin_printing(&l->view);
	events_entry(l->view.job.jobs->ev, l->view.job.id, p->root, rec);
	view_keep(&l->view, text, events_entry_text(p->root, rec, text));
	return 0;
}

/* A line belongs to the entry before it. */
static int on_line(struct list_part *p, const struct item *rec)
{
	static char text[EVENTS_MATCH_MAX];
	struct list *l = p->l;
	struct match_view v = {
	    .job = l->view.job.id,
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
	view_begin_printing(&l->view);
	events_match(l->view.job.jobs->ev, &v);
	view_keep(&l->view, text, events_match_text(&v, text));
	return 0;
}

static int on_record(const struct item *rec, void *owner)
{
	struct list_part *p = owner;

	switch (rec->type) {
	case ITEM_ENTRY:
		return on_entry(p, rec);
	case ITEM_LINE:
		return on_line(p, rec);
	case ITEM_NOTE:
		view_note(&p->l->view, rec->note.text);
		return 0;
	default:
		return 0;
	}
}

static void on_fed(void *owner)
{
	struct list_part *p = owner;

	view_fed(&p->l->view, &p->op);
}

static const struct op_events op_ev = {
    .on_record = on_record, .on_done = on_done, .on_fed = on_fed};

/* ---- as a job ---- */

static void on_tick(struct job *j, uint64_t now_ms)
{
	if (j->jobs->ev->json)
		job_tell_running(j, now_ms);
}

static void on_free(struct job *j)
{
	view_hang_up((struct view *)j);
	free(j);
}

static const struct job_kind kind = {
    .stop = on_stop,
    .total = view_total,
    .tick = on_tick,
    .drained = view_drained,
    .free = on_free,
};

int list_start(struct jobs *js, const struct list_wish *w, const struct asks *asks,
	       struct job **out)
{
	uint32_t takes = OP_TAKES(ITEM_ENTRY) | (w->matches ? OP_TAKES(ITEM_LINE) : 0);
	struct list *l = calloc(1, sizeof *l + asks->count * sizeof l->parts[0]);
	if (!l)
		return -ENOMEM;

	l->view.job = (struct job){.kind = &kind, .name = w->name};
	l->view.counted = COUNT_ENTRIES;
	l->max = w->max;
	l->empty_only = w->empty_only;
	for (size_t i = 0; i < asks->count; i++) {
		struct list_part *p = &l->parts[i];

		p->l = l;
		memcpy(p->root, asks->at[i].args.root, sizeof p->root);
		p->op = (struct op){.ev = &op_ev, .owner = p, .takes = takes};
		l->view.ops[i] = &p->op;
	}

	int err = view_start(&l->view, js, w->line, "txt", w->keep, asks);
	if (err < 0) {
		free(l);
		return err;
	}
	*out = &l->view.job;
	return 0;
}
