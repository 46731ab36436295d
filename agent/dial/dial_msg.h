/* SPDX-License-Identifier: Apache-2.0
 *
 * What goes over the IPC pipe on assent-dial's fd 0, once each way:
 *
 *   from the broker: u16 length | a way (route_encode())
 *   and back:        u16 length | a report (report_encode()); when its step is DONE the connected
 *                    socket travels with the message (uv_write2())
 *
 * Over the pipe and not as arguments, because a way may contain a proxy's password.
 */
#ifndef AS_AGENT_DIAL_MSG_H
#define AS_AGENT_DIAL_MSG_H

#include <stddef.h>
#include <stdint.h>

#include "proto/route/report.h"
#include "proto/route/route.h"

#define DIAL_MSG_HEAD 2
#define DIAL_WAY_MAX  (DIAL_MSG_HEAD + ROUTE_ENCODED_MAX)
#define DIAL_BACK_MAX (DIAL_MSG_HEAD + REPORT_ENCODED_MAX)

/* Of the message that starts at p; 0 while its head is not whole. */
static inline size_t dial_msg_size(const uint8_t *p, size_t n)
{
	return n < DIAL_MSG_HEAD ? 0 : DIAL_MSG_HEAD + ((size_t)p[0] << 8 | p[1]);
}

static inline void dial_msg_head(uint8_t *p, size_t len)
{
	p[0] = (uint8_t)(len >> 8);
	p[1] = (uint8_t)len;
}

#endif
