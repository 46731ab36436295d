/* SPDX-License-Identifier: Apache-2.0
 *
 * A relay that is restarted in the middle of three concurrent transfers, together larger than a
 * session's window: everything arrives as it was, and at most one window is sent again.
 */
#ifndef AS_TESTS_FAULT_RESTART_H
#define AS_TESTS_FAULT_RESTART_H

#include "tests/fault/site.h"

/* 0; 1 when one of them was not so; -1 when it could not be measured. */
int restart_measure(const struct site *s, unsigned tries, uint64_t seed);

#endif
