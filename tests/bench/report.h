/* SPDX-License-Identifier: Apache-2.0
 *
 * What was measured: rows of a name and several values, printed as a table and kept as JSON.
 * A goal that is missed is printed as MISS and is no error: a benchmark reports.
 */
#ifndef AS_TESTS_REPORT_H
#define AS_TESTS_REPORT_H

#include <jansson.h>
#include <stddef.h>

#define SERIES_MAX 256
#define NO_GOAL	   0.0

/* The values of one thing, one a run. Beyond SERIES_MAX nothing is kept. */
struct series {
	double at[SERIES_MAX];
	size_t count;
};

void series_add(struct series *s, double value);

/* Nearest rank, so that every figure is one that was measured; 0 of an empty series. */
double series_quantile(const struct series *s, double q);

struct report {
	json_t *rows, *about;
};

void report_init(struct report *r);
void report_done(struct report *r);

/* A row whose value is the median, or a quantile (0.99). goal: must stay below; NO_GOAL: none.
 * An empty series is a row without a value, and a MISS if there was a goal. */
void report_median(struct report *r, const char *name, const struct series *s, const char *unit,
		   double goal);
void report_quantile(struct report *r, const char *name, const struct series *s, double q,
		     const char *unit, double goal);
/* A row of a single value. */
void report_value(struct report *r, const char *name, double value, const char *unit, double goal);

/* What the figures depend on: versions, machine. */
void report_about(struct report *r, const char *name, const char *text);

/* 0 or -errno. */
int report_save(const struct report *r, const char *path);
/* The heading of the table, printed before the first row. */
void report_heading(const struct report *r);

#endif
