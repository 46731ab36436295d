/* SPDX-License-Identifier: Apache-2.0
 *
 * One log file, plain or compressed with gzip, bounded: when it is larger than its limit the
 * newest lines are kept, from the beginning of a line.
 */
#ifndef AS_AGENT_COLLECT_LOG_TEXT_H
#define AS_AGENT_COLLECT_LOG_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sink;

#define LOG_SNIFF 4096 /* bytes looked at to tell text from something else */

/* A compressed file may unpack to anything; what comes after this is not read. */
#define LOG_UNPACKED_MAX (UINT64_C(2) << 30)

/* Text has no NUL, and no more odd control characters than terminals leave in logs. Pure. */
bool log_is_text(const uint8_t *p, size_t n);

enum log_kind { LOG_IS_TEXT, LOG_IS_BINARY };

/* Takes fd (closes it). gz: unpack. Writes a whole file of the bundle, or nothing when the content
 * is not text (*kind says). name is the path it is listed under. */
int log_copy(struct sink *s, int fd, bool gz, const char *name, const char *path, uint64_t max,
	     enum log_kind *kind);

#endif
