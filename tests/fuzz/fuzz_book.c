/* SPDX-License-Identifier: Apache-2.0
 *
 * Random events against the relay's ticket book, and what must hold after each of them:
 * a ticket has exactly the ends its state says, a move tells nobody who is not there, the
 * count is right, deadlines are kept, and a dead id does not come back within a day.
 */
#undef NDEBUG
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "relay/book.h"

#define ENDS	  8
#define TICKETS	  4
#define DAYS_MAX  10000 /* the book counts quarantine in 32 bits of seconds */
#define INPUT_MAX 600	/* time within one world stays below a day */
#define IDS	  16	/* the random source draws from few, so that they meet */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

struct end {
	struct ticket *t; /* as the relay's client.c keeps it */
	uint32_t id;
	enum book_side side;
};

struct world {
	struct book *b;
	const uint8_t *at, *stop;
	uint64_t now_s;
	struct end ends[ENDS];
	uint64_t dead_at_s[IDS]; /* 0: never */
	uint64_t nonces[ENDS];	 /* of the pairing that the end was in last */
	uint32_t alive;
};

static uint8_t next(struct world *w)
{
	return w->at < w->stop ? *w->at++ : 0;
}

static int draw(void *p, size_t n, void *arg)
{
	uint32_t *state = arg;
	uint8_t *out = p;

	for (size_t i = 0; i < n; i++) {
		*state = *state * UINT32_C(1664525) + UINT32_C(1013904223);
		out[i] = (uint8_t)(*state >> 24);
	}
	if (n == sizeof(uint32_t)) {
		uint32_t id = out[0] % IDS;
		memcpy(p, &id, sizeof id);
	}
	return 0;
}

static void check_ticket(const struct ticket *t)
{
	enum book_state s = ticket_state(t);

	assert(s != BOOK_DEAD);
	assert((ticket_end(t, BOOK_AGENT) != NULL) ==
	       (s != BOOK_AGENT_LOST && s != BOOK_BOTH_LOST));
	assert((ticket_end(t, BOOK_CONSOLE) != NULL) ==
	       (s == BOOK_JOINED || s == BOOK_PAIRED || s == BOOK_AGENT_LOST));
}

static void apply(struct world *w, const struct book_move *m, uint32_t id)
{
	struct end *replaced = m->replaced;

	if (replaced) {
		assert(replaced->t == m->ticket);
		replaced->t = NULL;
	}
	for (int side = 0; side < 2; side++) {
		struct end *e = m->end[side];

		if (m->say[side] != BOOK_SAY_NOTHING)
			assert(e != NULL);
		if (!e)
			continue;
		assert(!e->t || e->t == m->ticket);
		e->id = id;
		e->side = (enum book_side)side;
		e->t = m->to != BOOK_DEAD && ticket_end(m->ticket, e->side) == e ? m->ticket : NULL;
		if (m->say[side] == BOOK_SAY_CLOSE)
			assert(e->t == NULL); /* who is sent away belongs to nothing any more */
		if (m->say[side] == BOOK_SAY_PAIRED || m->say[side] == BOOK_SAY_PAIRED_BACK)
			w->nonces[e - w->ends] = ticket_nonce(m->ticket);
	}
	if (m->to == BOOK_DEAD) {
		assert(m->from != BOOK_DEAD);
		w->dead_at_s[id] = w->now_s;
		w->alive--;
	} else {
		check_ticket(m->ticket);
	}
	assert(book_count(w->b) == w->alive);
}

static void on_deadline(const struct book_move *m, void *arg)
{
	const struct end *e = m->end[BOOK_AGENT] ? m->end[BOOK_AGENT] : m->end[BOOK_CONSOLE];
	struct world *w = arg;

	assert(m->from != BOOK_PAIRED && (e || m->from == BOOK_BOTH_LOST));
	if (e)
		apply(w, m, e->id);
	else
		w->alive--;
}

static void do_alloc(struct world *w, struct end *e)
{
	struct ticket *t;

	if (e->t || book_alloc(w->b, e, 1, w->now_s, &t) < 0)
		return;
	uint32_t id = ticket_id(t);
	assert(id < IDS);
	assert(w->dead_at_s[id] == 0 || w->now_s >= w->dead_at_s[id] + BOOK_QUARANTINE_S);
	for (int i = 0; i < ENDS; i++)
		assert(!w->ends[i].t || ticket_id(w->ends[i].t) != id);
	e->t = t;
	e->id = id;
	e->side = BOOK_AGENT;
	w->nonces[e - w->ends] = ticket_nonce(t);
	w->alive++;
	assert(w->alive <= TICKETS);
	check_ticket(t);
}

static void do_arrive(struct world *w, struct end *e, bool join)
{
	struct book_move m;
	uint32_t id = next(w) % IDS;
	uint8_t how = next(w);
	enum book_side side = how & 1 ? BOOK_AGENT : BOOK_CONSOLE;
	int err;

	if (e->t)
		return;
	if (join)
		err = book_join(w->b, id, e, w->now_s, &m);
	else
		err = book_reattach(w->b, id, side, w->nonces[how / 2 % ENDS], e, w->now_s, &m);
	assert(err == 0 || err == AS_E_CODE_UNKNOWN || err == AS_E_BUSY || err == AS_E_RATE);
	if (err < 0)
		return;
	assert(m.end[join ? BOOK_CONSOLE : side] == e);
	assert(join ? m.to == BOOK_JOINED : m.to >= BOOK_PAIRED);
	w->alive = book_count(w->b); /* one more when the ticket was made anew */
	assert(w->alive <= TICKETS);
	apply(w, &m, id);
}

static void do_event(struct world *w, struct end *e, uint8_t choice)
{
	static const enum book_event by_agent[] = {BOOK_ON_PROVED, BOOK_ON_AGENT_DATA,
						   BOOK_ON_AGENT_KEEP, BOOK_ON_AGENT_CLOSE,
						   BOOK_ON_AGENT_GONE};
	static const enum book_event by_console[] = {BOOK_ON_CONSOLE_DATA, BOOK_ON_CONSOLE_CLOSE,
						     BOOK_ON_CONSOLE_GONE};
	struct book_move m;

	if (!e->t)
		return;
	uint32_t id = ticket_id(e->t);
	enum book_state before = ticket_state(e->t);
	enum book_event event =
	    e->side == BOOK_AGENT ? by_agent[choice % 5] : by_console[choice % 3];
	int err = book_event(w->b, e->t, event, w->now_s, &m);

	assert(err == 0 ||
	       err == AS_E_PROTOCOL); /* what an end that is there can do is never our fault */
	if (err == 0)
		apply(w, &m, id);
	else
		assert(ticket_state(e->t) == before);
}

static void step(struct world *w)
{
	uint8_t op = next(w);
	struct end *e = &w->ends[op % ENDS];

	switch (op / ENDS % 6) {
	case 0:
		do_alloc(w, e);
		break;
	case 1:
		do_arrive(w, e, true);
		break;
	case 2:
		do_arrive(w, e, false);
		break;
	case 3:
		w->now_s += next(w);
		book_tick(w->b, w->now_s, on_deadline, w);
		break;
	default:
		do_event(w, e, next(w));
	}
}

/* A book is 16 MiB of zeros, too much for each input. Every world leaves it empty, and the next
 * begins when all its ids have rested. */
static struct book *borrow_book(uint64_t *now_s)
{
	static struct book *book;
	static uint32_t random;
	static uint64_t day;

	if (day++ % DAYS_MAX == 0) {
		book_free(book);
		book = book_new(TICKETS, draw, &random);
	}
	random = 7;
	*now_s = 1000 + day * 2 * BOOK_QUARANTINE_S;
	return book;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	struct world w = {.at = data, .stop = data + n};

	w.b = borrow_book(&w.now_s);
	if (!w.b || n > INPUT_MAX)
		return 0;
	while (w.at < w.stop)
		step(&w);
	/* Everybody goes: nothing may be left but what waits for a lost side. */
	for (int i = 0; i < ENDS; i++) {
		struct book_move m;
		struct end *e = &w.ends[i];

		if (!e->t)
			continue;
		assert(book_event(w.b, e->t,
				  e->side == BOOK_AGENT ? BOOK_ON_AGENT_GONE : BOOK_ON_CONSOLE_GONE,
				  w.now_s, &m) == 0);
		apply(&w, &m, e->id);
	}
	book_tick(w.b, w.now_s + 2000, on_deadline, &w);
	assert(book_count(w.b) == 0 && w.alive == 0);
	return 0;
}
