/* SPDX-License-Identifier: Apache-2.0
 *
 * The three programs of a session: how they are started, and what the engineer asks for.
 */
#include <stdio.h>

#include "tests/fault/run_priv.h"

#define RESUME_S      120
#define AWAY_RESUME_S 1 /* of a schedule with FAULT_AWAY ... */

void run_start_relay(struct run *r, const char *listen)
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

void run_start_agent(struct run *r)
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
const char *run_command(const struct run *r, unsigned i)
{
	if (r->commands)
		return r->commands[i];
	if (i >= r->plan.rounds)
		return NULL;
	return r->lane->has_logs ? with_logs[i] : without_logs[i];
}

void run_start_console(struct run *r)
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

	for (unsigned i = 0; run_command(r, i); i++) {
		argv[n++] = "-c";
		argv[n++] = run_command(r, i);
	}
	snprintf(resume, sizeof resume, "%u", resume_s(r));
	snprintf(relay, sizeof relay, "127.0.0.1:%d", r->lane->proxies[FAULT_AT_CONSOLE].port);
	snprintf(clock, sizeof clock, "CLOCK_SHIM=%s/clock.console", r->lane->dir);

	const char *env[] = {clock, "LD_PRELOAD=" CLOCK_SHIM_LIBRARY,
			     "ASAN_OPTIONS=verify_asan_link_order=0", NULL};
	if (actor_start(&r->console, &r->lane->loop, false, argv, env) < 0)
		run_fail(r, "the console cannot be started");
}
