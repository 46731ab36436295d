/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/book.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/secret.h"

#define WHEEL	 1024 /* seconds; more than any deadline is away */
#define ID_TRIES 64   /* random ids tried before we say that the book is full */
#define LIFE_ALL (BOOK_LIFE_S + BOOK_GRACE_S)

_Static_assert(LIFE_ALL < WHEEL && BOOK_HALF_S < WHEEL && BOOK_JOINED_S < WHEEL,
	       "every deadline fits into one turn of the wheel");

struct ticket {
	enum book_state state;
	uint32_t id, tag;
	uint64_t prefix;
	uint64_t expires_s;	   /* of the id, while nobody has proved its code */
	uint64_t deadline_s;	   /* of the state; 0: none */
	struct ticket *next, **at; /* in its spoke of the wheel; at: NULL when in none */
	void *end[2];
	uint8_t handle[2][RELAY_HANDLE_LEN];
};

struct book {
	uint32_t max, count;
	book_random random;
	void *arg;
	uint64_t now_s; /* up to here the wheel has turned */
	struct ticket *wheel[WHEEL];
	struct ticket *by_id[BOOK_IDS];
	uint32_t free_at_s[BOOK_IDS]; /* end of the quarantine, in seconds since the first use */
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
		if (!b->by_id[id])
			continue;
		secret_wipe(b->by_id[id], sizeof *b->by_id[id]);
		free(b->by_id[id]);
		b->count--;
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

static uint64_t deadline_of(const struct ticket *t, enum book_state state, uint64_t now_s)
{
	switch (state) {
	case BOOK_ALLOCATED:
		return t->expires_s;
	case BOOK_JOINED:
		return now_s + BOOK_JOINED_S;
	case BOOK_AGENT_LOST:
	case BOOK_CONSOLE_LOST:
		return now_s + BOOK_HALF_S;
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
	unlink_deadline(t);
	b->by_id[t->id] = NULL;
	b->free_at_s[t->id] = (uint32_t)(now_s - b->first_s) + BOOK_QUARANTINE_S;
	b->count--;
	secret_wipe(t, sizeof *t);
	free(t);
}

/* The only writer of t->state. */
static void move(struct book *b, struct ticket *t, const struct book_rule *rule, uint64_t now_s)
{
	bool console_stays = rule->to >= BOOK_JOINED && rule->to != BOOK_CONSOLE_LOST;

	if (rule->to == BOOK_DEAD) {
		bury(b, t, now_s);
		return;
	}
	if (rule->to == t->state)
		return;
	t->state = rule->to;
	if (!console_stays)
		t->end[BOOK_CONSOLE] = NULL;
	if (rule->to == BOOK_AGENT_LOST)
		t->end[BOOK_AGENT] = NULL;
	set_deadline(b, t, deadline_of(t, rule->to, now_s));
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
		if (!b->by_id[id] && b->free_at_s[id] <= now_s - b->first_s) {
			*out = id;
			return 0;
		}
	}
	return AS_E_RATE;
}

int book_alloc(struct book *b, void *agent, uint64_t prefix, uint64_t now_s, struct ticket **out)
{
	struct ticket *t = NULL;
	uint32_t id;
	int err;

	see_time(b, now_s);
	if (b->count >= b->max)
		return AS_E_RATE;
	err = draw_id(b, now_s, &id);
	if (err == 0 && !(t = calloc(1, sizeof *t)))
		err = AS_E_RATE;
	if (err == 0)
		err = b->random(t->handle, sizeof t->handle, b->arg);
	if (err == 0)
		err = b->random(&t->tag, sizeof t->tag, b->arg);
	if (err < 0) {
		free(t);
		return err;
	}
	t->state = BOOK_ALLOCATED;
	t->id = id;
	t->prefix = prefix;
	t->end[BOOK_AGENT] = agent;
	t->expires_s = now_s + LIFE_ALL;
	set_deadline(b, t, t->expires_s);
	b->by_id[id] = t;
	b->count++;
	*out = t;
	return 0;
}

/* Unknown, expired and buried ids take the same way out: one look into one table. */
static struct ticket *find(struct book *b, uint32_t id)
{
	return id < BOOK_IDS ? b->by_id[id] : NULL;
}

int book_join(struct book *b, uint32_t id, void *console, uint64_t now_s, struct book_move *out)
{
	struct ticket *t = find(b, id);

	see_time(b, now_s);
	if (!t || (t->state == BOOK_ALLOCATED && now_s >= t->expires_s))
		return book_rule(BOOK_DEAD, BOOK_ON_JOIN)->err;

	/* A new one each time: the console that was here before keeps nothing. */
	uint8_t handle[RELAY_HANDLE_LEN];
	int err = b->random(handle, sizeof handle, b->arg);
	if (err == 0)
		err = apply(b, t, BOOK_ON_JOIN, now_s, out);
	if (err == 0) {
		memcpy(t->handle[BOOK_CONSOLE], handle, sizeof handle);
		t->end[BOOK_CONSOLE] = out->end[BOOK_CONSOLE] = console;
	}
	return err;
}

int book_reattach(struct book *b, uint32_t id, enum book_side side,
		  const uint8_t handle[RELAY_HANDLE_LEN], void *end, uint64_t now_s,
		  struct book_move *out)
{
	static const uint8_t nobody[RELAY_HANDLE_LEN];
	enum book_event event = side == BOOK_AGENT ? BOOK_ON_AGENT_BACK : BOOK_ON_CONSOLE_BACK;
	struct ticket *t = find(b, id);
	bool right = secret_is_equal(handle, t ? t->handle[side] : nobody, RELAY_HANDLE_LEN);

	see_time(b, now_s);
	if (!t || !right)
		return book_rule(BOOK_DEAD, event)->err;

	int err = apply(b, t, event, now_s, out);
	if (err == 0)
		t->end[side] = out->end[side] = end;
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

uint64_t ticket_prefix(const struct ticket *t)
{
	return t->prefix;
}

const uint8_t *ticket_handle(const struct ticket *t, enum book_side side)
{
	return t->handle[side];
}

void *ticket_end(const struct ticket *t, enum book_side side)
{
	return t->end[side];
}
