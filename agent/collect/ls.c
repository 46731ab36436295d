/* SPDX-License-Identifier: Apache-2.0
 *
 * ls, stat: what lies in a granted folder, and what is known of single files.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "agent/collect/collect.h"
#include "agent/collect/entry.h"
#include "agent/collect/sink.h"
#include "agent/collect/walk.h"

struct list {
	struct sink *out;
	const struct below *root;
	const char *path; /* that was asked for */
	unsigned gaps;
};

static int note(struct list *l, const char *path, int err)
{
	char name[ITEM_WHY_MAX], words[80];

	l->gaps++;
	below_name(l->root, path, name, 100);
	return sink_note(l->out, "%s: %s", name, below_why(err, words, sizeof words));
}

static int on_gap(const char *below, int err, void *owner)
{
	struct list *l = owner;
	char path[OP_PATH_MAX + WALK_PATH_MAX + 2];

	snprintf(path, sizeof path, "%s%s%s", l->path, l->path[0] && below[0] ? "/" : "", below);
	return note(l, path, err);
}

static int on_entry(const struct walk_at *at, void *owner)
{
	struct list *l = owner;
	char name[OP_PATH_MAX + WALK_PATH_MAX + 2];

	snprintf(name, sizeof name, "%s%s%s", l->path, l->path[0] ? "/" : "", at->path);
	return entry_put(l->out, name, at->st, at->folder, at->name);
}

static const struct walk_events events = {on_entry, on_gap};

/* The thing itself, as `ls -d` shows it. "." is the root. */
static int itself(struct list *l, int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return note(l, l->path, -errno);
	return entry_put(l->out, l->path[0] ? l->path : ".", &st, fd, "");
}

static int list_one(struct list *l, bool deep)
{
	int fd = below_at(l->root, l->path, O_PATH), err;
	struct stat st;

	if (fd < 0)
		return note(l, l->path, fd);
	if (fstat(fd, &st) == 0 && S_ISDIR(st.st_mode))
		err = walk_below(fd, deep, &events, l);
	else
		err = itself(l, fd);
	close(fd);
	return err;
}

static int stat_one(struct list *l)
{
	int fd = below_at(l->root, l->path, O_PATH | O_NOFOLLOW), err;

	if (fd < 0)
		return note(l, l->path, fd);
	err = itself(l, fd);
	close(fd);
	return err;
}

/* A list that lacks something says so, and is partial. */
static int run(struct sink *out, const struct collect_args *args, bool contents)
{
	struct below root;
	struct list l = {.out = out, .root = &root};
	char words[80];
	int err = below_open(args, &root);

	if (err < 0)
		return sink_note(out, "%s: %s", args->op.root,
				 below_why(err, words, sizeof words)) < 0
			   ? err
			   : ITEM_UNAVAILABLE;
	for (size_t i = 0; i < args->op.paths_count && err == 0; i++) {
		l.path = args->op.paths[i];
		err = contents ? list_one(&l, args->op.flags & OPEN_FLAG_DEEP) : stat_one(&l);
	}
	below_close(&root);
	return err == 0 && l.gaps > 0 ? ITEM_PARTIAL : err;
}

int collect_ls(struct sink *out, const struct collect_args *args)
{
	return run(out, args, true);
}

int collect_stat(struct sink *out, const struct collect_args *args)
{
	return run(out, args, false);
}
