/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/owners.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "proto/base/text.h"

uint32_t owners_socket_inode(const char *link)
{
	static const char prefix[] = "socket:[";
	char *end;

	if (strncmp(link, prefix, sizeof(prefix) - 1) != 0)
		return 0;
	link += sizeof(prefix) - 1;
	if (*link < '0' || *link > '9')
		return 0;

	errno = 0;
	unsigned long long n = strtoull(link, &end, 10);
	if (errno != 0 || n > UINT32_MAX || strcmp(end, "]") != 0)
		return 0;
	return (uint32_t)n;
}

static int add(struct owners *o, uint32_t inode, int32_t pid, size_t process)
{
	if (o->count == OWNERS_SOCKETS_MAX) {
		o->cut = true;
		return 0;
	}
	if (o->count == o->room) {
		size_t room = o->room ? o->room * 2 : 256;
		struct owner *at = realloc(o->at, room * sizeof(*at));

		if (!at)
			return -ENOMEM;
		o->at = at;
		o->room = room;
	}
	o->at[o->count++] = (struct owner){inode, pid, (uint32_t)process};
	return 0;
}

static int read_fds(struct owners *o, DIR *fds, int32_t pid, size_t process)
{
	struct dirent *e;
	int err = 0;

	while (err == 0 && (e = readdir(fds)) != NULL) {
		char link[64];
		ssize_t n;

		if (++o->fds > OWNERS_FDS_MAX) {
			o->cut = true;
			break;
		}
		n = readlinkat(dirfd(fds), e->d_name, link, sizeof(link) - 1);
		if (n <= 0)
			continue;
		link[n] = '\0';

		uint32_t inode = owners_socket_inode(link);
		if (inode != 0)
			err = add(o, inode, pid, process);
	}
	return err;
}

static void read_name(int proc, const char *pid, char out[OWNER_COMM_LEN + 1])
{
	char path[64], raw[64];
	ssize_t n = -1;

	out[0] = '\0';
	snprintf(path, sizeof(path), "%.20s/comm", pid);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	if (fd >= 0) {
		n = read(fd, raw, sizeof(raw));
		close(fd);
	}
	if (n > 0 && raw[n - 1] == '\n')
		n--;
	if (n > 0)
		text_line(raw, (size_t)n, out, OWNER_COMM_LEN + 1);
}

/* A process that ends while we look is no error. */
static int read_process(struct owners *o, int proc, const char *pid)
{
	char path[64];

	snprintf(path, sizeof(path), "%.20s/fd", pid);
	int fd = openat(proc, path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		o->hidden += errno == EACCES || errno == EPERM;
		return 0;
	}

	DIR *fds = fdopendir(fd);
	if (!fds) {
		close(fd);
		return -ENOMEM;
	}

	size_t process = o->processes++;
	read_name(proc, pid, o->names[process]);
	int err = read_fds(o, fds, (int32_t)strtol(pid, NULL, 10), process);
	closedir(fds);
	return err;
}

static int by_inode(const void *a, const void *b)
{
	const struct owner *x = a, *y = b;

	if (x->inode != y->inode)
		return x->inode < y->inode ? -1 : 1;
	return (x->pid > y->pid) - (x->pid < y->pid);
}

int owners_load(struct owners *o, const char *proc)
{
	struct dirent *e;
	int err = 0;

	*o = (struct owners){.names = calloc(OWNERS_PROCESSES_MAX, sizeof(*o->names))};
	if (!o->names)
		return -ENOMEM;

	DIR *d = opendir(proc);
	if (!d)
		err = -errno;
	while (err == 0 && !o->cut && (e = readdir(d)) != NULL) {
		if (e->d_name[0] < '1' || e->d_name[0] > '9')
			continue;
		if (o->processes == OWNERS_PROCESSES_MAX)
			o->cut = true;
		else
			err = read_process(o, dirfd(d), e->d_name);
	}
	if (d)
		closedir(d);
	if (err < 0)
		owners_done(o);
	else if (o->count > 0)
		qsort(o->at, o->count, sizeof(*o->at), by_inode);
	return err;
}

void owners_done(struct owners *o)
{
	free(o->at);
	free(o->names);
	*o = (struct owners){0};
}

/* The first owner of an inode, or count. */
static size_t first(const struct owners *o, uint32_t inode)
{
	size_t lo = 0, hi = o->count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (o->at[mid].inode < inode)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

const char *owners_text(const struct owners *o, uint32_t inode, char buf[OWNER_TEXT])
{
	size_t i = first(o, inode), more = 0;

	if (inode == 0 || i == o->count || o->at[i].inode != inode)
		return "-";
	/* One process may hold a socket several times. */
	for (size_t k = i + 1; k < o->count && o->at[k].inode == inode; k++)
		more += o->at[k].pid != o->at[k - 1].pid;

	const char *name = o->names[o->at[i].process];
	if (more)
		snprintf(buf, OWNER_TEXT, "%s/%d+%zu", name, (int)o->at[i].pid, more);
	else
		snprintf(buf, OWNER_TEXT, "%s/%d", name, (int)o->at[i].pid);
	return buf;
}
