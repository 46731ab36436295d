/* SPDX-License-Identifier: Apache-2.0
 *
 * How soon "stop" stops: from the Enter key to the end of the last collector and of every tool
 * it had started, to the end of all the agent's processes, and to the console's exit. The
 * moment of stopping moves through the session from run to run.
 */
#include "tests/bench/measure.h"

#include <stdio.h>

#include "tests/bench/proc.h"
#include "tests/bench/watch.h"

#define KILL_GOAL_MS   250
#define MOMENTS	       10 /* stop after 1, 2 ... events of an item */
#define P99	       0.99
#define STRETCHED_RUNS 20 /* a quantile of fewer means little */

static void one(struct scene *s, unsigned moment, unsigned how, struct watch_ends *t)
{
	struct watch w;

	*t = (struct watch_ends){.typed = 0};
	scene_agent(s, how);
	scene_code(s);
	scene_connect(s, "collect full");
	scene_prompt(s);
	scene_type(s, "allow\n");
	for (unsigned i = 0; i <= moment; i++)
		scene_until(s, &s->console, "\"event\":\"item\"");
	while (!watch_collectors(s, &w))
		if (scene_has_ended(&s->console) || !scene_pump(s, NULL, 0, SCENE_LIMIT_MS))
			scene_fail(s, "everything was collected before it could be stopped");
	watch_stop(s, &w, t);
	scene_session_done(s);
}

static void rows(struct report *r, const char *p50, const char *p99, const struct series *v,
		 double goal)
{
	report_median(r, p50, v, "ms", goal);
	report_quantile(r, p99, v, P99, "ms", goal);
}

void measure_stop(struct scene *s, struct report *r, unsigned runs)
{
	struct series collectors = {.count = 0}, agent = {.count = 0}, console = {.count = 0};
	struct series watched = {.count = 0};
	unsigned how = SCENE_SKIP_LOCK | (scene_can_have_logs() ? SCENE_MANY_LOGS : 0);
	char libexec[2 * SCENE_PATH_MAX];

	if (runs < STRETCHED_RUNS)
		runs = STRETCHED_RUNS;
	for (unsigned i = 0; i < runs; i++) {
		struct watch_ends t;

		one(s, i % MOMENTS, how, &t);
		series_add(&collectors, MEASURE_MS(t.collectors - t.typed));
		series_add(&agent, MEASURE_MS(t.agent - t.typed));
		series_add(&console, MEASURE_MS(t.console - t.typed));
		series_add(&watched, (double)t.watched);
	}
	rows(r, "stop to the last collector's end, p50", "stop to the last collector's end, p99",
	     &collectors, KILL_GOAL_MS);
	rows(r, "stop to the console's exit, p50", "stop to the console's exit, p99", &console,
	     NO_GOAL);
	rows(r, "stop to the agent's exit, p50", "stop to the agent's exit, p99", &agent, NO_GOAL);
	report_median(r, "  collectors and tools at that moment", &watched, "", NO_GOAL);
	snprintf(libexec, sizeof libexec, "%s/../libexec", s->bin);
	report_value(r, "  helpers left behind", (double)proc_count_from(libexec), "", 1);
}
