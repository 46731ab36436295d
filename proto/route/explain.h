/* SPDX-License-Identifier: Apache-2.0
 *
 * The words of "--explain", for agent and console: the list of ways, the steps of each, and what
 * follows from them. Whole lines; every function returns buf.
 */
#ifndef AS_ROUTE_EXPLAIN_H
#define AS_ROUTE_EXPLAIN_H

#include "proto/route/report.h"

#define EXPLAIN_MAX 8192

const char *explain_list(const struct tries *t, const struct hostport *relay,
			 char buf[EXPLAIN_MAX]);

/* "2. directly", and that it is left out when another way has shown that it fails. */
const char *explain_way(const struct tries *t, size_t i, char buf[EXPLAIN_MAX]);

/* The dial's part, as far as it came. */
const char *explain_steps(const struct route *way, const struct report *r, char buf[EXPLAIN_MAX]);

/* The end of one way. r: the failure, or (DONE) whose certificates were shown. */
const char *explain_end(const struct route *way, const struct report *r, char buf[EXPLAIN_MAX]);

/* All together. *works: some way does. */
const char *explain_result(const struct tries *t, const struct hostport *relay, bool *works,
			   char buf[EXPLAIN_MAX]);

#endif
