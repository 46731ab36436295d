/* SPDX-License-Identifier: Apache-2.0
 *
 * What assent-dial does: connects, hands the socket to its parent, ends (dial_msg.h).
 */
#ifndef AS_AGENT_DIAL_CHILD_H
#define AS_AGENT_DIAL_CHILD_H

#include <uv.h>

/* Runs the loop until the message is in the pipe. fd: an IPC pipe. 0, or negative when the
 * parent could not be told. */
int dial_child_run(uv_loop_t *loop, int fd, const char *host_port);

#endif
