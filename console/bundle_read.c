/* SPDX-License-Identifier: Apache-2.0
 *
 * The two forms of a bundle behind one callback: bundle_dir.c walks folders, bundle_tar.c
 * archives; this file counts for both.
 */
#include "console/bundle_read.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/bundle_read_priv.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define BLOCK 65536

int walk_fail(struct walk *w, int err, const char *name, const char *what)
{
	char clean[ITEM_NAME_MAX + 1];

	text_line(name, strlen(name), clean, sizeof clean);
	snprintf(w->why, BUNDLE_WHY_MAX, "%s%s%s", clean, clean[0] ? ": " : "", what);
	return err;
}

int walk_count(struct walk *w)
{
	if (++w->entries > BUNDLE_READ_ENTRIES_MAX)
		return walk_fail(w, AS_E_TOO_BIG, "", "more entries than a bundle may have");
	return 0;
}

int walk_file(struct walk *w, const char *name, uint64_t size, void *reader)
{
	struct bundle_file f = {.name = name, .size = size};
	struct walk_reader r = {.w = w, .source = reader};

	if (item_name_check(name) < 0)
		return walk_fail(w, AS_EBADMSG, name, "a name that no bundle has");
	f.reader = &r;
	return w->on_file(&f, w->arg);
}

/* The source may have said why; whose file it was comes in front of that. */
static int read_failed(struct walk *w, int err, const char *name)
{
	char why[BUNDLE_WHY_MAX];

	memcpy(why, w->why, sizeof why);
	return walk_fail(w, err, name, why[0] ? why : "cannot be read");
}

long bundle_file_read(struct bundle_file *f, void *p, size_t n)
{
	struct walk_reader *r = f->reader;
	struct walk *w = r->w;
	long got = w->read(w, r->source, p, n);

	if (got < 0)
		return read_failed(w, (int)got, f->name);
	w->bytes += (uint64_t)got;
	if (w->bytes > BUNDLE_READ_BYTES_MAX)
		return walk_fail(w, AS_E_TOO_BIG, f->name, "the bundle has more than 16 GiB");
	return got;
}

int bundle_file_extent(struct bundle_file *f, uint64_t from, uint64_t *start, uint64_t *end)
{
	struct walk_reader *r = f->reader;

	return r->w->extent ? r->w->extent(r->source, from, start, end) : AS_ESTATE;
}

int bundle_file_load(struct bundle_file *f, size_t max, char **out, size_t *n)
{
	char *all = NULL;
	size_t len = 0, cap = 0;
	long got;

	do {
		if (cap - len < BLOCK) {
			char *bigger = realloc(all, cap += cap / 2 + BLOCK);

			if (!bigger) {
				free(all);
				return -ENOMEM;
			}
			all = bigger;
		}
		got = bundle_file_read(f, all + len, BLOCK);
		len += got > 0 ? (size_t)got : 0;
		if (len > max)
			got = AS_E_TOO_BIG;
	} while (got > 0);
	if (got < 0) {
		free(all);
		return (int)got;
	}
	*out = all;
	*n = len;
	return 0;
}

bool bundle_is_packed(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

int bundle_walk(const char *path, bundle_on_file on_file, void *arg, char why[BUNDLE_WHY_MAX])
{
	struct walk w = {.on_file = on_file, .arg = arg, .why = why};

	why[0] = '\0';

	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK); /* a FIFO must not hang us */
	if (fd < 0)
		return walk_fail(&w, -errno, "", strerror(errno));

	int err = bundle_is_packed(path) ? walk_tar_fd(&w, fd) : walk_dir(&w, fd);
	close(fd);
	return err;
}

int bundle_walk_packed(const void *p, size_t n, bundle_on_file on_file, void *arg,
		       char why[BUNDLE_WHY_MAX])
{
	struct walk w = {.on_file = on_file, .arg = arg, .why = why};

	why[0] = '\0';
	return walk_tar_memory(&w, p, n);
}

/* ---- the manifest ---- */

struct loading {
	char *text;
	size_t n;
};

static int on_load(struct bundle_file *f, void *arg)
{
	struct loading *l = arg;

	if (strcmp(f->name, "manifest.json") != 0)
		return 0;

	int err = bundle_file_load(f, MANIFEST_MAX, &l->text, &l->n);
	return err < 0 ? err : 1; /* found: no need to see the rest */
}

int bundle_load(const char *path, struct manifest *out, char why[BUNDLE_WHY_MAX])
{
	struct loading l = {0};
	char reason[MANIFEST_WHY_MAX];
	int err = bundle_walk(path, on_load, &l, why);

	if (err == 0) {
		snprintf(why, BUNDLE_WHY_MAX, "it has no manifest.json, so it is not a bundle");
		return AS_EBADMSG;
	}
	if (err < 0) {
		if (why[0] == '\0')
			snprintf(why, BUNDLE_WHY_MAX, "manifest.json: %s",
				 err == AS_E_TOO_BIG ? "larger than 64 MiB" : "cannot be read");
		return err;
	}
	err = manifest_read(l.text, l.n, out, reason);
	if (err < 0)
		snprintf(why, BUNDLE_WHY_MAX, "manifest.json: %s", reason);
	free(l.text);
	return err;
}
