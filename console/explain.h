/* SPDX-License-Identifier: Apache-2.0
 *
 * "assent-console connect --explain": which ways lead to the relay, in which order, and what
 * happens on each. Starts no session and needs no code; the relay sees connections that say hello
 * and leave.
 */
#ifndef AS_CONSOLE_EXPLAIN_H
#define AS_CONSOLE_EXPLAIN_H

#include <stdbool.h>

#include "proto/route/route.h"

struct identity;

/* 0, and *works: some way does; or negative, and nothing was tried. */
int explain_run(const struct identity *id, const char *relay, const struct route_env *env,
		bool *works);

#endif
