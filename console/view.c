/* SPDX-License-Identifier: Apache-2.0 */
#include "console/view.h"

#include <stdio.h>

#include "console/events_lines.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

/* ---- its end ---- */

void view_hang_up(struct view *v)
{
	for (size_t i = 0; i < v->ops_count; i++)
		op_stop(v->ops[i], AS_E_CANCELLED);
}

void view_finish(struct view *v, enum item_state state, const char *why)
{
	if (v->job.is_done)
		return;
	view_hang_up(v);
	state = saved_close(&v->saved, state, why);
	job_tell_done(&v->job, state, why);
	job_done(&v->job, state, state != ITEM_OK);
}

void view_part_done(struct view *v, enum item_state state, const char *why)
{
	v->at_work--;
	if (v->reached) {
		view_finish(v, ITEM_OK, "");
		return;
	}
	if (state != ITEM_OK && v->state == ITEM_OK) {
		v->state = state;
		snprintf(v->why, sizeof v->why, "%s", why);
	}
	if (v->at_work == 0)
		view_finish(v, v->state, v->why);
}

/* ---- what comes ---- */

void view_begin_printing(struct view *v)
{
	if (!v->printing)
		screen_begin(&v->job.jobs->ev->screen);
	v->printing = true;
}

void view_keep(struct view *v, const void *text, size_t n)
{
	saved_put(&v->saved, text, n);
	saved_put(&v->saved, "\n", 1);
	v->bytes += n + 1;
}

void view_note(struct view *v, const char *text)
{
	view_begin_printing(v);
	events_remark(v->job.jobs->ev, v->job.id, v->job.name, text);
	saved_note(&v->saved, text);
}

void view_fed(struct view *v, struct op *op)
{
	struct events *ev = v->job.jobs->ev;

	saved_flush(&v->saved);
	if (v->printing)
		screen_end(&ev->screen);
	v->printing = false;
	op->holds = events_is_full(ev);
}

/* ---- as a job ---- */

void view_total(const struct job *j, struct item_view *out)
{
	const struct view *v = (const struct view *)j;

	out->bytes = v->bytes;
	out->files = v->saved.to_file ? 1 : 0;
	out->counted = v->counted;
	out->count = v->count;
}

void view_drained(struct job *j)
{
	struct view *v = (struct view *)j;

	for (size_t i = 0; i < v->ops_count; i++) {
		v->ops[i]->holds = false;
		op_release(v->ops[i]);
	}
}

int view_start(struct view *v, struct jobs *js, const char *line, const char *ext, bool keep,
	       const struct asks *asks)
{
	char text[128];
	int err = jobs_add(js, &v->job, line);

	if (err < 0)
		return err;
	saved_open(&v->saved, js->bundle, v->job.name, ext, line, keep);
	v->ops_count = asks->count;
	for (size_t i = 0; i < asks->count; i++) {
		err = op_ask(v->ops[i], js->ops, &asks->at[i].entry, &asks->at[i].args);
		if (err < 0) {
			view_finish(v, ITEM_FAILED, err_text(err, text, sizeof text));
			return 0;
		}
		v->at_work++;
	}
	job_tell_running(&v->job, clock_mono_ms());
	return 0;
}
