/* SPDX-License-Identifier: Apache-2.0
 *
 * libuv hands sockets over to the process at the other end of a pipe. On Windows it must know
 * which one that is, and cannot when it has not started it (plat_start_powerless()).
 */
#ifndef AS_AGENT_PLAT_PIPE_H
#define AS_AGENT_PLAT_PIPE_H

#include <uv.h>

void plat_pipe_peer(uv_pipe_t *pipe, int pid);

#endif
