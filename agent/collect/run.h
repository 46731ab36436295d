/* SPDX-License-Identifier: Apache-2.0
 *
 * One operation from its arguments to END: what assent-collect's main() calls.
 */
#ifndef AS_AGENT_COLLECT_RUN_H
#define AS_AGENT_COLLECT_RUN_H

#include "agent/collect/collect.h"

/* The processor time it may use, well beyond its deadline: a watchdog that fails does not cost the
 * customer's computer. 0: not limited, like the deadline. */
uint32_t run_cpu_s(const struct collect_args *args);

/* The exit codes of assent-collect. Below 64 END was written, and the code is the enum item_state
 * it says, so that the customer is told the same as the engineer. */
#define RUN_EXIT_ARGS	 64 /* no, or unusable, arguments on standard input */
#define RUN_EXIT_CONFINE 65 /* the process could not be confined: nothing was collected */
#define RUN_EXIT_OUTPUT	 66 /* the output could not be written: its reader is gone */

/* Reads the one struct collect_args from fd. AS_ESHORT when it ends early, AS_EBADMSG when it
 * is not from our source or holds what it must not, -errno. */
int run_read_args(int fd, struct collect_args *out);

/* Runs the collector and writes its whole stream to fd. The enum item_state of END, or a negative
 * error when the stream could not be finished. A collector that fails is a finished stream. */
int run_collector(const struct collector *c, const struct collect_args *args, int fd);

#endif
