/* SPDX-License-Identifier: Apache-2.0
 *
 * Installed programs: the Uninstall keys of the system (64 and 32 bit) and of the user.
 */
#include "agent/plat/win/collect/facts.h"

#include <stdio.h>

#define UNINSTALL    "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Uninstall"
#define UNINSTALL_32 "SOFTWARE\\WOW6432Node\\Microsoft\\Windows\\CurrentVersion\\Uninstall"

struct programs {
	struct sink *s;
	HKEY hive;
	const char *where;
	unsigned count;
};

static int print_program(const char *path, void *arg)
{
	struct programs *p = arg;
	char name[512], version[128], maker[256], date[32];

	facts_reg(p->hive, path, "DisplayName", name, sizeof name);
	if (!name[0])
		return 0; /* a part of another one */
	p->count++;
	facts_reg(p->hive, path, "DisplayVersion", version, sizeof version);
	facts_reg(p->hive, path, "Publisher", maker, sizeof maker);
	facts_reg(p->hive, path, "InstallDate", date, sizeof date);
	return sink_printf(p->s, "%s; version %s; by %s; installed %s; %s\n", name,
			   version[0] ? version : "-", maker[0] ? maker : "-", date[0] ? date : "-",
			   p->where);
}

int collect_programs(struct sink *s, const struct collect_args *args)
{
	struct programs all[] = {
	    {s, HKEY_LOCAL_MACHINE, "for all users", 0},
	    {s, HKEY_LOCAL_MACHINE, "for all users, 32 bit", 0},
	    {s, HKEY_CURRENT_USER, "for this user", 0},
	};
	unsigned count = 0;

	(void)args;
	facts_begin(s, "windows/installed_programs", "registry Uninstall");
	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		facts_reg_keys(all[i].hive, i == 1 ? UNINSTALL_32 : UNINSTALL, print_program,
			       &all[i]);
		count += all[i].count;
	}
	sink_fact(s, "programs.count", "%u", count);
	return facts_end(s, 0);
}
