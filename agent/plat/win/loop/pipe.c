/* SPDX-License-Identifier: Apache-2.0
 *
 * libuv asks the pipe who is at its other end, and hears that it is ourselves, who made both.
 */
#include "agent/plat/pipe.h"

void plat_pipe_peer(uv_pipe_t *pipe, int pid)
{
	pipe->pipe.conn.ipc_remote_pid = (unsigned long)pid;
}
