/* SPDX-License-Identifier: Apache-2.0
 *
 * ls, stat: what lies in a granted folder, and what is known of single files.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "agent/collect/collect.h"
#include "agent/collect/entry.h"
#include "agent/collect/gaps.h"
#include "agent/collect/sink.h"
#include "agent/collect/walk.h"
#include "proto/base/err.h"

struct list {
	struct gaps gaps;
	unsigned entries; /* stops at 1: whether there were any */
};

static int on_entry(const struct walk_at *at, void *owner)
{
	struct list *l = owner;

	l->entries = 1;
	return entry_put(l->gaps.out, at->path, at->st, at->folder, at->part);
}

static int on_gap(const char *path, int err, void *owner)
{
	struct list *l = owner;

	return gaps_add_err(&l->gaps, path, err);
}

static const struct walk_events events = {on_entry, on_gap};

static int list_one(struct list *l, const char *path, bool deep)
{
	int fd = below_at(l->gaps.root, path, O_PATH), err;

	if (fd < 0)
		return gaps_add_err(&l->gaps, path, fd);
	err = walk_below(fd, path, deep, &events, l);
	close(fd);
	return err;
}

/* The thing itself, as `ls -d` shows it. "." is the root. */
static int stat_one(struct list *l, const char *path)
{
	int fd = below_at(l->gaps.root, path, O_PATH | O_NOFOLLOW), err = 0;
	struct stat st;

	if (fd < 0 || fstat(fd, &st) < 0)
		err = gaps_add_err(&l->gaps, path, fd < 0 ? fd : -errno);
	else
		err = on_entry(
		    &(struct walk_at){
			.path = path[0] ? path : ".", .folder = fd, .part = "", .st = &st},
		    l);
	if (fd >= 0)
		close(fd);
	return err;
}

/* A list that lacks something says so, and is partial; one that has nothing is none. */
static int sum_up(const struct list *l)
{
	int err = gaps_sum(&l->gaps);

	if (err < 0 || l->gaps.count == 0)
		return err;
	return l->entries > 0 ? ITEM_PARTIAL : ITEM_UNAVAILABLE;
}

static int run(struct sink *out, const struct collect_args *args, bool contents)
{
	const struct op_args *a = &args->op;
	struct below root;
	struct list l = {.gaps = {.out = out, .root = &root}};
	int err = a->paths_count > 0 ? 0 : AS_EBADMSG;

	if (err < 0)
		return err;
	err = below_open(args, &root);
	if (err < 0)
		return gaps_refuse(out, a->root, err);
	for (size_t i = 0; i < a->paths_count && err == 0; i++)
		err = contents ? list_one(&l, a->paths[i], a->flags & OPEN_FLAG_DEEP)
			       : stat_one(&l, a->paths[i]);
	below_close(&root);
	return err < 0 ? err : sum_up(&l);
}

int collect_ls(struct sink *out, const struct collect_args *args)
{
	return run(out, args, true);
}

int collect_stat(struct sink *out, const struct collect_args *args)
{
	return run(out, args, false);
}
