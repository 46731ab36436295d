/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-net: the only agent process that speaks to the network. It moves bytes: relay
 * frames, inner TLS, mux. It decides nothing: whatever matters goes to the broker over the
 * pipe, and all it needs (names, certificates, the connected socket) comes over that pipe, so
 * that it can run without rights and without files.
 *
 * Assume that an attacker runs this process: what he can reach then is agent/ipc/ipc.h.
 */
#ifndef AS_AGENT_NET_H
#define AS_AGENT_NET_H

#include <uv.h>

struct net;

/* pipe_fd: our end of the broker's pipe. Runs until the broker ends it or is gone, then
 * calls nothing any more. 0 or a negative error; *out must be freed after the loop ended. */
int net_start(uv_loop_t *loop, int pipe_fd, struct net **out);
void net_free(struct net *n);

#endif
