/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/keepalive.h"

#include "proto/transport/hop.h"

#define JITTER_MS (HOP_PING_MS / 5)

void keepalive_init(struct keepalive *k, uint64_t now_ms)
{
	*k = (struct keepalive){.heard_ms = now_ms, .pinged_ms = now_ms};
}

enum keepalive_action keepalive_tick(struct keepalive *k, uint64_t now_ms, bool paused,
				     uint32_t random, uint64_t *next_ms)
{
	/* Many hops that start together, after a relay's restart, must not ping together. */
	uint64_t interval = HOP_PING_MS - JITTER_MS + random % (2 * JITTER_MS + 1);
	uint64_t quiet = k->pinged_ms;

	if (paused)
		k->heard_ms = now_ms;
	else if (k->heard_ms > quiet)
		quiet = k->heard_ms;
	if (now_ms - k->heard_ms >= HOP_DEAD_MS)
		return KEEPALIVE_DEAD;

	enum keepalive_action action = KEEPALIVE_WAIT;
	if (now_ms - quiet >= HOP_PING_MS - JITTER_MS) {
		action = KEEPALIVE_PING;
		k->pinged_ms = quiet = now_ms;
	}
	*next_ms = quiet + interval - now_ms;
	if (k->heard_ms + HOP_DEAD_MS - now_ms < *next_ms)
		*next_ms = k->heard_ms + HOP_DEAD_MS - now_ms;
	return action;
}
