/* SPDX-License-Identifier: Apache-2.0
 *
 * How soon "stop" is true on the wire: from the Enter key to the last byte that the agent sends, in
 * the middle of a transfer that fills the line.
 */
#ifndef AS_TESTS_FAULT_REVOKE_H
#define AS_TESTS_FAULT_REVOKE_H

#include "tests/fault/site.h"

/* 0; 1 when p99 is above the goal; -1 when it could not be measured. */
int revoke_measure(const struct site *s, unsigned tries, uint64_t seed);

#endif
