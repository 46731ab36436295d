/* SPDX-License-Identifier: Apache-2.0
 *
 * A sample of `top` without a screen: as an object for scripts, and as a block of text.
 */
#ifndef AS_CONSOLE_TOP_PRINT_H
#define AS_CONSOLE_TOP_PRINT_H

#include <stdio.h>

#include "console/top_state.h"

struct json_t;

/* {"event":"sample", ...}: one object for each kind of row, named as in item_row.h; processors,
 * pressures, disks and interfaces by their names, processes as a list. Shares are percent of one
 * processor, loads as uptime(1) has them, rates per second. */
struct json_t *top_json(const struct top_sample *s, uint32_t job);

void top_text(const struct top_sample *s, FILE *out);

/* "3 d 4 h", "2 h 5 min", "40 s". Returns buf. */
#define TOP_UPTIME_MAX 32
const char *top_uptime(uint64_t seconds, char buf[TOP_UPTIME_MAX]);

#endif
