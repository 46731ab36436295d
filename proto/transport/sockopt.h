/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AS_TRANSPORT_SOCKOPT_H
#define AS_TRANSPORT_SOCKOPT_H

#include <uv.h>

/* What a hop wants of its socket: small frames at once, a dead peer noticed, and little unsent
 * data in the kernel, so that what is urgent is not behind megabytes. Never fails: a system
 * without one of these works, only less well. */
void sockopt_for_hop(uv_tcp_t *tcp);

/* When it is closed, or its process ends, a reset goes out in place of what is still unsent. */
void sockopt_take_back(uv_tcp_t *tcp);

#endif
