/* SPDX-License-Identifier: Apache-2.0
 *
 * What assent-dial does: reads which way to go, goes it, hands the socket to its parent, ends
 * (dial_msg.h).
 */
#ifndef AS_AGENT_DIAL_CHILD_H
#define AS_AGENT_DIAL_CHILD_H

#include <uv.h>

/* Runs the loop until the message is in the pipe. fd: an IPC pipe. 0, or negative when the parent
 * could not be told. A name server that has not answered by then is not waited for: its request may
 * still be in the loop. */
int dial_child_run(uv_loop_t *loop, int fd);

#endif
