/* SPDX-License-Identifier: Apache-2.0
 *
 * How often each of many strangers may do something: "count per period", with that count as
 * the burst. One number per stranger (the generic cell rate algorithm), a table of fixed size,
 * time as an argument.
 *
 * A full table forgets the stranger who has been quiet longest, so a flood from very many
 * prefixes is bounded in memory and meets the limit on all visitors together instead.
 */
#ifndef AS_TRANSPORT_BUCKET_H
#define AS_TRANSPORT_BUCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bucket_rate {
	uint32_t count; /* at least 1 */
	uint32_t burst; /* at least 1; as a rule the same */
	uint64_t period_ms;
};

struct bucket_table;

/* salt: random, so that nobody can choose whom to push out. NULL when memory is short. */
struct bucket_table *bucket_table_new(size_t slots, struct bucket_rate rate, uint64_t salt);
void bucket_table_free(struct bucket_table *t);

/* Counts one; false (and not counted) when that is one too many. */
bool bucket_take(struct bucket_table *t, uint64_t key, uint64_t now_ms);
/* Would bucket_take() say yes? */
bool bucket_is_open(const struct bucket_table *t, uint64_t key, uint64_t now_ms);
/* Says no for this long, whatever was counted. */
void bucket_block(struct bucket_table *t, uint64_t key, uint64_t now_ms, uint64_t for_ms);

#endif
