/* SPDX-License-Identifier: Apache-2.0
 *
 * One function per thing measured; each adds its rows to the report.
 */
#ifndef AS_TESTS_MEASURE_H
#define AS_TESTS_MEASURE_H

#include "tests/bench/report.h"
#include "tests/bench/scene.h"

#define MEASURE_MS(ns) ((double)(ns) / 1e6)

void measure_sizes(struct scene *s, struct report *r, unsigned runs);
void measure_start(struct scene *s, struct report *r, unsigned runs);
void measure_full(struct scene *s, struct report *r, unsigned runs);
void measure_memory(struct scene *s, struct report *r, unsigned runs);
void measure_unreachable(struct scene *s, struct report *r, unsigned runs);
void measure_stop(struct scene *s, struct report *r, unsigned runs);
void measure_bulk(struct scene *s, struct report *r, unsigned runs);
void measure_text(struct scene *s, struct report *r, unsigned runs);
void measure_delay(struct scene *s, struct report *r, unsigned runs);
void measure_tail(struct scene *s, struct report *r, unsigned runs);
void measure_resume(struct scene *s, struct report *r, unsigned runs);
void measure_many(struct scene *s, struct report *r, unsigned runs);
void measure_relay(struct scene *s, struct report *r, unsigned runs);

#endif
