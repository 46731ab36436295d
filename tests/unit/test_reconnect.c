/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "agent/broker_priv.h"

static const uint32_t randoms[] = {0, 1, 499, 500, 77777, 0x80000000u, UINT32_MAX};
#define RANDOMS (sizeof randoms / sizeof randoms[0])

Test(reconnect, the_first_try_comes_within_half_a_second)
{
	for (size_t i = 0; i < RANDOMS; i++)
		cr_assert_lt(reconnect_delay_ms(0, randoms[i], 120000), 500);
	cr_assert_neq(reconnect_delay_ms(0, 1, 120000), reconnect_delay_ms(0, 2, 120000));
}

Test(reconnect, later_tries_spread_over_twice_the_time_each_up_to_a_minute)
{
	static const uint64_t top[] = {0, 2000, 4000, 8000, 16000, 32000, 60000, 60000};

	for (unsigned tries = 1; tries < 8; tries++) {
		uint64_t most = 0;

		for (uint32_t r = 0; r < 60000; r++) {
			uint64_t ms = reconnect_delay_ms(tries, r, 600000);

			cr_assert_geq(ms, 1000);
			cr_assert_lt(ms, top[tries]);
			most = ms > most ? ms : most;
		}
		cr_assert_eq(most, top[tries] - 1, "try %u", tries);
	}
	cr_assert_lt(reconnect_delay_ms(UINT32_MAX, UINT32_MAX, 600000), 60000);
}

Test(reconnect, there_is_always_time_for_one_more_try)
{
	for (uint64_t left = 2000; left < 130000; left += 777)
		for (size_t i = 0; i < RANDOMS; i++)
			cr_assert_leq(reconnect_delay_ms(6, randoms[i], left),
				      left / 2 > 1000 ? left / 2 : 1000);
	for (size_t i = 0; i < RANDOMS; i++)
		cr_assert_eq(reconnect_delay_ms(6, randoms[i], 0), 1000, "and never a hot loop");
}
