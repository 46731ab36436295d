/* SPDX-License-Identifier: Apache-2.0
 *
 * When to try again after the connection was lost: at once the first time, then with full jitter
 * over 1 s up to 60 s, so that a relay that comes back is not met by everybody at the same moment.
 */
#ifndef AS_CONSOLE_RETRY_H
#define AS_CONSOLE_RETRY_H

#include <stdint.h>

#define RETRY_FIRST_MS 500 /* at most, before the first try */
#define RETRY_LEAST_MS 1000
#define RETRY_MOST_MS  60000

/* How long to wait before try number `tries` (0: the first). random: any 32 bits. Never more than
 * half of left_ms, but for RETRY_LEAST_MS: a last try has time to succeed. */
uint64_t retry_delay_ms(unsigned tries, uint32_t random, uint64_t left_ms);

#endif
