/* SPDX-License-Identifier: Apache-2.0
 *
 * Many schedules, several at a time, each lane in a process of its own. What fails is printed
 * at once, with the line that plays it again.
 */
#ifndef AS_TESTS_FAULT_LANES_H
#define AS_TESTS_FAULT_LANES_H

#include "tests/fault/site.h"

#define LANES_MAX 64

struct lanes_job {
	unsigned lanes, count;
	uint64_t first;	      /* the seeds first .. first + count - 1 */
	enum fault_kind only; /* as for schedule_make() */
	bool goodbyes;	      /* schedules of schedule_make_goodbye() */
	bool verbose;
};

/* How many failed; -1: it could not be done. */
int lanes_run(const struct site *s, const struct lanes_job *job);

#endif
