/* SPDX-License-Identifier: Apache-2.0
 *
 * What the relay holds for a console that does not read: in the middle of a transfer the console
 * is stopped with SIGSTOP, and the agent goes on until nothing moves any more. Without the made-up
 * logs there is less to send than the windows take, and nothing can be measured.
 */
#include "tests/bench/measure.h"

#include <signal.h>
#include <string.h>

#include "tests/bench/first.h"
#include "tests/bench/proc.h"

#define RELAY_GOAL_MIB 2    /* two queues of HOP_HIGH, their TLS buffers, and room for malloc */
#define STILL_MS       1500 /* nothing was sent for so long: nothing will be */
#define LOOK_MS	       10
#define UNDER_WAY      (4l << 20) /* bytes, by then the streams' windows have grown */

struct growth {
	double relay_peak, sent, net_peak, agent_peak;
};

static void raise_to(struct scene *s, double *peak_mib, pid_t pid)
{
	struct proc_memory m;

	if (!proc_memory(pid, &m))
		scene_fail(s, "a process has ended too early");
	if ((double)m.rss_kib / 1024 > *peak_mib)
		*peak_mib = (double)m.rss_kib / 1024;
}

static pid_t find_net(struct scene *s)
{
	static struct proc all[PROC_BELOW_MAX];
	size_t n = proc_below(s->agent.pid, all);

	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].name, "assent-net") == 0)
			return all[i].pid;
	scene_fail(s, "there is no assent-net");
}

static void wait_until_sent(struct scene *s, pid_t net)
{
	uint64_t end = scene_now_ns() + SCENE_LIMIT_MS * UINT64_C(1000000);
	long written;

	while ((written = proc_written(net)) >= 0 && written < UNDER_WAY) {
		if (scene_now_ns() > end)
			scene_fail(s, "nothing moves");
		scene_pump(s, NULL, 0, 1);
	}
}

/* Until assent-net has not written for STILL_MS. */
static void wait_until_still(struct scene *s, pid_t net, struct growth *g)
{
	long begin = proc_written(net), written = begin;
	uint64_t moved = scene_now_ns();

	while (scene_now_ns() - moved < STILL_MS * UINT64_C(1000000)) {
		long now = proc_written(net);

		raise_to(s, &g->relay_peak, s->relay.pid);
		raise_to(s, &g->net_peak, net);
		raise_to(s, &g->agent_peak, s->agent.pid);
		if (now != written)
			moved = scene_now_ns();
		written = now;
		scene_pump(s, NULL, 0, LOOK_MS);
	}
	g->sent = (double)(written - begin) / 1024;
}

static void one(struct scene *s, struct growth *g)
{
	struct first first;

	*g = (struct growth){.sent = 0};
	scene_agent(s, SCENE_SKIP_LOCK | SCENE_MANY_LOGS);
	scene_code(s);
	scene_connect(s, "collect syslog_files");
	first_watch(s, &first);
	scene_prompt(s);

	pid_t net = find_net(s);
	scene_type(s, "allow\n");
	first_wait(s, &first);
	wait_until_sent(s, net);
	kill(s->console.pid, SIGSTOP);
	wait_until_still(s, net, g);
	kill(s->console.pid, SIGCONT);
	scene_until(s, &s->console, "\"event\":\"bundle\"");
	scene_session_done(s);
}

void measure_relay(struct scene *s, struct report *r, unsigned runs)
{
	struct series grown = {.count = 0}, sent = {.count = 0};
	struct series net = {.count = 0}, agent = {.count = 0};
	double before = 0;

	if (!scene_can_have_logs()) {
		report_median(r, "relay's memory: only root can measure it", &grown, "", NO_GOAL);
		return;
	}
	raise_to(s, &before, s->relay.pid);
	for (unsigned i = 0; i < runs; i++) {
		struct growth g;

		one(s, &g);
		series_add(&grown, g.relay_peak - before);
		series_add(&sent, g.sent);
		series_add(&net, g.net_peak);
		series_add(&agent, g.agent_peak);
	}
	report_median(r, "relay's memory grows by, console stopped", &grown, "MiB", RELAY_GOAL_MIB);
	report_value(r, "  relay before its first session, RSS", before, "MiB", NO_GOAL);
	report_median(r, "  sent while nobody read", &sent, "KiB", NO_GOAL);
	report_median(r, "  assent-net at most, RSS", &net, "MiB", NO_GOAL);
	report_median(r, "  assent-agent at most, RSS", &agent, "MiB", NO_GOAL);
}
