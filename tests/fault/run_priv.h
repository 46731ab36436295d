/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the order of things in a session (run.c), its programs (programs.c) and what is done to
 * them (faults.c).
 */
#ifndef AS_TESTS_FAULT_RUN_PRIV_H
#define AS_TESTS_FAULT_RUN_PRIV_H

#include "tests/fault/run.h"

/* programs.c */
void run_start_relay(struct run *r, const char *listen);
void run_start_agent(struct run *r);
void run_start_console(struct run *r);
const char *run_command(const struct run *r, unsigned i); /* NULL when there are no more */

/* faults.c */
void run_begin_due(struct run *r);
bool run_end_due(struct run *r); /* whether one is still under way */
void run_skip(struct run *r, enum lane_clock which, int64_t ms);
unsigned run_resumed(const struct run *r); /* resumes that the console has told of */

#endif
