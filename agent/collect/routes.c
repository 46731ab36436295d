/* SPDX-License-Identifier: Apache-2.0
 *
 * Where packets go: all routing tables, the rules between them, and the default route.
 */
#include <inttypes.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "agent/collect/collect.h"
#include "agent/collect/netfile.h"
#include "agent/collect/rtnl.h"
#include "agent/collect/sink.h"
#include "proto/base/err.h"

#define ROUTES_MAX 10000 /* lines of our own text: a router may have a million */
#define PROC_MAX   (512u << 10)

#define NETWORKING "sos_commands/networking/"

struct routes {
	struct sink *out;
	struct rtnl_links links;
	size_t count;
	bool found4, found6;
	struct rtnl_route default4, default6; /* of the main table, lowest metric */
};

static void keep_default(struct routes *all, const struct rtnl_route *r)
{
	bool *found = r->family == AF_INET ? &all->found4 : &all->found6;
	struct rtnl_route *best = r->family == AF_INET ? &all->default4 : &all->default6;

	if (r->table != RT_TABLE_MAIN || r->prefix != 0 || r->type != RTN_UNICAST)
		return;
	if (!*found || r->metric < best->metric)
		*best = *r;
	*found = true;
}

/* "default via 192.0.2.1 dev eth0 proto dhcp metric 100 table 254", in the manner of ip. */
static void print_route(struct routes *all, const struct rtnl_route *r)
{
	char name[RTNL_INDEX_TEXT];
	const char *any = r->family == AF_INET ? "0.0.0.0" : "::";

	if (r->type != RTN_UNICAST)
		sink_printf(all->out, "%s ", rtnl_route_type(r->type));
	if (r->prefix == 0 && !r->to[0])
		sink_printf(all->out, "default");
	else
		sink_printf(all->out, "%s/%u", r->to[0] ? r->to : any, r->prefix);
	if (r->via[0])
		sink_printf(all->out, " via %s", r->via);
	if (r->oif)
		sink_printf(all->out, " dev %s", rtnl_links_name(&all->links, r->oif, name));
	if (r->hops > 1)
		sink_printf(all->out, " and %" PRIu32 " more hops", r->hops - 1);
	sink_printf(all->out, " proto %s scope %s", rtnl_route_protocol(r->protocol),
		    rtnl_scope(r->scope));
	if (r->source[0])
		sink_printf(all->out, " src %s", r->source);
	sink_printf(all->out, " metric %" PRIu32 " table %" PRIu32 "\n", r->metric, r->table);
}

static int on_route(uint16_t type, const uint8_t *body, size_t n, void *arg)
{
	struct routes *all = arg;
	struct rtnl_route r;

	if (type != RTM_NEWROUTE)
		return 0;

	int err = rtnl_route_decode(body, n, &r);
	if (err < 0)
		return err == AS_EUNAVAIL ? 0 : err;
	keep_default(all, &r);
	if (all->count++ < ROUTES_MAX)
		print_route(all, &r);
	return 0;
}

static void fact(const struct routes *all, const char *key, bool found, const struct rtnl_route *r)
{
	char name[RTNL_INDEX_TEXT];
	const char *dev = rtnl_links_name(&all->links, r->oif, name);

	if (!found)
		sink_fact(all->out, key, "none");
	else if (r->via[0])
		sink_fact(all->out, key, "via %s dev %s", r->via, dev);
	else
		sink_fact(all->out, key, "dev %s", dev);
}

static void own_text(struct routes *all)
{
	sink_file_begin(all->out, NETWORKING "assent_routes", ITEM_FROM_API,
			"rtnetlink RTM_GETROUTE");
	int err = rtnl_links_load(&all->links);
	if (err == 0)
		err = rtnl_dump(RTM_GETROUTE, on_route, all);
	if (all->count > ROUTES_MAX)
		sink_printf(all->out, "%zu more routes are not shown\n", all->count - ROUTES_MAX);
	netfile_end(all->out, err);
	if (err < 0)
		return; /* "none" would be a guess */
	fact(all, "net.default_route", all->found4, &all->default4);
	if (all->found6)
		fact(all, "net.default_route6", true, &all->default6);
}

int collect_routes(struct sink *s, const struct collect_args *args)
{
	static const char *const tables[] = {"ip", "route", "show", "table", "all", NULL};
	static const char *const tables6[] = {"ip", "-6", "route", "show", "table", "all", NULL};
	static const char *const rules[] = {"ip", "-4", "rule", "list", NULL};
	static const char *const rules6[] = {"ip", "-6", "rule", "list", NULL};
	struct routes all = {.out = s};

	(void)args;
	own_text(&all);
	sink_tool(s, NETWORKING "ip_-4_rule_list", rules);
	sink_tool(s, NETWORKING "ip_-6_rule_list", rules6);
	sink_copy(s, "/proc/net/route", PROC_MAX);
	sink_copy(s, "/proc/net/ipv6_route", PROC_MAX);
	sink_tool(s, NETWORKING "ip_-6_route_show_table_all", tables6);
	return sink_tool(s, NETWORKING "ip_route_show_table_all", tables);
}
