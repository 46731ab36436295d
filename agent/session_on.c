/* SPDX-License-Identifier: Apache-2.0
 *
 * What each event does. move() is the only writer of s->state; which handler stands for which
 * pair of state and event is the table's business (session.c).
 */
#include "agent/session_priv.h"

#include <string.h>

#include "proto/base/err.h"

#define NEVER SESSION_NEVER

bool session_is_granted(const struct session *s)
{
	return s->state == SESSION_ACTIVE || s->state == SESSION_ACTIVE_PROMPT;
}

/* A console hangs on the line and can still be told something. */
static bool has_peer(const struct session *s)
{
	return s->state >= SESSION_PAKE && s->state <= SESSION_ACTIVE_PROMPT;
}

static void move(struct session *s, enum session_state to, uint64_t timer)
{
	s->state = to;
	s->timer = timer;
}

void session_note(struct session *s, const struct session_event *ev, struct session_effects *out)
{
	out->todo |= SESSION_DO_NOTE;
	out->note_state = s->state;
	out->note_event = ev->type;
}

/* The prompt goes; a later answer to it finds nothing. */
static void end_prompt(struct session *s)
{
	s->prompting = false;
	s->asked_count = 0;
	s->prompt_until = NEVER;
}

static void cancel_prompt(struct session *s, int why, struct session_effects *out)
{
	if (!s->prompting)
		return;
	end_prompt(s);
	out->todo |= SESSION_DO_CANCEL_PROMPT;
	out->cancel_why = why;
}

void session_close(struct session *s, int reason, bool told, struct session_effects *out)
{
	if (told && has_peer(s))
		out->todo |= SESSION_DO_SEND_END;
	cancel_prompt(s, reason, out);
	out->todo |= SESSION_DO_KILL | SESSION_DO_CLOSE;
	out->reason = s->reason = reason;
	s->granted_count = 0;
	s->running = 0;
	s->pake_sent = false;
	s->code_until = s->grant_until = NEVER;
	move(s, SESSION_CLOSED, NEVER);
}

static void deny(int code, struct session_effects *out)
{
	out->todo |= SESSION_DO_SEND_DENY;
	out->deny_code = code;
}

void session_on_start(struct session *s, const struct session_event *ev,
		      struct session_effects *out)
{
	(void)ev;
	s->epoch++;
	s->fails = s->resume_fails = s->running = 0;
	s->reason = 0;
	s->pake_sent = false;
	out->todo |= SESSION_DO_REGISTER;
	move(s, SESSION_REGISTERING, s->now + SESSION_REGISTER_MS);
}

void session_on_allocated(struct session *s, const struct session_event *ev,
			  struct session_effects *out)
{
	(void)ev;
	s->code_until = s->now + SESSION_CODE_MS;
	out->todo |= SESSION_DO_SHOW_CODE;
	move(s, SESSION_CODE, NEVER);
}

void session_on_no_relay(struct session *s, const struct session_event *ev,
			 struct session_effects *out)
{
	(void)ev;
	session_close(s, AS_E_RELAY, true, out);
}

void session_on_peer_up(struct session *s, const struct session_event *ev,
			struct session_effects *out)
{
	(void)ev;
	s->pake_sent = false;
	out->todo |= SESSION_DO_START_PAKE;
	move(s, SESSION_PAKE, s->now + SESSION_PAKE_MS);
}

void session_on_second_peer(struct session *s, const struct session_event *ev,
			    struct session_effects *out)
{
	session_note(s, ev, out);
	out->todo |= SESSION_DO_REFUSE_PEER;
}

void session_on_pake_sent(struct session *s, const struct session_event *ev,
			  struct session_effects *out)
{
	if (s->pake_sent)
		session_note(s, ev, out);
	s->pake_sent = true;
}

void session_fail_pake(struct session *s, int code, struct session_effects *out)
{
	if (s->pake_sent) {
		s->pake_sent = false;
		s->fails++;
		out->todo |= SESSION_DO_TELL_WRONG;
		out->tries_left = SESSION_FAILS_MAX - s->fails;
		if (s->fails >= SESSION_FAILS_MAX) {
			session_close(s, AS_E_CODE_BURNED, true, out);
			return;
		}
	}
	out->todo |= SESSION_DO_DROP_PEER;
	out->peer_code = code;
	move(s, SESSION_CODE, NEVER);
}

void session_on_pake_fail(struct session *s, const struct session_event *ev,
			  struct session_effects *out)
{
	(void)ev;
	s->pake_sent = true; /* a wrong confirmation is a guess, whatever we were told before */
	session_fail_pake(s, AS_E_CODE_WRONG, out);
}

void session_on_pake_lost(struct session *s, const struct session_event *ev,
			  struct session_effects *out)
{
	session_fail_pake(s, ev->type == SESSION_EV_PEER_BAD ? AS_E_PROTOCOL : AS_E_PEER_LOST, out);
}

void session_on_pake_ok(struct session *s, const struct session_event *ev,
			struct session_effects *out)
{
	if (!s->pake_sent) {
		session_note(s, ev, out);
		return;
	}
	s->pake_sent = false;
	s->code_until = NEVER;
	out->todo |= SESSION_DO_LOCK_CODE;
	move(s, SESSION_AUTHED, s->now + SESSION_REQUEST_MS);
}

static bool holds(const struct scope *list, size_t count, const struct scope *s)
{
	for (size_t i = 0; i < count; i++)
		if (scope_is_equal(&list[i], s))
			return true;
	return false;
}

/* Something is asked for, nothing twice, nothing that is granted already, and it all fits. */
static bool can_ask(const struct session *s, const struct session_event *ev)
{
	if (ev->scope_count == 0 || ev->scope_count > SCOPES_MAX - s->granted_count)
		return false;
	for (size_t i = 0; i < ev->scope_count; i++)
		if (scope_check_wish(&ev->scopes[i]) < 0 || holds(ev->scopes, i, &ev->scopes[i]) ||
		    holds(s->granted, s->granted_count, &ev->scopes[i]))
			return false;
	return true;
}

static void open_prompt(struct session *s, const struct session_event *ev, uint64_t life_ms,
			struct session_effects *out)
{
	memcpy(s->asked, ev->scopes, ev->scope_count * sizeof s->asked[0]);
	s->asked_count = ev->scope_count;
	s->prompting = true;
	s->prompt_from = s->now;
	s->prompt_until = s->now + life_ms;
	out->prompt_id = ++s->prompt_id;
	out->expires_s = (uint32_t)(life_ms / 1000);
	out->todo |= SESSION_DO_SHOW_PROMPT | SESSION_DO_SEND_PENDING;
}

void session_on_request(struct session *s, const struct session_event *ev,
			struct session_effects *out)
{
	if (!can_ask(s, ev) || ev->duration_s == 0 || s->prompt_id == UINT32_MAX) {
		deny(AS_E_REQ_INVALID, out);
		session_close(s, AS_E_REQ_INVALID, true, out);
		return;
	}
	s->duration_s = ev->duration_s;
	open_prompt(s, ev, SESSION_CONSENT_MS, out);
	move(s, SESSION_PROMPT, NEVER);
}

void session_on_bad_request(struct session *s, const struct session_event *ev,
			    struct session_effects *out)
{
	int err = ev->err < 0 ? ev->err : AS_E_REQ_INVALID;

	deny(err, out);
	session_close(s, err, true, out);
}

void session_on_more(struct session *s, const struct session_event *ev, struct session_effects *out)
{
	if (!can_ask(s, ev) || s->prompt_id == UINT32_MAX) {
		deny(AS_E_REQ_INVALID, out);
		return;
	}
	open_prompt(s, ev, SESSION_ESCALATION_MS, out);
	move(s, SESSION_ACTIVE_PROMPT, NEVER);
}

/* Never swap the text under the customer's cursor. */
void session_on_more_busy(struct session *s, const struct session_event *ev,
			  struct session_effects *out)
{
	(void)s;
	(void)ev;
	deny(AS_E_PROMPT_BUSY, out);
}

void session_on_bad_more(struct session *s, const struct session_event *ev,
			 struct session_effects *out)
{
	(void)s;
	deny(ev->err < 0 ? ev->err : AS_E_REQ_INVALID, out);
}

void session_refuse(struct session *s, int code, struct session_effects *out)
{
	deny(code, out);
	if (s->state == SESSION_PROMPT) {
		end_prompt(s);
		session_close(s, code, true, out);
		return;
	}
	end_prompt(s);
	s->idle_from = s->now;
	move(s, SESSION_ACTIVE, NEVER);
}

void session_on_deny(struct session *s, const struct session_event *ev, struct session_effects *out)
{
	if (ev->prompt_id != s->prompt_id) {
		session_note(s, ev, out);
		return;
	}
	session_refuse(s, AS_E_DENIED, out);
}

/* A place to put files to is granted only where the customer named one. */
static void grant_ticked(struct session *s, const struct session_event *ev)
{
	for (size_t i = 0; i < s->asked_count; i++) {
		struct scope g = s->asked[i];

		if (!(ev->ticks >> i & 1))
			continue;
		if (g.kind == SCOPE_PUT && ev->folder)
			strncpy(g.target, ev->folder, SCOPE_TARGET_MAX);
		if (scope_check(&g) == 0 && !holds(s->granted, s->granted_count, &g))
			s->granted[s->granted_count++] = g;
	}
}

void session_on_allow(struct session *s, const struct session_event *ev,
		      struct session_effects *out)
{
	size_t before = s->granted_count;

	if (ev->prompt_id != s->prompt_id || s->now - s->prompt_from < SESSION_LOCK_MS) {
		session_note(s, ev, out);
		return;
	}
	grant_ticked(s, ev);
	if (s->granted_count == before) {
		session_refuse(s, AS_E_DENIED, out);
		return;
	}
	end_prompt(s);
	if (s->state == SESSION_PROMPT)
		s->grant_until = s->now + (uint64_t)s->duration_s * 1000;
	s->idle_from = s->now;
	out->todo |= SESSION_DO_SIGN_GRANT;
	move(s, SESSION_ACTIVE, NEVER);
}

int session_may_open(const struct session *s, const struct scope *want, uint64_t now_ms)
{
	if (!session_is_granted(s))
		return AS_ESTATE;
	if (now_ms >= s->grant_until)
		return AS_E_EXPIRED;
	if (scope_check(want) < 0)
		return AS_E_SCOPE;
	if (!holds(s->granted, s->granted_count, want))
		return AS_E_SCOPE;
	return s->running < SESSION_RUNNING_MAX ? 0 : AS_E_QUOTA;
}

bool session_may_send(const struct session *s, uint64_t now_ms)
{
	return session_is_granted(s) && now_ms < s->grant_until;
}

void session_on_open(struct session *s, const struct session_event *ev, struct session_effects *out)
{
	int err = ev->scope_count == 1 ? session_may_open(s, &ev->scopes[0], s->now) : AS_E_SCOPE;

	s->idle_from = s->now;
	if (err < 0) {
		out->todo |= SESSION_DO_REFUSE_OPEN;
		out->open_code = err;
		return;
	}
	s->running++;
	out->todo |= SESSION_DO_OPEN;
}

/* Before the grant, or while the connection is away. */
void session_on_open_early(struct session *s, const struct session_event *ev,
			   struct session_effects *out)
{
	session_note(s, ev, out);
	out->todo |= SESSION_DO_REFUSE_OPEN;
	out->open_code = AS_E_SCOPE;
}

void session_on_item_done(struct session *s, const struct session_event *ev,
			  struct session_effects *out)
{
	if (s->running == 0) {
		session_note(s, ev, out);
		return;
	}
	s->running--;
	s->idle_from = s->now;
}

/* A no to a prompt, as the engineer hears it; the customer's own reason stays "revoked". */
void session_on_revoke(struct session *s, const struct session_event *ev,
		       struct session_effects *out)
{
	(void)ev;
	if (s->state == SESSION_PROMPT)
		deny(AS_E_DENIED, out);
	if (session_is_granted(s))
		out->todo |= SESSION_DO_SEND_REVOKED;
	session_close(s, AS_E_REVOKED, true, out);
}

void session_on_lost(struct session *s, const struct session_event *ev, struct session_effects *out)
{
	(void)ev;
	session_close(s, AS_E_PEER_LOST, false, out);
}

void session_on_pause(struct session *s, const struct session_event *ev,
		      struct session_effects *out)
{
	if (s->resume_ms == 0) {
		session_on_lost(s, ev, out);
		return;
	}
	uint64_t left = s->grant_until - s->now;

	if (s->prompting) /* the question is over; who asked it reads so when he is back */
		deny(AS_E_PEER_LOST, out);
	cancel_prompt(s, AS_E_PEER_LOST, out);
	s->resume_fails = 0;
	out->todo |= SESSION_DO_PAUSE;
	out->for_s = (uint32_t)((left < s->resume_ms ? left : s->resume_ms) / 1000);
	move(s, SESSION_SUSP, s->now + s->resume_ms);
}

/* A try has failed, or the one who came back is gone again: the time runs on. */
void session_on_still_lost(struct session *s, const struct session_event *ev,
			   struct session_effects *out)
{
	(void)s;
	(void)ev;
	(void)out;
}

void session_on_resume(struct session *s, const struct session_event *ev,
		       struct session_effects *out)
{
	(void)ev;
	s->idle_from = s->now;
	out->todo |= SESSION_DO_CONTINUE;
	move(s, SESSION_ACTIVE, NEVER);
}

void session_on_bad_resume(struct session *s, const struct session_event *ev,
			   struct session_effects *out)
{
	(void)ev;
	if (++s->resume_fails >= SESSION_FAILS_MAX)
		session_close(s, AS_E_RESUME, false, out);
}

void session_on_clean_end(struct session *s, const struct session_event *ev,
			  struct session_effects *out)
{
	(void)ev;
	session_close(s, 0, true, out);
}

void session_on_bad_peer(struct session *s, const struct session_event *ev,
			 struct session_effects *out)
{
	(void)ev;
	session_close(s, AS_E_PROTOCOL, true, out);
}

void session_on_fault(struct session *s, const struct session_event *ev,
		      struct session_effects *out)
{
	session_close(s, ev->err < 0 ? ev->err : AS_E_INTERNAL, true, out);
}

void session_on_tick(struct session *s, const struct session_event *ev, struct session_effects *out)
{
	(void)s;
	(void)ev;
	(void)out; /* nothing runs out here, and session_event() has looked at the clock */
}
