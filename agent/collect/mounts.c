/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/mounts.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proto/base/clock.h"

/* ---- the list ---- */

/* Looking at one of these would mount what is behind it. */
static bool is_trap(const struct mount *m)
{
	return strcmp(m->type, "autofs") == 0;
}

static int add(struct mounts *m, const char *line, size_t n)
{
	struct mount one;

	if (n > 0 && line[n - 1] == '\n')
		n--;
	if (mountinfo_parse(line, n, &one) < 0 || is_trap(&one))
		return 0; /* one line that we cannot read does not cost the others */
	if (m->count == MOUNTS_MAX) {
		m->more = true;
		return 0;
	}

	struct mount *grown = realloc(m->all, (m->count + 1) * sizeof *grown);
	if (!grown)
		return -ENOMEM;
	m->all = grown;
	m->all[m->count++] = one;
	return 0;
}

int mounts_read(struct mounts *m)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	char *line = NULL;
	size_t cap = 0;
	ssize_t n;
	int err = 0;

	memset(m, 0, sizeof *m);
	if (!f)
		return -errno;
	while (err == 0 && (n = getline(&line, &cap, f)) > 0)
		err = add(m, line, (size_t)n);
	free(line);
	fclose(f);
	if (err == 0 && m->count > 0) {
		m->usage = calloc(m->count, sizeof *m->usage);
		err = m->usage ? 0 : -ENOMEM;
	}
	if (err < 0)
		mounts_done(m);
	return err;
}

void mounts_done(struct mounts *m)
{
	free(m->all);
	free(m->usage);
	memset(m, 0, sizeof *m);
}

/* ---- asking ---- */

void statvfs_ask(const char *where, struct usage *out)
{
	struct statvfs v;

	if (statvfs(where, &v) < 0) {
		out->state = USAGE_FAILED;
		out->err = -errno;
		return;
	}
	*out = (struct usage){
	    .state = USAGE_OK,
	    .block_size = v.f_frsize,
	    .blocks = v.f_blocks,
	    .free_blocks = v.f_bfree,
	    .available_blocks = v.f_bavail,
	    .inodes = v.f_files,
	    .free_inodes = v.f_ffree,
	    .read_only = (v.f_flag & ST_RDONLY) != 0,
	};
}

struct asker {
	pid_t pid;
	int fd; /* answers, one struct usage each */
};

/* The child: two threads were in its parent, so it calls the system and nothing else. */
static void answer(const struct mounts *m, size_t from, mounts_ask ask, int fd)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	/* Our reader's pipe must not stay open in a child that hangs. */
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	for (size_t i = from; i < m->count; i++) {
		struct usage u = {.state = USAGE_NOT_ASKED};

		ask(m->all[i].where, &u);
		if (write(fd, &u, sizeof u) != sizeof u) /* less than PIPE_BUF: whole or not */
			break;
	}
	_exit(0);
}

static int asker_start(struct asker *a, const struct mounts *m, size_t from, mounts_ask ask)
{
	int ends[2];

	if (pipe(ends) < 0)
		return -errno;
	a->pid = fork();
	if (a->pid == 0) {
		close(ends[0]);
		answer(m, from, ask, ends[1]);
	}

	int err = a->pid < 0 ? -errno : 0;
	close(ends[1]);
	a->fd = ends[0];
	if (err < 0)
		close(a->fd);
	return err;
}

/* It may hang where even SIGKILL has to wait, so it is not waited for; it is reaped when this
 * short-lived process ends. */
static void asker_stop(struct asker *a)
{
	close(a->fd);
	kill(a->pid, SIGKILL);
	waitpid(a->pid, NULL, WNOHANG);
}

static bool next_answer(const struct asker *a, struct usage *u, int ms)
{
	struct pollfd p = {.fd = a->fd, .events = POLLIN};

	return poll(&p, 1, ms) == 1 && read(a->fd, u, sizeof *u) == sizeof *u;
}

int mounts_ask_all(struct mounts *m, mounts_ask ask, int each_ms, int all_ms)
{
	uint64_t end = clock_mono_ms() + (uint64_t)all_ms;
	struct asker a;
	size_t i = 0;

	if (m->count == 0)
		return 0;

	int err = asker_start(&a, m, 0, ask);
	if (err < 0)
		return err;
	for (; i < m->count; i++) {
		uint64_t now = clock_mono_ms();
		uint64_t left = now < end ? end - now : 0;

		if (left == 0)
			break;
		if (next_answer(&a, &m->usage[i], left < (uint64_t)each_ms ? (int)left : each_ms))
			continue;
		m->usage[i].state = USAGE_HANGS;
		asker_stop(&a);
		err = asker_start(&a, m, i + 1, ask);
		if (err < 0)
			return err;
	}
	asker_stop(&a);
	return 0;
}

/* ---- numbers ---- */

static unsigned percent_up(uint64_t used, uint64_t of)
{
	if (of == 0)
		return 0;

	double p = 100.0 * (double)used / (double)of;
	unsigned whole = (unsigned)p;
	return whole < 100 && p > whole ? whole + 1 : whole;
}

unsigned usage_percent(const struct usage *u)
{
	uint64_t used = u->blocks > u->free_blocks ? u->blocks - u->free_blocks : 0;

	return percent_up(used, used + u->available_blocks);
}

unsigned usage_inode_percent(const struct usage *u)
{
	uint64_t used = u->inodes > u->free_inodes ? u->inodes - u->free_inodes : 0;

	return percent_up(used, u->inodes);
}
