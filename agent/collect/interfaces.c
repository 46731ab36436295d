/* SPDX-License-Identifier: Apache-2.0
 *
 * Network adapters: state, counters and, for real hardware, speed and driver.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/collect.h"
#include "agent/collect/netfile.h"
#include "agent/collect/rtnl.h"
#include "agent/collect/sink.h"
#include "agent/collect/tool.h"

#define HARDWARE_MAX   16 /* adapters that ethtool and sysfs are asked about */
#define DOWN_FACTS_MAX 16
#define PATH_ROOM      128

#define NETWORKING "sos_commands/networking/"

/* Not a bridge, tunnel or container's half of a pair. */
static bool is_hardware(const struct rtnl_link *l)
{
	char path[PATH_ROOM];

	snprintf(path, sizeof(path), "/sys/class/net/%s/device", l->name);
	return access(path, F_OK) == 0;
}

static void print_hardware(struct sink *s, const struct rtnl_link *l)
{
	char path[PATH_ROOM], target[PATH_ROOM], text[32];

	if (netfile_sysfs(l->name, "speed", text, sizeof(text))[0] && text[0] != '-')
		sink_printf(s, "    speed %s Mb/s\n", text);
	if (netfile_sysfs(l->name, "duplex", text, sizeof(text))[0])
		sink_printf(s, "    duplex %s\n", text);

	snprintf(path, sizeof(path), "/sys/class/net/%s/device/driver", l->name);
	ssize_t n = readlink(path, target, sizeof(target) - 1);
	if (n <= 0)
		return;
	target[n] = '\0';
	const char *slash = strrchr(target, '/');
	sink_printf(s, "    driver %s\n", slash ? slash + 1 : target);
}

static void print_counters(struct sink *s, const char *way, const struct rtnl_counters *c)
{
	sink_printf(s,
		    "    %s %" PRIu64 " bytes, %" PRIu64 " packets, %" PRIu64 " errors, %" PRIu64
		    " dropped\n",
		    way, c->bytes, c->packets, c->errors, c->dropped);
}

static void print_link(struct sink *s, const struct rtnl_links *all, const struct rtnl_link *l)
{
	char index[RTNL_INDEX_TEXT];

	sink_printf(s, "%u: %s: %s, %s, state %s, mtu %" PRIu32 "%s%s", l->index, l->name,
		    l->up ? "up" : "down", l->carrier ? "carrier" : "no carrier",
		    rtnl_operstate(l->operstate), l->mtu, l->kind[0] ? ", " : "", l->kind);
	if (l->master)
		sink_printf(s, ", part of %s", rtnl_links_name(all, l->master, index));
	sink_printf(s, "\n");
	if (l->mac[0])
		sink_printf(s, "    link address %s\n", l->mac);
	if (l->carrier_changes)
		sink_printf(s, "    carrier changed %" PRIu32 " times\n", l->carrier_changes);
	print_counters(s, "rx", &l->rx);
	print_counters(s, "tx", &l->tx);
	if (is_hardware(l))
		print_hardware(s, l);
}

static int own_text(struct sink *s, struct rtnl_links *links)
{
	sink_file_begin(s, NETWORKING "assent_interfaces", ITEM_FROM_API, "rtnetlink RTM_GETLINK");
	int err = rtnl_links_load(links);
	for (size_t i = 0; i < links->count; i++)
		print_link(s, links, &links->at[i]);
	if (links->cut)
		sink_printf(s, "more interfaces are not shown\n");
	return netfile_end(s, err);
}

/* A cable that is out, or an adapter that somebody switched off. Unused virtual ones are normal. */
static void facts(struct sink *s, const struct rtnl_links *links)
{
	unsigned n = 0;

	for (size_t i = 0; i < links->count && n < DOWN_FACTS_MAX; i++) {
		const struct rtnl_link *l = &links->at[i];
		bool unplugged = l->up && !l->carrier;
		char key[ITEM_KEY_MAX];

		if (l->loopback || (!unplugged && (l->up || !is_hardware(l))))
			continue;
		snprintf(key, sizeof(key), "net.if_down.%u", ++n);
		sink_fact(s, key, "%s (%s)", l->name, unplugged ? "no carrier" : "switched off");
	}
}

static void copy_sysfs(struct sink *s, const char *name)
{
	static const char *const attrs[] = {"operstate",       "mtu",	"carrier",
					    "carrier_changes", "speed", "duplex"};
	char path[PATH_ROOM], text[32];

	/* Many adapters refuse some of them, which is no gap worth listing. */
	for (size_t i = 0; i < sizeof(attrs) / sizeof(attrs[0]); i++) {
		if (!netfile_sysfs(name, attrs[i], text, sizeof(text))[0])
			continue;
		snprintf(path, sizeof(path), "/sys/class/net/%s/%s", name, attrs[i]);
		sink_copy(s, path, 0);
	}
}

static void ethtool(struct sink *s, const char *name)
{
	static const char *const ways[] = {"", "-i", "-S"};
	char file[PATH_ROOM];

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		const char *with[] = {"ethtool", ways[i], name, NULL};
		const char *without[] = {"ethtool", name, NULL};
		bool plain = ways[i][0] == '\0';

		snprintf(file, sizeof(file), NETWORKING "ethtool_%s%s%s", ways[i], plain ? "" : "_",
			 name);
		sink_tool(s, file, plain ? without : with);
	}
}

int collect_interfaces(struct sink *s, const struct collect_args *args)
{
	static const char *const ip[] = {"ip", "-s", "-d", "link", NULL};
	struct rtnl_links links;
	size_t hardware = 0;

	(void)args;
	own_text(s, &links);
	facts(s, &links);
	sink_tool(s, NETWORKING "ip_-s_-d_link", ip);
	for (size_t i = 0; i < links.count && hardware < HARDWARE_MAX; i++) {
		const struct rtnl_link *l = &links.at[i];

		/* A name that a tool would take for an option is left alone. */
		if (!is_hardware(l) || l->name[0] == '-')
			continue;
		hardware++;
		copy_sysfs(s, l->name);
		if (tool_is_installed("ethtool"))
			ethtool(s, l->name);
	}
	return sink_copy(s, "/proc/net/dev", 0);
}
