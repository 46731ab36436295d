/* SPDX-License-Identifier: Apache-2.0 */
#include "relay/quota.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/transport/bucket.h"

#define MINUTE_MS     60000u
#define DAY_MS	      86400000u
#define PREFIX_SLOTS  65536
#define CONSOLE_SLOTS 8192

/* How many ids a prefix has now. These are never forgotten, so the table has room for all. */
struct holding {
	uint64_t prefix;
	uint32_t ids; /* 0: the slot is free */
};

struct quota {
	struct quota_limits limits;
	uint64_t salt;
	struct bucket_table *new_ids, *joins_minute, *joins_day, *unknown, *blocked;
	size_t mask;
	struct holding holdings[]; /* open addressing, linear probing, at most half full */
};

static struct bucket_table *table(size_t slots, uint32_t count, uint64_t period_ms, uint64_t salt)
{
	return bucket_table_new(slots, (struct bucket_rate){count, count, period_ms}, salt);
}

struct quota *quota_new(const struct quota_limits *limits, uint32_t max_ids, uint64_t salt)
{
	size_t slots = 16;

	while (slots < 2 * (size_t)max_ids)
		slots *= 2;

	struct quota *q = calloc(1, sizeof *q + slots * sizeof q->holdings[0]);
	if (!q)
		return NULL;
	q->limits = *limits;
	q->salt = salt;
	q->mask = slots - 1;
	q->new_ids = table(PREFIX_SLOTS, limits->new_ids_per_minute, MINUTE_MS, salt);
	q->joins_minute = table(CONSOLE_SLOTS, limits->joins_per_minute, MINUTE_MS, salt);
	q->joins_day = table(CONSOLE_SLOTS, limits->joins_per_day, DAY_MS, salt);
	q->unknown = table(CONSOLE_SLOTS, limits->unknown_per_minute, MINUTE_MS, salt);
	q->blocked = table(CONSOLE_SLOTS, 1, 1, salt);
	if (q->new_ids && q->joins_minute && q->joins_day && q->unknown && q->blocked)
		return q;
	quota_free(q);
	return NULL;
}

void quota_free(struct quota *q)
{
	if (!q)
		return;
	bucket_table_free(q->new_ids);
	bucket_table_free(q->joins_minute);
	bucket_table_free(q->joins_day);
	bucket_table_free(q->unknown);
	bucket_table_free(q->blocked);
	free(q);
}

/* ---- agents ---- */

static size_t home_of(const struct quota *q, uint64_t prefix)
{
	return (size_t)(((prefix ^ q->salt) * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & q->mask;
}

/* The prefix's slot, or the free one where it would stand. */
static size_t slot_of(const struct quota *q, uint64_t prefix)
{
	size_t i = home_of(q, prefix);

	while (q->holdings[i].ids > 0 && q->holdings[i].prefix != prefix)
		i = (i + 1) & q->mask;
	return i;
}

uint32_t quota_ids(const struct quota *q, uint64_t prefix)
{
	return q->holdings[slot_of(q, prefix)].ids;
}

int quota_take_old_id(struct quota *q, uint64_t prefix)
{
	struct holding *h = &q->holdings[slot_of(q, prefix)];

	if (h->ids >= q->limits.ids_per_prefix)
		return AS_E_RATE;
	h->prefix = prefix;
	h->ids++;
	return 0;
}

int quota_take_id(struct quota *q, uint64_t prefix, uint64_t now_ms)
{
	if (quota_ids(q, prefix) >= q->limits.ids_per_prefix ||
	    !bucket_take(q->new_ids, prefix, now_ms))
		return AS_E_RATE;
	return quota_take_old_id(q, prefix);
}

/* Closes the hole at i: whoever could stand nearer to home moves up. */
static void close_hole(struct quota *q, size_t i)
{
	for (size_t j = (i + 1) & q->mask; q->holdings[j].ids > 0; j = (j + 1) & q->mask) {
		size_t home = home_of(q, q->holdings[j].prefix);

		if (((j - home) & q->mask) < ((j - i) & q->mask))
			continue; /* its home lies behind the hole */
		q->holdings[i] = q->holdings[j];
		q->holdings[j].ids = 0;
		i = j;
	}
}

void quota_put_id(struct quota *q, uint64_t prefix)
{
	size_t i = slot_of(q, prefix);

	assert(q->holdings[i].ids > 0);
	if (q->holdings[i].ids > 0 && --q->holdings[i].ids == 0)
		close_hole(q, i);
}

/* ---- consoles ---- */

static uint64_t key_of(const uint8_t spki[32])
{
	uint64_t key;

	memcpy(&key, spki, sizeof key); /* bytes of a hash: any eight will do */
	return key;
}

int quota_take_join(struct quota *q, const uint8_t spki[32], uint64_t now_ms)
{
	uint64_t key = key_of(spki);

	if (!bucket_is_open(q->blocked, key, now_ms) ||
	    !bucket_is_open(q->joins_day, key, now_ms) ||
	    !bucket_take(q->joins_minute, key, now_ms))
		return AS_E_RATE;
	(void)bucket_take(q->joins_day, key, now_ms);
	return 0;
}

bool quota_note_unknown(struct quota *q, const uint8_t spki[32], uint64_t now_ms)
{
	uint64_t key = key_of(spki);

	if (bucket_take(q->unknown, key, now_ms))
		return false;
	bucket_block(q->blocked, key, now_ms, QUOTA_BLOCK_MS);
	return true;
}

bool quota_is_blocked(const struct quota *q, const uint8_t spki[32], uint64_t now_ms)
{
	return !bucket_is_open(q->blocked, key_of(spki), now_ms);
}
