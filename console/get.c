/* SPDX-License-Identifier: Apache-2.0 */
#include "console/get.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/bundle.h"
#include "console/events_lines.h"
#include "console/old_part.h"
#include "console/op.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define TAKES                                                                  \
	(OP_TAKES(ITEM_FILE) | OP_TAKES(ITEM_DATA) | OP_TAKES(ITEM_FILE_END) | \
	 OP_TAKES(ITEM_SIZE) | OP_TAKES(ITEM_OFFSET) | OP_TAKES(ITEM_HOLE))

enum get_phase { GET_CHECKING, GET_AT_WORK, GET_SETTLING };

struct get {
	struct job job;
	char *out_dir;
	bool go_on, packs, incomplete;
	size_t count, at; /* all[at] is the one that is fetched now */
	uint64_t stored;  /* by those before it */
	uint32_t files;

	/* of that one */
	enum get_phase phase;
	struct op op;
	struct bundle_item *item; /* NULL between two */
	struct old_part old;
	bool offered, taken; /* its old part to the agent, and by it */
	bool has_file, has_data;
	bool too_much; /* for what was granted */
	uint64_t size; /* that it had when it was opened; 0: not known */
	uint64_t began_ms, reported_ms, reported_bytes;
	enum item_state state;		 /* while it settles */
	char why[ITEM_WHY_MAX + 1];	 /* the same */
	char file_why[ITEM_WHY_MAX + 1]; /* what the agent said of the file */

	struct get_one all[];
};

static const struct get_one *one(const struct get *g)
{
	return &g->all[g->at];
}

/* ---- what is told ---- */

static void view(const struct get *g, struct item_view *v)
{
	struct bundle_item_stats stats = {0};

	if (g->item)
		stats = bundle_item_stats(g->item);
	*v = (struct item_view){
	    .job = g->job.id,
	    .behind = g->job.behind,
	    .name = g->job.name,
	    .path = one(g)->source,
	    .running = true,
	    .why = "",
	    .bytes = stats.bytes + (g->taken ? g->old.bytes : 0),
	    .expected = g->size,
	    .files = stats.files,
	    .elapsed_ms = clock_mono_ms() - g->began_ms,
	};
}

/* Nothing between two of them: the first is told, the second has not begun. */
static size_t on_view(const struct job *j, struct item_view *out, size_t max)
{
	const struct get *g = (const struct get *)j;

	if (max == 0 || !g->item)
		return 0;
	view(g, out);
	return 1;
}

static void on_total(const struct job *j, struct item_view *out)
{
	const struct get *g = (const struct get *)j;
	struct bundle_item_stats stats = {0};

	if (g->item)
		stats = bundle_item_stats(g->item);
	out->bytes = g->stored + stats.bytes;
	out->files = g->files + stats.files;
}

static void on_tick(struct job *j, uint64_t now_ms)
{
	struct get *g = (struct get *)j;
	struct item_view v;

	if (!j->jobs->ev->json || !g->item || now_ms - g->reported_ms < JOB_REPORT_MS)
		return;
	view(g, &v);
	g->reported_ms = now_ms;
	if (v.bytes != g->reported_bytes)
		events_item(j->jobs->ev, &v);
	g->reported_bytes = v.bytes;
}

static void remark(struct get *g, const char *text)
{
	struct item note = {.type = ITEM_NOTE};

	snprintf(note.note.text, sizeof note.note.text, "%s", text);
	bundle_item_record(g->item, &note);
	events_remark(g->job.jobs->ev, g->job.id, g->job.name, text);
}

/* ---- the end of one ---- */

static void next(struct get *g);

static void finish(struct get *g, enum item_state state, const char *why)
{
	struct item_view v;

	if (state != ITEM_OK && !why[0])
		why = g->file_why;
	view(g, &v);
	v.running = false;
	v.state = bundle_item_end(g->item, state, why);
	v.why = why;
	g->item = NULL;
	g->stored += v.bytes;
	g->files += v.files;
	g->incomplete |= v.state != ITEM_OK;
	if (v.state != ITEM_OK && g->old.b && !g->taken)
		v.why =
		    why[0] ? why : "it is not the same file any more; the part that is here stays";
	old_part_done(&g->old);
	jobs_show(g->job.jobs);
	events_item(g->job.jobs->ev, &v);
	g->at++;
}

/* What is written must be hashed to its end first, which may take a while behind a hole. */
static void wind_up(struct get *g, enum item_state state, const char *why)
{
	if (!bundle_item_has_work(g->item)) {
		finish(g, state, why);
		return;
	}
	g->phase = GET_SETTLING;
	g->state = state;
	snprintf(g->why, sizeof g->why, "%s", why);
	g->job.works = true;
	job_wake(&g->job);
}

static void on_done(enum item_state state, const char *why, void *owner)
{
	struct get *g = owner;

	if (g->too_much)
		why = "more than the session allows in all; connect with a bigger --max-bytes";
	wind_up(g, state, why);
	next(g);
}

static void on_stop(struct job *j, enum job_stop how, const char *why)
{
	struct get *g = (struct get *)j;
	bool settles = g->phase == GET_SETTLING;

	op_stop(&g->op, how == JOB_LOST ? AS_E_PEER_LOST : AS_E_CANCELLED);
	g->incomplete |= g->at + 1 < g->count;
	g->count = g->item ? g->at + 1 : g->at; /* no more of them */
	if (g->item && how != JOB_CANCELLED)
		finish(g, settles ? g->state : ITEM_PARTIAL, settles ? g->why : why);
	else if (g->item && !settles)
		wind_up(g, ITEM_PARTIAL, why);
	next(g);
}

/* ---- what comes ---- */

/* The name in the manifest is ours: what was asked for, not what the agent calls it. */
static int on_file(struct get *g, const struct item *rec)
{
	struct item file = *rec;

	if (g->has_file)
		return AS_E_PROTOCOL;
	g->has_file = true;
	file.file.source_kind = ITEM_FROM_FILE;
	memcpy(file.file.source, one(g)->source, sizeof file.file.source);
	if (g->offered)
		old_part_announce(&g->old, g->item);
	return bundle_item_record(g->item, &file);
}

/* The agent has the same beginning. */
static int on_offset(struct get *g, const struct item *rec)
{
	char text[ITEM_WHY_MAX], size[TEXT_SIZE_MAX];
	int err;

	if (!g->offered || g->taken || g->has_data || rec->offset != g->old.bytes)
		return AS_E_PROTOCOL;
	err = old_part_take(&g->old, g->item);
	if (err < 0)
		return err;
	g->taken = true;
	snprintf(text, sizeof text, "goes on behind the %s that were here%s%.100s",
		 text_size(g->old.bytes, size), g->old.is_own ? "" : ", from ", g->old.from);
	remark(g, text);
	return 0;
}

/* With a beginning here, nothing but its rest is of use. */
static int on_data(struct get *g, const struct item *rec)
{
	int err;

	if (g->offered && !g->taken)
		return AS_E_PROTOCOL;
	g->has_data = true;
	err = bundle_item_record(g->item, rec);
	g->too_much = err == AS_E_QUOTA;
	if (err == 0 && bundle_item_disk_error(g->item) < 0)
		err = bundle_item_disk_error(g->item);
	if (bundle_item_has_work(g->item))
		g->job.works = true;
	return err;
}

static int on_record(const struct item *rec, void *owner)
{
	struct get *g = owner;

	switch (rec->type) {
	case ITEM_FILE:
		return on_file(g, rec);
	case ITEM_OFFSET:
		return on_offset(g, rec);
	case ITEM_SIZE:
		g->size = rec->size;
		return bundle_item_record(g->item, rec);
	case ITEM_DATA:
	case ITEM_HOLE:
		return on_data(g, rec);
	case ITEM_FILE_END:
		memcpy(g->file_why, rec->file_end.why, sizeof g->file_why);
		return bundle_item_record(g->item, rec);
	case ITEM_NOTE:
		events_remark(g->job.jobs->ev, g->job.id, g->job.name, rec->note.text);
		return bundle_item_record(g->item, rec);
	default:
		return bundle_item_record(g->item, rec);
	}
}

static const struct op_events op_ev = {.on_record = on_record, .on_done = on_done};

/* ---- one after the other ---- */

static void ask(struct get *g)
{
	as_OpenArgs args = one(g)->ask.args;
	char text[128];

	if (g->offered) {
		args.offset = g->old.bytes;
		memcpy(args.sha256.bytes, g->old.sha256, sizeof g->old.sha256);
		args.sha256.size = sizeof g->old.sha256;
	}
	g->phase = GET_AT_WORK;
	g->op = (struct op){
	    .ev = &op_ev, .owner = g, .takes = TAKES, .packs = true, .plain = !g->packs};

	int err = op_ask(&g->op, g->job.jobs->ops, &one(g)->ask.entry, &args);
	if (err < 0)
		finish(g, ITEM_FAILED, err_text(err, text, sizeof text));
}

/* What is to be fetched next has begun, or everything is done. */
static void next(struct get *g)
{
	struct jobs *js = g->job.jobs;
	struct item_view v;

	while (g->at < g->count && !g->item) {
		g->offered = g->taken = g->has_file = g->has_data = g->too_much = false;
		g->size = 0;
		g->file_why[0] = '\0';
		g->began_ms = g->reported_ms = clock_mono_ms();
		g->item = bundle_item_begin(js->bundle, g->job.name);
		if (!g->item) {
			g->incomplete = true;
			g->at++;
			continue;
		}
		view(g, &v);
		events_item(js->ev, &v);
		g->phase = GET_CHECKING;
		g->job.works =
		    g->go_on && old_part_find(&g->old, js->bundle, g->out_dir, one(g)->source);
		if (!g->job.works && g->go_on)
			remark(g, "there is no part of it to go on with: all of it is fetched");
		if (!g->job.works)
			ask(g);
	}
	if (g->at == g->count)
		job_done(&g->job, g->incomplete ? ITEM_PARTIAL : ITEM_OK, g->incomplete);
}

/* ---- what takes time ---- */

static bool check(struct get *g)
{
	char why[OLD_PART_WHY_MAX], text[OLD_PART_WHY_MAX + 40];
	int more = old_part_check(&g->old, why);

	if (more > 0)
		return true;
	g->offered = more == 0;
	if (more < 0) {
		snprintf(text, sizeof text, "%s; all of it is fetched", why);
		remark(g, text);
		old_part_done(&g->old);
	}
	ask(g);
	next(g); /* nothing, unless it could not be asked for */
	return g->job.works && g->phase == GET_CHECKING;
}

static bool on_work(struct job *j)
{
	struct get *g = (struct get *)j;

	if (g->phase == GET_CHECKING)
		return check(g);
	if (g->item && bundle_item_work(g->item))
		return true;
	if (g->phase != GET_SETTLING)
		return false;
	j->works = false;
	finish(g, g->state, g->why);
	next(g);
	return j->works;
}

static void on_free(struct job *j)
{
	struct get *g = (struct get *)j;

	op_stop(&g->op, AS_E_CANCELLED);
	old_part_done(&g->old);
	free(g->out_dir);
	free(g);
}

static const struct job_kind kind = {
    .stop = on_stop,
    .total = on_total,
    .view = on_view,
    .tick = on_tick,
    .work = on_work,
    .free = on_free,
};

int get_start(struct jobs *js, const struct get_wish *w, struct job **out)
{
	struct get *g = calloc(1, sizeof *g + w->count * sizeof g->all[0]);
	char *out_dir = strdup(w->out_dir);
	int err = g && out_dir ? 0 : -ENOMEM;

	if (err == 0) {
		g->job = (struct job){.kind = &kind, .name = "get"};
		g->out_dir = out_dir;
		g->go_on = w->go_on;
		g->packs = w->packs;
		g->count = w->count;
		memcpy(g->all, w->all, w->count * sizeof g->all[0]);
		err = jobs_add(js, &g->job, w->line);
	}
	if (err < 0) {
		free(out_dir);
		free(g);
		return err;
	}
	next(g);
	*out = &g->job;
	return 0;
}
