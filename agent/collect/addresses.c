/* SPDX-License-Identifier: Apache-2.0
 *
 * This computer's own network addresses, by adapter.
 */
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <string.h>

#include "agent/collect/collect.h"
#include "agent/collect/netfile.h"
#include "agent/collect/rtnl.h"
#include "agent/collect/sink.h"
#include "proto/base/err.h"

#define ADDRESSES_MAX  1024
#define ADDR_FACTS_MAX 16

#define NETWORKING "sos_commands/networking/"

struct addresses {
	size_t count;
	bool cut;
	struct rtnl_address at[ADDRESSES_MAX];
};

static int on_address(uint16_t type, const uint8_t *body, size_t n, void *arg)
{
	struct addresses *a = arg;

	if (type != RTM_NEWADDR)
		return 0;
	if (a->count == ADDRESSES_MAX) {
		a->cut = true;
		return 0;
	}

	int err = rtnl_address_decode(body, n, &a->at[a->count]);
	if (err == 0)
		a->count++;
	return err == AS_EUNAVAIL ? 0 : err;
}

static void print_link(struct sink *s, const struct rtnl_link *l, const struct addresses *a)
{
	sink_printf(s, "%s\n", l->name);
	for (size_t i = 0; i < a->count; i++) {
		const struct rtnl_address *r = &a->at[i];

		if (r->index != l->index)
			continue;
		sink_printf(s, "    %s/%u scope %s%s%s%s%s%s%s\n", r->text, r->prefix,
			    rtnl_scope(r->scope), r->peer[0] ? " peer " : "", r->peer,
			    r->duplicate ? " DUPLICATE" : "", r->tentative ? " tentative" : "",
			    r->deprecated ? " deprecated" : "", r->temporary ? " temporary" : "");
	}
}

/* "eth0 192.0.2.5/24, fe80::1/64" */
static bool line_of(const struct rtnl_link *l, const struct addresses *a, char *out, size_t cap)
{
	size_t at = (size_t)snprintf(out, cap, "%s ", l->name);
	unsigned n = 0;

	for (size_t i = 0; i < a->count && at < cap; i++) {
		const struct rtnl_address *r = &a->at[i];

		if (r->index != l->index)
			continue;
		at += (size_t)snprintf(out + at, cap - at, "%s%s/%u%s", n++ ? ", " : "", r->text,
				       r->prefix, r->duplicate ? " (duplicate)" : "");
	}
	return n > 0;
}

static void facts(struct sink *s, const struct rtnl_links *links, const struct addresses *a)
{
	char key[ITEM_KEY_MAX], line[ITEM_VALUE_MAX + 1];
	unsigned n = 0;

	for (size_t i = 0; i < links->count && n < ADDR_FACTS_MAX; i++) {
		const struct rtnl_link *l = &links->at[i];

		if (l->loopback || !line_of(l, a, line, sizeof(line)))
			continue;
		snprintf(key, sizeof(key), "net.addr.%u", ++n);
		sink_fact(s, key, "%s", line);
	}
}

int collect_addresses(struct sink *s, const struct collect_args *args)
{
	static const char *const detail[] = {"ip", "-d", "address", NULL};
	static const char *const brief[] = {"ip", "-o", "addr", NULL};
	struct rtnl_links links;
	struct addresses a = {0};

	(void)args;
	sink_file_begin(s, NETWORKING "assent_addresses", ITEM_FROM_API, "rtnetlink RTM_GETADDR");
	int err = rtnl_links_load(&links);
	if (err == 0)
		err = rtnl_dump(RTM_GETADDR, on_address, &a);
	for (size_t i = 0; i < links.count; i++)
		print_link(s, &links.at[i], &a);
	if (a.cut)
		sink_printf(s, "more addresses are not shown\n");
	netfile_end(s, err);
	facts(s, &links, &a);
	sink_tool(s, NETWORKING "ip_-d_address", detail);
	sink_tool(s, NETWORKING "ip_-o_addr", brief);
	return sink_copy(s, "/proc/net/if_inet6", 0);
}
