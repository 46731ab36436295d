/* SPDX-License-Identifier: Apache-2.0
 *
 * Ending a helper with everything it started. A collector leads a session of its own; each
 * tool it runs has a process group of its own inside that session, so the group alone is not
 * enough and the session is searched too.
 */
#include "agent/plat/plat.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define STAT_MAX 512 /* of /proc/PID/stat; the session is among the first fields */

/* The session of a process, or -1 when it is gone. */
static int session_of(const char *pid)
{
	char path[64], text[STAT_MAX];

	snprintf(path, sizeof path, "/proc/%.20s/stat", pid);

	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -1;

	ssize_t n = read(fd, text, sizeof text - 1);
	close(fd);
	if (n <= 0)
		return -1;
	text[n] = '\0';

	/* "7 (any name) S ppid pgrp session": the name may hold brackets, so from the last one. */
	const char *after = strrchr(text, ')');
	int session = -1;
	if (!after || sscanf(after, ") %*c %*d %*d %d", &session) != 1)
		return -1;
	return session;
}

static void kill_session(int session)
{
	DIR *proc = opendir("/proc");

	if (!proc)
		return;
	for (const struct dirent *e; (e = readdir(proc)) != NULL;) {
		if (isdigit((unsigned char)e->d_name[0]) && session_of(e->d_name) == session)
			kill((pid_t)strtol(e->d_name, NULL, 10), SIGKILL);
	}
	closedir(proc);
}

int plat_kill_group(int pid)
{
	if (pid <= 1) /* -1 would mean everybody, 0 ourselves */
		return -EINVAL;

	int err = kill(-pid, SIGKILL) < 0 ? -errno : 0;
	/* Not yet leading a group: the child has been started and has not come that far. */
	if (err == -ESRCH)
		err = kill(pid, SIGKILL) < 0 ? -errno : 0;
	kill_session(pid);
	return err == -ESRCH ? 0 : err;
}
