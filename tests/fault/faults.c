/* SPDX-License-Identifier: Apache-2.0
 *
 * The faults of a schedule: when each is due, what it does, and how it ends.
 */
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/resource.h>

#include "tests/fault/run_priv.h"

#define SKIP_GRANT_MS 1900000 /* longer than the grant */
#define NO_MORE_FILES 3
#define SMALLER	      40 /* a session without the large files */
#define AWAY_MS	      4000

static void limit(struct run *r, pid_t pid, int what, rlim_t soft)
{
	struct rlimit now;

	if (prlimit(pid, (__rlimit_resource_t)what, NULL, &now) != 0)
		return; /* it has just ended */
	now.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max;
	if (prlimit(pid, (__rlimit_resource_t)what, &now, NULL) != 0 && errno != ESRCH)
		run_fail(r, "prlimit: %s", strerror(errno));
}

void run_skip(struct run *r, enum lane_clock which, int64_t ms)
{
	*r->lane->clock_ms[which] += ms;
	actor_wake(which == LANE_AGENT ? &r->agent : &r->console);
}

static void undo_later(struct run *r, size_t i, pid_t pid, uint32_t ms)
{
	r->undo_ms[i] = uv_now(&r->lane->loop) + ms + 1;
	r->undo_pid[i] = pid;
}

static void stop_for(struct run *r, size_t i, pid_t pid, uint32_t ms)
{
	if (pid <= 0)
		return;
	kill(pid, SIGSTOP);
	undo_later(r, i, pid, ms);
}

static void kill_relay(struct run *r, size_t i, uint32_t ms)
{
	for (size_t k = 0; k < i; k++)
		if (r->undo_ms[k] > 0 && r->plan.faults[k].kind == FAULT_RELAY_KILL)
			return; /* it is dead */
	actor_done(&r->relay);
	undo_later(r, i, 0, ms);
}

static void begin_fault(struct run *r, size_t i)
{
	const struct fault *f = &r->plan.faults[i];
	struct proxy *p = &r->lane->proxies[f->side];

	switch (f->kind) {
	case FAULT_RESET:
		proxy_reset(p);
		break;
	case FAULT_FIN:
		proxy_fin(p);
		break;
	case FAULT_HALF_NEAR:
		proxy_half_near(p);
		break;
	case FAULT_HALF_FAR:
		proxy_half_far(p, f->for_ms);
		break;
	case FAULT_HOLE:
		proxy_hole(p, f->for_ms);
		break;
	case FAULT_REFUSE:
		proxy_refuse(p, f->for_ms);
		break;
	case FAULT_TRUNCATE:
		proxy_truncate(p, f->toward_relay, f->amount);
		break;
	case FAULT_STALL:
		proxy_stall(p, f->for_ms);
		break;
	case FAULT_SLOW:
		proxy_slow(p, f->for_ms, f->amount);
		break;
	case FAULT_GARBAGE:
		proxy_garbage(p, f->toward_relay, f->amount, r->plan.seed + i);
		break;
	case FAULT_RELAY_KILL:
		kill_relay(r, i, f->for_ms);
		break;
	case FAULT_RELAY_STOP:
		stop_for(r, i, actor_is_alive(&r->relay) ? r->relay.pid : 0, f->for_ms);
		break;
	case FAULT_NET_STOP:
		stop_for(r, i, run_helper(r, "assent-net"), f->for_ms);
		break;
	case FAULT_CONSOLE_STOP:
		stop_for(r, i, actor_is_alive(&r->console) ? r->console.pid : 0, f->for_ms);
		break;
	case FAULT_AGENT_STOP:
		stop_for(r, i, actor_is_alive(&r->agent) ? r->agent.pid : 0, f->for_ms);
		break;
	case FAULT_RELAY_FILES:
		/* One that is only starting cannot live without: libuv itself aborts then. */
		if (actor_is_alive(&r->relay) && actor_shows(&r->relay, "listening on ")) {
			limit(r, r->relay.pid, RLIMIT_NOFILE, NO_MORE_FILES);
			undo_later(r, i, r->relay.pid, f->for_ms);
		}
		proxy_reset(p);
		break;
	case FAULT_CLOCK:
		run_skip(r, LANE_AGENT, f->amount);
		break;
	case FAULT_EXPIRY:
		run_skip(r, LANE_AGENT, SKIP_GRANT_MS);
		break;
	case FAULT_AWAY:
		proxy_refuse(&r->lane->proxies[FAULT_AT_AGENT], AWAY_MS);
		proxy_refuse(&r->lane->proxies[FAULT_AT_CONSOLE], AWAY_MS);
		break;
	case FAULT_DISK_FULL: /* with mounts the folder is small from the beginning */
		if (!r->mounted && actor_is_alive(&r->console))
			limit(r, r->console.pid, RLIMIT_FSIZE, (rlim_t)f->amount << 10);
		break;
	default:
		break;
	}
}

static void end_fault(struct run *r, size_t i)
{
	r->undo_ms[i] = 0;
	switch (r->plan.faults[i].kind) {
	case FAULT_RELAY_KILL:
		if (!actor_is_gone(&r->relay)) {
			undo_later(r, i, 0, 0); /* the loop has not closed its handles yet */
			break;
		}
		actor_free(&r->relay);
		run_start_relay(r, r->address);
		break;
	case FAULT_RELAY_FILES:
		limit(r, r->undo_pid[i], RLIMIT_NOFILE, RLIM_INFINITY);
		break;
	default:
		kill(r->undo_pid[i], SIGCONT);
		break;
	}
}

/* ---- when ---- */

/* Of all that the commands collect. */
static unsigned items_to_come(const struct run *r)
{
	unsigned asked = 0, told = actor_count(&r->console, "\"event\":\"item\""),
		 running = actor_count(&r->console, "\"state\":\"running\"");

	for (unsigned i = 0; run_command(r, i); i++)
		for (const char *p = run_command(r, i); (p = strchr(p, ' ')) != NULL; p++)
			asked++;
	return asked - (told - running);
}

static bool is_due(const struct run *r, const struct fault *f)
{
	const struct proxy *p = &r->lane->proxies[f->side];
	uint64_t now = uv_now(&r->lane->loop);

	if (f->trigger == FAULT_ON_EARLY)
		return p->from_near + p->from_far >= f->at;
	if (r->step != RUN_SESSION)
		return false;
	switch (f->trigger) {
	case FAULT_ON_BYTES:
		return r->lane->proxies[FAULT_AT_AGENT].from_near - r->base_bytes >=
		       (r->lane->has_logs ? f->at : f->at / SMALLER);
	case FAULT_ON_TIME:
		return now - r->fired_ms >= f->at;
	case FAULT_ON_ITEMS:
		return items_to_come(r) <= f->at;
	default:
		return now - r->fired_ms >= FAULT_RECONNECT_MS ||
		       (p->connections > r->fired_connections && p->newest_bytes >= f->at);
	}
}

unsigned run_resumed(const struct run *r)
{
	return actor_count(&r->console, "\"event\":\"resumed\"");
}

void run_begin_due(struct run *r)
{
	while (r->step != RUN_OVER && r->next < r->plan.count &&
	       is_due(r, &r->plan.faults[r->next])) {
		size_t i = r->next++;

		/* taken before it begins: a connection that comes in it is the next one */
		r->fired_ms = uv_now(&r->lane->loop);
		if (r->next < r->plan.count)
			r->fired_connections =
			    r->lane->proxies[r->plan.faults[r->next].side].connections;
		if (fault_claim(r->plan.faults[i].kind) == FAULT_RESUMES) {
			r->cut_ms = r->fired_ms + r->plan.faults[i].for_ms;
			r->resumed_before = run_resumed(r);
		}
		begin_fault(r, i);
	}
}

/* Whether one is still under way. */
bool run_end_due(struct run *r)
{
	uint64_t now = uv_now(&r->lane->loop);
	bool left = false;

	for (size_t i = 0; i < r->plan.count; i++) {
		if (r->undo_ms[i] > 0 && r->undo_ms[i] <= now)
			end_fault(r, i);
		left = left || r->undo_ms[i] > 0;
	}
	return left;
}
