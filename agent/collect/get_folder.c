/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/get_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "agent/collect/gaps.h"
#include "agent/collect/owner_name.h"
#include "agent/collect/send_file.h"
#include "agent/collect/sink.h"
#include "agent/collect/tar.h"
#include "agent/collect/walk.h"

/* Files up to this size are read before their header is made. So it says how long they really are:
 * those of /proc say 0 bytes, those of /sys a page, and others may be written just now. */
#define FIRST_READ (256u << 10)

static int zeros(struct gaps *g, uint64_t n)
{
	struct item it = {.type = ITEM_HOLE, .hole = n};

	return n > 0 ? sink_record(g->out, &it) : 0;
}

/* 1: it has none, and must be left out. */
static int header(struct gaps *g, const struct walk_at *at, const struct stat *st)
{
	uint8_t bytes[TAR_HEADER_MAX];
	char target[PATH_MAX] = "";
	struct tar_entry e = {.name = at->inside,
			      .target = target,
			      .st = st,
			      .owner = owner_user(st->st_uid),
			      .group = owner_group(st->st_gid)};

	if (S_ISLNK(st->st_mode)) {
		ssize_t n = readlinkat(at->folder, at->part, target, sizeof target - 1);
		target[n > 0 ? n : 0] = '\0';
	}

	int n = tar_header(&e, bytes), err;
	if (n < 0) {
		err = gaps_add_err(g, at->path, -ENAMETOOLONG);
		return err < 0 ? err : 1;
	}
	return sink_bulk(g->out, bytes, (size_t)n);
}

/* As much as there is, up to want. *err: why there is not more. */
static size_t read_first(int fd, uint8_t *p, size_t want, int *err)
{
	size_t len = 0;

	*err = 0;
	while (len < want) {
		ssize_t n = read(fd, p + len, want - len);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0) {
			*err = n < 0 ? -errno : 0;
			break;
		}
		len += (size_t)n;
	}
	return len;
}

static int add_small(struct gaps *g, const struct walk_at *at, int fd, struct stat *st)
{
	static uint8_t first[FIRST_READ];
	bool made_up = st->st_blocks == 0 && (st->st_size == 0 || below_is_made_up(fd));
	int why, err;
	size_t n = read_first(fd, first, made_up ? sizeof first : (size_t)st->st_size, &why);

	st->st_size = (off_t)n;
	err = header(g, at, st);
	if (err == 0 && n > 0)
		err = sink_bulk(g->out, first, n);
	if (err == 0)
		err = zeros(g, tar_padding(n));
	if (err == 0 && why < 0)
		err = gaps_add(g, at->path, "could not be read to its end");
	if (err == 0 && n == sizeof first && made_up)
		err = gaps_add(g, at->path, "only its first 256 KiB");
	return err < 0 ? err : 0;
}

/* The header has promised a length: what is missing is zeros, and is said. */
static int add_large(struct gaps *g, const struct walk_at *at, int fd, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;
	int err = header(g, at, st);
	struct sent r;

	if (err != 0)
		return err < 0 ? err : 0;
	err = send_file(g->out, fd, 0, size, &r);
	if (err == 0 && r.bytes < size)
		err = gaps_add(g, at->path,
			       r.err < 0 ? "could not be read to its end; the rest is zeros"
					 : "became shorter while it was read; the rest is zeros");
	return err < 0 ? err : zeros(g, size - r.bytes - r.zeros + tar_padding(size));
}

static int add_file(struct gaps *g, const struct walk_at *at)
{
	int thing = below_entry(at->folder, at->part, O_PATH), fd, err;
	struct stat st;

	if (thing < 0)
		return gaps_add_err(g, at->path, thing);
	fd =
	    fstat(thing, &st) == 0 && S_ISREG(st.st_mode) ? below_reopen(thing, O_RDONLY) : -EINVAL;
	close(thing);
	if (fd < 0)
		return gaps_add_err(g, at->path, fd);
	err =
	    st.st_size <= (off_t)FIRST_READ ? add_small(g, at, fd, &st) : add_large(g, at, fd, &st);
	close(fd);
	return err;
}

static int on_entry(const struct walk_at *at, void *owner)
{
	struct gaps *g = owner;
	int err;

	if (S_ISREG(at->st->st_mode))
		return add_file(g, at);
	if (!S_ISDIR(at->st->st_mode) && !S_ISLNK(at->st->st_mode))
		return gaps_add(g, at->path, "neither a file nor a folder; left out");
	err = header(g, at, at->st);
	return err < 0 ? err : WALK_ON;
}

static int on_gap(const char *path, int err, void *owner)
{
	return gaps_add_err(owner, path, err);
}

int get_folder(struct sink *out, const struct below *root, const char *path, int folder)
{
	static const struct walk_events events = {on_entry, on_gap};
	struct gaps g = {.out = out, .root = root};
	int err = walk_below(folder, path, true, &events, &g);

	if (err == 0)
		err = zeros(&g, 2 * TAR_BLOCK); /* the end of an archive */
	if (err == 0)
		err = gaps_sum(&g);
	if (err < 0)
		return err;
	err = sink_file_end(out, g.count > 0 ? ITEM_PARTIAL : ITEM_OK, false,
			    g.count > 0 ? "not all of it; the notes say what is missing" : "");
	return err < 0 || g.count == 0 ? err : ITEM_PARTIAL;
}
