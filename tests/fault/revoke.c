/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/revoke.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "tests/fault/run.h"

#define GOAL_MS	   250
#define BYTES_FROM (64u << 10) /* stop is typed somewhere between these */
#define BYTES_TO   (4u << 20)

struct stop {
	uint64_t after_bytes, typed_ns;
};

static void on_tick(struct run *r)
{
	struct stop *s = r->owner;
	const struct proxy *p = &r->lane->proxies[FAULT_AT_AGENT];

	if (s->typed_ns > 0 || r->step != RUN_SESSION ||
	    p->from_near - r->base_bytes < s->after_bytes)
		return;
	s->typed_ns = uv_hrtime();
	actor_type(&r->agent, "stop\n");
}

static int by_size(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

/* One session; ms, or -1 when there was no stop in the middle (the transfer was over). */
static double one(struct lane *l, uint64_t after_bytes)
{
	static const char *const commands[] = {"collect syslog_files os disks processes sockets",
					       NULL};
	struct run *r = calloc(1, sizeof *r);
	struct stop stop = {.after_bytes = after_bytes};
	double ms = -1;

	if (!r)
		abort();
	r->on_tick = on_tick;
	r->owner = &stop;
	r->commands = commands;
	run_play(r, l, &(struct schedule){.rounds = 1});

	uint64_t last = l->proxies[FAULT_AT_AGENT].last_from_near_ns;
	if (r->why[0])
		fprintf(stderr, "fault: %s\n", r->why);
	else if (stop.typed_ns > 0 && r->agent.code == 14)
		ms = last > stop.typed_ns ? (double)(last - stop.typed_ns) / 1e6 : 0;
	run_stop(r);
	run_free(r);
	free(r);
	return ms;
}

int revoke_measure(const struct site *s, unsigned tries, uint64_t seed)
{
	struct lane *l = calloc(1, sizeof *l);
	double *all = calloc(tries, sizeof *all);
	unsigned n = 0, missed = 0;
	int result = -1;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_IGN);
	if (!l || !all || lane_open(l, s, 0) != 0)
		goto out;
	if (!l->has_logs)
		fprintf(stderr, "fault: without root there are no large files, so little load\n");
	while (n < tries && missed <= tries) {
		double ms = one(l, BYTES_FROM + fault_random(&seed) % (BYTES_TO - BYTES_FROM));
		if (ms < 0)
			missed++;
		else
			all[n++] = ms;
	}
	lane_close(l);
	if (n < tries)
		goto out;
	qsort(all, n, sizeof *all, by_size);

	double p99 = all[(n * 99 + 99) / 100 - 1];
	printf("stop typed to the last byte on the wire, %u tries (%u more were over before): "
	       "p50 %.1f ms, p99 %.1f ms, longest %.1f ms; goal: p99 <= %d ms\n",
	       n, missed, all[n / 2], p99, all[n - 1], GOAL_MS);
	result = p99 > GOAL_MS;
out:
	free(all);
	free(l);
	return result;
}
