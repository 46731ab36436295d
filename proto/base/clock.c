/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/base/clock.h"

#include <stdio.h>
#include <time.h>

uint64_t clock_mono_ms(void)
{
	struct timespec ts;

#ifdef CLOCK_BOOTTIME
	if (clock_gettime(CLOCK_BOOTTIME, &ts) != 0)
#endif
		clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

int64_t clock_wall_s(void)
{
	return (int64_t)time(NULL);
}

const char *clock_utc_text(int64_t wall_s, char buf[CLOCK_TEXT_MAX])
{
	time_t t = (time_t)wall_s;
	struct tm tm;

	if (!gmtime_r(&t, &tm) || strftime(buf, CLOCK_TEXT_MAX, "%Y-%m-%dT%H:%M:%SZ", &tm) == 0)
		snprintf(buf, CLOCK_TEXT_MAX, "(time unknown)");
	return buf;
}
