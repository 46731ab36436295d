/* SPDX-License-Identifier: Apache-2.0
 *
 * The two clocks. Engines never call these: time comes in as an argument.
 */
#ifndef AS_BASE_CLOCK_H
#define AS_BASE_CLOCK_H

#include <stddef.h>
#include <stdint.h>

uint64_t clock_mono_ms(void); /* never jumps; counts while the computer sleeps */
int64_t clock_wall_s(void);   /* seconds since 1970, UTC */

#define CLOCK_TEXT_MAX 21
/* "2026-11-01T12:00:00Z"; buf has CLOCK_TEXT_MAX bytes. Returns buf. */
const char *clock_utc_text(int64_t wall_s, char buf[CLOCK_TEXT_MAX]);

#endif
