/* SPDX-License-Identifier: Apache-2.0
 *
 * What a piece of work costs: time, processor seconds of every process that takes part, and the
 * most memory they had together. The same yardstick for us and for everybody else.
 */
#ifndef AS_TESTS_USAGE_H
#define AS_TESTS_USAGE_H

#include <stdint.h>
#include <sys/types.h>

#define USAGE_ROOTS_MAX 8
#define USAGE_PARTS_MAX 16

/* The seconds of all processes of that name; those that were waited for have USAGE_ENDED. */
struct usage_part {
	char name[16];
	double cpu_s;
};
#define USAGE_ENDED "(ended)"

struct usage {
	/* results, after usage_end() */
	double wall_s, cpu_s;
	struct usage_part parts[USAGE_PARTS_MAX];
	int part_count;
	long peak_kib; /* resident, summed, sampled every USAGE_SAMPLE_MS */

	pid_t roots[USAGE_ROOTS_MAX], sampler;
	int count;
	uint64_t began_ns;
	long *shared;
};

/* Each looks through all of /proc: more often it would slow what is measured. */
#define USAGE_SAMPLE_MS 200

/* roots: processes that live from the begin to the end; what they start counts with them. */
void usage_begin(struct usage *u, const pid_t roots[], int count);
void usage_end(struct usage *u);

/* Runs a command to its end and measures it together with the roots. Its exit code must be 0, else
 * what it said is shown and -1 comes back. */
int usage_run(struct usage *u, const pid_t roots[], int count, const char *const argv[]);

#endif
