/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/log_list.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collect/sink.h"

#define OPEN_FOLDER (O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)

struct walk {
	struct log_list *list;
	const char *root;
	struct sink *notes;
};

static int add(struct log_list *l, const char *path, int64_t mtime)
{
	if (l->count == LOG_LIST_MAX) {
		l->left_out++;
		return 0;
	}
	if (l->count == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 64;
		struct log_file *grown = realloc(l->all, cap * sizeof *grown);

		if (!grown)
			return -ENOMEM;
		l->all = grown;
		l->cap = cap;
	}

	char *copy = strdup(path);
	if (!copy)
		return -ENOMEM;
	l->all[l->count++] = (struct log_file){copy, mtime};
	return 0;
}

static int unreadable(struct walk *w, const char *path, int err)
{
	return sink_note(w->notes, "%s/%.100s: %s", w->root, path,
			 err == EACCES || err == EPERM ? "needs administrator rights"
						       : strerror(err));
}

static int walk_folder(struct walk *w, int parent, const char *name, const char *path, int depth);

static int visit(struct walk *w, int folder, const char *name, const char *path, int depth)
{
	struct stat st;

	if (fstatat(folder, name, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return 0; /* rotated away meanwhile */
	if (S_ISREG(st.st_mode))
		return add(w->list, path, (int64_t)st.st_mtime);
	if (!S_ISDIR(st.st_mode))
		return 0;
	if (depth == LOG_DEPTH_MAX) {
		w->list->left_out++;
		return 0;
	}
	return walk_folder(w, folder, name, path, depth + 1);
}

/* The binary journal has a collector of its own. */
static bool is_skipped(const char *path)
{
	return strcmp(path, ".") == 0 || strcmp(path, "..") == 0 || strcmp(path, "journal") == 0;
}

static int walk_folder(struct walk *w, int parent, const char *name, const char *path, int depth)
{
	char below[LOG_PATH_MAX];
	int fd = openat(parent, name, OPEN_FOLDER);
	DIR *d = fd < 0 ? NULL : fdopendir(fd);
	int err = 0;

	if (!d) {
		err = errno;
		if (fd >= 0)
			close(fd);
		return unreadable(w, path, err);
	}
	for (const struct dirent *e; err == 0 && (e = readdir(d)) != NULL;) {
		if (is_skipped(e->d_name))
			continue;

		int n =
		    snprintf(below, sizeof below, "%s%s%s", path, path[0] ? "/" : "", e->d_name);
		if (n < 0 || (size_t)n >= sizeof below)
			w->list->left_out++;
		else
			err = visit(w, fd, e->d_name, below, depth);
	}
	closedir(d);
	return err;
}

static int by_age(const void *a, const void *b)
{
	const struct log_file *x = a, *y = b;

	if (x->mtime != y->mtime)
		return x->mtime < y->mtime ? 1 : -1;
	return strcmp(x->path, y->path);
}

int log_list_read(struct log_list *l, const char *root, struct sink *notes)
{
	struct walk w = {l, root, notes};

	memset(l, 0, sizeof *l);

	int err = walk_folder(&w, AT_FDCWD, root, "", 0);
	if (err < 0) {
		log_list_done(l);
		return err;
	}
	if (l->count > 0)
		qsort(l->all, l->count, sizeof *l->all, by_age);
	return 0;
}

void log_list_done(struct log_list *l)
{
	for (size_t i = 0; i < l->count; i++)
		free(l->all[i].path);
	free(l->all);
	memset(l, 0, sizeof *l);
}

int log_list_open(const char *root, const char *path)
{
	char part[LOG_PATH_MAX];
	int folder = open(root, OPEN_FOLDER);

	for (;;) {
		size_t n = strcspn(path, "/");

		if (folder < 0)
			return -errno;
		if (n >= sizeof part) {
			close(folder);
			return -ENAMETOOLONG;
		}
		memcpy(part, path, n);
		part[n] = '\0';

		bool last = path[n] == '\0';
		int flags =
		    last ? O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY : OPEN_FOLDER;
		int next = openat(folder, part, flags);
		int err = next < 0 ? -errno : next;
		close(folder);
		if (last || next < 0)
			return err;
		folder = next;
		path += n + 1;
	}
}
