/* SPDX-License-Identifier: Apache-2.0
 *
 * The one message that assent-dial writes into the IPC pipe on its fd 0 before it exits:
 * 8 bytes in host order, both ends are built from the same source.
 *
 *   u32 step   0: the connected socket travels with the message (uv_write2())
 *              else enum dial_step: what failed
 *   i32 err    0 or why: UV_EAI_*, UV_E*
 *
 * argv[1] of assent-dial is HOST:PORT, which is no secret.
 */
#ifndef AS_AGENT_DIAL_MSG_H
#define AS_AGENT_DIAL_MSG_H

#include <stdint.h>

struct dial_msg {
	uint32_t step; /* enum dial_step */
	int32_t err;
};

_Static_assert(sizeof(struct dial_msg) == 8, "the message has no padding");

#endif
