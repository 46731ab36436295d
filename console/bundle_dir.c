/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle that is a folder, in the order of names, so that two packings of it are the same.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/bundle_path.h"
#include "console/bundle_read_priv.h"
#include "proto/base/err.h"

static long read_fd(struct walk *w, void *source, void *p, size_t n)
{
	ssize_t got;

	(void)w;
	do
		got = read(*(int *)source, p, n);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

/* Leaves the file at its beginning. */
static int extent_fd(void *source, uint64_t from, uint64_t *start, uint64_t *end)
{
	int fd = *(int *)source;
	off_t data = lseek(fd, (off_t)from, SEEK_DATA);
	off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
	int none = data < 0 && errno == ENXIO; /* also from the end on */

	if (lseek(fd, 0, SEEK_SET) < 0 || (!none && hole < 0))
		return AS_ESTATE;
	if (none)
		return 0;
	*start = (uint64_t)data;
	*end = (uint64_t)hole;
	return 1;
}

/* ---- one folder's names ---- */

struct names {
	char **at;
	size_t count, cap;
};

static void names_done(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->at[i]);
	free(n->at);
}

static int names_add(struct names *n, const char *name)
{
	if (n->count == n->cap) {
		size_t cap = n->cap * 2 + 16;
		char **bigger = reallocarray(n->at, cap, sizeof *bigger);

		if (!bigger)
			return -ENOMEM;
		n->at = bigger;
		n->cap = cap;
	}
	n->at[n->count] = strdup(name);
	return n->at[n->count] ? (n->count++, 0) : -ENOMEM;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_read(struct walk *w, int dir, struct names *out)
{
	int own = dup(dir); /* the DIR takes it over */
	DIR *d = own < 0 ? NULL : fdopendir(own);
	struct dirent *e;
	int err = 0;

	if (!d) {
		err = -errno;
		if (own >= 0)
			close(own);
		return walk_fail(w, err, "", strerror(-err));
	}
	while (err == 0 && (errno = 0, e = readdir(d))) {
		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
			continue;
		err = walk_count(w);
		if (err == 0)
			err = names_add(out, e->d_name);
	}
	if (err == 0 && errno != 0)
		err = -errno;
	closedir(d);
	if (err == 0 && out->count > 0)
		qsort(out->at, out->count, sizeof *out->at, by_name);
	return err;
}

/* ---- down the tree ---- */

static int visit_folder(struct walk *w, int dir, const char *path);

static int visit(struct walk *w, int fd, const char *path)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return walk_fail(w, -errno, path, strerror(errno));
	if (S_ISREG(st.st_mode))
		return walk_file(w, path, (uint64_t)st.st_size, &fd);
	if (S_ISDIR(st.st_mode) && item_name_check(path) == 0)
		return visit_folder(w, fd, path);
	return walk_fail(w, AS_EBADMSG, path,
			 S_ISDIR(st.st_mode) ? "a name that no bundle has"
					     : "neither a file nor a folder");
}

static int visit_part(struct walk *w, int dir, const char *path, const char *part)
{
	char below[ITEM_NAME_MAX + 1];
	int len = snprintf(below, sizeof below, "%s%s%s", path, path[0] ? "/" : "", part);

	if ((size_t)len >= sizeof below)
		return walk_fail(w, AS_EBADMSG, below, "a name that no bundle has");

	int fd = bundle_open_part(dir, part, O_RDONLY | O_NONBLOCK);
	if (fd < 0)
		return walk_fail(w, fd, below,
				 fd == -ELOOP ? "a link; a bundle has none" : strerror(-fd));

	int err = visit(w, fd, below);
	close(fd);
	return err;
}

/* As deep as item_name_check() lets a path be, so the recursion is bounded. */
static int visit_folder(struct walk *w, int dir, const char *path)
{
	struct names names = {0};
	int err = names_read(w, dir, &names);

	for (size_t i = 0; err == 0 && i < names.count; i++)
		err = visit_part(w, dir, path, names.at[i]);
	names_done(&names);
	return err;
}

int walk_dir(struct walk *w, int fd)
{
	w->read = read_fd;
	w->extent = extent_fd;
	return visit_folder(w, fd, "");
}
