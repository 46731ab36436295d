/* SPDX-License-Identifier: Apache-2.0
 *
 * "assent-agent support --explain": which ways lead to the support server, in which order, and what
 * happens on each. Starts no session, asks the relay for no code; the relay sees connections that
 * say hello and leave.
 */
#ifndef AS_AGENT_EXPLAIN_H
#define AS_AGENT_EXPLAIN_H

#include "agent/config.h"

/* Returns an exit code of broker.h: 0 when some way works, 12 when none does. */
int explain_run(const struct agent_config *config);

#endif
