/* SPDX-License-Identifier: Apache-2.0
 *
 * How much one stranger may ask of the relay (PROTOCOL.md section 8). Agents are known by their
 * network prefix, consoles by their certificate's key. Time comes in as an argument.
 */
#ifndef AS_RELAY_QUOTA_H
#define AS_RELAY_QUOTA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct quota_limits {
	uint32_t ids_per_prefix;     /* outstanding at once */
	uint32_t new_ids_per_minute; /* per prefix */
	uint32_t joins_per_minute;   /* per console certificate */
	uint32_t joins_per_day;
	uint32_t unknown_per_minute; /* ids that do not exist, per console certificate */
};
#define QUOTA_LIMITS_DEFAULT       \
	{                          \
		20, 10, 10, 200, 5 \
	}
#define QUOTA_BLOCK_MS (15u * 60u * 1000u) /* for who asked for too many unknown ids */

struct quota;

/* max_ids: how many ids there can be at once, all prefixes together. NULL when memory is short. */
struct quota *quota_new(const struct quota_limits *limits, uint32_t max_ids, uint64_t salt);
void quota_free(struct quota *q);

/* Counts an id for this prefix: 0, or AS_E_RATE and nothing counted. */
int quota_take_id(struct quota *q, uint64_t prefix, uint64_t now_ms);
/* The same for an id that is older than the relay: it is not a new one. */
int quota_take_old_id(struct quota *q, uint64_t prefix);
void quota_put_id(struct quota *q, uint64_t prefix); /* the id is dead */
uint32_t quota_ids(const struct quota *q, uint64_t prefix);

/* spki: SHA-256 of the console's key. 0 or AS_E_RATE. */
int quota_take_join(struct quota *q, const uint8_t spki[32], uint64_t now_ms);

/* The id it asked for does not exist. True when that was one too many: it is blocked now. */
bool quota_note_unknown(struct quota *q, const uint8_t spki[32], uint64_t now_ms);
bool quota_is_blocked(const struct quota *q, const uint8_t spki[32], uint64_t now_ms);

#endif
