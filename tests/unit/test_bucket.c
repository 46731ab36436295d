/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>

#include "proto/transport/bucket.h"

static const struct bucket_rate ten_a_minute = {10, 10, 60000};

Test(bucket, gives_the_burst_and_then_the_rate)
{
	struct bucket_table *t = bucket_table_new(64, ten_a_minute, 1);
	uint64_t now = 5000000;

	for (int i = 0; i < 10; i++)
		cr_assert(bucket_take(t, 7, now));
	cr_assert_not(bucket_is_open(t, 7, now));
	cr_assert_not(bucket_take(t, 7, now));
	cr_assert_not(bucket_take(t, 7, now + 5999));
	cr_assert(bucket_take(t, 7, now + 6000));
	cr_assert_not(bucket_take(t, 7, now + 6001));
	cr_assert(bucket_take(t, 8, now), "another stranger has his own");
	bucket_table_free(t);
}

Test(bucket, is_full_again_after_a_period_and_not_fuller)
{
	struct bucket_table *t = bucket_table_new(64, ten_a_minute, 1);
	int taken = 0;

	for (int i = 0; i < 10; i++)
		bucket_take(t, 7, 1000);
	for (int i = 0; i < 100; i++)
		taken += bucket_take(t, 7, 10000000);
	cr_assert_eq(taken, 10);
	bucket_table_free(t);
}

Test(bucket, a_block_lasts_as_long_as_it_was_said)
{
	struct bucket_table *t = bucket_table_new(64, ten_a_minute, 1);

	bucket_block(t, 7, 1000, 90000);
	cr_assert_not(bucket_is_open(t, 7, 1000));
	cr_assert_not(bucket_take(t, 7, 90999));
	cr_assert(bucket_take(t, 7, 97001));
	cr_assert(bucket_is_open(t, 8, 1000));
	bucket_table_free(t);
}

Test(bucket, a_flood_of_strangers_does_not_free_the_one_who_is_over_his_limit)
{
	struct bucket_table *t = bucket_table_new(64, ten_a_minute, 42);

	for (int i = 0; i < 10; i++)
		bucket_take(t, 7, 1000);
	for (uint64_t key = 100; key < 100000; key++)
		bucket_take(t, key, 1000);
	cr_assert_not(bucket_take(t, 7, 1000));
	bucket_table_free(t);
}
