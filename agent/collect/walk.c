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
	size_t len;
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

	if (!d) {
		err = fd < 0 ? fd : -errno;
		if (fd >= 0)
			close(fd);
		return err;
	}
	for (const struct dirent *e; err == 0 && (e = readdir(d)) != NULL;)
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			err = names_add(n, e->d_name);
	closedir(d);
	if (n->count > 0)
		qsort(n->all, n->count, sizeof *n->all, by_bytes);
	return err;
}

/* ---- the walk ---- */

static int gap(struct walk *w, int err)
{
	return w->ev->on_gap ? w->ev->on_gap(w->path, err, w->owner) : 0;
}

static int enter(struct walk *w, int folder, unsigned depth);

static int go_down(struct walk *w, int folder, const char *name, unsigned depth)
{
	int fd, err;

	if (depth + 1 == WALK_DEPTH_MAX)
		return gap(w, -ELOOP);
	fd = below_entry(folder, name, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return fd == -ENOENT ? 0 : gap(w, fd);
	err = enter(w, fd, depth + 1);
	close(fd);
	return err;
}

static int visit(struct walk *w, int folder, const char *name, unsigned depth)
{
	struct walk_at at = {.path = w->path, .folder = folder, .depth = depth};
	struct stat st;
	int err;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return errno == ENOENT ? 0 : gap(w, -errno); /* gone meanwhile */
	at.name = name;
	at.st = &st;
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

	if (err < 0 && err != -ENOMEM)
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

int walk_below(int folder, bool deep, const struct walk_events *ev, void *owner)
{
	struct walk w = {.ev = ev, .owner = owner, .deep = deep};

	return enter(&w, folder, 0);
}
