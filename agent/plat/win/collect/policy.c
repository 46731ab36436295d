/* SPDX-License-Identifier: Apache-2.0
 *
 * Group policy: which policies reached this user and this computer, and when.
 */
#include "agent/plat/win/collect/facts.h"

#include <stdio.h>

#include "agent/collect/tool.h"

#define HISTORY "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Group Policy\\History"
#define STATE	"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Group Policy\\State\\Machine"

struct page {
	struct sink *s;
	HKEY hive;
};

static int print_policy(const char *path, void *arg)
{
	struct page *p = arg;
	char name[512], from[512];

	facts_reg(p->hive, path, "DisplayName", name, sizeof name);
	facts_reg(p->hive, path, "Link", from, sizeof from);
	return name[0] ? sink_printf(p->s, "%s; from %s\n", name, from) : 0;
}

static int print_extension(const char *path, void *arg)
{
	struct page *p = arg;

	return facts_reg_keys(p->hive, path, print_policy, p);
}

int collect_policy(struct sink *s, const struct collect_args *args)
{
	static const char *const user[] = {"gpresult", "/r", "/scope", "user", NULL};
	static const char *const computer[] = {"gpresult", "/r", "/scope", "computer", NULL};
	struct page pages[] = {{s, HKEY_LOCAL_MACHINE}, {s, HKEY_CURRENT_USER}};

	(void)args;
	facts_begin(s, "windows/policy_history", "registry Group Policy History");
	for (size_t i = 0; i < 2; i++) {
		sink_printf(s, "[%s]\n", i == 0 ? "computer" : "user");
		facts_reg_keys(pages[i].hive, HISTORY, print_extension, &pages[i]);
	}
	facts_end(s, 0);
	sink_tool(s, "windows/gpresult_user", user);
	return sink_tool(s, "windows/gpresult_computer", computer);
}
