/* SPDX-License-Identifier: Apache-2.0
 *
 * What the agent's processes take on the customer's computer, and what they would take on its
 * disk. Tools that a collector starts are not counted, the probe is.
 *
 * Sampled, so a shorter peak of the sum may be missed; the kernel's own high-water mark of
 * each process (VmHWM) is exact up to the last sample of that process. RSS counts a shared
 * library once per process; PSS divides it, and is what the computer really has less.
 */
#include "tests/bench/measure.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "tests/bench/proc.h"

#define MEMORY_GOAL_MIB 60
#define SIZE_GOAL_MB	1.5
#define SAMPLE_MS	2

static const char *const programs[] = {"assent-agent", "assent-net", "assent-dial",
				       "assent-collect", "assent-probe"};
#define PROGRAMS (sizeof programs / sizeof programs[0])

struct peaks {
	long each[PROGRAMS];
	long rss, pss;
	unsigned at_once; /* most of our processes at one moment */
	bool pss_known;
};

static void raise_to(long *peak, long value)
{
	if (value > *peak)
		*peak = value;
}

static void sample(const struct scene *s, struct peaks *p)
{
	static struct proc all[PROC_BELOW_MAX];
	size_t n = proc_below(s->agent.pid, all);
	long rss = 0, pss = 0;
	unsigned count = 0;

	for (size_t i = 0; i < n; i++) {
		struct proc_memory m;
		size_t which = 0;

		while (which < PROGRAMS && strcmp(all[i].name, programs[which]) != 0)
			which++;
		if (which == PROGRAMS || !proc_memory(all[i].pid, &m))
			continue;
		raise_to(&p->each[which], m.peak_kib);
		rss += m.rss_kib;
		pss += m.pss_kib > 0 ? m.pss_kib : 0;
		p->pss_known = p->pss_known && m.pss_kib >= 0;
		count++;
	}
	raise_to(&p->rss, rss);
	raise_to(&p->pss, pss);
	if (count > p->at_once)
		p->at_once = count;
}

/* Samples until the program shows the text. */
static void sample_until(struct scene *s, struct peaks *p, struct pty *who, const char *text)
{
	uint64_t end = scene_now_ns() + SCENE_LIMIT_MS * UINT64_C(1000000);

	while (!scene_saw(who, text)) {
		sample(s, p);
		if (scene_has_ended(who) || scene_now_ns() > end)
			scene_fail(s, text);
		scene_pump(s, NULL, 0, SAMPLE_MS);
	}
}

static void one(struct scene *s, unsigned how, struct peaks *p)
{
	*p = (struct peaks){.pss_known = true};
	scene_agent(s, how);
	sample_until(s, p, &s->agent, "Your code: ");
	s->agent.seen = 0;
	scene_code(s);
	scene_connect(s, "collect full");
	scene_prompt(s);
	scene_type(s, "allow\n");
	sample_until(s, p, &s->console, "\"event\":\"bundle\"");
	scene_session_done(s);
}

static void measure_with(struct scene *s, struct report *r, unsigned runs, unsigned how,
			 const char *what)
{
	struct series each[PROGRAMS] = {{.count = 0}}, rss = {.count = 0}, pss = {.count = 0};
	struct series at_once = {.count = 0};
	char name[128];

	for (unsigned i = 0; i < runs; i++) {
		struct peaks p;

		one(s, how, &p);
		for (size_t k = 0; k < PROGRAMS; k++)
			series_add(&each[k], (double)p.each[k] / 1024);
		series_add(&rss, (double)p.rss / 1024);
		if (p.pss_known)
			series_add(&pss, (double)p.pss / 1024);
		series_add(&at_once, p.at_once);
	}
	snprintf(name, sizeof name, "peak memory of the agent, RSS, %s", what);
	report_median(r, name, &rss, "MiB", MEMORY_GOAL_MIB);
	snprintf(name, sizeof name, "peak memory of the agent, PSS, %s", what);
	report_median(r, name, &pss, "MiB", pss.count > 0 ? MEMORY_GOAL_MIB : NO_GOAL);
	report_median(r, "  processes at once", &at_once, "", NO_GOAL);
	for (size_t k = 0; k < PROGRAMS; k++) {
		snprintf(name, sizeof name, "  VmHWM of %s%s", programs[k],
			 k == PROGRAMS - 2 ? " (the largest)" : "");
		report_median(r, name, &each[k], "MiB", NO_GOAL);
	}
}

void measure_memory(struct scene *s, struct report *r, unsigned runs)
{
	measure_with(s, r, runs, SCENE_PLAIN, "collect full");
	if (scene_can_have_logs())
		measure_with(s, r, runs, SCENE_MANY_LOGS, "64 MiB of logs");
}

/* A stripped copy, as a package has it. */
static double stripped_size(struct scene *s, const char *name)
{
	char from[2 * SCENE_PATH_MAX], to[SCENE_PATH_MAX];
	bool is_helper = strcmp(name, "assent-agent") != 0;
	struct stat st;

	snprintf(from, sizeof from, "%s/%s%s", s->bin, is_helper ? "../libexec/" : "", name);
	scene_run(
	    s, (const char *[]){"/usr/bin/strip", "-o", scene_path(s, "stripped", to), from, NULL});
	if (stat(to, &st) != 0)
		scene_fail(s, to);
	return (double)st.st_size;
}

void measure_sizes(struct scene *s, struct report *r, unsigned runs)
{
	double sum = 0, each[PROGRAMS];
	char name[128];

	(void)runs;
	for (size_t i = 0; i < PROGRAMS; i++)
		sum += each[i] = stripped_size(s, programs[i]);
	report_value(r, "stripped agent programs together", sum / 1e6, "MB", SIZE_GOAL_MB);
	for (size_t i = 0; i < PROGRAMS; i++) {
		snprintf(name, sizeof name, "  %s", programs[i]);
		report_value(r, name, each[i] / 1e3, "kB", NO_GOAL);
	}
}
