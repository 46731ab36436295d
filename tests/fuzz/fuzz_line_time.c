/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of a log that anybody may have written. Promises: what was read before makes no
 * difference; a time is one that a clock can show; only the line's own bytes are looked at.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/collect/line_time.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define NOW	 INT64_C(1795694400)	/* 2026-11-26T12:00:00Z */
#define LATEST	 UINT64_C(253402387200) /* the end of the year 9999, and a day of zones */
#define LINE_LEN 512

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* In memory of its own, so that reading one byte too far is seen. */
static void check_line(struct line_time *cache, const uint8_t *p, size_t n)
{
	struct line_time fresh = {0};
	char *line = malloc(n > 0 ? n : 1);

	if (!line)
		return;
	if (n > 0)
		memcpy(line, p, n);

	uint64_t us = line_time_read(&fresh, line, n, NOW);
	must(line_time_read(cache, line, n, NOW) == us);
	must(us / 1000000 < LATEST);
	free(line);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct line_time cache = {0};
	static bool ready;

	if (!ready) {
		setenv("TZ", "America/New_York", 1);
		tzset();
		ready = true;
	}
	for (size_t from = 0; from < size;) {
		const uint8_t *end = memchr(data + from, '\n', size - from);
		size_t n = end ? (size_t)(end - data) - from : size - from;

		check_line(&cache, data + from, n < LINE_LEN ? n : LINE_LEN);
		from += n + 1;
	}
	return 0;
}
