/* SPDX-License-Identifier: Apache-2.0 */
#include "console/retry.h"

uint64_t retry_delay_ms(unsigned tries, uint32_t random, uint64_t left_ms)
{
	uint64_t top = tries < 6 ? (uint64_t)RETRY_LEAST_MS << tries : RETRY_MOST_MS;

	if (tries == 0)
		return random % RETRY_FIRST_MS;
	if (top > left_ms / 2)
		top = left_ms / 2;
	return top <= RETRY_LEAST_MS ? RETRY_LEAST_MS
				     : RETRY_LEAST_MS + random % (top - RETRY_LEAST_MS);
}
