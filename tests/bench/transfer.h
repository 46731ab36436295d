/* SPDX-License-Identifier: Apache-2.0
 *
 * One `get` in a session of its own: agent, relay and console as people start them.
 */
#ifndef AS_TESTS_TRANSFER_H
#define AS_TESTS_TRANSFER_H

#include "tests/bench/scene.h"
#include "tests/bench/usage.h"

/* out: where the bundles go. */
void transfer_open(struct scene *s, const char *out);
void transfer_done(struct scene *s);

/* From the moment the console knows of the grant until it has the whole file. -1 when it has not.
 */
int transfer_get(struct scene *s, const char *path, struct usage *u);

#endif
