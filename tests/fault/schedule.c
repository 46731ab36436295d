/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/schedule.h"

#include <stdio.h>
#include <string.h>

#define STREAM_BYTES	   (3u << 20) /* about what a session sends */
#define EARLY_BYTES	   9000	      /* about what an end sends before the customer's answer */
#define HANDSHAKE_MAX	   8000	      /* about what a connection sends until streams go on */
#define OUTAGE_MAX_MS	   900
#define CLOCK_MAX_MS	   20000
#define GARBAGE_MAX	   300
#define DISK_MAX_KIB	   2048
#define ONE_IN_EARLY	   12 /* schedules that begin before the yes */
#define ONE_IN_ENDING	   8  /* schedules with a fault that may end the session */
#define GOODBYE_SLOW_MS	   2000
#define GOODBYE_SLOW_BYTES 4000

static const struct {
	const char *name, *text;
	enum fault_claim claim;
} kinds[] = {
#define X(name, claim, text) {#name, text, FAULT_##claim},
    FAULT_MAP(X)
#undef X
};

const char *fault_name(enum fault_kind kind)
{
	return kinds[kind].name;
}

enum fault_claim fault_claim(enum fault_kind kind)
{
	return kinds[kind].claim;
}

enum fault_kind fault_find(const char *name)
{
	int i = 0;

	while (i < FAULT_KINDS && strcmp(kinds[i].name, name) != 0)
		i++;
	return (enum fault_kind)i;
}

uint64_t fault_random(uint64_t *state)
{
	uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static uint32_t below(uint64_t *state, uint32_t n)
{
	return (uint32_t)(fault_random(state) % n);
}

/* 1..n, small ones as likely as large ones: what breaks is often at the beginning. */
static uint32_t scaled(uint64_t *state, uint32_t n)
{
	uint32_t bits = 1;

	while (bits < 31 && n >> bits)
		bits++;

	uint32_t v = 1u << below(state, bits);
	v += below(state, v);
	return v < n ? v : n;
}

static enum fault_kind pick(uint64_t *state, bool may_end)
{
	for (;;) {
		enum fault_kind k = (enum fault_kind)below(state, FAULT_KINDS);

		if ((fault_claim(k) == FAULT_ENDS) == may_end)
			return k;
	}
}

static void trigger(struct fault *f, size_t i, bool early, uint64_t *state)
{
	uint32_t how = below(state, 4);

	if (early) {
		f->trigger = FAULT_ON_EARLY;
		f->at = scaled(state, EARLY_BYTES);
	} else if (i == 0 || how == 0) {
		f->trigger = FAULT_ON_BYTES;
		f->at = below(state, 2) ? below(state, STREAM_BYTES) : scaled(state, STREAM_BYTES);
	} else if (how == 1) {
		f->trigger = FAULT_ON_TIME;
		f->at = scaled(state, OUTAGE_MAX_MS);
	} else {
		f->trigger = FAULT_ON_RECONNECT;
		f->at = below(state, HANDSHAKE_MAX);
	}
}

static void size(struct fault *f, uint64_t *state)
{
	f->for_ms = scaled(state, OUTAGE_MAX_MS);
	switch (f->kind) {
	case FAULT_GARBAGE:
		f->amount = scaled(state, GARBAGE_MAX);
		break;
	case FAULT_TRUNCATE:
		f->amount = below(state, 20000);
		break;
	case FAULT_SLOW:
		f->amount = 1000 + below(state, 20000);
		break;
	case FAULT_CLOCK:
		f->amount = scaled(state, CLOCK_MAX_MS);
		break;
	case FAULT_DISK_FULL:
		f->amount = scaled(state, DISK_MAX_KIB);
		break;
	default:
		break;
	}
}

void schedule_make(uint64_t seed, enum fault_kind only, struct schedule *out)
{
	uint64_t state = seed;
	struct schedule s = {.seed = seed};

	s.early = below(&state, ONE_IN_EARLY) == 0;
	s.rounds = 1 + below(&state, SCHEDULE_ROUNDS_MAX);
	s.count = 1 + below(&state, SCHEDULE_FAULTS_MAX);
	bool ends = below(&state, ONE_IN_ENDING) == 0;
	for (size_t i = 0; i < s.count; i++) {
		struct fault *f = &s.faults[i];

		f->kind = pick(&state, ends && i + 1 == s.count);
		if (only != FAULT_KINDS && i == 0)
			f->kind = only;
		f->side = (enum fault_side)below(&state, FAULT_SIDES);
		f->toward_relay = below(&state, 2);
		trigger(f, i, s.early && i == 0, &state);
		size(f, &state);
	}
	*out = s;
}

/* The n-th of those that cut; FAULT_KINDS when there are fewer. */
static enum fault_kind cutting(unsigned n)
{
	int i = 0;

	while (i < FAULT_KINDS && (kinds[i].claim != FAULT_RESUMES || n-- > 0))
		i++;
	return (enum fault_kind)i;
}

unsigned schedule_goodbyes(void)
{
	unsigned n = 0;

	while (cutting(n) != FAULT_KINDS)
		n++;
	return n * FAULT_SIDES;
}

void schedule_make_goodbye(uint64_t seed, struct schedule *out)
{
	unsigned which = (unsigned)(seed % schedule_goodbyes());
	uint64_t state = seed;
	struct schedule s = {.seed = seed, .rounds = 1, .count = 2};
	struct fault *slow = &s.faults[0], *cut = &s.faults[1];

	cut->kind = cutting(which / FAULT_SIDES);
	cut->side = (enum fault_side)(which % FAULT_SIDES);
	cut->trigger = FAULT_ON_ITEMS;
	cut->toward_relay = below(&state, 2);
	size(cut, &state);
	*slow = (struct fault){.kind = FAULT_SLOW,
			       .side = (enum fault_side)below(&state, FAULT_SIDES),
			       .trigger = FAULT_ON_ITEMS,
			       .at = 1,
			       .for_ms = GOODBYE_SLOW_MS,
			       .amount = GOODBYE_SLOW_BYTES};
	*out = s;
}

bool schedule_has(const struct schedule *s, enum fault_kind kind)
{
	for (size_t i = 0; i < s->count; i++)
		if (s->faults[i].kind == kind)
			return true;
	return false;
}

bool schedule_must_finish(const struct schedule *s)
{
	if (s->early)
		return false;
	for (size_t i = 0; i < s->count; i++) {
		enum fault_claim claim = fault_claim(s->faults[i].kind);

		if (claim == FAULT_ENDS || (claim == FAULT_RESUMES && !FAULT_RESUME_WORKS))
			return false;
	}
	return true;
}

static int when(const struct fault *f, char *out, size_t cap)
{
	switch (f->trigger) {
	case FAULT_ON_BYTES:
		return snprintf(out, cap, "%u bytes from the agent after the yes", f->at);
	case FAULT_ON_TIME:
		return snprintf(out, cap, "%u ms after the fault before", f->at);
	case FAULT_ON_RECONNECT:
		return snprintf(out, cap, "%u bytes into the next connection", f->at);
	case FAULT_ON_ITEMS:
		return snprintf(out, cap, "%u items are still to arrive", f->at);
	default:
		return snprintf(out, cap, "%u bytes of this end", f->at);
	}
}

const char *schedule_text(const struct schedule *s, char out[SCHEDULE_TEXT_MAX])
{
	size_t n = 0;

	out[0] = '\0';
	for (size_t i = 0; i < s->count && n < SCHEDULE_TEXT_MAX; i++) {
		const struct fault *f = &s->faults[i];
		char at[80];

		when(f, at, sizeof at);
		int len =
		    snprintf(out + n, SCHEDULE_TEXT_MAX - n,
			     "  %-12s at the %s, %s; for %u ms, amount %u%s\n", fault_name(f->kind),
			     f->side == FAULT_AT_AGENT ? "agent" : "console", at, f->for_ms,
			     f->amount, f->toward_relay ? ", toward the relay" : "");
		n += len > 0 ? (size_t)len : 0;
	}
	return out;
}
