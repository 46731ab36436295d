/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "proto/transport/hop.h"
#include "proto/transport/keepalive.h"

#define START UINT64_C(1000000)

Test(keepalive, pings_a_silent_peer_and_gives_it_up_after_75_seconds)
{
	for (uint32_t random = 0; random < 20000; random += 777) {
		struct keepalive k;
		uint64_t now = START, next;
		int pings = 0;
		enum keepalive_action action;

		keepalive_init(&k, now);
		while ((action = keepalive_tick(&k, now, false, random, &next)) != KEEPALIVE_DEAD) {
			cr_assert_gt(next, 0);
			cr_assert_leq(next, HOP_PING_MS * 6 / 5);
			pings += action == KEEPALIVE_PING;
			now += next;
		}
		cr_assert_eq(now, START + HOP_DEAD_MS);
		cr_assert(pings >= 2 && pings <= 3);
	}
}

Test(keepalive, jitter_stays_within_a_fifth)
{
	uint64_t least = UINT64_MAX, most = 0;

	for (uint32_t random = 0; random < 200000; random += 13) {
		struct keepalive k;
		uint64_t next;

		keepalive_init(&k, START);
		cr_assert_eq(keepalive_tick(&k, START, false, random, &next), KEEPALIVE_WAIT);
		least = next < least ? next : least;
		most = next > most ? next : most;
	}
	cr_assert(least >= 20000 && least < 20100);
	cr_assert(most <= 30000 && most > 29900);
}

Test(keepalive, a_talking_peer_is_left_alone)
{
	struct keepalive k;
	uint64_t next;

	keepalive_init(&k, START);
	for (uint64_t now = START; now < START + 600000; now += 10000) {
		k.heard_ms = now;
		cr_assert_eq(keepalive_tick(&k, now + 5000, false, 0, &next), KEEPALIVE_WAIT);
	}
}

Test(keepalive, a_paused_hop_pings_and_never_calls_the_other_dead)
{
	struct keepalive k;
	uint64_t now = START, next;
	int pings = 0;

	keepalive_init(&k, now);
	for (; now < START + 600000; now += next) {
		enum keepalive_action action = keepalive_tick(&k, now, true, 5000, &next);

		cr_assert_neq(action, KEEPALIVE_DEAD);
		pings += action == KEEPALIVE_PING;
	}
	cr_assert_geq(pings, 20, "the other side must hear us: %d", pings);
}
