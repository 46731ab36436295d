/* SPDX-License-Identifier: Apache-2.0
 *
 * From a connection that dial.h has made to a hop over it, in the way's carrier.
 */
#ifndef AS_TRANSPORT_DIAL_HOP_H
#define AS_TRANSPORT_DIAL_HOP_H

#include "proto/route/route.h"
#include "proto/transport/hop.h"

struct dial_hop {
	struct hop_loop *hops;
	const struct route *way;
	const char *relay; /* the host that its certificate must name */
	SSL_CTX *outer;
	SSL_CTX **carrier; /* made when a way first needs it; the caller's */
};

/* Takes tcp, whatever comes of it. Negative: there is no hop, and nothing of ev will come. */
int dial_hop(const struct dial_hop *d, uv_tcp_t *tcp, const struct hop_events *ev, void *owner,
	     struct hop **out);

#endif
