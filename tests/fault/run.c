/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/run_priv.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include "tests/bench/proc.h"

#define TICK_MS	     10
#define LIMIT_MS     150000 /* nothing that works needs as long */
#define ALONE_MS     6000   /* one end is gone; then the other is helped on ... */
#define AGAIN_MS     2000   /* ... and again */
#define NUDGES_MAX   10
#define SKIP_LOCK_MS 6000
#define SKIP_AWAY_MS 130000 /* longer than a lost connection may stay away */
#define MEASURE_MS   500
#define GOODBYE_MS   1500 /* a cut so long before the last words may have cut those */

static const char *const step_names[] = {"relay", "code",    "ask",    "answer",
					 "grant", "session", "settle", "over"};

const char *run_step_name(enum run_step step)
{
	return step_names[step];
}

void run_fail(struct run *r, const char *fmt, ...)
{
	va_list ap;

	if (r->why[0])
		return;
	va_start(ap, fmt);
	vsnprintf(r->why, sizeof r->why, fmt, ap);
	va_end(ap);
	r->step = RUN_OVER;
}

pid_t run_helper(const struct run *r, const char *name)
{
	static struct proc all[PROC_BELOW_MAX];
	size_t n = actor_is_alive(&r->agent) ? proc_below(r->agent.pid, all) : 0;

	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			return all[i].pid;
	return 0;
}

/* ---- the customer, and the order of things ---- */

static void on_relay_ready(struct run *r)
{
	struct sockaddr_in sa;

	uv_ip4_addr("127.0.0.1", 0, &sa);

	const char *colon = strrchr(r->address, ':');
	char host[64];
	snprintf(host, sizeof host, "%.*s", colon ? (int)(colon - r->address) : 0, r->address);
	if (!colon || uv_ip4_addr(host, atoi(colon + 1), &sa) < 0) {
		run_fail(r, "the relay's address is %s", r->address);
		return;
	}
	for (int i = 0; i < FAULT_SIDES; i++)
		r->lane->proxies[i].relay = sa;
	run_start_agent(r);
	r->step = RUN_CODE;
}

/* Until the console knows the grant it has nothing to come back for. */
static void on_granted(struct run *r)
{
	r->in_session = true;
	r->fired_ms = uv_now(&r->lane->loop);
	r->base_bytes = r->lane->proxies[FAULT_AT_AGENT].from_near;
	if (r->next < r->plan.count)
		r->fired_connections = r->lane->proxies[r->plan.faults[r->next].side].connections;
	r->step = RUN_SESSION;
}

static void advance(struct run *r)
{
	switch (r->step) {
	case RUN_RELAY:
		if (actor_saw_line(&r->relay, "listening on ", r->address, sizeof r->address))
			on_relay_ready(r);
		break;
	case RUN_CODE:
		if (actor_saw_line(&r->agent, "Your code: ", r->code, sizeof r->code)) {
			run_start_console(r);
			r->step = RUN_ASK;
		}
		break;
	case RUN_ASK:
		if (actor_saw(&r->agent, "Please read.")) {
			run_skip(r, LANE_AGENT, SKIP_LOCK_MS);
			r->step = RUN_ANSWER;
		}
		break;
	case RUN_ANSWER:
		if (actor_saw(&r->agent, "Type allow or deny: ")) {
			actor_type(&r->agent, "allow\n");
			r->allowed_ms = uv_now(&r->lane->loop);
			r->step = RUN_GRANT;
		}
		break;
	case RUN_GRANT:
		if (actor_shows(&r->console, "\"event\":\"granted\""))
			on_granted(r);
		break;
	default:
		break;
	}
}

/* All that was asked for has arrived, and the ends are about to leave. */
static void look_for_goodbye(struct run *r)
{
	if (r->goodbye_ms == 0 && actor_shows(&r->console, "\"event\":\"bundle\"") &&
	    !actor_shows(&r->console, "\"event\":\"error\""))
		r->goodbye_ms = uv_now(&r->lane->loop);
}

static void on_change(void *owner)
{
	struct run *r = owner;

	advance(r);
	look_for_goodbye(r);
	run_begin_due(r);
	uv_stop(&r->lane->loop);
}

static void on_bytes(void *owner)
{
	run_begin_due(owner);
}

/* A cut that the console has not come back from hit it when there was nothing left to come back
 * for. When it is answered by time alone, the console may have waited for the agent's last word
 * before it said its own. */
static bool hit_goodbye(const struct run *r)
{
	if (r->goodbye_ms == 0 || r->cut_ms == 0)
		return false;
	return r->cut_ms + GOODBYE_MS >= r->goodbye_ms || run_resumed(r) == r->resumed_before;
}

/* The one whose partner is gone: it must notice by itself, sooner or later. Later is shortened. An
 * agent first takes silence for a lost connection and then waits for that. Its broker's clock can
 * be moved, but not that of assent-net, which has the agent's place at the relay and no
 * environment: so the connection is cut, too, which the broker hears of before the clock is moved
 * once more. */
static void nudge(struct run *r)
{
	if (r->alone_ms == 0)
		r->alone_ms = r->ticked_ms + ALONE_MS;
	if (r->ticked_ms < r->alone_ms || r->nudges == NUDGES_MAX)
		return;
	r->nudges++;
	r->alone_ms = r->ticked_ms + AGAIN_MS;
	if (r->agent.ended) {
		run_skip(r, LANE_CONSOLE, SKIP_AWAY_MS);
	} else if (r->allowed_ms == 0) {
		actor_type(&r->agent, "stop\n");
	} else {
		proxy_reset(&r->lane->proxies[FAULT_AT_AGENT]);
		run_skip(r, LANE_AGENT, SKIP_AWAY_MS);
	}
}

static void measure(struct run *r, uint64_t now)
{
	long broker, net;

	if (now - r->measured_ms < MEASURE_MS || !actor_is_alive(&r->agent))
		return;
	r->measured_ms = now;
	broker = proc_peak_kib(r->agent.pid);
	net = proc_peak_kib(run_helper(r, "assent-net"));
	if (broker > r->peak_kib)
		r->peak_kib = broker;
	if (net > r->peak_kib)
		r->peak_kib = net;
}

static void look(struct run *r)
{
	bool no_console = !r->console.started || r->console.ended;

	if (r->step == RUN_OVER)
		return;
	if (r->ticked_ms > LIMIT_MS) {
		run_fail(r, "hangs in step %s", run_step_name(r->step));
	} else if (r->relay.ended && r->relay.code != 128 + SIGKILL) {
		run_fail(r, "the relay ended with %d", r->relay.code);
	} else if (r->agent.ended && no_console) {
		if (!run_end_due(r) && actor_shows(&r->relay, "listening on "))
			r->step = RUN_OVER;
		else
			r->step = RUN_SETTLE;
	} else if ((r->agent.started && r->agent.ended) ||
		   (r->console.started && r->console.ended)) {
		nudge(r);
	}
}

static void on_tick(uv_timer_t *t)
{
	struct run *r = t->data;

	r->ticked_ms += TICK_MS;
	run_end_due(r);
	run_begin_due(r);
	measure(r, uv_now(&r->lane->loop));
	if (r->on_tick)
		r->on_tick(r);
	uv_stop(&r->lane->loop);
}

/* A disk of its own for the bundle, with little room. */
static void make_disk(struct run *r)
{
	char how[64];

	for (size_t i = 0; i < r->plan.count && r->lane->has_mounts; i++) {
		if (r->plan.faults[i].kind != FAULT_DISK_FULL)
			continue;
		snprintf(how, sizeof how, "size=%uk", r->plan.faults[i].amount + 4);
		r->mounted = mount("tmpfs", r->out, "tmpfs", 0, how) == 0;
		return;
	}
}

static void make_folders(struct run *r)
{
	lane_path(r->lane, "session", r->dir);
	lane_path(r->lane, "session/out", r->out);
	lane_path(r->lane, "session/state", r->state);
	if (mkdir(r->dir, 0700) != 0 || mkdir(r->out, 0700) != 0)
		run_fail(r, "%s: %s", r->dir, strerror(errno));
	make_disk(r);
}

void run_play(struct run *r, struct lane *lane, const struct schedule *plan)
{
	char listen[64];

	r->lane = lane;
	r->plan = *plan;
	r->step = RUN_RELAY;
	r->relay.on_change = r->agent.on_change = r->console.on_change = on_change;
	r->relay.owner = r->agent.owner = r->console.owner = r;
	for (int i = 0; i < FAULT_SIDES; i++) {
		proxy_forget(&lane->proxies[i]);
		lane->proxies[i].on_bytes = on_bytes;
		lane->proxies[i].owner = r;
	}
	*lane->clock_ms[LANE_AGENT] = *lane->clock_ms[LANE_CONSOLE] = 0;
	uv_timer_init(&lane->loop, &r->tick);
	r->tick.data = r;
	uv_timer_start(&r->tick, on_tick, TICK_MS, TICK_MS);
	uv_update_time(&lane->loop);
	r->began_ms = uv_now(&lane->loop);
	make_folders(r);
	/* An address of the lane's own: nobody else takes the port while the relay is dead. */
	snprintf(listen, sizeof listen, "127.1.%u.%u:0", lane->number / 250,
		 1 + lane->number % 250);
	if (r->step != RUN_OVER)
		run_start_relay(r, listen);
	while (r->step != RUN_OVER) {
		uv_run(&lane->loop, UV_RUN_DEFAULT);
		look(r);
	}
	r->late = hit_goodbye(r);
}

static void on_tick_closed(uv_handle_t *h)
{
	((struct run *)h->data)->tick.data = NULL;
}

void run_stop(struct run *r)
{
	actor_done(&r->console);
	actor_done(&r->agent);
	actor_done(&r->relay);
	for (int i = 0; i < FAULT_SIDES; i++) {
		r->lane->proxies[i].on_bytes = NULL;
		proxy_reset(&r->lane->proxies[i]);
	}
	uv_close((uv_handle_t *)&r->tick, on_tick_closed);
	while (r->tick.data || !actor_is_gone(&r->console) || !actor_is_gone(&r->agent) ||
	       !actor_is_gone(&r->relay))
		uv_run(&r->lane->loop, UV_RUN_ONCE);
	if (r->mounted)
		umount2(r->out, MNT_DETACH);
	r->mounted = false;
}

void run_free(struct run *r)
{
	actor_free(&r->console);
	actor_free(&r->agent);
	actor_free(&r->relay);
	if (!r->lane->site->keep)
		site_remove(r->dir);
}
