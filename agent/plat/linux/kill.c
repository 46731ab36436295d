/* SPDX-License-Identifier: Apache-2.0
 *
 * Ending a helper with everything it started. A collector leads a session of its own; each
 * tool it runs has a process group of its own inside that session, so the group alone is not
 * enough and the sessions are searched too: once for all that end together, because a look through
 * /proc takes 10 ms and more on a busy computer.
 */
#include "agent/plat/plat.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whatever takes the session out of the customer's sight ends it: a stopped agent (Ctrl-Z) could
 * neither show what is read nor hear "stop". */
const int plat_revoking_signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
const unsigned plat_revoking_signal_count =
    sizeof plat_revoking_signals / sizeof plat_revoking_signals[0];

#define STAT_MAX 512 /* of /proc/PID/stat; the session is among the first fields */
#define PASSES	 3   /* those that were killed may still be seen once */

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

static bool is_one_of(int session, const int *sessions, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (sessions[i] > 1 && sessions[i] == session)
			return true;
	return false;
}

/* Everybody in these sessions. Was there anybody besides their leaders? */
static bool kill_sessions(const int *sessions, size_t n)
{
	DIR *proc = opendir("/proc");
	bool others = false;

	if (!proc)
		return false;
	for (const struct dirent *e; (e = readdir(proc)) != NULL;) {
		int session = isdigit((unsigned char)e->d_name[0]) ? session_of(e->d_name) : -1;

		if (!is_one_of(session, sessions, n))
			continue;

		int pid = (int)strtol(e->d_name, NULL, 10);
		kill(pid, SIGKILL);
		others |= pid != session;
	}
	closedir(proc);
	return others;
}

static int kill_group(int pid)
{
	if (pid <= 1) /* -1 would mean everybody, 0 ourselves */
		return -EINVAL;

	int err = kill(-pid, SIGKILL) < 0 ? -errno : 0;
	/* Not yet leading a group: the child has been started and has not come that far. */
	if (err == -ESRCH)
		err = kill(pid, SIGKILL) < 0 ? -errno : 0;
	return err == -ESRCH ? 0 : err;
}

int plat_kill_group(int pid)
{
	int err = kill_group(pid);

	if (err != -EINVAL)
		kill_sessions(&pid, 1);
	return err;
}

void plat_kill_groups(const int *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)kill_group(pids[i]);
	/* A tool may have started another one behind the search's back. */
	for (int pass = 0; n > 0 && pass < PASSES && kill_sessions(pids, n); pass++)
		;
}
