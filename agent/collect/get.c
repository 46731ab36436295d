/* SPDX-License-Identifier: Apache-2.0
 *
 * get: one file as it is, or a folder as a tar archive that is made while it is sent. Nothing is
 * staged here.
 *
 * Going on with a file of which the engineer has the beginning: he says how much and its SHA-256;
 * when our beginning has another one the file is another one, and nothing is sent.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "agent/collect/collect.h"
#include "agent/collect/send_file.h"
#include "agent/collect/sink.h"
#include "agent/collect/tar.h"
#include "agent/collect/walk.h"
#include "agent/plat/plat.h"
#include "proto/base/err.h"

#define GAPS_TOLD 20
#define PATH_ROOM (COLLECT_REAL_LEN + OP_PATH_MAX + 8)

static int begin(struct sink *out, const struct below *root, const char *path, const char *suffix)
{
	char name[PATH_ROOM], source[4 * PATH_ROOM];

	below_path(root, path, name, sizeof name - 8);
	strcat(name, suffix);
	below_name(root, path, source, sizeof source);
	return sink_file_begin(out, name, ITEM_FROM_FILE, source);
}

/* Nothing of it can be sent, and that is listed. */
static int refuse(struct sink *out, const struct below *root, const char *path, int err)
{
	char words[80];
	int result = begin(out, root, path, "");

	if (result == 0)
		result = sink_file_end(out, ITEM_UNAVAILABLE, false,
				       below_why(err, words, sizeof words));
	return result < 0 ? result : ITEM_UNAVAILABLE;
}

/* ---- one file ---- */

/* Does our beginning have the engineer's hash? */
static int is_same_beginning(int fd, const struct op_args *a, bool *same)
{
	uint8_t ours[OP_SHA256_LEN];
	int err = plat_sha256_file(fd, a->offset, ours);

	*same = err == 0 && memcmp(ours, a->sha256, sizeof ours) == 0;
	return err;
}

static int put_number(struct sink *out, enum item_type type, uint64_t v)
{
	struct item it = {.type = type};

	if (type == ITEM_SIZE)
		it.size = v;
	else
		it.offset = v;
	return sink_record(out, &it);
}

static int send_rest(struct sink *out, int fd, uint64_t from, uint64_t size)
{
	char why[ITEM_WHY_MAX + 1] = "it became shorter while it was read";
	struct sent r;
	int err = send_file(out, fd, from, size, &r);

	if (err < 0)
		return err;
	if (r.bytes == size - from)
		return sink_file_end(out, ITEM_OK, false, "");
	if (r.err < 0)
		snprintf(why, sizeof why, "cannot be read to its end: %s", strerror(-r.err));
	err = sink_file_end(out, ITEM_PARTIAL, true, why);
	return err < 0 ? err : ITEM_PARTIAL;
}

static int go_on(struct sink *out, int fd, const struct op_args *a, uint64_t size)
{
	bool same;
	int err = a->offset > size ? AS_EBADMSG : is_same_beginning(fd, a, &same);

	if (err == AS_EUNAVAIL) {
		sink_file_end(
		    out, ITEM_UNAVAILABLE, false,
		    "this computer cannot compare the beginning: get it without --continue");
		return ITEM_UNAVAILABLE;
	}
	if (err < 0 || !same) {
		sink_file_end(out, ITEM_FAILED, false,
			      "the file has changed since: get it without --continue");
		return ITEM_FAILED;
	}
	err = put_number(out, ITEM_OFFSET, a->offset);
	return err < 0 ? err : send_rest(out, fd, a->offset, size);
}

static int send_one(struct sink *out, const struct below *root, const struct op_args *a, int fd,
		    const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;
	int err = begin(out, root, a->paths[0], "");

	if (err == 0)
		err = put_number(out, ITEM_SIZE, size);
	if (err < 0)
		return err;
	return a->has_sha256 ? go_on(out, fd, a, size) : send_rest(out, fd, 0, size);
}

/* ---- a folder ---- */

struct archive {
	struct sink *out;
	const struct below *root;
	const char *path;
	unsigned gaps;
};

static int note(struct archive *a, const char *path, const char *what)
{
	char name[100], whole[OP_PATH_MAX + WALK_PATH_MAX + 2];

	if (a->gaps++ >= GAPS_TOLD)
		return 0;
	snprintf(whole, sizeof whole, "%s%s%s", a->path, a->path[0] && path[0] ? "/" : "", path);
	below_name(a->root, whole, name, sizeof name);
	return sink_note(a->out, "%s: %s", name, what);
}

static int zeros(struct archive *a, uint64_t n)
{
	struct item it = {.type = ITEM_HOLE, .hole = n};

	return n > 0 ? sink_record(a->out, &it) : 0;
}

static int header(struct archive *a, const struct walk_at *at, const struct stat *st)
{
	uint8_t bytes[TAR_HEADER_MAX];
	char target[ITEM_LINK_MAX + 1] = "";
	struct tar_entry e = {
	    .name = at->path, .target = target, .st = st, .owner = "", .group = ""};

	if (S_ISLNK(st->st_mode)) {
		ssize_t n = readlinkat(at->folder, at->name, target, sizeof target - 1);
		target[n > 0 ? n : 0] = '\0';
	}

	int n = tar_header(&e, bytes);
	if (n < 0)
		return note(a, at->path, "its name is too long");
	return sink_bulk(a->out, bytes, (size_t)n);
}

/* The header has promised a length: what is missing is zeros, and is said. */
static int contents(struct archive *a, const struct walk_at *at, int fd, const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;
	struct sent r;
	int err = send_file(a->out, fd, 0, size, &r);

	if (err == 0 && r.bytes < size)
		err = note(a, at->path,
			   r.err < 0 ? "could not be read to its end; the rest is zeros"
				     : "became shorter while it was read; the rest is zeros");
	return err < 0 ? err : zeros(a, size - r.bytes - r.zeros + tar_padding(size));
}

static int add_file(struct archive *a, const struct walk_at *at)
{
	int thing = below_entry(at->folder, at->name, O_PATH), fd, err;
	char words[80];
	struct stat st;

	if (thing < 0)
		return note(a, at->path, below_why(thing, words, sizeof words));
	fd =
	    fstat(thing, &st) == 0 && S_ISREG(st.st_mode) ? below_reopen(thing, O_RDONLY) : -EINVAL;
	close(thing);
	if (fd < 0)
		return note(a, at->path, below_why(fd, words, sizeof words));
	err = header(a, at, &st);
	if (err == 0)
		err = contents(a, at, fd, &st);
	close(fd);
	return err;
}

static int on_entry(const struct walk_at *at, void *owner)
{
	struct archive *a = owner;

	if (S_ISREG(at->st->st_mode))
		return add_file(a, at);
	if (S_ISDIR(at->st->st_mode) || S_ISLNK(at->st->st_mode))
		return header(a, at, at->st);
	return note(a, at->path, "neither a file nor a folder; left out");
}

static int on_gap(const char *path, int err, void *owner)
{
	char words[80];

	return note(owner, path, below_why(err, words, sizeof words));
}

static const struct walk_events events = {on_entry, on_gap};

static int send_folder(struct sink *out, const struct below *root, const char *path, int fd)
{
	struct archive a = {.out = out, .root = root, .path = path};
	int err = begin(out, root, path, ".tar");

	if (err == 0)
		err = walk_below(fd, true, &events, &a);
	if (err == 0)
		err = zeros(&a, 2 * TAR_BLOCK); /* the end of an archive */
	if (err == 0 && a.gaps > GAPS_TOLD)
		err =
		    sink_note(out, "and %u more that are missing or not whole", a.gaps - GAPS_TOLD);
	if (err < 0)
		return err;
	err = sink_file_end(out, a.gaps > 0 ? ITEM_PARTIAL : ITEM_OK, false,
			    a.gaps > 0 ? "not all of it; the notes say what is missing" : "");
	return err < 0 || a.gaps == 0 ? err : ITEM_PARTIAL;
}

/* ---- either ---- */

static int send_it(struct sink *out, const struct below *root, const struct op_args *a)
{
	struct stat st;
	int fd = below_file(root, a->paths[0], &st), err;

	if (fd == -EISDIR && !a->has_sha256) {
		fd = below_at(root, a->paths[0], O_PATH | O_DIRECTORY);
		if (fd < 0)
			return refuse(out, root, a->paths[0], fd);
		err = send_folder(out, root, a->paths[0], fd);
	} else if (fd < 0) {
		return refuse(out, root, a->paths[0], fd);
	} else {
		err = send_one(out, root, a, fd, &st);
	}
	close(fd);
	return err;
}

int collect_get(struct sink *out, const struct collect_args *args)
{
	struct below root = {.dir = -1, .root = args->op.root};
	int err = args->op.paths_count == 1 ? below_open(args, &root) : AS_EBADMSG;

	if (err < 0 && err > AS_ERR_BASE)
		return refuse(out, &root, args->op.paths[0], err);
	if (err == 0 && (args->op.flags & OPEN_FLAG_PACK) && !args->comp)
		err = sink_pack(out);
	if (err < 0)
		return err;
	err = send_it(out, &root, &args->op);
	below_close(&root);
	return err;
}
