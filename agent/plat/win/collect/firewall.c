/* SPDX-License-Identifier: Apache-2.0
 *
 * The firewall's profiles: whether they are on, and what they do with what no rule names.
 */
#include "agent/plat/win/collect/facts.h"

#include <stdio.h>

#include "agent/collect/tool.h"

#define LOCAL "SYSTEM\\CurrentControlSet\\Services\\SharedAccess\\Parameters\\FirewallPolicy"
#define GROUP "SOFTWARE\\Policies\\Microsoft\\WindowsFirewall"

static const struct {
	const char *name, *local, *group;
} profiles[] = {{"domain", "DomainProfile", "DomainProfile"},
		{"private", "StandardProfile", "StandardProfile"},
		{"public", "PublicProfile", "PublicProfile"}};

static const char *on_off(const char *base, const char *profile, const char *name)
{
	char path[FACTS_TEXT];
	uint64_t v;

	snprintf(path, sizeof path, "%s\\%s", base, profile);
	if (!facts_reg_number(HKEY_LOCAL_MACHINE, path, name, &v))
		return "not set";
	return v ? "on" : "off";
}

static const char *action(const char *base, const char *profile, const char *name)
{
	char path[FACTS_TEXT];
	uint64_t v;

	snprintf(path, sizeof path, "%s\\%s", base, profile);
	if (!facts_reg_number(HKEY_LOCAL_MACHINE, path, name, &v))
		return "not set";
	return v ? "block" : "allow";
}

int collect_firewall(struct sink *s, const struct collect_args *args)
{
	static const char *const netsh[] = {"netsh", "advfirewall", "show", "allprofiles", NULL};
	static const char *const bases[] = {LOCAL, GROUP};
	char key[ITEM_KEY_MAX];

	(void)args;
	facts_begin(s, "windows/firewall_profiles", "registry FirewallPolicy");
	for (size_t i = 0; i < sizeof profiles / sizeof profiles[0]; i++) {
		const char *const names[] = {profiles[i].local, profiles[i].group};

		for (size_t b = 0; b < 2; b++)
			sink_printf(s, "%s, %s: firewall %s, inbound %s, outbound %s, notify %s\n",
				    profiles[i].name, b == 0 ? "local" : "policy",
				    on_off(bases[b], names[b], "EnableFirewall"),
				    action(bases[b], names[b], "DefaultInboundAction"),
				    action(bases[b], names[b], "DefaultOutboundAction"),
				    on_off(bases[b], names[b], "DisableNotifications"));
		snprintf(key, sizeof key, "firewall.%s", profiles[i].name);
		sink_fact(s, key, "%s", on_off(LOCAL, profiles[i].local, "EnableFirewall"));
	}
	facts_end(s, 0);
	return sink_tool(s, "windows/netsh_advfirewall_show_allprofiles", netsh);
}
