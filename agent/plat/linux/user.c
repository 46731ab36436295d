/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is asked for consent, for the prompt and the record.
 */
#include "agent/plat/plat.h"

#include <errno.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PASSWD_LINE_MAX 4096

static void user_name(uint32_t uid, char *out, size_t cap)
{
	char line[PASSWD_LINE_MAX];
	struct passwd entry, *found = NULL;

	if (getpwuid_r((uid_t)uid, &entry, line, sizeof line, &found) == 0 && found)
		snprintf(out, cap, "%s", entry.pw_name);
	else
		snprintf(out, cap, "%u", uid); /* a user without a name is still somebody */
}

int plat_user(struct plat_user *out)
{
	struct plat_user u = {.uid = (uint32_t)getuid()};
	char host[256];

	if (gethostname(host, sizeof host) < 0)
		return -errno;
	host[sizeof host - 1] = '\0';
	snprintf(u.host, sizeof u.host, "%.*s", (int)sizeof u.host - 1, host);
	user_name(u.uid, u.name, sizeof u.name);
	if (ttyname_r(STDIN_FILENO, u.tty, sizeof u.tty) != 0)
		u.tty[0] = '\0';
	*out = u;
	return 0;
}
