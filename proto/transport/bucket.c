/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/bucket.h"

#include <stdlib.h>

#define WAYS 8 /* places where one stranger can stand */

/* full_us: when the stranger's bucket is full again; in the past: it is full. */
struct slot {
	uint64_t key;
	uint64_t full_us; /* 0: the slot is free */
};

struct bucket_table {
	uint64_t salt;
	uint64_t each_us; /* what one event costs */
	uint64_t room_us; /* the bucket's depth */
	size_t sets;	  /* a power of two */
	struct slot slots[];
};

struct bucket_table *bucket_table_new(size_t slots, struct bucket_rate rate, uint64_t salt)
{
	size_t sets = 1;

	while (sets * WAYS < slots)
		sets *= 2;

	struct bucket_table *t = calloc(1, sizeof *t + sets * WAYS * sizeof t->slots[0]);
	if (!t)
		return NULL;
	t->salt = salt;
	t->each_us = rate.period_ms * 1000 / rate.count;
	t->room_us = t->each_us * rate.burst;
	t->sets = sets;
	return t;
}

void bucket_table_free(struct bucket_table *t)
{
	free(t);
}

/* The finalizer of splitmix64: enough to spread keys that a salt hides. */
static size_t set_of(const struct bucket_table *t, uint64_t key)
{
	uint64_t x = key ^ t->salt;

	x = (x ^ (x >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
	x = (x ^ (x >> 27)) * UINT64_C(0x94d049bb133111eb);
	x ^= x >> 31;
	return (size_t)(x & (t->sets - 1)) * WAYS;
}

static const struct slot *find(const struct bucket_table *t, uint64_t key)
{
	const struct slot *s = t->slots + set_of(t, key);

	for (int i = 0; i < WAYS; i++)
		if (s[i].full_us != 0 && s[i].key == key)
			return &s[i];
	return NULL;
}

/* The stranger's slot, or the one of whoever is missed least. */
static struct slot *claim(struct bucket_table *t, uint64_t key)
{
	struct slot *s = t->slots + set_of(t, key), *victim = s;

	for (int i = 0; i < WAYS; i++) {
		if (s[i].full_us != 0 && s[i].key == key)
			return &s[i];
		if (s[i].full_us < victim->full_us)
			victim = &s[i];
	}
	*victim = (struct slot){.key = key};
	return victim;
}

static uint64_t after_one_more(const struct bucket_table *t, const struct slot *s, uint64_t now_us)
{
	return (s && s->full_us > now_us ? s->full_us : now_us) + t->each_us;
}

bool bucket_is_open(const struct bucket_table *t, uint64_t key, uint64_t now_ms)
{
	uint64_t now_us = now_ms * 1000;

	return after_one_more(t, find(t, key), now_us) <= now_us + t->room_us;
}

bool bucket_take(struct bucket_table *t, uint64_t key, uint64_t now_ms)
{
	uint64_t now_us = now_ms * 1000;
	uint64_t full_us = after_one_more(t, find(t, key), now_us);

	if (full_us > now_us + t->room_us)
		return false;
	claim(t, key)->full_us = full_us;
	return true;
}

void bucket_block(struct bucket_table *t, uint64_t key, uint64_t now_ms, uint64_t for_ms)
{
	claim(t, key)->full_us = (now_ms + for_ms) * 1000 + t->room_us;
}
