/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/book.h"

#include <assert.h>
#include <stdlib.h>

#include "proto/base/err.h"

#define WHEEL	 1024 /* seconds; more than any deadline is away */
#define ID_TRIES 64   /* random ids tried before we say that the book is full */
#define LIFE_ALL (BOOK_LIFE_S + BOOK_GRACE_S)

_Static_assert(LIFE_ALL < WHEEL && BOOK_HALF_S < WHEEL && BOOK_JOINED_S < WHEEL,
	       "every deadline fits into one turn of the wheel");

struct ticket {
	enum book_state state;
	uint32_t id, tag;
	uint64_t nonce;
	bool has_prefix;
	uint64_t prefix;
	uint64_t expires_s;	   /* of the id, while nobody has proved its code */
	uint64_t deadline_s;	   /* of the state; 0: none */
	struct ticket *next, **at; /* in its spoke of the wheel; at: NULL when in none */
	struct ticket *same_id;	   /* the next one under the id */
	void *end[2];
};

/* What is known of an id that is not in use. */
struct rest {
	uint32_t until_s; /* end of the quarantine, in seconds since the first use */
	uint32_t nonce;	  /* of the ticket that died last: that one will not be made anew */
};

struct book {
	uint32_t max, count;
	book_random random;
	void *arg;
	uint64_t now_s; /* up to here the wheel has turned */
	struct ticket *wheel[WHEEL];
	struct ticket *by_id[BOOK_IDS]; /* one that was allocated here comes first */
	struct rest rest[BOOK_IDS];
	uint64_t first_s;
	bool started;
};

struct book *book_new(uint32_t max, book_random random, void *arg)
{
	struct book *b = calloc(1, sizeof *b); /* pages that are never touched cost nothing */

	if (b) {
		b->max = max;
		b->random = random;
		b->arg = arg;
	}
	return b;
}

void book_free(struct book *b)
{
	if (!b)
		return;
	for (uint32_t id = 0; b->count > 0 && id < BOOK_IDS; id++) {
		for (struct ticket *next, *t = b->by_id[id]; t; t = next) {
			next = t->same_id;
			free(t);
			b->count--;
		}
	}
	free(b);
}

/* ---- deadlines ---- */

static void unlink_deadline(struct ticket *t)
{
	if (!t->at)
		return;
	*t->at = t->next;
	if (t->next)
		t->next->at = t->at;
	t->at = NULL;
	t->next = NULL;
}

static void set_deadline(struct book *b, struct ticket *t, uint64_t deadline_s)
{
	unlink_deadline(t);
	t->deadline_s = deadline_s;
	if (deadline_s == 0)
		return;
	if (deadline_s <= b->now_s) /* the spoke of now has been emptied already */
		deadline_s = t->deadline_s = b->now_s + 1;

	struct ticket **head = &b->wheel[deadline_s % WHEEL];
	t->next = *head;
	t->at = head;
	if (t->next)
		t->next->at = &t->next;
	*head = t;
}

static bool is_lost(enum book_state s)
{
	return s == BOOK_AGENT_LOST || s == BOOK_CONSOLE_LOST || s == BOOK_BOTH_LOST;
}

/* In state, at now_s; t is still in the state before. */
static uint64_t deadline_of(const struct ticket *t, enum book_state state, uint64_t now_s)
{
	switch (state) {
	case BOOK_ALLOCATED:
		return t->expires_s;
	case BOOK_JOINED:
		return now_s + BOOK_JOINED_S;
	case BOOK_AGENT_LOST:
	case BOOK_CONSOLE_LOST:
	case BOOK_BOTH_LOST:
		/* From the first loss: sides that come and go by turns do not live for ever. */
		return is_lost(t->state) ? t->deadline_s : now_s + BOOK_HALF_S;
	default:
		return 0;
	}
}

/* Time only goes on; the caller of an event may be ahead of the last tick. */
static void see_time(struct book *b, uint64_t now_s)
{
	if (b->started)
		return;
	b->started = true;
	b->first_s = b->now_s = now_s;
}

/* ---- moves ---- */

static void bury(struct book *b, struct ticket *t, uint64_t now_s)
{
	struct ticket **at = &b->by_id[t->id];

	while (*at != t)
		at = &(*at)->same_id;
	*at = t->same_id;
	unlink_deadline(t);
	b->rest[t->id] =
	    (struct rest){(uint32_t)(now_s - b->first_s) + BOOK_QUARANTINE_S, (uint32_t)t->nonce};
	b->count--;
	free(t);
}

static bool has_agent(enum book_state s)
{
	return s != BOOK_AGENT_LOST && s != BOOK_BOTH_LOST;
}

static bool has_console(enum book_state s)
{
	return s == BOOK_JOINED || s == BOOK_PAIRED || s == BOOK_AGENT_LOST;
}

/* The only writer of t->state. */
static void move(struct book *b, struct ticket *t, const struct book_rule *rule, uint64_t now_s)
{
	if (rule->to == BOOK_DEAD) {
		bury(b, t, now_s);
		return;
	}
	if (rule->to == t->state)
		return;
	set_deadline(b, t, deadline_of(t, rule->to, now_s));
	t->state = rule->to;
	if (!has_console(rule->to))
		t->end[BOOK_CONSOLE] = NULL;
	if (!has_agent(rule->to))
		t->end[BOOK_AGENT] = NULL;
}

static int apply(struct book *b, struct ticket *t, enum book_event event, uint64_t now_s,
		 struct book_move *out)
{
	const struct book_rule *rule = book_rule(t->state, event);

	if (rule->err < 0)
		return rule->err;
	*out = (struct book_move){
	    .from = t->state,
	    .to = rule->to,
	    .say = {rule->agent, rule->console},
	    .code = rule->code,
	    .end = {t->end[BOOK_AGENT], t->end[BOOK_CONSOLE]},
	    .ticket = t,
	    .has_prefix = t->has_prefix,
	    .prefix = t->prefix,
	    .tag = t->tag,
	};
	move(b, t, rule, now_s);
	return 0;
}

int book_event(struct book *b, struct ticket *t, enum book_event event, uint64_t now_s,
	       struct book_move *out)
{
	see_time(b, now_s);
	return apply(b, t, event, now_s, out);
}

/* ---- ids ---- */

static int draw_id(struct book *b, uint64_t now_s, uint32_t *out)
{
	for (int i = 0; i < ID_TRIES; i++) {
		uint32_t id;
		int err = b->random(&id, sizeof id, b->arg);

		if (err < 0)
			return err;
		id &= BOOK_IDS - 1;
		if (!b->by_id[id] && b->rest[id].until_s <= now_s - b->first_s) {
			*out = id;
			return 0;
		}
	}
	return AS_E_RATE;
}

/* A ticket at the end of its id's list. */
static int new_ticket(struct book *b, uint32_t id, struct ticket **out)
{
	struct ticket **at = &b->by_id[id];
	struct ticket *t = NULL;
	int same = 0;

	for (; *at; at = &(*at)->same_id)
		same++;
	if (b->count < b->max && same < BOOK_SAME_ID_MAX)
		t = calloc(1, sizeof *t);
	if (!t)
		return AS_E_RATE;

	int err = b->random(&t->tag, sizeof t->tag, b->arg);
	if (err == 0)
		err = b->random(&t->nonce, sizeof t->nonce, b->arg);
	if (err < 0) {
		free(t);
		return err;
	}
	t->id = id;
	*at = *out = t;
	b->count++;
	return 0;
}

int book_alloc(struct book *b, void *agent, uint64_t prefix, uint64_t now_s, struct ticket **out)
{
	struct ticket *t;
	uint32_t id;

	see_time(b, now_s);
	if (b->count >= b->max)
		return AS_E_RATE;
	int err = draw_id(b, now_s, &id);
	if (err == 0)
		err = new_ticket(b, id, &t);
	if (err < 0)
		return err;
	t->state = BOOK_ALLOCATED;
	t->end[BOOK_AGENT] = agent;
	ticket_set_prefix(t, prefix);
	t->expires_s = now_s + LIFE_ALL;
	set_deadline(b, t, t->expires_s);
	*out = t;
	return 0;
}

/* Unknown, expired and buried ids take the same way out: one look into one table. */
static struct ticket *find(const struct book *b, uint32_t id)
{
	return id < BOOK_IDS ? b->by_id[id] : NULL;
}

struct ticket *book_find(const struct book *b, uint32_t id, uint64_t nonce)
{
	struct ticket *t = find(b, id);

	while (t && t->nonce != nonce)
		t = t->same_id;
	return t;
}

int book_join(struct book *b, uint32_t id, void *console, uint64_t now_s, struct book_move *out)
{
	struct ticket *t = find(b, id);

	see_time(b, now_s);
	if (!t || (t->state == BOOK_ALLOCATED && now_s >= t->expires_s))
		return book_rule(BOOK_DEAD, BOOK_ON_JOIN)->err;

	/* A new one each time: with the handle of a console that was here before nobody gets in. */
	uint64_t nonce;
	int err = b->random(&nonce, sizeof nonce, b->arg);
	if (err == 0)
		err = apply(b, t, BOOK_ON_JOIN, now_s, out);
	if (err == 0) {
		t->nonce = nonce;
		t->end[BOOK_CONSOLE] = out->end[BOOK_CONSOLE] = console;
	}
	return err;
}

/* From before the relay was started: both sides are lost and one of them is about to be back. */
static int make_anew(struct book *b, uint32_t id, uint64_t nonce, uint64_t now_s,
		     struct ticket **out)
{
	int err = new_ticket(b, id, out);

	if (err < 0)
		return err;
	(*out)->nonce = nonce;
	(*out)->state = BOOK_BOTH_LOST;
	set_deadline(b, *out, now_s + BOOK_HALF_S);
	return 0;
}

static bool has_died_here(const struct book *b, uint32_t id, uint64_t nonce, uint64_t now_s)
{
	const struct rest *r = &b->rest[id];

	return r->nonce == (uint32_t)nonce && r->until_s > now_s - b->first_s;
}

int book_reattach(struct book *b, uint32_t id, enum book_side side, uint64_t nonce, void *end,
		  uint64_t now_s, struct book_move *out)
{
	enum book_event event = side == BOOK_AGENT ? BOOK_ON_AGENT_BACK : BOOK_ON_CONSOLE_BACK;
	struct ticket *t = book_find(b, id, nonce);
	int err = 0;

	see_time(b, now_s);
	if (!t && (id >= BOOK_IDS || has_died_here(b, id, nonce, now_s)))
		return book_rule(BOOK_DEAD, event)->err;
	if (!t)
		err = make_anew(b, id, nonce, now_s, &t);
	if (err == 0)
		err = apply(b, t, event, now_s, out);
	if (err == 0) {
		out->replaced = t->end[side];
		t->end[side] = out->end[side] = end;
	}
	return err;
}

/* ---- time ---- */

static struct ticket *first_due(struct ticket *t, uint64_t at_s)
{
	while (t && t->deadline_s > at_s)
		t = t->next;
	return t;
}

/* Starts again after each move: on_move() may have moved the neighbours too. */
static void turn(struct book *b, uint64_t at_s, void (*on_move)(const struct book_move *, void *),
		 void *arg)
{
	struct ticket *t;

	b->now_s = at_s; /* what is set from here on is due later */
	while ((t = first_due(b->wheel[at_s % WHEEL], at_s))) {
		struct book_move m;
		int err = apply(b, t, BOOK_ON_DEADLINE, at_s, &m);

		assert(err == 0 && m.to != m.from); /* every state with a deadline has a way out */
		if (err < 0)
			return;
		on_move(&m, arg);
	}
}

void book_tick(struct book *b, uint64_t now_s,
	       void (*on_move)(const struct book_move *move, void *arg), void *arg)
{
	see_time(b, now_s);
	/* After a long sleep one whole turn finds everything. */
	if (now_s - b->now_s > WHEEL && now_s > b->now_s)
		b->now_s = now_s - WHEEL;
	while (b->now_s < now_s)
		turn(b, b->now_s + 1, on_move, arg);
}

uint32_t book_count(const struct book *b)
{
	return b->count;
}

enum book_state ticket_state(const struct ticket *t)
{
	return t->state;
}

uint32_t ticket_id(const struct ticket *t)
{
	return t->id;
}

uint32_t ticket_tag(const struct ticket *t)
{
	return t->tag;
}

uint64_t ticket_nonce(const struct ticket *t)
{
	return t->nonce;
}

bool ticket_has_prefix(const struct ticket *t)
{
	return t->has_prefix;
}

void ticket_set_prefix(struct ticket *t, uint64_t prefix)
{
	t->has_prefix = true;
	t->prefix = prefix;
}

void *ticket_end(const struct ticket *t, enum book_side side)
{
	return t->end[side];
}
