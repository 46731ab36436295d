/* SPDX-License-Identifier: Apache-2.0
 *
 * Can this computer get there? Every step on the way to a target is done and timed: name,
 * connections to all its addresses, TLS, HTTP. The first that fails is said in the result.
 * Targets are tried at the same time, one thread each.
 */
#ifndef AS_AGENT_PROBE_REACH_H
#define AS_AGENT_PROBE_REACH_H

#include <stdbool.h>
#include <stddef.h>

struct ssl_ctx_st;
struct report;

#define REACH_TARGETS_MAX 16
/* Below the time a collector gives one tool; what is not done then is reported as it stands. */
#define REACH_ALL_MS 9000

/* One target, in this thread. relay: an Assent relay, whose certificate is not judged. */
void reach_one(struct ssl_ctx_st *ctx, const char *target, bool relay, struct report *r);

/* Prints one block per target to standard output, the relay (or NULL) first. Does not return when a
 * thread is stuck in a name lookup: it then leaves the process with status 0. */
int reach_all(const char *relay, char *const targets[], size_t count);

#endif
