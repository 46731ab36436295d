/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "proto/base/err.h"
#include "relay/quota.h"

#define NOW    UINT64_C(1000000)
#define MINUTE UINT64_C(60000)
#define DAY    (1440 * MINUTE)

static const struct quota_limits standard = QUOTA_LIMITS_DEFAULT;
static const uint8_t jane[32] = {1, 2, 3}, joe[32] = {3, 2, 1};

Test(relay_quota, a_prefix_gets_ten_new_ids_a_minute)
{
	struct quota *q = quota_new(&standard, 1000, 5);

	for (int i = 0; i < 10; i++)
		cr_assert_eq(quota_take_id(q, 4, NOW), 0);
	cr_assert_eq(quota_take_id(q, 4, NOW), AS_E_RATE);
	cr_assert_eq(quota_take_id(q, 5, NOW), 0, "another prefix");
	cr_assert_eq(quota_take_id(q, 4, NOW + MINUTE), 0);
	quota_free(q);
}

Test(relay_quota, a_prefix_has_at_most_twenty_ids_at_once)
{
	struct quota *q = quota_new(&standard, 1000, 5);
	uint64_t now = NOW;

	for (int i = 0; i < 20; i++, now += MINUTE)
		cr_assert_eq(quota_take_id(q, 4, now), 0);
	cr_assert_eq(quota_take_id(q, 4, now), AS_E_RATE);
	cr_assert_eq(quota_ids(q, 4), 20);
	quota_put_id(q, 4);
	cr_assert_eq(quota_take_id(q, 4, now), 0);
	quota_free(q);
}

Test(relay_quota, an_id_that_is_older_than_the_relay_is_held_but_is_not_new)
{
	struct quota *q = quota_new(&standard, 1000, 5);

	for (int i = 0; i < 20; i++)
		cr_assert_eq(quota_take_old_id(q, 4), 0);
	cr_assert_eq(quota_take_old_id(q, 4), AS_E_RATE);
	cr_assert_eq(quota_take_id(q, 4, NOW), AS_E_RATE, "twenty is twenty");
	cr_assert_eq(quota_ids(q, 4), 20);
	for (int i = 0; i < 20; i++)
		quota_put_id(q, 4);
	for (int i = 0; i < 10; i++)
		cr_assert_eq(quota_take_id(q, 4, NOW), 0);
	quota_free(q);
}

Test(relay_quota, says_who_is_blocked_without_counting)
{
	struct quota *q = quota_new(&standard, 10, 5);

	for (int i = 0; i < 100; i++)
		cr_assert_not(quota_is_blocked(q, jane, NOW));
	while (!quota_note_unknown(q, jane, NOW))
		;
	cr_assert(quota_is_blocked(q, jane, NOW));
	cr_assert(quota_is_blocked(q, jane, NOW + QUOTA_BLOCK_MS - 1));
	cr_assert_not(quota_is_blocked(q, jane, NOW + QUOTA_BLOCK_MS + 1));
	cr_assert_not(quota_is_blocked(q, joe, NOW));
	quota_free(q);
}

Test(relay_quota, counts_of_many_prefixes_do_not_mix)
{
	struct quota_limits wide = {20, 1000000, 1, 1, 1};
	struct quota *q = quota_new(&wide, 500, 99);
	uint32_t held[100] = {0}, total = 0, random = 1;

	for (int i = 0; i < 200000; i++) {
		random = random * UINT32_C(1664525) + UINT32_C(1013904223);
		uint32_t prefix = (random >> 16) % 100;

		if (random >> 31 && held[prefix] > 0) {
			quota_put_id(q, prefix);
			held[prefix]--;
			total--;
		} else if (held[prefix] < 20 && total < 500) {
			cr_assert_eq(quota_take_id(q, prefix, NOW + (uint64_t)i * MINUTE), 0);
			held[prefix]++;
			total++;
		}
		cr_assert_eq(quota_ids(q, prefix), held[prefix]);
	}
	for (uint32_t prefix = 0; prefix < 100; prefix++)
		cr_assert_eq(quota_ids(q, prefix), held[prefix]);
	quota_free(q);
}

Test(relay_quota, a_console_joins_ten_times_a_minute_and_two_hundred_times_a_day)
{
	struct quota *q = quota_new(&standard, 10, 5);
	uint64_t now = NOW;
	int joins = 0;

	for (int i = 0; i < 10; i++)
		cr_assert_eq(quota_take_join(q, jane, NOW), 0);
	cr_assert_eq(quota_take_join(q, jane, NOW), AS_E_RATE);
	cr_assert_eq(quota_take_join(q, joe, NOW), 0);
	for (now += MINUTE; now < NOW + 60 * MINUTE; now += MINUTE / 10)
		joins += quota_take_join(q, jane, now) == 0;
	cr_assert(joins >= 190 && joins < 200, "an hour of trying: %d", joins);
	cr_assert_eq(quota_take_join(q, jane, NOW + 2 * DAY), 0);
	quota_free(q);
}

Test(relay_quota, who_asks_for_unknown_ids_is_blocked_for_a_quarter_of_an_hour)
{
	struct quota *q = quota_new(&standard, 10, 5);

	for (int i = 0; i < 5; i++)
		cr_assert_not(quota_note_unknown(q, jane, NOW));
	cr_assert_eq(quota_take_join(q, jane, NOW), 0);
	cr_assert(quota_note_unknown(q, jane, NOW));
	cr_assert_eq(quota_take_join(q, jane, NOW), AS_E_RATE);
	cr_assert_eq(quota_take_join(q, jane, NOW + QUOTA_BLOCK_MS - 1), AS_E_RATE);
	cr_assert_eq(quota_take_join(q, jane, NOW + QUOTA_BLOCK_MS + 1), 0);
	cr_assert_eq(quota_take_join(q, joe, NOW), 0);
	quota_free(q);
}
