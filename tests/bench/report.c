/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/bench/report.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEDIAN 0.5

void series_add(struct series *s, double value)
{
	if (s->count < SERIES_MAX)
		s->at[s->count++] = value;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/* Nearest rank, so that every printed figure is one that was measured. */
static double quantile(const struct series *sorted, double q)
{
	double rank = q * (double)sorted->count;
	size_t i = (size_t)rank;

	if ((double)i < rank)
		i++;
	return sorted->at[i > 0 ? i - 1 : 0];
}

double series_quantile(const struct series *s, double q)
{
	struct series sorted = *s;

	qsort(sorted.at, sorted.count, sizeof sorted.at[0], by_value);
	return sorted.count > 0 ? quantile(&sorted, q) : 0;
}

void report_init(struct report *r)
{
	*r = (struct report){.rows = json_array(), .about = json_object()};
	if (!r->rows || !r->about)
		abort();
}

void report_done(struct report *r)
{
	json_decref(r->rows);
	json_decref(r->about);
}

static const char *verdict(const struct series *s, double value, double goal)
{
	if (goal == NO_GOAL)
		return "";
	return s->count > 0 && value < goal ? "ok" : "MISS";
}

static void print_row(const char *name, const struct series *sorted, double value, const char *unit,
		      double goal)
{
	char figure[32] = "-", limit[32] = "", spread[64] = "";

	if (sorted->count > 0)
		snprintf(figure, sizeof figure, "%.*f", value < 100 ? 2 : 0, value);
	if (goal != NO_GOAL)
		snprintf(limit, sizeof limit, "< %g", goal);
	if (sorted->count > 1)
		snprintf(spread, sizeof spread, "%.4g .. %.4g in %zu runs", sorted->at[0],
			 sorted->at[sorted->count - 1], sorted->count);
	printf("%-52s %12s %-5s %8s  %-4s  %s\n", name, figure, unit, limit,
	       verdict(sorted, value, goal), spread);
	fflush(stdout);
}

static void keep_row(struct report *r, const char *name, const struct series *sorted, double q,
		     double value, const char *unit, double goal)
{
	json_t *row = json_object(), *values = json_array();

	for (size_t i = 0; i < sorted->count; i++)
		json_array_append_new(values, json_real(sorted->at[i]));
	json_object_set_new(row, "name", json_string(name));
	json_object_set_new(row, "unit", json_string(unit));
	json_object_set_new(row, "quantile", json_real(q));
	json_object_set_new(row, "value", sorted->count > 0 ? json_real(value) : json_null());
	if (sorted->count > 0) {
		json_object_set_new(row, "median", json_real(quantile(sorted, MEDIAN)));
		json_object_set_new(row, "least", json_real(sorted->at[0]));
		json_object_set_new(row, "most", json_real(sorted->at[sorted->count - 1]));
	}
	if (goal != NO_GOAL) {
		json_object_set_new(row, "goal_below", json_real(goal));
		json_object_set_new(row, "ok", json_boolean(sorted->count > 0 && value < goal));
	}
	json_object_set_new(row, "values", values);
	json_array_append_new(r->rows, row);
}

void report_quantile(struct report *r, const char *name, const struct series *s, double q,
		     const char *unit, double goal)
{
	struct series sorted = *s;

	qsort(sorted.at, sorted.count, sizeof sorted.at[0], by_value);

	double value = sorted.count > 0 ? quantile(&sorted, q) : 0;
	print_row(name, &sorted, value, unit, goal);
	keep_row(r, name, &sorted, q, value, unit, goal);
}

void report_median(struct report *r, const char *name, const struct series *s, const char *unit,
		   double goal)
{
	report_quantile(r, name, s, MEDIAN, unit, goal);
}

void report_value(struct report *r, const char *name, double value, const char *unit, double goal)
{
	struct series one = {.at = {value}, .count = 1};

	report_median(r, name, &one, unit, goal);
}

void report_about(struct report *r, const char *name, const char *text)
{
	json_object_set_new(r->about, name, json_string(text));
}

int report_save(const struct report *r, const char *path)
{
	json_t *all = json_pack("{s:O,s:O}", "about", r->about, "rows", r->rows);
	int err = json_dump_file(all, path, JSON_INDENT(1) | JSON_REAL_PRECISION(6));

	json_decref(all);
	return err == 0 ? 0 : errno != 0 ? -errno : -EIO;
}

void report_heading(const struct report *r)
{
	const char *name;
	json_t *text;

	json_object_foreach(r->about, name, text) printf("%s: %s\n", name, json_string_value(text));
	printf("\n%-52s %12s %-5s %8s\n", "name", "value", "unit", "goal");
	fflush(stdout);
}
