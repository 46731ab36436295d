/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/owner_name.h"

#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/types.h>

#define NAMES_MAX 65536 /* bytes for one answer; a group's names all its members */
#define KNOWN	  16	/* owners are few, and asking can be slow */

struct known {
	unsigned id;
	bool used;
	char name[OWNER_NAME_MAX + 1];
};

static void ask_user(unsigned id, char *out, size_t cap)
{
	static char buf[NAMES_MAX];
	struct passwd pw, *found = NULL;

	if (getpwuid_r((uid_t)id, &pw, buf, sizeof buf, &found) == 0 && found)
		snprintf(out, cap, "%.*s", OWNER_NAME_MAX, found->pw_name);
}

static void ask_group(unsigned id, char *out, size_t cap)
{
	static char buf[NAMES_MAX];
	struct group gr, *found = NULL;

	if (getgrgid_r((gid_t)id, &gr, buf, sizeof buf, &found) == 0 && found)
		snprintf(out, cap, "%.*s", OWNER_NAME_MAX, found->gr_name);
}

static const char *name_of(struct known list[KNOWN], unsigned id,
			   void (*ask)(unsigned id, char *out, size_t cap))
{
	struct known *k = &list[id % KNOWN];

	if (!k->used || k->id != id) {
		*k = (struct known){.id = id, .used = true};
		ask(id, k->name, sizeof k->name);
	}
	return k->name;
}

const char *owner_user(unsigned uid)
{
	static struct known users[KNOWN];

	return name_of(users, uid, ask_user);
}

const char *owner_group(unsigned gid)
{
	static struct known groups[KNOWN];

	return name_of(groups, gid, ask_group);
}
