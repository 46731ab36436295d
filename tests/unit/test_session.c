/* SPDX-License-Identifier: Apache-2.0
 *
 * The consent machine, exhaustively: every (state, event) pair against a matrix written by hand,
 * and a million random events against invariants that are kept independently of it.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "agent/session.h"
#include "proto/base/err.h"

#define HOUR_MS 3600000u

static const struct scope two[] = {{.kind = SCOPE_SYSTEM},
				   {.kind = SCOPE_FILES, .target = "/srv/app"}};
static const struct scope logs = {.kind = SCOPE_LOGS};
static const struct scope system_scope = {.kind = SCOPE_SYSTEM};

static struct session_effects send(struct session *s, struct session_event ev, uint64_t now)
{
	struct session_effects out;

	session_event(s, &ev, now, &out);
	cr_assert_eq(session_check(s), 0, "I%d after %s in %s", session_check(s),
		     session_event_name(ev.type), session_state_name(s->state));
	return out;
}

static struct session_effects plain(struct session *s, enum session_event_type type)
{
	return send(s, (struct session_event){.type = type}, s->now);
}

static struct session_effects request(struct session *s, enum session_event_type type,
				      const struct scope *scopes, size_t n)
{
	struct session_event ev = {
	    .type = type, .scopes = scopes, .scope_count = n, .duration_s = 1800};

	return send(s, ev, s->now);
}

static struct session_effects allow(struct session *s, uint32_t id, uint32_t ticks)
{
	struct session_event ev = {.type = SESSION_EV_ALLOW, .prompt_id = id, .ticks = ticks};

	return send(s, ev, s->prompt_from + SESSION_LOCK_MS);
}

static struct session_effects tick_at(struct session *s, uint64_t now)
{
	return send(s, (struct session_event){.type = SESSION_EV_TICK}, now);
}

/* The shortest way into each state. */
static struct session bring_to(enum session_state want, uint32_t resume_s)
{
	static const enum session_event_type way[] = {SESSION_EV_START, SESSION_EV_ALLOCATED,
						      SESSION_EV_PEER_UP, SESSION_EV_PAKE_SENT,
						      SESSION_EV_PAKE_OK};
	struct session s;

	session_init(&s, resume_s);
	s.now = 1000;
	for (size_t i = 0; i < sizeof way / sizeof way[0] && s.state != want; i++)
		plain(&s, way[i]);
	if (want == SESSION_PAKE)
		plain(&s, SESSION_EV_PAKE_SENT);
	if (want == SESSION_CLOSED && s.state != want)
		plain(&s, SESSION_EV_REVOKE);
	if (s.state == want)
		return s;
	request(&s, SESSION_EV_REQ_OK, two, 2);
	if (s.state == want)
		return s;
	allow(&s, s.prompt_id, 3);
	if (want == SESSION_ACTIVE_PROMPT)
		request(&s, SESSION_EV_SCOPE_REQ_OK, &logs, 1);
	if (want == SESSION_SUSP)
		plain(&s, SESSION_EV_NET_LOST);
	cr_assert_eq(s.state, want);
	return s;
}

/* An event that means what it says in this state. */
static struct session_event sensible(const struct session *s, enum session_event_type type)
{
	struct session_event ev = {.type = type,
				   .prompt_id = s->prompt_id,
				   .ticks = 3,
				   .err = AS_E_REQ_INVALID,
				   .duration_s = 60,
				   .scopes = &logs,
				   .scope_count = 1};

	if (type == SESSION_EV_OPEN)
		ev.scopes = &system_scope;
	return ev;
}

/* '.' ignored and noted; else the first letter of the state it leads to: Idle Registering Code
 * pAke auThed Prompt active(G) active_prompt(E) Susp closed(X). Columns are the events in the
 * order of SESSION_EVENT_MAP. */
static const char letters[] = "IRCATPGESX";

struct matrix {
	enum session_state state;
	uint32_t resume_s;
	const char *row;
};

static const struct matrix expected[] = {
    /*                              START          REQ_OK     ITEM_DONE
     *                               ALLOCATED      REQ_BAD    REVOKE
     *                                PEER_UP        SCOPE_REQ_OK
     *                                 PAKE_SENT      SCOPE_REQ_BAD
     *                                  PAKE_OK        ALLOW     NET_LOST
     *                                   PAKE_FAIL      DENY      RESUME_OK
     *                                    PEER_LOST      OPEN      RESUME_BAD
     *                                     PEER_END                 FAULT
     *                                      PEER_BAD                 TICK   */
    {SESSION_IDLE, 0, "R....................XI"},
    {SESSION_REGISTERING, 0, ".C...............XX..XR"},
    {SESSION_CODE, 0, "..A..............XX..XC"},
    {SESSION_PAKE, 0, "....TCCCC........XX..XA"},
    {SESSION_AUTHED, 0, "......XXXPX......XX..XT"},
    {SESSION_PROMPT, 0, "......XXX....GX..XX..XP"},
    {SESSION_ACTIVE, 0, "......XXX..EG..G.XX..XG"},
    {SESSION_ACTIVE_PROMPT, 0, "......XXX..EEGGE.XX..XE"},
    {SESSION_ACTIVE, 60, "......SXX..EG..G.XS..XG"},
    {SESSION_ACTIVE_PROMPT, 60, "......SXX..EEGGE.XS..XE"},
    {SESSION_SUSP, 60, "......SXS........XSGSXS"},
    {SESSION_CLOSED, 0, "R.....................X"},
};

Test(session, every_pair_of_state_and_event_has_the_outcome_of_the_matrix)
{
	for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
		const struct matrix *m = &expected[i];
		char row[SESSION_EVENTS + 1] = "";

		for (int e = 0; e < SESSION_EVENTS; e++) {
			struct session s = bring_to(m->state, m->resume_s);
			uint64_t at = s.prompting ? s.prompt_from + SESSION_LOCK_MS : s.now;
			struct session_effects fx =
			    send(&s, sensible(&s, (enum session_event_type)e), at);

			row[e] = fx.todo & SESSION_DO_NOTE ? '.' : letters[s.state];
			if (fx.todo & SESSION_DO_NOTE)
				cr_assert_eq(s.state, m->state, "an ignored event moves nothing");
		}
		cr_assert_str_eq(row, m->row, "%s: %s", session_state_name(m->state), row);
	}
}

Test(session, the_happy_path_asks_for_each_thing_once)
{
	struct session s;

	session_init(&s, 0);
	cr_assert_eq(plain(&s, SESSION_EV_START).todo, SESSION_DO_REGISTER);
	cr_assert_eq(plain(&s, SESSION_EV_ALLOCATED).todo, SESSION_DO_SHOW_CODE);
	cr_assert_eq(plain(&s, SESSION_EV_PEER_UP).todo, SESSION_DO_START_PAKE);
	cr_assert_eq(plain(&s, SESSION_EV_PAKE_SENT).todo, 0);
	cr_assert_eq(plain(&s, SESSION_EV_PAKE_OK).todo, SESSION_DO_LOCK_CODE);
	cr_assert_eq(request(&s, SESSION_EV_REQ_OK, two, 2).todo,
		     SESSION_DO_SHOW_PROMPT | SESSION_DO_SEND_PENDING);
	cr_assert_eq(allow(&s, s.prompt_id, 1).todo, SESSION_DO_SIGN_GRANT);
	cr_assert_eq(s.granted_count, 1);
	cr_assert_eq(request(&s, SESSION_EV_OPEN, &system_scope, 1).todo, SESSION_DO_OPEN);
	cr_assert_eq(plain(&s, SESSION_EV_ITEM_DONE).todo, 0);

	struct session_effects fx = plain(&s, SESSION_EV_PEER_END);
	cr_assert_eq(fx.todo, SESSION_DO_SEND_END | SESSION_DO_KILL | SESSION_DO_CLOSE);
	cr_assert_eq(fx.reason, 0);
}

Test(session, a_line_that_was_not_ticked_is_refused)
{
	struct session s = bring_to(SESSION_PROMPT, 0);

	allow(&s, s.prompt_id, 1);
	cr_assert_eq(session_may_open(&s, &two[0], s.now), 0);
	cr_assert_eq(session_may_open(&s, &two[1], s.now), AS_E_SCOPE);
}

Test(session, allow_with_no_line_ticked_is_a_no)
{
	struct session s = bring_to(SESSION_PROMPT, 0);
	struct session_effects fx = allow(&s, s.prompt_id, ~3u);

	cr_assert_eq(s.state, SESSION_CLOSED);
	cr_assert_eq(fx.reason, AS_E_DENIED);
	cr_assert_eq(fx.deny_code, AS_E_DENIED);
	cr_assert(fx.todo & SESSION_DO_SEND_DENY);
}

Test(session, an_allow_for_an_older_prompt_counts_for_nothing)
{
	struct session s = bring_to(SESSION_ACTIVE, 0);
	uint32_t old = s.prompt_id;

	request(&s, SESSION_EV_SCOPE_REQ_OK, &logs, 1);
	cr_assert(allow(&s, old, 1).todo & SESSION_DO_NOTE);
	cr_assert_eq(session_may_open(&s, &logs, s.now), AS_E_SCOPE);
	cr_assert_eq(s.state, SESSION_ACTIVE_PROMPT);
}

Test(session, prompt_ids_are_not_used_again_in_a_second_session)
{
	struct session s = bring_to(SESSION_PROMPT, 0);
	uint32_t old = s.prompt_id;

	plain(&s, SESSION_EV_REVOKE);
	plain(&s, SESSION_EV_START);
	plain(&s, SESSION_EV_ALLOCATED);
	plain(&s, SESSION_EV_PEER_UP);
	plain(&s, SESSION_EV_PAKE_SENT);
	plain(&s, SESSION_EV_PAKE_OK);
	request(&s, SESSION_EV_REQ_OK, two, 2);
	cr_assert_gt(s.prompt_id, old);
	cr_assert(allow(&s, old, 3).todo & SESSION_DO_NOTE);
	cr_assert_eq(s.state, SESSION_PROMPT);
}

Test(session, an_allow_that_comes_too_soon_counts_for_nothing)
{
	struct session s = bring_to(SESSION_PROMPT, 0);
	struct session_event ev = {.type = SESSION_EV_ALLOW, .prompt_id = s.prompt_id, .ticks = 3};

	cr_assert(send(&s, ev, s.prompt_from + SESSION_LOCK_MS - 1).todo & SESSION_DO_NOTE);
	cr_assert_eq(s.state, SESSION_PROMPT);
	cr_assert_eq(send(&s, ev, s.prompt_from + SESSION_LOCK_MS).todo, SESSION_DO_SIGN_GRANT);
}

Test(session, a_second_request_does_not_swap_the_open_prompt)
{
	struct session s = bring_to(SESSION_ACTIVE_PROMPT, 0);
	static const struct scope capture = {.kind = SCOPE_CAPTURE};
	struct session_effects fx = request(&s, SESSION_EV_SCOPE_REQ_OK, &capture, 1);

	cr_assert_eq(fx.todo, SESSION_DO_SEND_DENY);
	cr_assert_eq(fx.deny_code, AS_E_PROMPT_BUSY);
	allow(&s, s.prompt_id, 1);
	cr_assert_eq(session_may_open(&s, &logs, s.now), 0);
	cr_assert_eq(session_may_open(&s, &capture, s.now), AS_E_SCOPE);
}

Test(session, what_is_granted_already_twice_asked_or_too_much_is_not_asked)
{
	struct session s = bring_to(SESSION_ACTIVE, 0);
	struct scope many[SCOPES_MAX];
	struct scope twice[] = {logs, logs};

	cr_assert_eq(request(&s, SESSION_EV_SCOPE_REQ_OK, two, 1).deny_code, AS_E_REQ_INVALID);
	cr_assert_eq(request(&s, SESSION_EV_SCOPE_REQ_OK, twice, 2).deny_code, AS_E_REQ_INVALID);
	cr_assert_eq(request(&s, SESSION_EV_SCOPE_REQ_OK, two, 0).deny_code, AS_E_REQ_INVALID);
	for (unsigned i = 0; i < SCOPES_MAX; i++) {
		many[i] = (struct scope){.kind = SCOPE_FILES};
		snprintf(many[i].target, sizeof many[i].target, "/srv/%u", i);
	}
	cr_assert_eq(request(&s, SESSION_EV_SCOPE_REQ_OK, many, SCOPES_MAX - 1).deny_code,
		     AS_E_REQ_INVALID);
	cr_assert_eq(s.state, SESSION_ACTIVE);
	cr_assert_eq(request(&s, SESSION_EV_SCOPE_REQ_OK, many, SCOPES_MAX - 2).todo,
		     SESSION_DO_SHOW_PROMPT | SESSION_DO_SEND_PENDING);
}

/* What lies below it is found by the collector, which opens nothing outside. */
Test(session, a_folder_is_opened_as_it_was_granted_and_in_no_other_words)
{
	static const struct {
		const char *path;
		int want;
	} cases[] = {
	    {"/srv/app", 0},	     {"/srv/app/log/x", AS_E_SCOPE}, {"/srv/apple", AS_E_SCOPE},
	    {"/srv", AS_E_SCOPE},    {"/srv/ap", AS_E_SCOPE},	     {"/srv/app/../x", AS_E_SCOPE},
	    {"srv/app", AS_E_SCOPE}, {"/SRV/APP", AS_E_SCOPE},	     {"/srv/app/", AS_E_SCOPE},
	};
	struct session s = bring_to(SESSION_ACTIVE, 0);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct scope want = {.kind = SCOPE_FILES};

		snprintf(want.target, sizeof want.target, "%s", cases[i].path);
		cr_assert_eq(session_may_open(&s, &want, s.now), cases[i].want, "%s",
			     cases[i].path);
	}
}

static struct session ask_for_a_place(void)
{
	static const struct scope put = {.kind = SCOPE_PUT};
	struct session s = bring_to(SESSION_ACTIVE, 0);
	struct session_effects fx;

	session_event(&s,
		      &(struct session_event){
			  .type = SESSION_EV_SCOPE_REQ_OK, .scopes = &put, .scope_count = 1},
		      s.now, &fx);
	cr_assert_eq(s.state, SESSION_ACTIVE_PROMPT);
	return s;
}

static struct session_effects allow_into(struct session *s, const char *folder)
{
	struct session_effects fx;

	session_event(
	    s,
	    &(struct session_event){
		.type = SESSION_EV_ALLOW, .prompt_id = s->prompt_id, .ticks = 1, .folder = folder},
	    s->now + SESSION_LOCK_MS, &fx);
	cr_assert_eq(session_check(s), 0);
	return fx;
}

Test(session, files_are_put_where_the_customer_says_and_nowhere_else)
{
	struct session s = ask_for_a_place();
	size_t before = s.granted_count;
	struct scope want = {.kind = SCOPE_PUT, .target = "/home/anna/support"};

	cr_assert(allow_into(&s, "/home/anna/support").todo & SESSION_DO_SIGN_GRANT);
	cr_assert_eq(s.granted_count, before + 1);
	cr_assert_eq(session_may_open(&s, &want, s.now), 0);
	strcpy(want.target, "/home/anna");
	cr_assert_eq(session_may_open(&s, &want, s.now), AS_E_SCOPE);
	want.target[0] = '\0';
	cr_assert_eq(session_may_open(&s, &want, s.now), AS_E_SCOPE);
}

Test(session, a_yes_without_a_folder_is_no_place_to_put_files_to)
{
	static const char *const bad[] = {NULL, "", "support", "/home/../etc"};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct session s = ask_for_a_place();
		size_t before = s.granted_count;

		cr_assert_not(allow_into(&s, bad[i]).todo & SESSION_DO_SIGN_GRANT);
		cr_assert_eq(s.granted_count, before);
		cr_assert_eq(s.state, SESSION_ACTIVE);
	}
}

Test(session, an_engineer_names_no_place)
{
	static const struct scope put = {.kind = SCOPE_PUT, .target = "/etc"};
	struct session s = bring_to(SESSION_ACTIVE, 0);
	struct session_effects fx;

	session_event(&s,
		      &(struct session_event){
			  .type = SESSION_EV_SCOPE_REQ_OK, .scopes = &put, .scope_count = 1},
		      s.now, &fx);
	cr_assert_eq(s.state, SESSION_ACTIVE);
	cr_assert_eq(fx.deny_code, AS_E_REQ_INVALID);
}

Test(session, three_wrong_codes_burn_the_code)
{
	static const enum session_event_type ends[] = {SESSION_EV_PAKE_FAIL, SESSION_EV_PEER_LOST,
						       SESSION_EV_PEER_BAD};
	struct session s = bring_to(SESSION_CODE, 0);
	struct session_effects fx = {0};

	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(s.state, SESSION_CODE);
		plain(&s, SESSION_EV_PEER_UP);
		plain(&s, SESSION_EV_PAKE_SENT);
		fx = plain(&s, ends[i]);
		cr_assert(fx.todo & SESSION_DO_TELL_WRONG);
		cr_assert_eq(fx.tries_left, 2 - i);
	}
	cr_assert_eq(s.state, SESSION_CLOSED);
	cr_assert_eq(fx.reason, AS_E_CODE_BURNED);
	cr_assert_not(fx.todo & SESSION_DO_DROP_PEER);
}

Test(session, a_console_that_leaves_before_our_share_is_no_guess)
{
	struct session s = bring_to(SESSION_CODE, 0);

	for (unsigned i = 0; i < 10; i++) {
		plain(&s, SESSION_EV_PEER_UP);
		cr_assert_eq(plain(&s, SESSION_EV_PEER_LOST).todo, SESSION_DO_DROP_PEER);
	}
	cr_assert_eq(s.fails, 0);
}

Test(session, a_confirmation_before_our_share_is_not_believed)
{
	struct session s = bring_to(SESSION_CODE, 0);

	plain(&s, SESSION_EV_PEER_UP);
	cr_assert_eq(plain(&s, SESSION_EV_PAKE_OK).todo, SESSION_DO_NOTE);
	cr_assert_eq(s.state, SESSION_PAKE);
}

Test(session, a_second_console_is_told_that_the_line_is_busy)
{
	for (int st = SESSION_PAKE; st <= SESSION_ACTIVE_PROMPT; st++) {
		struct session s = bring_to((enum session_state)st, 0);

		cr_assert_eq(plain(&s, SESSION_EV_PEER_UP).todo,
			     SESSION_DO_NOTE | SESSION_DO_REFUSE_PEER);
		cr_assert_eq(s.state, (enum session_state)st);
	}
}

struct deadline {
	enum session_state state;
	uint32_t resume_s;
	uint64_t after_ms;
	enum session_state leads_to;
	int reason;
};

Test(session, every_timer_runs_out_when_it_should_and_not_before)
{
	static const struct deadline cases[] = {
	    {SESSION_REGISTERING, 0, SESSION_REGISTER_MS, SESSION_CLOSED, AS_E_RELAY},
	    {SESSION_CODE, 0, SESSION_CODE_MS, SESSION_CLOSED, AS_E_CODE_EXPIRED},
	    {SESSION_PAKE, 0, SESSION_PAKE_MS, SESSION_CODE, 0},
	    {SESSION_AUTHED, 0, SESSION_REQUEST_MS, SESSION_CLOSED, AS_E_TIMEOUT},
	    {SESSION_PROMPT, 0, SESSION_CONSENT_MS, SESSION_CLOSED, AS_E_CONSENT_TIMEOUT},
	    {SESSION_ACTIVE, 0, SESSION_IDLE_MS, SESSION_CLOSED, AS_E_TIMEOUT},
	    {SESSION_ACTIVE_PROMPT, 0, SESSION_ESCALATION_MS, SESSION_ACTIVE, 0},
	    {SESSION_SUSP, 60, 60000, SESSION_CLOSED, AS_E_PEER_LOST},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct session s = bring_to(cases[i].state, cases[i].resume_s);
		uint64_t due = s.now + cases[i].after_ms;

		cr_assert_eq(session_deadline(&s), due, "%s", session_state_name(s.state));
		cr_assert_eq(tick_at(&s, due - 1).todo, 0);
		cr_assert_eq(s.state, cases[i].state);
		tick_at(&s, due);
		cr_assert_eq(s.state, cases[i].leads_to);
		if (s.state == SESSION_CLOSED)
			cr_assert_eq(s.reason, cases[i].reason);
	}
}

Test(session, an_answer_after_the_deadline_finds_the_prompt_gone)
{
	struct session s = bring_to(SESSION_PROMPT, 0);
	struct session_event ev = {.type = SESSION_EV_ALLOW, .prompt_id = s.prompt_id, .ticks = 3};
	struct session_effects fx = send(&s, ev, s.now + SESSION_CONSENT_MS);

	cr_assert_eq(s.state, SESSION_CLOSED);
	cr_assert_eq(fx.reason, AS_E_CONSENT_TIMEOUT);
	cr_assert(fx.todo & SESSION_DO_NOTE);
	cr_assert_not(fx.todo & SESSION_DO_SIGN_GRANT);
}

Test(session, the_code_ages_while_consoles_try)
{
	struct session s = bring_to(SESSION_CODE, 0);
	uint64_t shown = s.now;

	s.now = shown + SESSION_CODE_MS - 1;
	plain(&s, SESSION_EV_PEER_UP);
	cr_assert_eq(tick_at(&s, shown + SESSION_CODE_MS).todo, 0, "the one who called may finish");
	plain(&s, SESSION_EV_PEER_LOST);
	tick_at(&s, s.now);
	cr_assert_eq(s.reason, AS_E_CODE_EXPIRED);
}

Test(session, the_grant_ends_at_its_time_whatever_runs)
{
	struct session s = bring_to(SESSION_ACTIVE, 0);
	uint64_t end = s.now + 1800 * 1000;

	request(&s, SESSION_EV_OPEN, &system_scope, 1);
	cr_assert_eq(session_deadline(&s), end, "no idle timer while an item runs");
	cr_assert(session_may_send(&s, end - 1));
	cr_assert_not(session_may_send(&s, end));
	cr_assert_eq(session_may_open(&s, &system_scope, end), AS_E_EXPIRED);

	struct session_effects fx = tick_at(&s, end);
	cr_assert_eq(fx.todo, SESSION_DO_SEND_REVOKED | SESSION_DO_SEND_END | SESSION_DO_KILL |
				  SESSION_DO_CLOSE);
	cr_assert_eq(fx.reason, AS_E_EXPIRED);
}

Test(session, asking_for_more_does_not_move_the_end)
{
	struct session s = bring_to(SESSION_ACTIVE, 0);
	uint64_t end = s.grant_until;

	s.now += 60000;
	request(&s, SESSION_EV_SCOPE_REQ_OK, &logs, 1);
	allow(&s, s.prompt_id, 1);
	cr_assert_eq(s.grant_until, end);
}

Test(session, stop_kills_before_anything_is_told)
{
	struct session s = bring_to(SESSION_ACTIVE_PROMPT, 0);
	struct session_effects fx = plain(&s, SESSION_EV_REVOKE);

	cr_assert(fx.todo & SESSION_DO_KILL);
	cr_assert(fx.todo & SESSION_DO_CANCEL_PROMPT);
	cr_assert(fx.todo & SESSION_DO_SEND_REVOKED);
	cr_assert_eq(fx.reason, AS_E_REVOKED);
	cr_assert_eq(session_may_open(&s, &system_scope, s.now), AS_ESTATE);
	cr_assert_not(session_may_send(&s, s.now));
}

Test(session, a_lost_connection_pauses_only_where_it_may_come_back)
{
	struct session s = bring_to(SESSION_ACTIVE, 60);

	cr_assert_eq(plain(&s, SESSION_EV_NET_LOST).todo, SESSION_DO_PAUSE);
	cr_assert_not(session_may_send(&s, s.now));
	cr_assert_eq(plain(&s, SESSION_EV_RESUME_BAD).todo, 0);
	cr_assert_eq(plain(&s, SESSION_EV_RESUME_OK).todo, SESSION_DO_CONTINUE);

	plain(&s, SESSION_EV_NET_LOST);
	plain(&s, SESSION_EV_RESUME_BAD);
	plain(&s, SESSION_EV_RESUME_BAD);
	cr_assert_eq(plain(&s, SESSION_EV_RESUME_BAD).reason, AS_E_RESUME);
	cr_assert_eq(plain(&s, SESSION_EV_RESUME_OK).todo, SESSION_DO_NOTE);
	cr_assert_eq(s.state, SESSION_CLOSED);
}

Test(session, the_customer_hears_how_long_a_lost_connection_may_stay_away)
{
	struct session s = bring_to(SESSION_ACTIVE, 120);

	cr_assert_eq(plain(&s, SESSION_EV_PEER_LOST).for_s, 120);
	plain(&s, SESSION_EV_RESUME_OK);
	s.now = s.grant_until - 30500;
	s.idle_from = s.now;
	cr_assert_eq(plain(&s, SESSION_EV_PEER_LOST).for_s, 30, "never beyond the grant's end");
}

Test(session, tries_that_fail_do_not_stretch_the_time_a_connection_may_stay_away)
{
	struct session s = bring_to(SESSION_SUSP, 60);
	uint64_t due = s.now + 60000;

	for (int i = 0; i < 100; i++) {
		s.now += 500;
		cr_assert_eq(plain(&s, SESSION_EV_NET_LOST).todo, 0);
		cr_assert_eq(plain(&s, SESSION_EV_PEER_LOST).todo, 0);
	}
	cr_assert_eq(session_deadline(&s), due);
	cr_assert_eq(tick_at(&s, due).reason, AS_E_PEER_LOST);
}

Test(session, a_connection_that_comes_back_late_finds_the_grant_over)
{
	struct session s = bring_to(SESSION_ACTIVE, 60);
	uint64_t end = s.grant_until;

	s.now = end - 1000;
	s.idle_from = s.now;
	plain(&s, SESSION_EV_PEER_LOST);

	struct session_effects fx =
	    send(&s, (struct session_event){.type = SESSION_EV_RESUME_OK}, end);
	cr_assert_not(fx.todo & SESSION_DO_CONTINUE);
	cr_assert_eq(s.state, SESSION_CLOSED);
	cr_assert_eq(s.reason, AS_E_EXPIRED);
}

Test(session, a_question_that_the_loss_interrupts_is_withdrawn_and_answered)
{
	struct session s = bring_to(SESSION_ACTIVE_PROMPT, 60);
	uint32_t id = s.prompt_id;
	struct session_effects fx = plain(&s, SESSION_EV_NET_LOST);

	cr_assert_eq(fx.todo, SESSION_DO_PAUSE | SESSION_DO_CANCEL_PROMPT | SESSION_DO_SEND_DENY);
	cr_assert_eq(fx.deny_code, AS_E_PEER_LOST);
	plain(&s, SESSION_EV_RESUME_OK);
	cr_assert(allow(&s, id, 1).todo & SESSION_DO_NOTE, "the old question is not on the screen");
	cr_assert_eq(session_may_open(&s, &logs, s.now), AS_E_SCOPE);
}

Test(session, a_stranger_who_breaks_the_protocol_while_it_is_away_is_a_failed_proof)
{
	struct session s = bring_to(SESSION_SUSP, 60);

	plain(&s, SESSION_EV_PEER_BAD);
	plain(&s, SESSION_EV_RESUME_BAD);
	cr_assert_eq(s.state, SESSION_SUSP);
	cr_assert_eq(plain(&s, SESSION_EV_PEER_BAD).reason, AS_E_RESUME);
}

Test(session, no_more_items_run_at_once_than_the_limit)
{
	struct session s = bring_to(SESSION_ACTIVE, 0);

	for (unsigned i = 0; i < SESSION_RUNNING_MAX; i++)
		cr_assert_eq(request(&s, SESSION_EV_OPEN, &system_scope, 1).todo, SESSION_DO_OPEN);
	cr_assert_eq(request(&s, SESSION_EV_OPEN, &system_scope, 1).open_code, AS_E_QUOTA);
}

/* ---- random walk: an own idea of what the customer agreed to ---- */

struct ghost {
	struct scope asked[SCOPES_MAX], agreed[2 * SCOPES_MAX];
	size_t asked_count, agreed_count;
	uint32_t open_prompt; /* 0: none */
	uint64_t shown_at;
	bool over;
};

static uint32_t roll(uint32_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 17;
	*seed ^= *seed << 5;
	return *seed;
}

static void follow(struct ghost *g, const struct session *s, const struct session_event *ev,
		   const struct session_effects *fx)
{
	bool was_open = g->open_prompt != 0 && ev->prompt_id == g->open_prompt &&
			(ev->type == SESSION_EV_ALLOW || ev->type == SESSION_EV_DENY);

	if (fx->todo & SESSION_DO_SIGN_GRANT) {
		cr_assert(ev->type == SESSION_EV_ALLOW && was_open, "I3");
		cr_assert_geq(s->now - g->shown_at, SESSION_LOCK_MS);
		for (size_t i = 0; i < g->asked_count; i++)
			if (ev->ticks >> i & 1)
				g->agreed[g->agreed_count++] = g->asked[i];
		cr_assert_eq(g->agreed_count, s->granted_count, "I4");
		g->open_prompt = 0;
	}
	if (fx->todo & SESSION_DO_CANCEL_PROMPT || (fx->todo & SESSION_DO_SEND_DENY && was_open))
		g->open_prompt = 0;
	if (fx->todo & SESSION_DO_SHOW_PROMPT) {
		cr_assert_eq(g->open_prompt, 0, "one prompt at a time");
		g->open_prompt = fx->prompt_id;
		g->shown_at = s->now;
		g->asked_count = ev->scope_count;
		memcpy(g->asked, ev->scopes, ev->scope_count * sizeof g->asked[0]);
	}
	if (fx->todo & SESSION_DO_CLOSE)
		*g = (struct ghost){.over = true};
	if (fx->todo & SESSION_DO_REGISTER)
		g->over = false;
	if (fx->todo & SESSION_DO_OPEN) {
		bool agreed = false;

		for (size_t i = 0; i < g->agreed_count; i++)
			agreed |= scope_is_equal(&g->agreed[i], &ev->scopes[0]);
		cr_assert(agreed && !g->over, "I1");
	}
	if (g->over)
		cr_assert_not(session_may_send(s, s->now), "I2");
}

Test(session, a_million_random_events_never_break_an_invariant)
{
	static const struct scope pool[] = {{.kind = SCOPE_SYSTEM},
					    {.kind = SCOPE_NETWORK},
					    {.kind = SCOPE_LOGS},
					    {.kind = SCOPE_METRICS}};
	struct session s;
	struct ghost g = {0};
	uint32_t seed = 20261101, grants = 0, opens = 0;
	uint64_t now = 0;

	session_init(&s, 60);
	for (unsigned i = 0; i < 1000000; i++) {
		uint32_t r = roll(&seed), at = roll(&seed) % 3;
		struct session_event ev = {
		    .type = (enum session_event_type)(r % SESSION_EVENTS),
		    .prompt_id = s.prompt_id - (roll(&seed) % 4 == 0),
		    .ticks = roll(&seed) % 8,
		    .err = AS_E_CERT,
		    .duration_s = 1 + roll(&seed) % 3600,
		    .scopes = &pool[at],
		    .scope_count = 1 + roll(&seed) % (4 - at),
		};
		struct session_effects fx;

		/* mostly forward, or most walks die early */
		if (roll(&seed) % 4 && s.state < SESSION_ACTIVE) {
			const enum session_event_type on[] = {
			    SESSION_EV_START,	SESSION_EV_ALLOCATED,
			    SESSION_EV_PEER_UP, r & 64 ? SESSION_EV_PAKE_SENT : SESSION_EV_PAKE_OK,
			    SESSION_EV_REQ_OK,	SESSION_EV_ALLOW};

			ev.type = on[s.state];
		}
		if (ev.type == SESSION_EV_OPEN)
			ev.scope_count = 1;
		now += roll(&seed) % 16 ? roll(&seed) % 6000 : roll(&seed) % (HOUR_MS / 8);
		session_event(&s, &ev, now, &fx);
		cr_assert_eq(session_check(&s), 0, "I%d", session_check(&s));
		follow(&g, &s, &ev, &fx);
		grants += (fx.todo & SESSION_DO_SIGN_GRANT) != 0;
		opens += (fx.todo & SESSION_DO_OPEN) != 0;
	}
	cr_assert_gt(grants, 300, "the walk must reach what it checks (%u)", grants);
	cr_assert_gt(opens, 300, "%u", opens);
}
