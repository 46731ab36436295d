/* SPDX-License-Identifier: Apache-2.0
 *
 * How soon "stop" stops: from the Enter key to the end of the last collector and of every tool
 * it had started, to the end of all the agent's processes, and to the console's exit. The
 * moment of stopping moves through the session from run to run.
 */
#include "tests/bench/measure.h"

#include <string.h>
#include <unistd.h>

#include "tests/bench/proc.h"

#define KILL_GOAL_MS   250
#define MOMENTS	       10 /* stop after 1, 2 ... events of an item */
#define P99	       0.99
#define STRETCHED_RUNS 20 /* a quantile of fewer means little */

struct watch {
	struct pollfd fds[SCENE_WATCH_MAX];
	bool collecting[SCENE_WATCH_MAX]; /* a collector or below one */
	size_t count;
};

static bool is_below_collector(const struct proc *all, size_t i)
{
	for (;;) {
		if (strcmp(all[i].name, "assent-collect") == 0)
			return true;
		size_t up = 0;
		while (up < i && all[up].pid != all[i].parent)
			up++;
		if (up == i)
			return false;
		i = up; /* a parent stands before its children */
	}
}

/* Notes everything below the agent. False, and nothing is watched, while no collector runs. */
static bool watch_all(struct scene *s, struct watch *w)
{
	static struct proc all[PROC_BELOW_MAX];
	size_t n = proc_below(s->agent.pid, all);
	bool any = false;

	for (size_t i = 0; i < n; i++)
		any = any || is_below_collector(all, i);
	w->count = 0;
	if (!any)
		return false;
	for (size_t i = 0; i < n && w->count < SCENE_WATCH_MAX; i++) {
		int fd = proc_watch(all[i].pid);

		if (fd < 0)
			continue; /* it has just ended */
		w->fds[w->count] = (struct pollfd){.fd = fd, .events = POLLIN};
		w->collecting[w->count++] = is_below_collector(all, i);
	}
	return true;
}

struct latency {
	uint64_t typed, collectors, agent, console;
	size_t watched;
};

static bool any_left(const struct watch *w, bool only_collecting)
{
	for (size_t i = 0; i < w->count; i++)
		if (w->fds[i].fd >= 0 && (w->collecting[i] || !only_collecting))
			return true;
	return false;
}

static void take_ended(struct watch *w)
{
	for (size_t i = 0; i < w->count; i++) {
		if (w->fds[i].fd < 0 || !w->fds[i].revents)
			continue;
		close(w->fds[i].fd);
		w->fds[i].fd = -1; /* poll() passes over it */
	}
}

static void wait_for_ends(struct scene *s, struct watch *w, struct latency *t)
{
	uint64_t end = t->typed + SCENE_LIMIT_MS * UINT64_C(1000000);

	while (t->collectors == 0 || t->agent == 0 || t->console == 0) {
		uint64_t now = scene_now_ns();

		if (t->collectors == 0 && !any_left(w, true))
			t->collectors = now;
		if (t->agent == 0 && !any_left(w, false))
			t->agent = now;
		if (t->console == 0 && scene_has_ended(&s->console))
			t->console = now;
		if (now > end)
			scene_fail(s, "stop did not stop everything");
		scene_pump(s, w->fds, w->count, 10);
		take_ended(w);
	}
}

static void one(struct scene *s, unsigned moment, unsigned how, struct latency *t)
{
	struct watch w;

	*t = (struct latency){.typed = 0};
	scene_agent(s, how);
	scene_code(s);
	scene_connect(s, "collect full");
	scene_prompt(s);
	scene_type(s, "allow\n");
	for (unsigned i = 0; i <= moment; i++)
		scene_until(s, &s->console, "\"event\":\"item\"");
	while (!watch_all(s, &w))
		if (scene_has_ended(&s->console) || !scene_pump(s, NULL, 0, SCENE_LIMIT_MS))
			scene_fail(s, "everything was collected before it could be stopped");
	for (size_t i = 0; i < w.count; i++)
		t->watched += w.collecting[i];
	t->typed = scene_type(s, "stop\n");
	wait_for_ends(s, &w, t);
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
		struct latency t;

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
