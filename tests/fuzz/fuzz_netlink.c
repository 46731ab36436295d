/* SPDX-License-Identifier: Apache-2.0
 *
 * One netlink datagram through the walker and every decoder: no length leads outside of it, and
 * all text that comes out is clean and ends.
 */
#include <stdlib.h>
#include <string.h>

#include "agent/collect/netlink.h"
#include "agent/collect/rtnl.h"
#include "agent/collect/sock_diag.h"
#include "proto/base/text.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct datagram {
	const uint8_t *start, *end;
};

static void check_text(const char *text, size_t cap)
{
	size_t n = strnlen(text, cap);

	if (n == cap || !text_is_clean(text, n))
		abort();
}

static void check_rtnl(const uint8_t *body, size_t n)
{
	struct rtnl_link l;
	struct rtnl_address a;
	struct rtnl_route r;
	struct rtnl_neighbour b;

	if (rtnl_link_decode(body, n, &l) == 0) {
		check_text(l.name, sizeof(l.name));
		check_text(l.mac, sizeof(l.mac));
		check_text(l.kind, sizeof(l.kind));
	}
	if (rtnl_address_decode(body, n, &a) == 0) {
		check_text(a.text, sizeof(a.text));
		check_text(a.peer, sizeof(a.peer));
	}
	if (rtnl_route_decode(body, n, &r) == 0) {
		check_text(r.to, sizeof(r.to));
		check_text(r.via, sizeof(r.via));
		check_text(r.source, sizeof(r.source));
	}
	if (rtnl_neighbour_decode(body, n, &b) == 0) {
		check_text(b.to, sizeof(b.to));
		check_text(b.mac, sizeof(b.mac));
	}
}

static void check_sockets(const uint8_t *body, size_t n)
{
	struct sock_inet i;
	struct sock_unix u;

	if (sock_inet_decode(body, n, &i) == 0) {
		check_text(i.addr, sizeof(i.addr));
		check_text(i.peer, sizeof(i.peer));
	}
	if (sock_unix_decode(body, n, &u) == 0)
		check_text(u.path, sizeof(u.path));
}

static int on_message(uint16_t type, const uint8_t *body, size_t n, void *arg)
{
	const struct datagram *d = arg;

	(void)type;
	if (body < d->start || body > d->end || n > (size_t)(d->end - body))
		abort();
	check_rtnl(body, n);
	check_sockets(body, n);
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct datagram d = {data, data + size};

	if (netlink_walk(data, size, on_message, &d) > NETLINK_DONE)
		abort();
	return 0;
}
