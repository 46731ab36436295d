/* SPDX-License-Identifier: Apache-2.0
 *
 * The engineer's pattern against the customer's lines: PCRE2, with limits, because a pattern can be
 * made to take for ever. This is the one door to that library.
 */
#ifndef AS_AGENT_COLLECT_MATCH_H
#define AS_AGENT_COLLECT_MATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct match;

#define MATCH_WHY_MAX 160

/* pattern "": everything matches. Negative with one line in why. */
int match_new(const char *pattern, bool ignore_case, struct match **out, char why[MATCH_WHY_MAX]);
void match_free(struct match *m);

/* Any bytes. A line on which the pattern takes too long does not match, and is counted. */
bool match_line(struct match *m, const void *line, size_t n);
uint64_t match_given_up(const struct match *m);

#endif
