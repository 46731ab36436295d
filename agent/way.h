/* SPDX-License-Identifier: Apache-2.0
 *
 * What assent-net must know to reach the relay on one way: names and certificates once, then each
 * connected socket with what stands between it and the relay. Used by a session and by "--explain".
 */
#ifndef AS_AGENT_WAY_H
#define AS_AGENT_WAY_H

#include "agent/config.h"
#include "agent/ipc/link.h"
#include "proto/route/report.h"

/* The list of ways from configuration and environment. AS_ECONFIG: there is none. */
int way_list(const struct agent_config *c, struct tries *out);
extern const char way_none[]; /* what to say then */

/* The relay's name and certificate authority. */
int way_send_config(struct link *net, const struct agent_config *c);

struct way_sender {
	struct link *net;
	const struct agent_config *config;
	bool only_greet;
	bool has_cas; /* assent-net has been sent whom this computer trusts */
};

/* The socket goes to assent-net; it may be closed when assent-net has answered on it. */
int way_send_socket(struct way_sender *s, uv_stream_t *socket, const struct route *way);

#endif
