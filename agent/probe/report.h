/* SPDX-License-Identifier: Apache-2.0
 *
 * The lines of one probe, up to a limit, clean of anything a terminal would obey. One thread
 * writes; another may take what is there at any moment.
 */
#ifndef AS_AGENT_PROBE_REPORT_H
#define AS_AGENT_PROBE_REPORT_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "proto/base/log.h"

#define REPORT_MAX	  32768
#define REPORT_LINE_MAX	  1024
#define REPORT_RESULT_MAX 256

struct report {
	pthread_mutex_t lock;
	size_t len;
	bool cut;
	char step[32]; /* what is being done now, for a report that never ends */
	char result[REPORT_RESULT_MAX];
	char text[REPORT_MAX];
};

void report_init(struct report *r);
void report_done(struct report *r);

/* One line. What does not fit is left out, and the report says so at its end. */
void report_line(struct report *r, const char *fmt, ...) AS_PRINTF(2, 3);

void report_step(struct report *r, const char *step);

/* Adds to the last line, "result: tcp 3 ms, tls 1.3 9 ms", which callers of the program parse. */
void report_result(struct report *r, const char *fmt, ...) AS_PRINTF(2, 3);

/* Adds to the result that it took too long, and what was being done. */
void report_abandon(struct report *r, int seconds);

/* Lines, then the result. */
void report_print(struct report *r, FILE *to);

#endif
