/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/run.h"

#include <dirent.h>
#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/bench/proc.h"

#define TICK_MS	      10
#define LIMIT_MS      150000 /* nothing that works needs as long */
#define ALONE_MS      6000   /* one end is gone; then the other is helped on ... */
#define AGAIN_MS      2000   /* ... and again */
#define NUDGES_MAX    10
#define SKIP_LOCK_MS  6000
#define SKIP_AWAY_MS  130000  /* longer than a lost connection may stay away */
#define SKIP_GRANT_MS 1900000 /* longer than the grant */
#define MEASURE_MS    500
#define NO_MORE_FILES 3
#define SMALLER	      40   /* a session without the large files */
#define GOODBYE_MS    1500 /* a cut so long before the last words may have cut those */
#define RESUME_S      120
#define AWAY_RESUME_S 1 /* of a schedule with FAULT_AWAY ... */
#define AWAY_MS	      4000

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

/* ---- the programs ---- */

static void start_relay(struct run *r, const char *listen)
{
	char program[SITE_PATH_MAX], cert[SITE_PATH_MAX], key[SITE_PATH_MAX], ca[SITE_PATH_MAX];
	const struct site *s = r->lane->site;
	const char *argv[] = {site_program(s, "assent-relay", program),
			      "--listen",
			      listen,
			      "--cert",
			      site_path(s, "relay/relay.crt", cert),
			      "--key",
			      site_path(s, "relay/relay.key", key),
			      "--console-ca",
			      site_path(s, "relay/ca.crt", ca),
			      "--joins-per-minute",
			      "1000",
			      "--visitors-per-second-per-prefix",
			      "1000",
			      NULL};

	if (actor_start(&r->relay, &r->lane->loop, false, argv, NULL) < 0)
		run_fail(r, "the relay cannot be started");
}

static unsigned resume_s(const struct run *r)
{
	return schedule_has(&r->plan, FAULT_AWAY) ? AWAY_RESUME_S : RESUME_S;
}

static void start_agent(struct run *r)
{
	char program[SITE_PATH_MAX], config[SITE_PATH_MAX];
	char clock[SITE_PATH_MAX + 32], state[SITE_PATH_MAX + 32];
	const char *argv[] = {site_program(r->lane->site, "assent-agent", program), "support",
			      "--config", lane_path(r->lane, "agent.conf", config), NULL};

	snprintf(clock, sizeof clock, "CLOCK_SHIM=%s/clock.agent", r->lane->dir);
	snprintf(state, sizeof state, "XDG_STATE_HOME=%s", r->state);

	const char *env[] = {clock, state, "LD_PRELOAD=" CLOCK_SHIM_LIBRARY,
			     "ASAN_OPTIONS=verify_asan_link_order=0", NULL};
	if (lane_write_config(r->lane, resume_s(r)) != 0 ||
	    actor_start(&r->agent, &r->lane->loop, true, argv, env) < 0)
		run_fail(r, "the agent cannot be started");
}

static const char *const with_logs[] = {"collect syslog_files os disks", "collect cpu memory",
					"collect interfaces addresses routes"};
static const char *const without_logs[] = {"collect os cpu memory disks",
					   "collect processes sockets",
					   "collect interfaces addresses routes"};

/* The i-th of the session; NULL when there are no more. */
static const char *command(const struct run *r, unsigned i)
{
	if (r->commands)
		return r->commands[i];
	if (i >= r->plan.rounds)
		return NULL;
	return r->lane->has_logs ? with_logs[i] : without_logs[i];
}

static void start_console(struct run *r)
{
	char program[SITE_PATH_MAX], identity[SITE_PATH_MAX], relay[32], resume[16];
	char clock[SITE_PATH_MAX + 32];
	const char *argv[40] = {
	    site_program(r->lane->site, "assent-console", program),
	    "connect",
	    r->code,
	    "--identity",
	    site_path(r->lane->site, "ada", identity),
	    "--relay",
	    relay,
	    "--reason",
	    "Testing",
	    "--scope",
	    "system",
	    "--scope",
	    "network",
	    "--scope",
	    "logs",
	    "--json",
	    "--out",
	    r->out,
	    "--resume",
	    resume,
	};
	size_t n = 20;

	for (unsigned i = 0; command(r, i); i++) {
		argv[n++] = "-c";
		argv[n++] = command(r, i);
	}
	snprintf(resume, sizeof resume, "%u", resume_s(r));
	snprintf(relay, sizeof relay, "127.0.0.1:%d", r->lane->proxies[FAULT_AT_CONSOLE].port);
	snprintf(clock, sizeof clock, "CLOCK_SHIM=%s/clock.console", r->lane->dir);

	const char *env[] = {clock, "LD_PRELOAD=" CLOCK_SHIM_LIBRARY,
			     "ASAN_OPTIONS=verify_asan_link_order=0", NULL};
	if (actor_start(&r->console, &r->lane->loop, false, argv, env) < 0)
		run_fail(r, "the console cannot be started");
}

/* ---- faults ---- */

static void limit(struct run *r, pid_t pid, int what, rlim_t soft)
{
	struct rlimit now;

	if (prlimit(pid, (__rlimit_resource_t)what, NULL, &now) != 0)
		return; /* it has just ended */
	now.rlim_cur = soft < now.rlim_max ? soft : now.rlim_max;
	if (prlimit(pid, (__rlimit_resource_t)what, &now, NULL) != 0 && errno != ESRCH)
		run_fail(r, "prlimit: %s", strerror(errno));
}

static void skip(struct run *r, enum lane_clock which, int64_t ms)
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
		skip(r, LANE_AGENT, f->amount);
		break;
	case FAULT_EXPIRY:
		skip(r, LANE_AGENT, SKIP_GRANT_MS);
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
		start_relay(r, r->address);
		break;
	case FAULT_RELAY_FILES:
		limit(r, r->undo_pid[i], RLIMIT_NOFILE, RLIM_INFINITY);
		break;
	default:
		kill(r->undo_pid[i], SIGCONT);
		break;
	}
}

/* Of all that the commands collect. */
static unsigned items_to_come(const struct run *r)
{
	unsigned asked = 0, told = actor_count(&r->console, "\"event\":\"item\""),
		 running = actor_count(&r->console, "\"state\":\"running\"");

	for (unsigned i = 0; command(r, i); i++)
		for (const char *p = command(r, i); (p = strchr(p, ' ')) != NULL; p++)
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

static unsigned count_resumed(const struct run *r)
{
	return actor_count(&r->console, "\"event\":\"resumed\"");
}

static void begin_due(struct run *r)
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
			r->resumed_before = count_resumed(r);
		}
		begin_fault(r, i);
	}
}

/* Whether one is still under way. */
static bool end_due(struct run *r)
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
	start_agent(r);
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
			start_console(r);
			r->step = RUN_ASK;
		}
		break;
	case RUN_ASK:
		if (actor_saw(&r->agent, "Please read.")) {
			skip(r, LANE_AGENT, SKIP_LOCK_MS);
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
	begin_due(r);
	uv_stop(&r->lane->loop);
}

static void on_bytes(void *owner)
{
	begin_due(owner);
}

/* A cut that the console has not come back from hit it when there was nothing left to come back
 * for. When it is answered by time alone, the console may have waited for the agent's last word
 * before it said its own. */
static bool hit_goodbye(const struct run *r)
{
	if (r->goodbye_ms == 0 || r->cut_ms == 0)
		return false;
	return r->cut_ms + GOODBYE_MS >= r->goodbye_ms || count_resumed(r) == r->resumed_before;
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
		skip(r, LANE_CONSOLE, SKIP_AWAY_MS);
	} else if (r->allowed_ms == 0) {
		actor_type(&r->agent, "stop\n");
	} else {
		proxy_reset(&r->lane->proxies[FAULT_AT_AGENT]);
		skip(r, LANE_AGENT, SKIP_AWAY_MS);
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
		if (!end_due(r) && actor_shows(&r->relay, "listening on "))
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
	end_due(r);
	begin_due(r);
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
		start_relay(r, listen);
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
