/* SPDX-License-Identifier: Apache-2.0
 *
 * A bundle that is packed, read in place with libarchive: tar, plain or gzip, and no other
 * format. Every entry lies below one folder, the bundle's, which is taken off its name.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <archive.h>
#include <archive_entry.h>

#include "console/bundle_read_priv.h"
#include "proto/base/err.h"

#define BLOCK 65536

struct tar {
	struct archive *a;
	char top[ITEM_NAME_MAX + 1]; /* the folder that all is below; "" before the first entry */
	uint64_t bytes;		     /* decompressed so far */
	const char *block;	     /* of the entry: what comes next, from block_at on */
	size_t block_n;
	int64_t at, block_at, size;
};

static void entry_begin(struct tar *t, int64_t size)
{
	t->block_n = 0;
	t->at = t->block_at = 0;
	t->size = size > 0 ? size : 0;
}

/* 1: there is a block; 0: none is left, only a hole up to the end perhaps. */
static int next_block(struct walk *w, struct tar *t)
{
	const void *p = NULL;
	size_t n = 0;
	la_int64_t at = 0;
	int got = archive_read_data_block(t->a, &p, &n, &at);

	if (got == ARCHIVE_EOF) {
		t->block_at = t->size;
		return 0;
	}
	if (got != ARCHIVE_OK || at < t->at)
		return walk_fail(w, AS_E_TRUNCATED, "", "the archive is damaged or cut short");
	t->block = p;
	t->block_n = n;
	t->block_at = at;
	t->bytes += n;
	if (t->bytes > BUNDLE_READ_RATIO_FROM &&
	    t->bytes / BUNDLE_READ_RATIO_MAX > (uint64_t)archive_filter_bytes(t->a, -1))
		return walk_fail(w, AS_E_TOO_BIG, "",
				 "it grows more than 200 times when it is unpacked");
	return 1;
}

/* Also called for what nobody wants to read: skipping decompresses just the same. */
static long read_tar(struct walk *w, void *source, void *p, size_t n)
{
	struct tar *t = source;
	int got = 1;

	while (got > 0 && t->at >= t->block_at && t->block_n == 0)
		got = next_block(w, t);
	if (got < 0)
		return got;
	if (t->at < t->block_at) { /* a hole */
		n = (uint64_t)(t->block_at - t->at) < n ? (size_t)(t->block_at - t->at) : n;
		memset(p, 0, n);
	} else if (t->block_n == 0) {
		return 0;
	} else {
		n = t->block_n < n ? t->block_n : n;
		memcpy(p, t->block, n);
		t->block += n;
		t->block_n -= n;
		t->block_at += (int64_t)n;
	}
	t->at += (int64_t)n;
	return (long)n;
}

static int skip_rest(struct walk *w, struct tar *t)
{
	char block[BLOCK];
	long got;

	do {
		got = read_tar(w, t, block, sizeof block);
		w->bytes += got > 0 ? (uint64_t)got : 0;
		if (w->bytes > BUNDLE_READ_BYTES_MAX)
			return walk_fail(w, AS_E_TOO_BIG, "", "the bundle has more than 16 GiB");
	} while (got > 0);
	return (int)got;
}

/* "assent-.../proc/meminfo" becomes "proc/meminfo"; NULL when it lies elsewhere. */
static const char *below_top(struct tar *t, const char *path)
{
	if (strncmp(path, "./", 2) == 0)
		path += 2;

	size_t n = strcspn(path, "/");
	if (n == 0 || n >= sizeof t->top || path[n] == '\0')
		return NULL;
	if (t->top[0] == '\0')
		memcpy(t->top, path, n);
	if (strncmp(t->top, path, n) != 0 || t->top[n] != '\0')
		return NULL;
	return path + n + 1;
}

static int on_entry(struct walk *w, struct tar *t, struct archive_entry *e)
{
	const char *path = archive_entry_pathname_utf8(e);
	int err = walk_count(w);

	if (err < 0)
		return err;
	if (!path)
		return walk_fail(w, AS_EBADMSG, "", "an entry has no readable name");
	if (archive_entry_filetype(e) == AE_IFDIR)
		return 0;
	if (archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e))
		return walk_fail(w, AS_EBADMSG, path, "neither a file nor a folder");

	const char *name = below_top(t, path);
	if (!name)
		return walk_fail(w, AS_EBADMSG, path, "not inside the bundle's folder");

	entry_begin(t, archive_entry_size(e));
	err = walk_file(w, name, (uint64_t)t->size, t);
	return err == 0 ? skip_rest(w, t) : err;
}

locale_t walk_utf8_begin(void)
{
	locale_t utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);

	return utf8 ? uselocale(utf8) : (locale_t)0; /* without it such names are refused */
}

void walk_utf8_end(locale_t before)
{
	if (before)
		freelocale(uselocale(before));
}

static int walk_tar(struct walk *w, struct tar *t)
{
	struct archive_entry *e;
	int err = 0, got;

	w->read = read_tar;
	while (err == 0 && (got = archive_read_next_header(t->a, &e)) != ARCHIVE_EOF) {
		if (got != ARCHIVE_OK)
			err = walk_fail(w, AS_E_TRUNCATED, "",
					"the archive is damaged, cut short or not a .tar.gz");
		else
			err = on_entry(w, t, e);
	}
	return err;
}

static struct archive *reader_new(void)
{
	struct archive *a = archive_read_new();

	if (a && archive_read_support_filter_gzip(a) == ARCHIVE_OK &&
	    archive_read_support_format_tar(a) == ARCHIVE_OK &&
	    archive_read_set_options(a, "tar:hdrcharset=UTF-8") == ARCHIVE_OK)
		return a;
	archive_read_free(a);
	return NULL;
}

/* bytes NULL: from fd. */
static int walk_from(struct walk *w, int fd, const void *bytes, size_t n)
{
	locale_t before = walk_utf8_begin(); /* the reader asks for the encoding only once */
	struct tar t = {.a = reader_new()};
	int err = t.a ? 0 : -ENOMEM;

	if (err == 0) {
		int got = bytes ? archive_read_open_memory(t.a, bytes, n)
				: archive_read_open_fd(t.a, fd, BLOCK);

		if (got == ARCHIVE_OK)
			err = walk_tar(w, &t);
		else
			err = walk_fail(w, AS_EBADMSG, "",
					"neither a bundle's folder nor its .tar.gz");
	}
	archive_read_free(t.a);
	walk_utf8_end(before);
	return err;
}

int walk_tar_fd(struct walk *w, int fd)
{
	return walk_from(w, fd, NULL, 0);
}

int walk_tar_memory(struct walk *w, const void *p, size_t n)
{
	return walk_from(w, -1, n > 0 ? p : "", n);
}
