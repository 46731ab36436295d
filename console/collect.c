/* SPDX-License-Identifier: Apache-2.0 */
#include "console/collect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "console/bundle.h"
#include "console/op.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define TAKES \
	(OP_TAKES(ITEM_FILE) | OP_TAKES(ITEM_DATA) | OP_TAKES(ITEM_FILE_END) | OP_TAKES(ITEM_FACT))

enum take_phase { TAKE_WAITING, TAKE_AT_WORK, TAKE_DONE };

struct take {
	struct collect *c;
	as_CatalogEntry entry;
	struct bundle_item *item; /* while not DONE */
	struct op op;
	enum take_phase phase;
	uint64_t began_ms, reported_ms, reported_bytes;
	bool by_name;
	struct selection_device device; /* of a `device`; label is "" otherwise */
	char note[ITEM_WHY_MAX + 1];	/* the last one of its visit, while it lasts */
};

struct collect {
	struct job job;
	as_OpenArgs args;
	uint64_t stored; /* by the items that are done */
	uint32_t files;
	bool incomplete;
	size_t count, running, finished, at_once;
	struct take takes[];
};

/* ---- what is told ---- */

static const char *name_of(const struct take *t)
{
	return t->device.label[0] ? t->device.label : t->entry.name;
}

static void view(const struct take *t, struct item_view *v)
{
	struct bundle_item_stats stats = {0};

	if (t->item)
		stats = bundle_item_stats(t->item);
	*v = (struct item_view){
	    .job = t->c->job.id,
	    .behind = t->c->job.behind,
	    .name = name_of(t),
	    .running = true,
	    .why = t->note,
	    .bytes = stats.bytes,
	    .files = stats.files,
	    .elapsed_ms = t->began_ms ? clock_mono_ms() - t->began_ms : 0,
	};
}

static void on_total(const struct job *j, struct item_view *out)
{
	const struct collect *c = (const struct collect *)j;

	out->bytes = c->stored;
	out->files = c->files;
	for (size_t i = 0; i < c->count; i++) {
		struct item_view v;

		view(&c->takes[i], &v);
		out->bytes += v.bytes;
		out->files += v.files;
	}
}

static size_t on_view(const struct job *j, struct item_view *out, size_t max)
{
	const struct collect *c = (const struct collect *)j;
	size_t n = 0;

	for (size_t i = 0; i < c->count && n < max; i++)
		if (c->takes[i].phase == TAKE_AT_WORK)
			view(&c->takes[i], &out[n++]);
	return n;
}

static void report(struct take *t, uint64_t now_ms)
{
	struct item_view v;

	if (t->phase != TAKE_AT_WORK || now_ms - t->reported_ms < JOB_REPORT_MS)
		return;
	view(t, &v);
	t->reported_ms = now_ms;
	if (v.bytes != t->reported_bytes || t->note[0])
		events_item(t->c->job.jobs->ev, &v);
	t->reported_bytes = v.bytes;
}

static void on_tick(struct job *j, uint64_t now_ms)
{
	struct collect *c = (struct collect *)j;

	for (size_t i = 0; i < c->count && j->jobs->ev->json; i++)
		report(&c->takes[i], now_ms);
}

/* ---- one item ---- */

static bool is_failure(const struct take *t, enum item_state state)
{
	/* what an agent of this kind never has is no failure; a device that was named is one */
	bool missed = state == ITEM_UNAVAILABLE && t->device.label[0];

	return state == ITEM_PARTIAL || state == ITEM_TIMEOUT || state == ITEM_FAILED ||
	       (state == ITEM_DENIED && t->by_name) || missed;
}

static void finish(struct take *t, enum item_state state, const char *why)
{
	struct collect *c = t->c;
	struct item_view v;

	if (t->phase == TAKE_DONE)
		return;
	view(t, &v);
	v.running = false;
	v.state = t->item ? bundle_item_end(t->item, state, why) : ITEM_FAILED;
	v.why = why;
	if (v.state == ITEM_PARTIAL && !v.why[0])
		v.why = "not complete; 'bundle show' says what is missing and why";
	t->item = NULL;
	c->stored += v.bytes;
	c->files += v.files;
	c->running -= t->phase == TAKE_AT_WORK;
	t->phase = TAKE_DONE;
	c->finished++;
	c->incomplete |= is_failure(t, v.state);
	jobs_show(c->job.jobs); /* without this one */
	events_item(c->job.jobs->ev, &v);
}

static int on_record(const struct item *rec, void *owner)
{
	struct take *t = owner;

	if (rec->type == ITEM_NOTE && t->device.label[0])
		memcpy(t->note, rec->note.text, sizeof t->note);
	return bundle_item_record(t->item, rec);
}

static void start_more(struct collect *c);

static void on_done(enum item_state state, const char *why, void *owner)
{
	struct take *t = owner;

	finish(t, state, why);
	start_more(t->c);
}

static const struct op_events op_ev = {.on_record = on_record, .on_done = on_done};

/* What is to be asked for: the same for all but the device. */
static const as_OpenArgs *args_of(const struct take *t)
{
	static as_OpenArgs args; /* too big for a stack; one is asked for at a time */

	if (!t->device.label[0])
		return &t->c->args;
	args = t->c->args;
	memcpy(args.root, t->device.target, sizeof t->device.target);
	if (t->device.type[0]) {
		args.names_count = 1;
		memcpy(args.names[0], t->device.type, sizeof t->device.type);
	}
	return &args;
}

static void start_one(struct take *t)
{
	struct jobs *js = t->c->job.jobs;
	struct item_view v;
	char text[128];

	t->began_ms = t->reported_ms = clock_mono_ms();
	t->op = (struct op){.ev = &op_ev, .owner = t, .takes = TAKES};

	int err = op_ask(&t->op, js->ops, &t->entry, args_of(t));
	if (err < 0) {
		finish(t, ITEM_FAILED, err_text(err, text, sizeof text));
		return;
	}
	t->phase = TAKE_AT_WORK;
	t->c->running++;
	view(t, &v);
	events_item(js->ev, &v);
}

/* ---- all of them ---- */

static void start_more(struct collect *c)
{
	for (size_t i = 0; i < c->count && c->running < c->at_once; i++)
		if (c->takes[i].phase == TAKE_WAITING)
			start_one(&c->takes[i]);
	if (c->finished == c->count)
		job_done(&c->job, c->incomplete ? ITEM_PARTIAL : ITEM_OK, c->incomplete);
}

static void on_stop(struct job *j, enum job_stop how, const char *why)
{
	struct collect *c = (struct collect *)j;

	for (size_t i = 0; i < c->count; i++) {
		struct take *t = &c->takes[i];

		op_stop(&t->op, how == JOB_LOST ? AS_E_PEER_LOST : AS_E_CANCELLED);
		finish(t, t->phase == TAKE_WAITING ? ITEM_FAILED : ITEM_PARTIAL, why);
	}
	start_more(c);
}

static void on_free(struct job *j)
{
	struct collect *c = (struct collect *)j;

	for (size_t i = 0; i < c->count; i++)
		op_stop(&c->takes[i].op, AS_E_CANCELLED);
	free(c);
}

static const struct job_kind kind = {
    .stop = on_stop,
    .total = on_total,
    .view = on_view,
    .tick = on_tick,
    .free = on_free,
};

int collect_start(struct jobs *js, const struct selection *s,
		  bool (*is_allowed)(enum scope_kind kind, void *owner), void *owner,
		  const char *line, struct job **out)
{
	struct collect *c = calloc(1, sizeof *c + s->count * sizeof c->takes[0]);
	if (!c)
		return -ENOMEM;

	c->job = (struct job){.kind = &kind, .name = s->devices ? "device" : "collect"};
	c->count = s->count;
	c->at_once = s->devices ? s->count : COLLECT_AT_ONCE;
	c->args = s->args;

	int err = jobs_add(js, &c->job, line);
	if (err < 0) {
		free(c);
		return err;
	}
	for (size_t i = 0; i < s->count; i++) {
		struct take *t = &c->takes[i];

		t->c = c;
		t->entry = *s->entries[i];
		t->by_name = s->by_name[i];
		if (s->devices)
			t->device = s->devices[i];
		t->item = bundle_item_begin(js->bundle, name_of(t));
		if (!t->item)
			finish(t, ITEM_FAILED, "out of memory");
		else if (!is_allowed((enum scope_kind)t->entry.scope, owner))
			finish(t, ITEM_DENIED, "the customer has not agreed to this");
	}
	start_more(c);
	*out = &c->job;
	return 0;
}
