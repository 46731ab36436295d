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
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "agent/collect/collect.h"
#include "agent/collect/get_folder.h"
#include "agent/collect/send_file.h"
#include "agent/collect/sink.h"
#include "agent/plat/plat.h"
#include "proto/base/err.h"

#define MADE_UP_MAX (64u << 20) /* of a file that the system makes while it is read */
#define PATH_ROOM   (COLLECT_REAL_LEN + OP_PATH_MAX + 8)

static int begin(struct sink *out, const struct below *root, const char *path, const char *suffix)
{
	char name[PATH_ROOM], source[4 * PATH_ROOM];

	below_path(root, path, name, sizeof name - 8);
	strcat(name, suffix);
	below_name(root, path, source, sizeof source);
	return sink_file_begin(out, name, ITEM_FROM_FILE, source);
}

/* Nothing of it is sent, and that is listed. */
static int stay_out(struct sink *out, enum item_state state, const char *why)
{
	int err = sink_file_end(out, state, false, why);

	return err < 0 ? err : (int)state;
}

/* It cannot be opened. */
static int refuse(struct sink *out, const struct below *root, const char *path, int err)
{
	char words[80];
	int result = begin(out, root, path, "");

	return result < 0 ? result
			  : stay_out(out, ITEM_UNAVAILABLE, below_why(err, words, sizeof words));
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

static int cut_short(struct sink *out, const char *what, int err)
{
	char why[ITEM_WHY_MAX + 1];
	int result;

	snprintf(why, sizeof why, "%s", what);
	if (err < 0)
		snprintf(why, sizeof why, "cannot be read to its end: %s", strerror(-err));
	result = sink_file_end(out, ITEM_PARTIAL, true, why);
	return result < 0 ? result : ITEM_PARTIAL;
}

static int send_rest(struct sink *out, int fd, uint64_t from, uint64_t size)
{
	char what[ITEM_WHY_MAX + 1];
	struct sent r;
	int err = send_file(out, fd, from, size, &r);

	if (err < 0)
		return err;
	if (r.bytes == size - from)
		return sink_file_end(out, ITEM_OK, false, "");
	snprintf(what, sizeof what, "it became shorter while it was read");
	if (r.zeros > 0)
		snprintf(what, sizeof what,
			 "it became shorter while it was read: the last %" PRIu64
			 " bytes are only zeros",
			 r.zeros);
	return cut_short(out, what, r.err);
}

static int go_on(struct sink *out, int fd, const struct op_args *a, uint64_t size)
{
	bool same;
	int err = a->offset > size ? AS_EBADMSG : is_same_beginning(fd, a, &same);

	if (err == AS_EUNAVAIL)
		return stay_out(
		    out, ITEM_UNAVAILABLE,
		    "this computer cannot compare the beginning: get it without --continue");
	if (err < 0 || !same)
		return stay_out(out, ITEM_FAILED,
				"the file has changed since: get it without --continue");
	err = put_number(out, ITEM_OFFSET, a->offset);
	return err < 0 ? err : send_rest(out, fd, a->offset, size);
}

/* Of /proc and its kin, or of a file system that tells no sizes. */
static int send_made_up(struct sink *out, int fd)
{
	struct sent r;
	int err = send_stream(out, fd, MADE_UP_MAX, &r);
	bool cut = r.bytes == MADE_UP_MAX;

	if (err < 0)
		return err;
	if (r.err == 0 && !cut)
		return sink_file_end(out, ITEM_OK, false, "");
	return cut_short(out, cut ? "the first 64 MiB: the system makes it while it is read" : "",
			 r.err);
}

static int send_one(struct sink *out, const struct below *root, const struct op_args *a, int fd,
		    const struct stat *st)
{
	uint64_t size = (uint64_t)st->st_size;
	bool made_up = st->st_blocks == 0 && (size == 0 || below_is_made_up(fd));
	int err = begin(out, root, a->paths[0], "");

	if (err == 0)
		err = put_number(out, ITEM_SIZE, size);
	if (err < 0)
		return err;
	if (made_up && !a->has_sha256)
		return send_made_up(out, fd);
	return a->has_sha256 ? go_on(out, fd, a, size) : send_rest(out, fd, 0, size);
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
		err = begin(out, root, a->paths[0], ".tar");
		if (err == 0)
			err = get_folder(out, root, a->paths[0], fd);
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
