/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/dial_hop.h"

#include "proto/transport/carrier.h"
#include "proto/transport/dial.h"

int dial_hop(const struct dial_hop *d, uv_tcp_t *tcp, const struct hop_events *ev, void *owner,
	     struct hop **out)
{
	const struct route *way = d->way;
	struct carrier *carrier;
	int err = carrier_for(way->carrier, &way->to, way->path, d->carrier, &carrier);
	struct tls *tls = err == 0 ? tls_client(d->outer, d->relay) : NULL;

	if (err == 0 && !tls)
		err = UV_ENOMEM;
	if (err == 0)
		err = hop_open_in(d->hops, tcp, tls, carrier, ev, owner, out);
	if (err < 0) {
		carrier_free(carrier);
		tls_free(tls);
		dial_drop(tcp);
	}
	return err;
}
