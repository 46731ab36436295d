/* SPDX-License-Identifier: Apache-2.0
 *
 * The table at the end is the law; session_event() is the only door. What the handlers do stands
 * in session_on.c.
 */
#include "agent/session_priv.h"

#include <string.h>

#include "proto/base/err.h"

#define NEVER SESSION_NEVER

static const char *const state_names[] = {
#define X(name) #name,
    SESSION_STATE_MAP(X)
#undef X
};

static const char *const event_names[] = {
#define X(name) #name,
    SESSION_EVENT_MAP(X)
#undef X
};

const char *session_state_name(enum session_state state)
{
	return (unsigned)state < SESSION_STATES ? state_names[state] : "?";
}

const char *session_event_name(enum session_event_type ev)
{
	return (unsigned)ev < SESSION_EVENTS ? event_names[ev] : "?";
}

void session_init(struct session *s, uint32_t resume_s)
{
	memset(s, 0, sizeof *s);
	s->timer = s->code_until = s->grant_until = s->prompt_until = NEVER;
	if (resume_s > SESSION_RESUME_MAX_S)
		resume_s = SESSION_RESUME_MAX_S;
	s->resume_ms = (uint64_t)resume_s * 1000;
}

static uint64_t idle_until(const struct session *s)
{
	if (s->state != SESSION_ACTIVE || s->running > 0)
		return NEVER;
	return s->idle_from + SESSION_IDLE_MS;
}

static uint64_t sooner(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t session_deadline(const struct session *s)
{
	uint64_t code = s->state == SESSION_CODE ? s->code_until : NEVER;

	return sooner(sooner(sooner(s->timer, code), sooner(s->grant_until, s->prompt_until)),
		      idle_until(s));
}

static void on_grant_over(struct session *s, struct session_effects *out)
{
	if (session_is_granted(s))
		out->todo |= SESSION_DO_SEND_REVOKED;
	session_close(s, AS_E_EXPIRED, true, out);
}

/* The state's own timer has run out. */
static void on_timer(struct session *s, struct session_effects *out)
{
	if (s->state == SESSION_PAKE)
		session_fail_pake(s, AS_E_TIMEOUT, out);
	else if (s->state == SESSION_REGISTERING)
		session_close(s, AS_E_RELAY, true, out);
	else if (s->state == SESSION_AUTHED)
		session_close(s, AS_E_TIMEOUT, true, out);
	else
		session_close(s, AS_E_PEER_LOST, false, out);
}

/* What the passing of time alone has done; called before every event. */
static void pass_time(struct session *s, struct session_effects *out)
{
	if (s->now >= s->timer)
		on_timer(s, out);
	if (s->state == SESSION_CODE && s->now >= s->code_until)
		session_close(s, AS_E_CODE_EXPIRED, true, out);
	if (s->now >= s->grant_until)
		on_grant_over(s, out);
	if (s->now >= s->prompt_until) {
		out->todo |= SESSION_DO_CANCEL_PROMPT;
		out->cancel_why = AS_E_CONSENT_TIMEOUT;
		session_refuse(s, AS_E_CONSENT_TIMEOUT, out);
	}
	if (s->now >= idle_until(s))
		session_close(s, AS_E_TIMEOUT, true, out);
}

/* clang-format off */
#define EV(name, handler) [SESSION_EV_##name] = session_on_##handler
#define OVER EV(REVOKE, revoke), EV(FAULT, fault), EV(TICK, tick)
#define GRANTED EV(PEER_LOST, pause), EV(NET_LOST, pause), EV(PEER_END, clean_end), \
	EV(PEER_BAD, bad_peer), EV(OPEN, open), EV(ITEM_DONE, item_done), \
	EV(SCOPE_REQ_BAD, bad_more), EV(PEER_UP, second_peer)

static session_handler *const table[SESSION_STATES][SESSION_EVENTS] = {
	[SESSION_IDLE] = { EV(START, start), EV(FAULT, fault), EV(TICK, tick) },
	[SESSION_REGISTERING] = { EV(ALLOCATED, allocated), EV(NET_LOST, no_relay), OVER },
	[SESSION_CODE] = { EV(PEER_UP, peer_up), EV(NET_LOST, no_relay), OVER },
	[SESSION_PAKE] = {
		EV(PEER_UP, second_peer), EV(PAKE_SENT, pake_sent), EV(PAKE_OK, pake_ok),
		EV(PAKE_FAIL, pake_fail), EV(PEER_LOST, pake_lost), EV(PEER_END, pake_lost),
		EV(PEER_BAD, pake_lost), EV(NET_LOST, no_relay), OVER },
	[SESSION_AUTHED] = {
		EV(PEER_UP, second_peer), EV(REQ_OK, request), EV(REQ_BAD, bad_request),
		EV(OPEN, open_early), EV(PEER_LOST, lost), EV(PEER_END, lost),
		EV(PEER_BAD, bad_peer), EV(NET_LOST, lost), OVER },
	[SESSION_PROMPT] = {
		EV(PEER_UP, second_peer), EV(ALLOW, allow), EV(DENY, deny),
		EV(OPEN, open_early), EV(PEER_LOST, lost), EV(PEER_END, lost),
		EV(PEER_BAD, bad_peer), EV(NET_LOST, lost), OVER },
	[SESSION_ACTIVE] = { EV(SCOPE_REQ_OK, more), GRANTED, OVER },
	[SESSION_ACTIVE_PROMPT] = {
		EV(SCOPE_REQ_OK, more_busy), EV(ALLOW, allow), EV(DENY, deny), GRANTED, OVER },
	[SESSION_SUSP] = {
		EV(RESUME_OK, resume), EV(RESUME_BAD, bad_resume), EV(PEER_BAD, bad_resume),
		EV(PEER_LOST, still_lost), EV(NET_LOST, still_lost), EV(PEER_END, clean_end),
		EV(OPEN, open_early), EV(ITEM_DONE, item_done), OVER },
	[SESSION_CLOSED] = { EV(START, start), EV(TICK, tick) },
};
/* clang-format on */

bool session_expects(enum session_state state, enum session_event_type ev)
{
	return (unsigned)state < SESSION_STATES && (unsigned)ev < SESSION_EVENTS &&
	       table[state][ev];
}

void session_event(struct session *s, const struct session_event *ev, uint64_t now_ms,
		   struct session_effects *out)
{
	memset(out, 0, sizeof *out);
	if (now_ms > s->now)
		s->now = now_ms;
	pass_time(s, out);

	if (session_expects(s->state, ev->type))
		table[s->state][ev->type](s, ev, out);
	else
		session_note(s, ev, out);
}

int session_check(const struct session *s)
{
	bool may_hold = session_is_granted(s) || s->state == SESSION_SUSP;

	if (s->running > 0 && (!may_hold || s->granted_count == 0))
		return 1;
	if (s->state == SESSION_CLOSED && (s->running > 0 || s->grant_until != NEVER))
		return 2;
	if (s->prompting != (s->state == SESSION_PROMPT || s->state == SESSION_ACTIVE_PROMPT))
		return 3;
	if (s->prompting != (s->asked_count > 0) || s->granted_count + s->asked_count > SCOPES_MAX)
		return 4;
	if (s->state == SESSION_CLOSED && session_deadline(s) != NEVER)
		return 5;
	if (may_hold != (s->granted_count > 0) || may_hold != (s->grant_until != NEVER))
		return 6;
	if (s->fails >= SESSION_FAILS_MAX && s->state != SESSION_CLOSED)
		return 7;
	if (s->state > SESSION_PAKE && s->code_until != NEVER)
		return 7;
	return 0;
}
