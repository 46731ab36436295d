/* SPDX-License-Identifier: Apache-2.0
 *
 * Writes agent/session.c's table as Promela, so that consent.pml is checked against the program
 * and not against a memory of it: the numbers of states and events, which pairs have a handler,
 * and into which states each pair can lead. The last is found by trying: every state, reached by
 * every preparation that makes a difference, against every variant of every event.
 */
#include <stdio.h>
#include <string.h>

#include "agent/session.h"
#include "proto/base/err.h"

static const struct scope old_scope = {.kind = SCOPE_SYSTEM};
static const struct scope new_scope = {.kind = SCOPE_LOGS};

static void step(struct session *s, enum session_event_type type, const struct scope *scope)
{
	struct session_event ev = {.type = type,
				   .prompt_id = s->prompt_id,
				   .ticks = 1,
				   .duration_s = 1000,
				   .scopes = scope,
				   .scope_count = scope ? 1 : 0};
	struct session_effects out;

	session_event(s, &ev, s->now + (type == SESSION_EV_ALLOW ? SESSION_LOCK_MS : 0), &out);
}

/* variant: bit 0 = our share has left, bit 1 = two failures before, bit 2 = may resume. */
static struct session bring_to(enum session_state want, unsigned variant)
{
	static const enum session_event_type way[] = {
	    SESSION_EV_START,	SESSION_EV_ALLOCATED, SESSION_EV_PEER_UP, SESSION_EV_PAKE_SENT,
	    SESSION_EV_PAKE_OK, SESSION_EV_REQ_OK,    SESSION_EV_ALLOW};
	struct session s;

	session_init(&s, variant & 4 ? 60 : 0);
	for (size_t i = 0; i < sizeof way / sizeof way[0] && s.state != want; i++)
		step(&s, way[i], way[i] == SESSION_EV_REQ_OK ? &old_scope : NULL);
	if (want == SESSION_PAKE && variant & 1)
		step(&s, SESSION_EV_PAKE_SENT, NULL);
	if (want == SESSION_ACTIVE_PROMPT)
		step(&s, SESSION_EV_SCOPE_REQ_OK, &new_scope);
	if (want == SESSION_SUSP)
		step(&s, SESSION_EV_NET_LOST, NULL);
	if (want == SESSION_CLOSED)
		step(&s, SESSION_EV_REVOKE, NULL);
	if (variant & 2)
		s.fails = s.resume_fails = SESSION_FAILS_MAX - 1;
	return s;
}

/* variant: bit 0 = stale prompt, bit 1 = nothing ticked, bit 2 = too soon, bit 3 = a scope that
 * cannot be asked for again, bit 4 = at the deadline */
static unsigned outcome(struct session s, enum session_event_type type, unsigned variant)
{
	struct session_event ev = {.type = type,
				   .prompt_id = s.prompt_id - (variant & 1),
				   .err = AS_E_REQ_INVALID,
				   .ticks = variant & 2 ? 0 : 1,
				   .duration_s = 1000,
				   .scopes = variant & 8 ? &old_scope : &new_scope,
				   .scope_count = 1};
	struct session_effects out;
	uint64_t now = s.now;

	if (type == SESSION_EV_TICK && variant & 16 && session_deadline(&s) != UINT64_MAX)
		now = session_deadline(&s);
	if (type == SESSION_EV_TICK && variant & 8)
		now = s.grant_until == UINT64_MAX ? now : s.grant_until;
	if (type == SESSION_EV_ALLOW && !(variant & 4))
		now = s.prompt_from + SESSION_LOCK_MS;
	session_event(&s, &ev, now, &out);
	return 1u << s.state;
}

static unsigned outcomes(enum session_state state, enum session_event_type type)
{
	unsigned all = 0;

	for (unsigned before = 0; before < 8; before++) {
		struct session s = bring_to(state, before);

		for (unsigned v = 0; s.state == state && v < 32; v++)
			all |= outcome(s, type, v);
	}
	return all;
}

int main(void)
{
	for (int i = 0; i < SESSION_STATES; i++)
		printf("#define %s %d\n", session_state_name((enum session_state)i), i);
	for (int i = 0; i < SESSION_EVENTS; i++)
		printf("#define %s %d\n", session_event_name((enum session_event_type)i), i);

	printf("c_decl {\nstatic const unsigned short leads_to[%d][%d] = {\n", SESSION_STATES,
	       SESSION_EVENTS);
	for (int s = 0; s < SESSION_STATES; s++) {
		printf("{ ");
		for (int e = 0; e < SESSION_EVENTS; e++)
			printf("%u, ", outcomes((enum session_state)s, (enum session_event_type)e));
		printf("},\n");
	}
	printf("};\nstatic const char expects[%d][%d] = {\n", SESSION_STATES, SESSION_EVENTS);
	for (int s = 0; s < SESSION_STATES; s++) {
		printf("{ ");
		for (int e = 0; e < SESSION_EVENTS; e++)
			printf("%d, ",
			       session_expects((enum session_state)s, (enum session_event_type)e));
		printf("},\n");
	}
	printf("};\n}\n");
	return 0;
}
