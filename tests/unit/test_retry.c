/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "console/retry.h"

#define ENOUGH 600000

/* The shortest and the longest that any random number leads to. */
static void range(unsigned tries, uint64_t left, uint64_t *least, uint64_t *most)
{
	*least = UINT64_MAX;
	*most = 0;
	for (uint32_t i = 0; i < 200000; i++) {
		uint64_t ms = retry_delay_ms(tries, i * 21474u + i, left);

		*least = ms < *least ? ms : *least;
		*most = ms > *most ? ms : *most;
	}
}

Test(retry, the_first_try_comes_within_a_second)
{
	uint64_t least, most;

	range(0, ENOUGH, &least, &most);
	cr_assert_lt(most, 1000);
	cr_assert_lt(least, 10, "not always at the same moment");
}

Test(retry, later_tries_are_spread_from_one_second_up_to_sixty)
{
	uint64_t least, most, before = 0;

	for (unsigned tries = 1; tries < 40; tries++) {
		range(tries, ENOUGH, &least, &most);
		cr_assert_geq(least, 1000, "%u", tries);
		cr_assert_leq(most, 60000, "%u", tries);
		cr_assert_geq(most + 50, before, "%u", tries);
		before = most;
	}
	cr_assert_gt(most, 59000);
	cr_assert_lt(least, 2000, "full jitter");
}

Test(retry, a_last_try_has_time_to_succeed)
{
	uint64_t least, most;

	range(20, 5000, &least, &most);
	cr_assert_geq(least, 1000);
	cr_assert_lt(most, 2500);
	cr_assert_gt(most, 2000);
	cr_assert_eq(retry_delay_ms(20, 12345, 0), 1000, "never faster than once a second");
}
