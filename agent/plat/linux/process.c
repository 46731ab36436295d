/* SPDX-License-Identifier: Apache-2.0
 *
 * How our programs begin, and what their children get.
 */
#include "agent/plat/plat.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>

static char env_path[] = "PATH=/usr/sbin:/usr/bin:/sbin:/bin", env_locale[] = "LC_ALL=C";
char *plat_child_env[] = {env_path, env_locale, NULL};
const char plat_child_folder[] = "/";

void plat_begin(void)
{
	signal(SIGPIPE, SIG_IGN);
}

/* Here a process gives up everything by itself: plat_drop_rights(). */
int plat_start_powerless(const char *path, const char *name, struct plat_child *out)
{
	(void)path;
	(void)name;
	(void)out;
	return -ENOTSUP;
}

void plat_child_kill(const struct plat_child *c)
{
	(void)c;
}

void plat_child_forget(struct plat_child *c)
{
	(void)c;
}

void plat_say(const char *text, bool error)
{
	fputs(text, error ? stderr : stdout);
}

void plat_wait_writable(int fd)
{
	struct pollfd wait = {.fd = fd, .events = POLLOUT};

	poll(&wait, 1, -1);
}
