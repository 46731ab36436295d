/* SPDX-License-Identifier: Apache-2.0
 *
 * The relay is gone in the middle of a session and does not come back, for as long as an agent can
 * be told to try at all (600 s). The agent's clock runs faster, its memory must stay what it was.
 * Then it ends: there is no agent that waits longer, so there is no month to measure.
 */
#include "tests/bench/measure.h"

#include <stdio.h>
#include <string.h>

#include "tests/bench/proc.h"
#include "tests/bench/wire.h"

#define PATIENCE_S 600
#define FACTOR	   40
#define SAMPLE_MS  60
#define GROWTH_MIB 1.0
#define EDGE	   4 /* what is compared: the first and the last quarter of the samples */

static void be_patient(struct scene *s)
{
	char path[SCENE_PATH_MAX];
	FILE *f = fopen(scene_path(s, "agent/agent.conf", path), "ae");

	if (!f || fprintf(f, "resume = %d\n", PATIENCE_S) < 0 || fclose(f) != 0)
		scene_fail(s, path);
}

/* What stays; those that come and go with each try are not growth. */
static long lasting_kib(const struct scene *s, pid_t *dial, double *tries)
{
	static struct proc all[PROC_BELOW_MAX];
	size_t n = proc_below(s->agent.pid, all);
	long sum = 0;

	for (size_t i = 0; i < n; i++) {
		if (strcmp(all[i].name, "assent-dial") != 0) {
			sum += proc_rss_kib(all[i].pid);
		} else if (all[i].pid != *dial) {
			*dial = all[i].pid;
			*tries += 1;
		}
	}
	return sum;
}

static double highest(const struct series *v, size_t from, size_t to)
{
	double most = 0;

	for (size_t i = from; i < to; i++)
		most = v->at[i] > most ? v->at[i] : most;
	return most;
}

static void one(struct scene *s, struct series *before, struct series *growth, struct series *tries)
{
	char scope[SCENE_PATH_MAX + 8], command[SCENE_PATH_MAX + 8];
	const char *const scopes[] = {scope, NULL}, *const commands[] = {command, NULL};
	struct series rss = {.count = 0};
	double count = 0;
	pid_t dial = 0;
	struct wire w;

	snprintf(scope, sizeof scope, "files:%s", s->dir);
	snprintf(command, sizeof command, "tail %.400s/watched.log", s->dir); /* goes on for ever */
	wire_lay(s, &w, s->address, 0, WIRE_WHOLE);
	scene_configure(s, w.address);
	be_patient(s);
	scene_agent(s, SCENE_SKIP_LOCK);
	scene_code(s);
	scene_connect_with(s, scopes, commands);
	scene_prompt(s);
	scene_type(s, "allow\n");
	scene_until(s, &s->console, "still there");
	scene_hurry(s, FACTOR);
	wire_take_up(&w);
	while (!scene_has_ended(&s->agent) && rss.count < SERIES_MAX) {
		for (uint64_t next = scene_now_ns() + SAMPLE_MS * UINT64_C(1000000);
		     !scene_has_ended(&s->agent) && scene_now_ns() < next;)
			scene_pump(s, NULL, 0, SAMPLE_MS);
		long kib = lasting_kib(s, &dial, &count);
		if (kib > 0)
			series_add(&rss, (double)kib / 1024);
	}
	if (rss.count >= EDGE) {
		double early = highest(&rss, 0, rss.count / EDGE);

		series_add(before, early);
		series_add(growth, highest(&rss, rss.count - rss.count / EDGE, rss.count) - early);
		series_add(tries, count);
	}
	scene_session_done(s);
	scene_configure(s, s->address);
}

void measure_unreachable(struct scene *s, struct report *r, unsigned runs)
{
	struct series before = {.count = 0}, growth = {.count = 0}, tries = {.count = 0};
	char path[SCENE_PATH_MAX];
	FILE *f = fopen(scene_path(s, "watched.log", path), "we");

	if (!f || fputs("still there\n", f) < 0 || fclose(f) != 0)
		scene_fail(s, path);
	for (unsigned i = 0; i < runs; i++)
		one(s, &before, &growth, &tries);
	report_median(r, "no relay for 600 s: memory at first", &before, "MiB", NO_GOAL);
	report_median(r, "  more at the end", &growth, "MiB", GROWTH_MIB);
	report_median(r, "  tries seen", &tries, "", NO_GOAL);
}
