/* SPDX-License-Identifier: Apache-2.0
 *
 * How a session can fail, for people and for scripts: the exit code of cli.md and the next
 * step for each error. One table, so that the two never drift apart.
 */
#ifndef AS_CONSOLE_FAIL_H
#define AS_CONSOLE_FAIL_H

#include <stddef.h>

/* The exit codes that scripts rely on. */
enum exit_code {
	EXIT_ALL_DONE = 0,
	EXIT_INCOMPLETE = 1, /* some item failed or is partial */
	EXIT_USAGE = 2,
	EXIT_DENIED = 10,
	EXIT_CODE = 11,
	EXIT_RELAY = 12,
	EXIT_AGENT_LOST = 13,
	EXIT_REVOKED = 14,
	EXIT_CERT = 15,
};

enum exit_code fail_exit(int err);

/* What to do next, one sentence without the final stop; "" when there is nothing to add. */
const char *fail_advice(int err);

/* "E_DENIED" and so on; never NULL. What has no name on the wire becomes the nearest one. */
const char *fail_name(int err);

#endif
