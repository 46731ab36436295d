/* SPDX-License-Identifier: Apache-2.0
 *
 * What distance costs: the relay, and ssh's jump host, are so many milliseconds away from both
 * ends. The customer's thinking time is left out.
 */
#include "tests/bench/measure.h"

#include <stdio.h>
#include <string.h>

#include "tests/bench/first.h"
#include "tests/bench/rivals.h"
#include "tests/bench/wire.h"

#define FAR_MS 50 /* one way, one hop */
#define HALF   0.5

/* Both ends have a wire of their own to the relay. */
struct wires {
	struct wire agent, console;
};

static void lay(struct scene *s, unsigned ms, struct wires *w)
{
	wire_lay(s, &w->agent, s->address, ms, WIRE_WHOLE);
	wire_lay(s, &w->console, s->address, ms, WIRE_WHOLE);
	scene_configure(s, w->agent.address);
	memcpy(s->console_relay, w->console.address, sizeof s->console_relay);
}

static void take_up(struct scene *s, struct wires *w)
{
	wire_take_up(&w->agent);
	wire_take_up(&w->console);
	scene_configure(s, s->address);
	s->console_relay[0] = '\0';
}

struct timing {
	double prompt_ms, first_ms;
};

static void session(struct scene *s, struct timing *t)
{
	static const char *const scopes[] = {"system", NULL}, *const commands[] = {"collect os",
										   NULL};
	struct first first;

	scene_agent(s, SCENE_SKIP_LOCK);
	scene_code(s);

	uint64_t began = scene_now_ns();
	scene_connect_with(s, scopes, commands);
	first_watch(s, &first);
	t->prompt_ms = MEASURE_MS(scene_prompt(s) - began);

	uint64_t allowed = scene_type(s, "allow\n");
	t->first_ms = MEASURE_MS(first_wait(s, &first) - allowed);
	scene_until(s, &s->console, "\"event\":\"bundle\"");
	scene_session_done(s);
}

static double by_ssh(struct rivals *r)
{
	struct usage u;

	return rivals_ssh(r, &u, r->config, "ssh -F \"$1\" target uptime >/dev/null", "", "") == 0
		   ? u.wall_s * 1000
		   : -1;
}

static void at_distance(struct scene *s, struct report *rep, unsigned runs, unsigned ms)
{
	struct series prompt = {.count = 0}, first = {.count = 0}, all = {.count = 0};
	struct series ssh = {.count = 0};
	struct wires w;
	struct rivals r;
	char name[128];

	lay(s, ms, &w);
	rivals_open(&r, s, ms);
	for (unsigned i = 0; i < runs; i++) {
		struct timing t;
		double other = r.has_ssh ? by_ssh(&r) : -1;

		session(s, &t);
		series_add(&prompt, t.prompt_ms);
		series_add(&first, t.first_ms);
		series_add(&all, t.prompt_ms + t.first_ms);
		if (other >= 0)
			series_add(&ssh, other);
	}
	snprintf(name, sizeof name, "%u ms a hop: connect to the prompt", ms);
	report_median(rep, name, &prompt, "ms", NO_GOAL);
	snprintf(name, sizeof name, "%u ms a hop: allow to the first byte", ms);
	report_median(rep, name, &first, "ms", NO_GOAL);
	snprintf(name, sizeof name, "%u ms a hop: both", ms);
	report_median(rep, name, &all, "ms", NO_GOAL);
	snprintf(name, sizeof name, "%u ms a hop: ssh -J host uptime", ms);
	report_median(rep, name, &ssh, "ms", NO_GOAL);
	snprintf(name, sizeof name, "%u ms a hop: our time / that of ssh", ms);
	if (ssh.count > 0)
		report_value(rep, name, series_quantile(&all, HALF) / series_quantile(&ssh, HALF),
			     "", HALF);
	rivals_done(&r);
	take_up(s, &w);
}

void measure_delay(struct scene *s, struct report *r, unsigned runs)
{
	at_distance(s, r, runs, 0);
	at_distance(s, r, runs, FAR_MS);
}
