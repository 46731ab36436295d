/* SPDX-License-Identifier: Apache-2.0 */
#include "console/job.h"

#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

void jobs_init(struct jobs *js, struct events *ev, struct ops *ops)
{
	*js = (struct jobs){.ev = ev, .ops = ops};
}

void jobs_free(struct jobs *js)
{
	for (size_t i = 0; i < js->count; i++)
		js->at[i]->kind->free(js->at[i]);
	js->count = 0;
}

int jobs_add(struct jobs *js, struct job *j, const char *line)
{
	if (js->count == JOBS_MAX)
		return AS_E_QUOTA;
	j->jobs = js;
	j->id = ++js->last_id;
	j->began_ms = clock_mono_ms();
	text_line(line, strlen(line), j->what, sizeof j->what);
	js->at[js->count++] = j;
	return 0;
}

struct job *jobs_find(const struct jobs *js, uint32_t id)
{
	for (size_t i = 0; i < js->count; i++)
		if (js->at[i]->id == id && !js->at[i]->is_done)
			return js->at[i];
	return NULL;
}

void job_view(const struct job *j, struct item_view *out)
{
	*out = (struct item_view){.why = ""};
	j->kind->total(j, out);
	out->job = j->id;
	out->behind = j->behind;
	out->name = j->name;
	out->running = !j->is_done;
	out->elapsed_ms = clock_mono_ms() - j->began_ms;
	if (j->is_done)
		out->state = j->state;
}

/* ---- what is told of one ---- */

void job_tell_running(struct job *j, uint64_t now_ms)
{
	struct item_view v;

	if (j->reported_ms != 0 && now_ms - j->reported_ms < JOB_REPORT_MS)
		return;
	job_view(j, &v);
	if (j->reported_ms == 0 || v.bytes != j->reported_bytes)
		events_item(j->jobs->ev, &v);
	j->reported_ms = now_ms;
	j->reported_bytes = v.bytes;
}

void job_tell_done(struct job *j, enum item_state state, const char *why)
{
	struct item_view v;

	job_view(j, &v);
	v.running = false;
	v.state = state;
	v.why = why;
	events_item(j->jobs->ev, &v);
}

/* ---- the end of one ---- */

void job_done(struct job *j, enum item_state state, bool incomplete)
{
	if (j->is_done)
		return;
	j->is_done = true;
	j->works = false;
	j->state = state;
	j->jobs->incomplete |= incomplete;
}

static void remember(struct jobs *js, const struct job *j)
{
	struct job_past *p;

	if (js->past_count == JOBS_PAST_MAX) {
		memmove(js->past, js->past + 1, sizeof js->past - sizeof js->past[0]);
		js->past_count--;
	}
	p = &js->past[js->past_count++];
	p->id = j->id;
	memcpy(p->what, j->what, sizeof p->what);
	job_view(j, &p->view);
	p->view.why = "";
}

bool jobs_reap(struct jobs *js)
{
	size_t left = 0;
	bool any = false;

	for (size_t i = 0; i < js->count; i++) {
		struct job *j = js->at[i];

		if (!j->is_done) {
			js->at[left++] = j;
			continue;
		}
		remember(js, j);
		j->kind->free(j);
		any = true;
	}
	js->count = left;
	return any;
}

/* ---- all of them ---- */

size_t jobs_ending(const struct jobs *js)
{
	size_t n = 0;

	for (size_t i = 0; i < js->count; i++)
		n += !js->at[i]->is_done && !js->at[i]->endless;
	return n;
}

static void stop(struct jobs *js, bool endless_only, enum job_stop how, const char *why)
{
	for (size_t i = 0; i < js->count; i++) {
		struct job *j = js->at[i];

		if (!j->is_done && (j->endless || !endless_only))
			j->kind->stop(j, how, why);
	}
}

void jobs_stop_all(struct jobs *js, enum job_stop how, const char *why)
{
	stop(js, false, how, why);
}

void jobs_stop_endless(struct jobs *js, const char *why)
{
	stop(js, true, JOB_CANCELLED, why);
}

void jobs_tick(struct jobs *js, uint64_t now_ms)
{
	for (size_t i = 0; i < js->count; i++)
		if (!js->at[i]->is_done && js->at[i]->kind->tick)
			js->at[i]->kind->tick(js->at[i], now_ms);
}

void jobs_drained(struct jobs *js)
{
	for (size_t i = 0; i < js->count; i++)
		if (!js->at[i]->is_done && js->at[i]->kind->drained)
			js->at[i]->kind->drained(js->at[i]);
}

void job_wake(struct job *j)
{
	if (j->jobs->on_wake)
		j->jobs->on_wake(j->jobs->owner);
}

bool jobs_have_work(const struct jobs *js)
{
	for (size_t i = 0; i < js->count; i++)
		if (js->at[i]->works && !js->at[i]->is_done)
			return true;
	return false;
}

bool jobs_work(struct jobs *js)
{
	for (size_t i = 0; i < js->count; i++) {
		struct job *j = js->at[i];

		if (j->works && !j->is_done)
			j->works = j->kind->work(j);
	}
	return jobs_have_work(js);
}

void jobs_show(struct jobs *js)
{
	struct item_view views[SCREEN_LIVE_MAX];
	size_t n = 0;

	for (size_t i = 0; js->shows && i < js->count && n < SCREEN_LIVE_MAX; i++) {
		const struct job *j = js->at[i];

		if (j->is_done || j->live)
			continue;
		if (j->kind->view)
			n += j->kind->view(j, views + n, SCREEN_LIVE_MAX - n);
		else
			job_view(j, &views[n++]);
	}
	events_live(js->ev, views, n);
}
