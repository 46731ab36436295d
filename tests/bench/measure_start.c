/* SPDX-License-Identifier: Apache-2.0
 *
 * How long people wait: for the prompt, for the first byte, for everything.
 */
#include "tests/bench/measure.h"

#include <stdio.h>
#include <string.h>

#include "tests/bench/first.h"

#define FIRST_BYTE_GOAL_MS 50
#define FULL_GOAL_S	   10

struct timing {
	double prompt_ms, granted_ms, first_ms, all_ms;
};

/* From the typed word on; the prompt's lock of 5 s lies before that. */
static void one(struct scene *s, const char *command, struct timing *t)
{
	struct first first;

	scene_agent(s, SCENE_SKIP_LOCK);
	scene_code(s);

	uint64_t began = scene_now_ns();
	scene_connect(s, command);
	first_watch(s, &first);
	t->prompt_ms = MEASURE_MS(scene_prompt(s) - began);

	uint64_t allowed = scene_type(s, "allow\n");
	t->granted_ms = MEASURE_MS(scene_until(s, &s->console, "\"event\":\"granted\"") - allowed);
	t->first_ms = MEASURE_MS(first_wait(s, &first) - allowed);
	t->all_ms = MEASURE_MS(scene_until(s, &s->console, "\"event\":\"bundle\"") - allowed);
}

void measure_start(struct scene *s, struct report *r, unsigned runs)
{
	struct series prompt = {.count = 0}, granted = {.count = 0};
	struct series first = {.count = 0}, whole = {.count = 0};

	for (unsigned i = 0; i < runs; i++) {
		struct timing t;

		one(s, "collect os", &t);
		scene_session_done(s);
		series_add(&prompt, t.prompt_ms);
		series_add(&granted, t.granted_ms);
		series_add(&first, t.first_ms);
		series_add(&whole, t.all_ms);
	}
	report_median(r, "connect to prompt on the customer's screen", &prompt, "ms", NO_GOAL);
	report_median(r, "allow to first byte, collect os", &first, "ms", FIRST_BYTE_GOAL_MS);
	report_median(r, "  of it: allow to the grant at the console", &granted, "ms", NO_GOAL);
	report_median(r, "allow to the whole bundle, collect os", &whole, "ms", NO_GOAL);
}

/* What the console's final "item" events say: one per item, each on a line. */
struct items {
	unsigned count, complete;
	double bytes;
	char slowest[64];
	double slowest_ms;
};

static void take_item(struct items *all, const char *line, size_t len)
{
	json_t *o = json_loadb(line, len, 0, NULL);
	const char *event = "", *state = "", *name = "";
	json_int_t bytes = 0, elapsed = 0;

	if (json_unpack(o, "{s:s,s:s,s:s,s:I,s:I}", "event", &event, "name", &name, "state", &state,
			"bytes", &bytes, "elapsed_ms", &elapsed) == 0 &&
	    strcmp(event, "item") == 0 && strcmp(state, "running") != 0) {
		all->count++;
		all->complete += strcmp(state, "ok") == 0;
		all->bytes += (double)bytes;
		if ((double)elapsed > all->slowest_ms) {
			all->slowest_ms = (double)elapsed;
			snprintf(all->slowest, sizeof all->slowest, "%s", name);
		}
	}
	json_decref(o);
}

static void count_items(const struct scene *s, struct items *out)
{
	*out = (struct items){.count = 0};
	for (const char *at = s->console.screen; at && *at;) {
		size_t n = strcspn(at, "\n");

		take_item(out, at, n);
		at += n + (at[n] == '\n');
	}
}

void measure_full(struct scene *s, struct report *r, unsigned runs)
{
	struct series first = {.count = 0}, whole = {.count = 0}, slowest = {.count = 0};
	struct items items = {.count = 0};
	char name[128];

	for (unsigned i = 0; i < runs; i++) {
		struct timing t;

		one(s, "collect full", &t);
		count_items(s, &items);
		scene_session_done(s);
		series_add(&first, t.first_ms);
		series_add(&whole, t.all_ms / 1000);
		series_add(&slowest, items.slowest_ms / 1000);
	}
	report_median(r, "allow to first byte, collect full", &first, "ms", FIRST_BYTE_GOAL_MS);
	report_median(r, "allow to the whole bundle, collect full", &whole, "s", FULL_GOAL_S);
	snprintf(name, sizeof name, "  its slowest item (last run: %s)", items.slowest);
	report_median(r, name, &slowest, "s", NO_GOAL);
	report_value(r, "  items", items.count, "", NO_GOAL);
	report_value(r, "  items that are complete", items.complete, "", NO_GOAL);
	report_value(r, "  bytes in files", items.bytes / 1024, "KiB", NO_GOAL);
}
