/* SPDX-License-Identifier: Apache-2.0
 *
 * When a line of a log was written, as the line itself says, so that several logs can be read as
 * one. Known are the forms that most programs use:
 *
 *   2026-11-26T03:39:00.123456+01:00   2026-11-26 03:39:00,123   2026/11/26 03:39:00
 *   Nov 26 03:39:00 (of this year, or of the last)   26/Nov/2026:03:39:00 +0100 (anywhere in [])
 *   1764128340.123 or [1764128340] at the beginning
 *
 * A time without a zone is this computer's. Pure but for the zone.
 */
#ifndef AS_AGENT_COLLECT_LINE_TIME_H
#define AS_AGENT_COLLECT_LINE_TIME_H

#include <stddef.h>
#include <stdint.h>

/* What was read last, to make reading the next one cheap; {0} in the beginning. */
struct line_time {
	char day[16];  /* the text of a day ... */
	int64_t day_s; /* ... and its first second, here */
};

/* Microseconds since 1970; 0 when the line does not say. now_s: for days without a year. */
uint64_t line_time_read(struct line_time *t, const char *line, size_t n, int64_t now_s);

#endif
