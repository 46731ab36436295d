/* SPDX-License-Identifier: Apache-2.0
 *
 * A log that is written at a steady rate by a process of its own, each line with the moment at
 * which it was written; and how old the lines are when they are read.
 */
#ifndef AS_TESTS_LOG_WRITER_H
#define AS_TESTS_LOG_WRITER_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "tests/bench/scene.h"

/* Appends that many lines a second, for so many seconds. */
pid_t log_writer_start(struct scene *s, const char *path, unsigned lines_s, unsigned seconds);

#define LOG_AGE_MAX_MS 20000

/* Zeroed before the first bytes. */
struct log_age {
	char line[1024]; /* the beginning of one whose end has not come yet */
	size_t len;
	uint64_t lines, dropped;
	uint32_t ages[LOG_AGE_MAX_MS * 10]; /* a histogram in tenths of a millisecond */
};

/* Bytes as they come: lines of the log, as they are or as the text of our JSON, and our events of
 * dropped lines. */
void log_age_take(void *age, const char *data, size_t n);
double log_age_quantile_ms(const struct log_age *a, double q);

#endif
