/* SPDX-License-Identifier: Apache-2.0
 *
 * jobs: what is at work, and what was, the newest last.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "console/cmd_jobs.h"
#include "proto/base/text.h"

static void print(FILE *out, uint32_t id, const char *what, const struct item_view *v)
{
	char size[TEXT_SIZE_MAX];

	fprintf(out, "  [%u] %-11s %8s %5llu.%llu s  %s\n", (unsigned)id,
		v->running ? "running" : item_state_name(v->state), text_size(v->bytes, size),
		(unsigned long long)(v->elapsed_ms / 1000),
		(unsigned long long)(v->elapsed_ms / 100 % 10), what);
}

void jobs_print(const struct jobs *js, FILE *out)
{
	for (size_t i = 0; i < js->past_count; i++)
		print(out, js->past[i].id, js->past[i].what, &js->past[i].view);
	for (size_t i = 0; i < js->count; i++) {
		struct item_view v;

		job_view(js->at[i], &v);
		print(out, js->at[i]->id, js->at[i]->what, &v);
	}
}

static json_t *one(uint32_t id, const char *what, const struct item_view *v)
{
	return json_pack("{s:I,s:s,s:s,s:s,s:I,s:I}", "job", (json_int_t)id, "name", v->name,
			 "what", what, "state", v->running ? "running" : item_state_name(v->state),
			 "bytes", (json_int_t)v->bytes, "elapsed_ms", (json_int_t)v->elapsed_ms);
}

json_t *jobs_json(const struct jobs *js)
{
	json_t *list = json_array();

	for (size_t i = 0; i < js->past_count; i++)
		json_array_append_new(list,
				      one(js->past[i].id, js->past[i].what, &js->past[i].view));
	for (size_t i = 0; i < js->count; i++) {
		struct item_view v;

		job_view(js->at[i], &v);
		json_array_append_new(list, one(js->at[i]->id, js->at[i]->what, &v));
	}
	return list;
}

int cmd_jobs(struct session *s, int argc, const char *const argv[])
{
	(void)argc;
	(void)argv;
	if (s->ev->json) {
		events_json(s->ev,
			    json_pack("{s:s,s:o}", "event", "jobs", "jobs", jobs_json(&s->jobs)));
		return SESSION_DONE;
	}
	if (s->jobs.count + s->jobs.past_count == 0) {
		events_note(s->ev, "Nothing is at work.");
		return SESSION_DONE;
	}
	screen_begin(&s->ev->screen);
	jobs_print(&s->jobs, s->ev->out);
	screen_end(&s->ev->screen);
	return SESSION_DONE;
}
