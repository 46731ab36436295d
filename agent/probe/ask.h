/* SPDX-License-Identifier: Apache-2.0
 *
 * One question to one name server, over UDP, as `assent-probe dns` prints it.
 */
#ifndef AS_AGENT_PROBE_ASK_H
#define AS_AGENT_PROBE_ASK_H

#include <stdint.h>

struct report;

/* server: an address, with a port when it is not 53. The last line of the report is "ok 12 ms",
 * "SERVFAIL 12 ms", "no answer in 3 s"... A usage error is negative; the report then has none. */
int ask_run(const char *server, const char *name, uint16_t type, struct report *r);

#endif
