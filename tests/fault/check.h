/* SPDX-License-Identifier: Apache-2.0
 *
 * What must be true after every schedule, whatever went wrong in it.
 */
#ifndef AS_TESTS_FAULT_CHECK_H
#define AS_TESTS_FAULT_CHECK_H

#include "tests/fault/run.h"

/* Between run_play() and run_stop(). What is wrong goes to r->why. */
void check_run(struct run *r);

#endif
