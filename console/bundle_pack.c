/* SPDX-License-Identifier: Apache-2.0
 *
 * `bundle pack`: the folder as PATH.tar.gz. The same folder always gives the same bytes: files
 * in the order of their names behind the manifest, the session's start as their time, no owner.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "console/bundle_cmd_priv.h"
#include "console/bundle_read_priv.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define BLOCK	    65536
#define MANIFEST    "manifest.json"
#define EXTENTS_MAX 4096

struct pack {
	struct archive *a;
	const char *top; /* the folder's own name */
	int64_t time;
	bool manifest; /* this walk takes the manifest, the other one all else */
	char *why;     /* BUNDLE_WHY_MAX bytes */
};

static int archive_fail(struct pack *p)
{
	const char *text = archive_error_string(p->a);
	int err = archive_errno(p->a);

	snprintf(p->why, BUNDLE_WHY_MAX, "the archive cannot be written: %s",
		 text ? text : "out of memory");
	return err > 0 ? -err : -EIO;
}

/* A file with holes keeps them. One with more of them than anybody needs is written as it is. */
static void tell_holes(struct bundle_file *f, struct archive_entry *e)
{
	uint64_t at = 0, start, end;
	int pieces = 0, got;

	while ((got = bundle_file_extent(f, at, &start, &end)) > 0 && pieces++ < EXTENTS_MAX) {
		archive_entry_sparse_add_entry(e, (la_int64_t)start, (la_int64_t)(end - start));
		at = end;
	}
	if (got != 0)
		archive_entry_sparse_clear(e);
	else if (pieces == 0 && f->size > 0)
		archive_entry_sparse_add_entry(e, 0, 0); /* nothing but a hole */
}

static int write_header(struct pack *p, struct bundle_file *f)
{
	struct archive_entry *e = archive_entry_new();
	char path[2 * ITEM_NAME_MAX + 2];

	if (!e)
		return -ENOMEM;
	snprintf(path, sizeof path, "%s/%s", p->top, f->name);
	archive_entry_set_pathname(e, path);
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0600);
	archive_entry_set_size(e, (la_int64_t)f->size);
	archive_entry_set_mtime(e, p->time, 0);
	tell_holes(f, e);

	int err = archive_write_header(p->a, e) == ARCHIVE_OK ? 0 : archive_fail(p);
	archive_entry_free(e);
	return err;
}

static int on_file(struct bundle_file *f, void *arg)
{
	struct pack *p = arg;
	char block[BLOCK];
	uint64_t done = 0;
	long got = 0;

	if ((strcmp(f->name, MANIFEST) == 0) != p->manifest)
		return 0;

	int err = write_header(p, f);
	while (err == 0 && (got = bundle_file_read(f, block, sizeof block)) > 0) {
		done += (uint64_t)got;
		if (done > f->size || archive_write_data(p->a, block, (size_t)got) != got)
			err = done > f->size ? AS_ESTATE : archive_fail(p);
	}
	if (err == 0)
		err = (int)got;
	if (err == AS_ESTATE || (err == 0 && done != f->size)) {
		snprintf(p->why, BUNDLE_WHY_MAX, "%s changes while it is packed", f->name);
		err = AS_ESTATE;
	}
	return err;
}

static struct archive *writer_new(int fd)
{
	struct archive *a = archive_write_new();

	if (a && archive_write_add_filter_gzip(a) == ARCHIVE_OK &&
	    archive_write_set_format_pax_restricted(a) == ARCHIVE_OK &&
	    archive_write_set_options(a, "gzip:!timestamp,hdrcharset=UTF-8") == ARCHIVE_OK &&
	    archive_write_open_fd(a, fd) == ARCHIVE_OK)
		return a;
	archive_write_free(a);
	return NULL;
}

static int write_archive(const char *folder, const char *top, int64_t time, int fd, char *why)
{
	struct pack p = {.a = writer_new(fd), .top = top, .time = time, .why = why};
	char walked[BUNDLE_WHY_MAX];
	int err = 0;

	if (!p.a) {
		snprintf(why, BUNDLE_WHY_MAX, "the archive cannot be started");
		return -ENOMEM;
	}
	for (int pass = 0; err == 0 && pass < 2; pass++) {
		p.manifest = pass == 0;
		err = bundle_walk(folder, on_file, &p, walked);
		if (walked[0] != '\0')
			memcpy(why, walked, sizeof walked);
	}
	if (err == 0 && archive_write_close(p.a) != ARCHIVE_OK)
		err = archive_fail(&p);
	archive_write_free(p.a);
	return err;
}

/* Appears under its name when it is whole, and only where nothing is. */
static int pack_to(const char *folder, const char *top, int64_t time, const char *target, char *why)
{
	char *part = NULL;
	int err = 0;

	if (asprintf(&part, "%s.XXXXXX", target) < 0)
		return -ENOMEM;

	int fd = mkostemp(part, O_CLOEXEC);
	if (fd < 0) {
		err = -errno;
		snprintf(why, BUNDLE_WHY_MAX, "the archive cannot be made: %s", strerror(errno));
		free(part);
		return err;
	}
	locale_t before = walk_utf8_begin();
	err = write_archive(folder, top, time, fd, why);
	walk_utf8_end(before);
	if (close(fd) < 0 && err == 0)
		err = -errno;
	if (err == 0 && link(part, target) < 0)
		err = errno == EEXIST ? AS_EEXISTS : -errno;
	unlink(part);
	free(part);
	return err;
}

/* Without the slashes people's shells add. NULL for a path that names no folder of its own. */
static char *folder_of(const char *path)
{
	char *folder = realpath(path, NULL);

	if (folder && strcmp(folder, "/") == 0) {
		free(folder);
		return NULL;
	}
	return folder;
}

static int pack(const char *folder, const char *target)
{
	char why[BUNDLE_WHY_MAX] = "", words[128];
	const char *top = strrchr(folder, '/') + 1;
	struct manifest m;
	struct stat st;

	if (lstat(target, &st) == 0)
		return bundle_cmd_fail(target,
				       "exists already and is not overwritten; move it away first");
	if (bundle_load(folder, &m, why) < 0)
		return bundle_cmd_fail(folder, why);

	int64_t time = m.started;
	manifest_done(&m);

	int err = pack_to(folder, top, time, target, why);
	if (err < 0)
		return bundle_cmd_fail(target, why[0] ? why : err_text(err, words, sizeof words));
	printf("%s\n", target);
	return 0;
}

int bundle_cmd_pack(const char *path)
{
	char *target = NULL;
	int code = 1;

	if (bundle_is_packed(path))
		return bundle_cmd_fail(path, "is not a folder; only a folder can be packed");

	char *folder = folder_of(path);
	if (!folder)
		return bundle_cmd_fail(path, errno ? strerror(errno) : "is not a bundle");
	if (asprintf(&target, "%s.tar.gz", folder) < 0)
		target = NULL;
	if (target)
		code = pack(folder, target);
	free(target);
	free(folder);
	return code;
}
