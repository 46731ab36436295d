/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/restart.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "proto/e2e/mux.h"
#include "tests/fault/check.h"
#include "tests/fault/run.h"

#define AWAY_MAX_MS 500

/* What is sent without any fault; the connections' handshakes vary by less than this. */
#define HANDSHAKES (64u << 10)

struct transfer {
	uint64_t bytes; /* from the agent, since the console knew of the yes */
	unsigned resumes, compared;
	bool failed;
};

static void play(struct lane *l, const struct schedule *plan, struct transfer *out)
{
	static const char *const commands[] = {"collect syslog_files os disks", NULL};
	struct run *r = calloc(1, sizeof *r);

	if (!r)
		abort();
	r->commands = commands;
	run_play(r, l, plan);
	check_run(r);
	*out = (struct transfer){
	    .bytes = l->proxies[FAULT_AT_AGENT].from_near - r->base_bytes,
	    .resumes = actor_count(&r->console, "\"event\":\"resumed\""),
	    .compared = r->compared,
	    .failed = r->why[0] != '\0',
	};
	if (out->failed)
		printf("FAILED seed %llu: %s\n---- agent ----\n%s\n---- console ----\n%s\n",
		       (unsigned long long)plan->seed, r->why,
		       r->agent.pty.screen ? r->agent.pty.screen : "",
		       r->console.pty.screen ? r->console.pty.screen : "");
	run_stop(r);
	run_free(r);
	free(r);
}

static struct schedule a_restart(uint64_t seed, uint64_t all)
{
	struct schedule s = {.seed = seed, .rounds = 1, .count = 1};
	uint64_t state = seed;

	s.faults[0] = (struct fault){
	    .kind = FAULT_RELAY_KILL,
	    .trigger = FAULT_ON_BYTES,
	    .at = (uint32_t)(all / 10 + fault_random(&state) % (all * 8 / 10)),
	    .for_ms = (uint32_t)(fault_random(&state) % AWAY_MAX_MS),
	};
	return s;
}

/* true: as it must be. */
static bool judge(const struct transfer *whole, const struct transfer *t, uint64_t *most)
{
	uint64_t again = t->bytes > whole->bytes ? t->bytes - whole->bytes : 0;

	if (again > *most)
		*most = again;
	if (t->failed)
		return false;
	if (t->resumes == 0 || t->compared != whole->compared ||
	    again > t->resumes * (uint64_t)MUX_SESSION_WINDOW + HANDSHAKES) {
		printf("FAILED: %u resumes, %u of %u large files compared, %llu KiB sent again\n",
		       t->resumes, t->compared, whole->compared, (unsigned long long)(again >> 10));
		return false;
	}
	return true;
}

static int measure(struct lane *l, unsigned tries, uint64_t seed)
{
	struct transfer whole, t;
	uint64_t most = 0;
	unsigned failed = 0;

	play(l, &(struct schedule){.rounds = 1}, &whole);
	if (whole.failed || !l->has_logs || whole.bytes < MUX_SESSION_WINDOW) {
		fprintf(stderr, "fault: without root there is less than a window to send\n");
		return whole.failed ? -1 : 0;
	}
	for (unsigned i = 0; i < tries; i++) {
		struct schedule plan = a_restart(seed + i, whole.bytes);

		play(l, &plan, &t);
		failed += !judge(&whole, &t, &most);
	}
	printf("%u restarts of the relay in the middle of three transfers of %llu KiB: %u failed, "
	       "at most %llu KiB sent again; goal: at most a window of %u KiB\n",
	       tries, (unsigned long long)(whole.bytes >> 10), failed,
	       (unsigned long long)(most >> 10), MUX_SESSION_WINDOW >> 10);
	return failed > 0;
}

int restart_measure(const struct site *s, unsigned tries, uint64_t seed)
{
	struct lane *l = calloc(1, sizeof *l);
	int result = -1;

	prctl(PR_SET_CHILD_SUBREAPER, 1);
	signal(SIGPIPE, SIG_IGN);
	if (l && lane_open(l, s, 0) == 0) {
		result = measure(l, tries, seed);
		lane_close(l);
	}
	free(l);
	return result;
}
