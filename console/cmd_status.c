/* SPDX-License-Identifier: Apache-2.0
 *
 * status: whose computer this is, what is allowed, how long still, and what has arrived.
 */
#include <jansson.h>
#include <stdio.h>
#include <string.h>

#include "console/bundle.h"
#include "console/cmd_jobs.h"
#include "proto/base/text.h"

static uint64_t stored(const struct manifest *m)
{
	uint64_t n = 0;

	for (size_t i = 0; i < m->items_count; i++)
		n += m->items[i].bytes;
	return n;
}

static void as_json(struct session *s, const struct manifest *m)
{
	char text[SCOPE_TEXT_MAX];
	json_t *scopes = json_array();

	for (size_t i = 0; i < s->agree.scopes_count; i++)
		json_array_append_new(scopes, json_string(scope_text(&s->agree.scopes[i], text)));
	events_json(s->ev,
		    json_pack("{s:s,s:s,s:o,s:I,s:b,s:I,s:I,s:s,s:o}", "event", "status", "host",
			      m->host, "scopes", scopes, "left_s", (json_int_t)session_left_s(s),
			      "suspended", s->suspended, "files", (json_int_t)m->items_count,
			      "bytes", (json_int_t)stored(m), "bundle", bundle_path(s->bundle),
			      "jobs", jobs_json(&s->jobs)));
}

static void as_text(struct session *s, const struct manifest *m)
{
	FILE *out = s->ev->out;
	char text[SCOPE_TEXT_MAX], line[SCOPE_TEXT_MAX], span[EVENTS_SPAN_MAX], size[TEXT_SIZE_MAX];

	screen_begin(&s->ev->screen);
	fprintf(out, "Host     %s\n", m->host); /* the manifest holds clean text only */
	fprintf(out, "Agent    %s\n", m->agent_build);
	for (size_t i = 0; i < s->agree.scopes_count; i++) {
		scope_text(&s->agree.scopes[i], text);
		text_line(text, strlen(text), line, sizeof line);
		fprintf(out, "%-8s %s\n", i ? "" : "Allowed", line);
	}
	if (s->suspended)
		fprintf(out, "State    suspended: connection lost, trying for %u s\n",
			(unsigned)session_lost_left_s(s));
	fprintf(out, "Left     %s\n", events_span(session_left_s(s), span));
	fprintf(out, "Bundle   %zu files, %s: %s\n", m->items_count, text_size(stored(m), size),
		bundle_path(s->bundle));
	if (s->jobs.count + s->jobs.past_count > 0)
		fprintf(out, "Jobs\n");
	jobs_print(&s->jobs, out);
	screen_end(&s->ev->screen);
}

int cmd_status(struct session *s, int argc, const char *const argv[])
{
	const struct manifest *m = bundle_manifest(s->bundle);

	(void)argc;
	(void)argv;
	if (s->ev->json)
		as_json(s, m);
	else
		as_text(s, m);
	return SESSION_DONE;
}
