/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "relay/book.h"

#define NOW 1000

/* Numbers that never repeat within a test. */
static int count_up(void *p, size_t n, void *arg)
{
	uint32_t *state = arg;
	uint8_t *out = p;

	for (size_t i = 0; i < n; i++) {
		*state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
		out[i] = (uint8_t)(*state >> 24);
	}
	return 0;
}

struct fixture {
	struct book *b;
	uint32_t random;
	int agent, console, other; /* their addresses are the ends */
	struct ticket *t;
	uint32_t id;
	uint64_t nonce;
	struct book_move m;
};

static void start(struct fixture *f)
{
	memset(f, 0, sizeof *f);
	f->b = book_new(4, count_up, &f->random);
	cr_assert_eq(book_alloc(f->b, &f->agent, 77, NOW, &f->t), 0);
	f->id = ticket_id(f->t);
	f->nonce = ticket_nonce(f->t);
}

static int event(struct fixture *f, enum book_event e)
{
	return book_event(f->b, f->t, e, NOW, &f->m);
}

/* Brings the ticket into a state by the shortest way. */
static void bring_to(struct fixture *f, enum book_state state)
{
	start(f);
	if (state == BOOK_ALLOCATED)
		return;
	if (state == BOOK_DEAD) {
		cr_assert_eq(event(f, BOOK_ON_AGENT_GONE), 0);
		f->t = NULL;
		return;
	}
	cr_assert_eq(book_join(f->b, f->id, &f->console, NOW, &f->m), 0);
	f->nonce = ticket_nonce(f->t);
	if (state == BOOK_JOINED)
		return;
	cr_assert_eq(event(f, BOOK_ON_PROVED), 0);
	if (state == BOOK_AGENT_LOST || state == BOOK_BOTH_LOST)
		cr_assert_eq(event(f, BOOK_ON_AGENT_GONE), 0);
	if (state == BOOK_CONSOLE_LOST || state == BOOK_BOTH_LOST)
		cr_assert_eq(event(f, BOOK_ON_CONSOLE_GONE), 0);
	cr_assert_eq(ticket_state(f->t), state);
}

static int back(struct fixture *f, enum book_side side, void *end)
{
	return book_reattach(f->b, f->id, side, f->nonce, end, NOW, &f->m);
}

/* The same state in a relay that was started again: the ticket is one that was made anew. */
static void bring_anew_to(struct fixture *f, enum book_state state)
{
	memset(f, 0, sizeof *f);
	f->b = book_new(4, count_up, &f->random);
	f->id = 4711;
	f->nonce = UINT64_C(0x0102030405060708);
	cr_assert_eq(back(f, BOOK_AGENT, &f->agent), 0);
	f->t = f->m.ticket;
	if (state == BOOK_BOTH_LOST)
		cr_assert_eq(event(f, BOOK_ON_AGENT_GONE), 0);
	if (state == BOOK_PAIRED || state == BOOK_AGENT_LOST)
		cr_assert_eq(back(f, BOOK_CONSOLE, &f->console), 0);
	if (state == BOOK_AGENT_LOST)
		cr_assert_eq(event(f, BOOK_ON_AGENT_GONE), 0);
	cr_assert_eq(ticket_state(f->t), state);
}

static bool has_agent(enum book_state s)
{
	return s == BOOK_ALLOCATED || s == BOOK_JOINED || s == BOOK_PAIRED ||
	       s == BOOK_CONSOLE_LOST;
}

static bool has_console(enum book_state s)
{
	return s == BOOK_JOINED || s == BOOK_PAIRED || s == BOOK_AGENT_LOST;
}

/* What the drawing in book.h allows, written down a second time: to, or -1 for refused. */
static int expected(enum book_state s, enum book_event e)
{
	switch (e) {
	case BOOK_ON_JOIN:
		return s == BOOK_ALLOCATED ? BOOK_JOINED : -1;
	case BOOK_ON_PROVED:
		return s == BOOK_JOINED ? BOOK_PAIRED : s == BOOK_ALLOCATED ? BOOK_ALLOCATED : -1;
	case BOOK_ON_AGENT_DATA:
		return has_agent(s) ? (int)s : -1;
	case BOOK_ON_CONSOLE_DATA:
		return has_console(s) ? (int)s : -1;
	case BOOK_ON_AGENT_KEEP:
		return s == BOOK_JOINED || s == BOOK_ALLOCATED ? BOOK_ALLOCATED : -1;
	case BOOK_ON_AGENT_CLOSE:
		return has_agent(s) ? BOOK_DEAD : -1;
	case BOOK_ON_CONSOLE_CLOSE:
		return !has_console(s) ? -1 : s == BOOK_JOINED ? BOOK_ALLOCATED : BOOK_DEAD;
	case BOOK_ON_AGENT_GONE:
		return !has_agent(s)		? -1
		       : s == BOOK_PAIRED	? BOOK_AGENT_LOST
		       : s == BOOK_CONSOLE_LOST ? BOOK_BOTH_LOST
						: BOOK_DEAD;
	case BOOK_ON_CONSOLE_GONE:
		return !has_console(s)	  ? -1
		       : s == BOOK_JOINED ? BOOK_ALLOCATED
		       : s == BOOK_PAIRED ? BOOK_CONSOLE_LOST
					  : BOOK_BOTH_LOST;
	case BOOK_ON_AGENT_BACK:
		return s < BOOK_PAIRED ? -1 : has_console(s) ? BOOK_PAIRED : BOOK_CONSOLE_LOST;
	case BOOK_ON_CONSOLE_BACK:
		return s < BOOK_PAIRED ? -1 : has_agent(s) ? BOOK_PAIRED : BOOK_AGENT_LOST;
	case BOOK_ON_DEADLINE:
		return s == BOOK_JOINED				     ? BOOK_ALLOCATED
		       : s == BOOK_ALLOCATED || s >= BOOK_AGENT_LOST ? BOOK_DEAD
								     : -1;
	default:
		return -2;
	}
}

Test(book, every_state_and_event_leads_where_the_drawing_says)
{
	for (int s = 0; s < BOOK_STATES; s++) {
		for (int e = 0; e < BOOK_EVENTS; e++) {
			const struct book_rule *r =
			    book_rule((enum book_state)s, (enum book_event)e);
			int want = expected((enum book_state)s, (enum book_event)e);

			if (want < 0) {
				cr_assert_lt(r->err, 0, "state %d event %d", s, e);
				cr_assert_eq((int)r->to, s, "refused: nothing changes");
				cr_assert_eq(r->agent, BOOK_SAY_NOTHING);
				cr_assert_eq(r->console, BOOK_SAY_NOTHING);
			} else {
				cr_assert_eq(r->err, 0, "state %d event %d", s, e);
				cr_assert_eq((int)r->to, want, "state %d event %d", s, e);
			}
		}
	}
}

Test(book, nobody_is_told_who_is_not_there_and_nobody_is_left_in_the_dark)
{
	for (int i = 0; i < BOOK_STATES; i++) {
		for (int e = 0; e < BOOK_EVENTS; e++) {
			enum book_state s = (enum book_state)i;
			const struct book_rule *r = book_rule(s, (enum book_event)e);
			bool joins = e == BOOK_ON_JOIN;

			if (r->agent != BOOK_SAY_NOTHING)
				cr_assert(has_agent(s) || e == BOOK_ON_AGENT_BACK,
					  "state %d event %d", i, e);
			if (r->console != BOOK_SAY_NOTHING)
				cr_assert(has_console(s) || joins || e == BOOK_ON_CONSOLE_BACK);
			if (r->err < 0 || r->to == s)
				continue;
			/* Who stays while the other side changes hears of it. */
			if (has_console(s) && !has_console(r->to) && e != BOOK_ON_CONSOLE_CLOSE &&
			    e != BOOK_ON_CONSOLE_GONE)
				cr_assert_eq(r->console, BOOK_SAY_CLOSE, "state %d event %d", i, e);
			if (has_agent(s) && r->to == BOOK_DEAD && e != BOOK_ON_AGENT_CLOSE &&
			    e != BOOK_ON_AGENT_GONE)
				cr_assert_eq(r->agent, BOOK_SAY_CLOSE, "state %d event %d", i, e);
		}
	}
}

static int happen(struct fixture *f, enum book_event e)
{
	switch (e) {
	case BOOK_ON_JOIN:
		return book_join(f->b, f->id, &f->other, NOW, &f->m);
	case BOOK_ON_AGENT_BACK:
		return back(f, BOOK_AGENT, &f->other);
	case BOOK_ON_CONSOLE_BACK:
		return back(f, BOOK_CONSOLE, &f->other);
	default:
		return f->t ? event(f, e) : AS_ESTATE;
	}
}

/* One event in the state that f is in, and what must be so after it. */
static void check_event(struct fixture *f, enum book_state s, enum book_event e)
{
	const struct book_rule *r = book_rule(s, e);
	bool comes = e == BOOK_ON_AGENT_BACK || e == BOOK_ON_CONSOLE_BACK;
	enum book_side side = e == BOOK_ON_AGENT_BACK ? BOOK_AGENT : BOOK_CONSOLE;
	void *was = f->t && comes ? ticket_end(f->t, side) : NULL;
	int err = happen(f, e);
	bool dead = s == BOOK_DEAD || (err == 0 && r->to == BOOK_DEAD);

	cr_assert_eq(err, r->err, "state %d event %d: %d", s, e, err);
	cr_assert_eq(book_count(f->b), dead ? 0 : 1);
	if (err == 0 && comes) {
		cr_assert_eq(f->m.replaced, was, "who was there is to be closed");
		cr_assert_eq(f->m.end[side], &f->other);
	} else if (err == 0) {
		cr_assert_null(f->m.replaced);
	}
	if (dead)
		return;

	enum book_state to = ticket_state(f->t);
	cr_assert_eq(to, err == 0 ? r->to : s);
	cr_assert_eq(ticket_end(f->t, BOOK_AGENT) != NULL, has_agent(to));
	cr_assert_eq(ticket_end(f->t, BOOK_CONSOLE) != NULL, has_console(to));
}

Test(book, every_event_in_every_state_leaves_a_consistent_book)
{
	for (int s = 0; s < BOOK_STATES; s++) {
		for (int e = 0; e < BOOK_EVENTS; e++) {
			struct fixture f;

			bring_to(&f, (enum book_state)s);
			check_event(&f, (enum book_state)s, (enum book_event)e);
			book_free(f.b);
		}
	}
}

Test(book, a_ticket_that_was_made_anew_is_like_any_other)
{
	for (int s = BOOK_PAIRED; s < BOOK_STATES; s++) {
		for (int e = 0; e < BOOK_EVENTS; e++) {
			struct fixture f;

			bring_anew_to(&f, (enum book_state)s);
			check_event(&f, (enum book_state)s, (enum book_event)e);
			book_free(f.b);
		}
	}
}

Test(book, both_sides_hear_of_every_new_pairing)
{
	static const struct {
		enum book_state state;
		enum book_event event;
		enum book_tell agent, console;
	} cases[] = {
	    {BOOK_AGENT_LOST, BOOK_ON_AGENT_BACK, BOOK_SAY_PAIRED_BACK, BOOK_SAY_BACK},
	    {BOOK_CONSOLE_LOST, BOOK_ON_CONSOLE_BACK, BOOK_SAY_BACK, BOOK_SAY_PAIRED_BACK},
	    {BOOK_PAIRED, BOOK_ON_AGENT_BACK, BOOK_SAY_PAIRED_BACK, BOOK_SAY_LOST_BACK},
	    {BOOK_PAIRED, BOOK_ON_CONSOLE_BACK, BOOK_SAY_LOST_BACK, BOOK_SAY_PAIRED_BACK},
	    {BOOK_BOTH_LOST, BOOK_ON_AGENT_BACK, BOOK_SAY_PAIRED, BOOK_SAY_NOTHING},
	    {BOOK_BOTH_LOST, BOOK_ON_CONSOLE_BACK, BOOK_SAY_NOTHING, BOOK_SAY_PAIRED},
	    {BOOK_CONSOLE_LOST, BOOK_ON_AGENT_BACK, BOOK_SAY_PAIRED, BOOK_SAY_NOTHING},
	    {BOOK_AGENT_LOST, BOOK_ON_CONSOLE_BACK, BOOK_SAY_NOTHING, BOOK_SAY_PAIRED},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct book_rule *r = book_rule(cases[i].state, cases[i].event);

		cr_assert_eq(r->agent, cases[i].agent, "case %zu", i);
		cr_assert_eq(r->console, cases[i].console, "case %zu", i);
	}
}

Test(book, unknown_expired_and_dead_ids_answer_alike)
{
	struct fixture f;

	start(&f);
	cr_assert_eq(book_join(f.b, (f.id + 1) % BOOK_IDS, &f.console, NOW, &f.m),
		     AS_E_CODE_UNKNOWN);
	cr_assert_eq(book_join(f.b, BOOK_IDS, &f.console, NOW, &f.m), AS_E_CODE_UNKNOWN);
	cr_assert_eq(book_join(f.b, f.id, &f.console, NOW + BOOK_LIFE_S + BOOK_GRACE_S, &f.m),
		     AS_E_CODE_UNKNOWN);
	cr_assert_eq(event(&f, BOOK_ON_AGENT_CLOSE), 0);
	cr_assert_eq(book_join(f.b, f.id, &f.console, NOW, &f.m), AS_E_CODE_UNKNOWN);
	book_free(f.b);
}

Test(book, a_code_typed_in_its_last_second_still_works)
{
	struct fixture f;

	start(&f);
	cr_assert_eq(book_join(f.b, f.id, &f.console, NOW + BOOK_LIFE_S + BOOK_GRACE_S - 1, &f.m),
		     0);
	book_free(f.b);
}

struct tally {
	int moves;
	struct book_move last;
};

static void on_move(const struct book_move *m, void *arg)
{
	struct tally *t = arg;

	t->moves++;
	t->last = *m;
}

Test(book, deadlines_come_exactly_when_they_are_due)
{
	static const struct {
		enum book_state state, to;
		uint64_t after_s;
		int code;
	} cases[] = {
	    {BOOK_ALLOCATED, BOOK_DEAD, BOOK_LIFE_S + BOOK_GRACE_S, AS_E_TIMEOUT},
	    {BOOK_JOINED, BOOK_ALLOCATED, BOOK_JOINED_S, AS_E_TIMEOUT},
	    {BOOK_AGENT_LOST, BOOK_DEAD, BOOK_HALF_S, AS_E_PEER_LOST},
	    {BOOK_CONSOLE_LOST, BOOK_DEAD, BOOK_HALF_S, AS_E_PEER_LOST},
	    {BOOK_BOTH_LOST, BOOK_DEAD, BOOK_HALF_S, AS_E_PEER_LOST},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct fixture f;
		struct tally t = {0};

		bring_to(&f, cases[i].state);
		book_tick(f.b, NOW + cases[i].after_s - 1, on_move, &t);
		cr_assert_eq(t.moves, 0);
		book_tick(f.b, NOW + cases[i].after_s, on_move, &t);
		cr_assert_eq(t.moves, 1);
		cr_assert_eq(t.last.to, cases[i].to);
		cr_assert_eq(t.last.code, cases[i].code);
		book_free(f.b);
	}
}

Test(book, a_session_has_no_deadline)
{
	struct fixture f;
	struct tally t = {0};

	bring_to(&f, BOOK_PAIRED);
	book_tick(f.b, NOW + 100000, on_move, &t);
	cr_assert_eq(t.moves, 0);
	book_free(f.b);
}

Test(book, an_id_that_expired_while_somebody_was_trying_dies_right_after)
{
	struct fixture f;
	struct tally t = {0};
	uint64_t late = NOW + BOOK_LIFE_S + BOOK_GRACE_S - 1;

	start(&f);
	cr_assert_eq(book_join(f.b, f.id, &f.console, late, &f.m), 0);
	book_tick(f.b, late + 30, on_move, &t);
	cr_assert_eq(t.moves, 0);
	cr_assert_eq(book_event(f.b, f.t, BOOK_ON_CONSOLE_GONE, late + 30, &f.m), 0);
	cr_assert_eq(f.m.to, BOOK_ALLOCATED);
	book_tick(f.b, late + 31, on_move, &t);
	cr_assert_eq(t.moves, 1);
	cr_assert_eq(t.last.to, BOOK_DEAD);
	book_free(f.b);
}

Test(book, a_long_sleep_loses_no_deadline)
{
	struct fixture f;
	struct tally t = {0};

	start(&f);
	book_tick(f.b, NOW + 1000000, on_move, &t);
	cr_assert_eq(t.moves, 1);
	cr_assert_eq(book_count(f.b), 0);
	book_free(f.b);
}

/* Always the same id; other bytes vary. */
static int same_id(void *p, size_t n, void *arg)
{
	memset(p, 0x11, n);
	if (n != sizeof(uint32_t))
		count_up(p, n, arg);
	return 0;
}

Test(book, a_dead_id_rests_for_a_day)
{
	uint32_t random = 1;
	struct book *b = book_new(4, same_id, &random);
	struct book_move m;
	struct ticket *t, *u;
	int agent;

	cr_assert_eq(book_alloc(b, &agent, 1, NOW, &t), 0);
	cr_assert_eq(book_alloc(b, &agent, 1, NOW, &u), AS_E_RATE, "in use");
	cr_assert_eq(book_event(b, t, BOOK_ON_AGENT_GONE, NOW, &m), 0);
	cr_assert_eq(book_alloc(b, &agent, 1, NOW + BOOK_QUARANTINE_S - 1, &t), AS_E_RATE);
	cr_assert_eq(book_alloc(b, &agent, 1, NOW + BOOK_QUARANTINE_S, &t), 0);
	book_free(b);
}

Test(book, is_full_at_its_limit)
{
	struct fixture f;
	struct ticket *t;

	start(&f);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(book_alloc(f.b, &f.agent, 1, NOW, &t), 0);
	cr_assert_eq(book_alloc(f.b, &f.agent, 1, NOW, &t), AS_E_RATE);
	cr_assert_eq(book_count(f.b), 4);
	book_free(f.b);
}

Test(book, a_lost_side_comes_back_and_the_other_hears_of_it)
{
	struct fixture f;

	bring_to(&f, BOOK_AGENT_LOST);
	cr_assert_eq(back(&f, BOOK_AGENT, &f.other), 0);
	cr_assert_eq(f.m.end[BOOK_AGENT], &f.other);
	cr_assert_eq(f.m.end[BOOK_CONSOLE], &f.console);
	cr_assert_null(f.m.replaced);
	cr_assert_eq(ticket_end(f.t, BOOK_AGENT), &f.other);
	cr_assert_eq(ticket_state(f.t), BOOK_PAIRED);
	book_free(f.b);
}

Test(book, a_side_that_comes_back_takes_the_place_of_its_old_connection)
{
	struct fixture f;

	bring_to(&f, BOOK_PAIRED);
	cr_assert_eq(back(&f, BOOK_CONSOLE, &f.other), 0);
	cr_assert_eq(f.m.replaced, &f.console);
	cr_assert_eq(f.m.end[BOOK_CONSOLE], &f.other);
	cr_assert_eq(ticket_end(f.t, BOOK_CONSOLE), &f.other);
	cr_assert_eq(ticket_end(f.t, BOOK_AGENT), &f.agent);
	book_free(f.b);
}

Test(book, sides_that_come_and_go_by_turns_have_one_deadline)
{
	struct fixture f;
	struct tally t = {0};

	bring_to(&f, BOOK_AGENT_LOST);
	cr_assert_eq(book_event(f.b, f.t, BOOK_ON_CONSOLE_GONE, NOW + 200, &f.m), 0);
	cr_assert_eq(book_reattach(f.b, f.id, BOOK_AGENT, f.nonce, &f.other, NOW + 400, &f.m), 0);
	cr_assert_eq(f.m.to, BOOK_CONSOLE_LOST);
	book_tick(f.b, NOW + BOOK_HALF_S - 1, on_move, &t);
	cr_assert_eq(t.moves, 0);
	book_tick(f.b, NOW + BOOK_HALF_S, on_move, &t);
	cr_assert_eq(t.moves, 1);
	cr_assert_eq(t.last.say[BOOK_AGENT], BOOK_SAY_CLOSE);
	cr_assert_eq(t.last.code, AS_E_PEER_LOST);
	book_free(f.b);
}

Test(book, a_pairing_that_is_whole_again_has_no_deadline)
{
	struct fixture f;
	struct tally t = {0};

	bring_to(&f, BOOK_BOTH_LOST);
	cr_assert_eq(back(&f, BOOK_CONSOLE, &f.other), 0);
	cr_assert_eq(back(&f, BOOK_AGENT, &f.agent), 0);
	book_tick(f.b, NOW + 100000, on_move, &t);
	cr_assert_eq(t.moves, 0);
	cr_assert_eq(book_event(f.b, f.t, BOOK_ON_AGENT_GONE, NOW + 100000, &f.m), 0);
	book_tick(f.b, NOW + 100000 + BOOK_HALF_S - 1, on_move, &t);
	cr_assert_eq(t.moves, 0, "a new loss, a new deadline");
	book_free(f.b);
}

/* ---- after a restart of the relay ---- */

Test(book, a_pairing_that_the_relay_forgot_is_made_anew_by_either_side)
{
	for (int first = 0; first < 2; first++) {
		enum book_side a = (enum book_side)first, b = (enum book_side) !first;
		struct fixture f = {.id = 99, .nonce = 12345};

		f.b = book_new(4, count_up, &f.random);
		cr_assert_eq(back(&f, a, &f.agent), 0);
		cr_assert_eq(f.m.say[a], BOOK_SAY_PAIRED);
		cr_assert_eq(f.m.to, a == BOOK_AGENT ? BOOK_CONSOLE_LOST : BOOK_AGENT_LOST);
		cr_assert_not(f.m.has_prefix);
		f.t = f.m.ticket;
		cr_assert_eq(ticket_id(f.t), 99);
		cr_assert_eq(ticket_nonce(f.t), 12345);
		cr_assert_eq(back(&f, b, &f.console), 0);
		cr_assert_eq(f.m.ticket, f.t);
		cr_assert_eq(f.m.to, BOOK_PAIRED);
		cr_assert_eq(f.m.say[a], BOOK_SAY_BACK);
		cr_assert_eq(f.m.say[b], BOOK_SAY_PAIRED_BACK);
		cr_assert_eq(book_count(f.b), 1);
		book_free(f.b);
	}
}

Test(book, who_comes_alone_after_a_restart_is_sent_away_in_time)
{
	struct fixture f = {.id = 99, .nonce = 12345};
	struct tally t = {0};

	f.b = book_new(4, count_up, &f.random);
	cr_assert_eq(back(&f, BOOK_CONSOLE, &f.console), 0);
	book_tick(f.b, NOW + BOOK_HALF_S - 1, on_move, &t);
	cr_assert_eq(t.moves, 0);
	book_tick(f.b, NOW + BOOK_HALF_S, on_move, &t);
	cr_assert_eq(t.moves, 1);
	cr_assert_eq(t.last.say[BOOK_CONSOLE], BOOK_SAY_CLOSE);
	cr_assert_eq(book_count(f.b), 0);
	book_free(f.b);
}

Test(book, a_session_that_ended_here_is_not_made_anew)
{
	for (int e = 0; e < 2; e++) {
		struct fixture f;

		bring_to(&f, BOOK_PAIRED);
		cr_assert_eq(event(&f, e ? BOOK_ON_AGENT_CLOSE : BOOK_ON_CONSOLE_CLOSE), 0);
		cr_assert_eq(back(&f, BOOK_CONSOLE, &f.other), AS_E_CODE_UNKNOWN);
		cr_assert_eq(back(&f, BOOK_AGENT, &f.other), AS_E_CODE_UNKNOWN);
		cr_assert_eq(book_count(f.b), 0);
		f.nonce ^= 1;
		cr_assert_eq(back(&f, BOOK_AGENT, &f.other), 0, "another one of the same id is");
		book_free(f.b);
	}
}

Test(book, an_id_that_was_made_anew_is_not_given_out)
{
	struct fixture f = {.id = 0x11111, .nonce = 5};
	struct ticket *t;

	f.b = book_new(4, same_id, &f.random);
	cr_assert_eq(back(&f, BOOK_CONSOLE, &f.console), 0);
	cr_assert_eq(book_alloc(f.b, &f.agent, 1, NOW, &t), AS_E_RATE);
	cr_assert_eq(book_event(f.b, f.m.ticket, BOOK_ON_CONSOLE_CLOSE, NOW, &f.m), 0);
	cr_assert_eq(book_alloc(f.b, &f.agent, 1, NOW + BOOK_QUARANTINE_S - 1, &t), AS_E_RATE);
	cr_assert_eq(book_alloc(f.b, &f.agent, 1, NOW + BOOK_QUARANTINE_S, &t), 0);
	book_free(f.b);
}

Test(book, an_id_may_be_in_use_already_when_its_older_session_comes_back)
{
	struct fixture f;
	struct ticket *old;

	start(&f);
	cr_assert_eq(book_reattach(f.b, f.id, BOOK_AGENT, 1, &f.other, NOW, &f.m), 0);
	old = f.m.ticket;
	cr_assert_neq(old, f.t);
	cr_assert_eq(book_join(f.b, f.id, &f.console, NOW, &f.m), 0);
	cr_assert_eq(f.m.ticket, f.t, "only the one that was allocated can be joined");
	cr_assert_eq(book_find(f.b, f.id, 1), old);
	cr_assert_eq(event(&f, BOOK_ON_AGENT_GONE), 0);
	cr_assert_eq(book_find(f.b, f.id, 1), old, "the other lives on");
	cr_assert_eq(book_join(f.b, f.id, &f.console, NOW, &f.m), AS_E_BUSY);
	cr_assert_eq(book_count(f.b), 1);
	book_free(f.b);
}

Test(book, a_console_that_left_cannot_come_back_for_the_one_after_it)
{
	struct fixture f;
	uint64_t first;

	bring_to(&f, BOOK_JOINED);
	first = f.nonce;
	cr_assert_eq(event(&f, BOOK_ON_CONSOLE_GONE), 0);
	cr_assert_eq(back(&f, BOOK_CONSOLE, &f.console), AS_E_CODE_UNKNOWN);
	cr_assert_eq(book_join(f.b, f.id, &f.other, NOW, &f.m), 0);
	cr_assert_neq(ticket_nonce(f.t), first);
	cr_assert_eq(event(&f, BOOK_ON_PROVED), 0);
	cr_assert_eq(event(&f, BOOK_ON_CONSOLE_GONE), 0);
	cr_assert_eq(back(&f, BOOK_CONSOLE, &f.console), 0);
	cr_assert_neq(f.m.ticket, f.t, "it waits alone");
	cr_assert_null(ticket_end(f.t, BOOK_CONSOLE));
	book_free(f.b);
}

Test(book, is_bounded_in_what_it_makes_anew)
{
	struct fixture f = {.id = 7};
	struct book *b = book_new(100, count_up, &f.random);
	uint64_t nonce = 0;

	for (; nonce < BOOK_SAME_ID_MAX; nonce++)
		cr_assert_eq(book_reattach(b, 7, BOOK_AGENT, nonce, &f.other, NOW, &f.m), 0);
	cr_assert_eq(book_reattach(b, 7, BOOK_AGENT, nonce, &f.other, NOW, &f.m), AS_E_RATE);
	cr_assert_eq(book_count(b), BOOK_SAME_ID_MAX);
	book_free(b);

	b = book_new(4, count_up, &f.random);
	for (uint32_t id = 0; id < 4; id++)
		cr_assert_eq(book_reattach(b, id, BOOK_AGENT, 1, &f.other, NOW, &f.m), 0);
	cr_assert_eq(book_reattach(b, 4, BOOK_AGENT, 1, &f.other, NOW, &f.m), AS_E_RATE);
	cr_assert_eq(book_reattach(b, BOOK_IDS, BOOK_AGENT, 1, &f.other, NOW, &f.m),
		     AS_E_CODE_UNKNOWN, "no such id");
	book_free(b);
}

Test(book, knows_the_prefix_of_an_agent_that_came_back)
{
	struct fixture f = {.id = 99, .nonce = 12345};

	f.b = book_new(4, count_up, &f.random);
	cr_assert_eq(back(&f, BOOK_AGENT, &f.agent), 0);
	cr_assert_not(ticket_has_prefix(f.m.ticket));
	ticket_set_prefix(f.m.ticket, 55);
	cr_assert_eq(book_event(f.b, f.m.ticket, BOOK_ON_AGENT_CLOSE, NOW, &f.m), 0);
	cr_assert(f.m.has_prefix);
	cr_assert_eq(f.m.prefix, 55);
	book_free(f.b);
}
