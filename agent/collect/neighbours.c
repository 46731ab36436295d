/* SPDX-License-Identifier: Apache-2.0
 *
 * Who was met on the local network: ARP and neighbour discovery.
 */
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>

#include "agent/collect/collect.h"
#include "agent/collect/netfile.h"
#include "agent/collect/rtnl.h"
#include "agent/collect/sink.h"
#include "proto/base/err.h"

#define NEIGHBOURS_MAX 4096

#define NETWORKING "sos_commands/networking/"

struct neighbours {
	struct sink *out;
	struct rtnl_links links;
	size_t count;
};

static int on_neighbour(uint16_t type, const uint8_t *body, size_t n, void *arg)
{
	struct neighbours *all = arg;
	struct rtnl_neighbour r;
	char name[RTNL_INDEX_TEXT];

	if (type != RTM_NEWNEIGH)
		return 0;

	int err = rtnl_neighbour_decode(body, n, &r);
	if (err < 0)
		return err == AS_EUNAVAIL ? 0 : err;
	/* Multicast and broadcast entries need no neighbour; ip hides them too. */
	if ((r.state & NUD_NOARP) || all->count++ >= NEIGHBOURS_MAX)
		return 0;
	return sink_printf(all->out, "%s dev %s%s%s%s %s\n", r.to,
			   rtnl_links_name(&all->links, r.index, name), r.mac[0] ? " lladdr " : "",
			   r.mac, r.router ? " router" : "", rtnl_neighbour_state(r.state));
}

int collect_neighbours(struct sink *s, const struct collect_args *args)
{
	static const char *const ip[] = {"ip", "-s", "-s", "neigh", "show", NULL};
	struct neighbours all = {.out = s};

	(void)args;
	sink_file_begin(s, NETWORKING "assent_neighbours", ITEM_FROM_API, "rtnetlink RTM_GETNEIGH");
	int err = rtnl_links_load(&all.links);
	if (err == 0)
		err = rtnl_dump(RTM_GETNEIGH, on_neighbour, &all);
	if (all.count > NEIGHBOURS_MAX)
		sink_printf(s, "%zu more are not shown\n", all.count - NEIGHBOURS_MAX);
	netfile_end(s, err);
	sink_tool(s, NETWORKING "ip_-s_-s_neigh_show", ip);
	return sink_copy(s, "/proc/net/arp", 0);
}
