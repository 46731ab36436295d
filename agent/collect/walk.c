/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/below.h"

struct names {
	char **all;
	size_t count, cap;
};

struct walk {
	const struct walk_events *ev;
	void *owner;
	bool deep;
	char path[WALK_PATH_MAX + 1];
	size_t len, begin; /* begin: of what lies inside */
};

/* ---- the names of one folder ---- */

static void names_done(struct names *n)
{
	for (size_t i = 0; i < n->count; i++)
		free(n->all[i]);
	free(n->all);
}

static int names_add(struct names *n, const char *name)
{
	if (n->count == WALK_NAMES_MAX)
		return -E2BIG;
	if (n->count == n->cap) {
		size_t cap = n->cap ? n->cap * 2 : 64;
		char **grown = realloc(n->all, cap * sizeof *grown);

		if (!grown)
			return -ENOMEM;
		n->all = grown;
		n->cap = cap;
	}
	n->all[n->count] = strdup(name);
	return n->all[n->count] ? (n->count++, 0) : -ENOMEM;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int names_read(int folder, struct names *n)
{
	int fd = below_reopen(folder, O_RDONLY | O_DIRECTORY), err = 0;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *e;

	if (!d) {
		err = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	while (err == 0 && (errno = 0, e = readdir(d)) != NULL)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			err = names_add(n, e->d_name);
	if (err == 0)
		err = -errno; /* of readdir(), at its end 0 */
	closedir(d);
	if (n->count > 0)
		qsort(n->all, n->count, sizeof *n->all, by_bytes);
	return err;
}

/* ---- the walk ---- */

static int gap(struct walk *w, int err)
{
	return w->ev->on_gap(w->path, err, w->owner);
}

static int enter(struct walk *w, int folder, unsigned depth);

static int go_down(struct walk *w, int folder, const char *name, unsigned depth)
{
	int fd, err;

	if (depth + 1 == WALK_DEPTH_MAX)
		return gap(w, -ENAMETOOLONG);
	fd = below_entry(folder, name, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd == -ENOENT ? 0 : gap(w, fd);
	err = enter(w, fd, depth + 1);
	close(fd);
	return err;
}

static int visit(struct walk *w, int folder, const char *name, unsigned depth)
{
	struct stat st;
	struct walk_at at = {.path = w->path,
			     .inside = w->path + w->begin,
			     .name = name,
			     .folder = folder,
			     .part = name,
			     .st = &st};
	int err;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : gap(w, -errno); /* gone meanwhile */
	err = w->ev->on_entry(&at, w->owner);
	if (err != WALK_ON || !w->deep || !S_ISDIR(st.st_mode))
		return err < 0 ? err : 0;
	return go_down(w, folder, name, depth);
}

static int enter(struct walk *w, int folder, unsigned depth)
{
	struct names names = {0};
	size_t len = w->len;
	int err = names_read(folder, &names);

	if (err < 0)
		err = gap(w, err); /* and what names there are */
	for (size_t i = 0; i < names.count && err == 0; i++) {
		size_t n = strlen(names.all[i]), slash = len > 0;

		if (len + slash + n > WALK_PATH_MAX) {
			err = gap(w, -ENAMETOOLONG);
			continue;
		}
		if (slash)
			w->path[len] = '/';
		memcpy(w->path + len + slash, names.all[i], n + 1);
		w->len = len + slash + n;
		err = visit(w, folder, names.all[i], depth);
		w->len = len;
		w->path[len] = '\0';
	}
	names_done(&names);
	return err;
}

/* It is no folder. */
static int only_one(struct walk *w, int fd, const struct stat *st)
{
	const char *path = w->path[0] ? w->path : ".", *slash = strrchr(path, '/');
	struct walk_at at = {.path = path,
			     .inside = "",
			     .name = slash ? slash + 1 : path,
			     .folder = fd,
			     .part = "",
			     .st = st};
	int err = w->ev->on_entry(&at, w->owner);

	return err < 0 ? err : 0;
}

int walk_below(int fd, const char *path, bool deep, const struct walk_events *ev, void *owner)
{
	struct walk w = {.ev = ev, .owner = owner, .deep = deep, .len = strlen(path)};
	struct stat st;

	if (w.len > WALK_PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(w.path, path, w.len + 1);
	w.begin = w.len > 0 ? w.len + 1 : 0;
	if (fstat(fd, &st) < 0)
		return gap(&w, -errno);
	return S_ISDIR(st.st_mode) ? enter(&w, fd, 0) : only_one(&w, fd, &st);
}
