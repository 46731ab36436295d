/* SPDX-License-Identifier: Apache-2.0 */
#include "console/bundle.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/bundle_path.h"
#include "console/bundle_priv.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/e2e/sha256.h"

#define MANIFEST_NEW ".manifest.json.new"
#define RESERVE	     (1 << 20)

/* ---- the manifest on disk ---- */

bool bundle_is_own_name(const char *name)
{
	return strcasecmp(name, BUNDLE_MANIFEST) == 0 || strcasecmp(name, MANIFEST_NEW) == 0 ||
	       strcasecmp(name, BUNDLE_VERSION) == 0 || strncasecmp(name, "grant", 5) == 0 ||
	       strncasecmp(name, "request", 7) == 0;
}

/* Space that the last manifest can have when everything else has filled the disk. Where the
 * file system cannot promise it, there is none. */
static int reserve_new(int root)
{
	int fd = openat(root, ".reserve", O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);

	if (fd < 0)
		return -1;
	unlinkat(root, ".reserve", 0);
	if (posix_fallocate(fd, 0, RESERVE) == 0)
		return fd;
	close(fd);
	return -1;
}

void bundle_release(struct bundle *b)
{
	if (b->reserve >= 0)
		close(b->reserve);
	b->reserve = -1;
}

int bundle_write_manifest(int root, const struct manifest *m)
{
	int err = 0;

	if (unlinkat(root, MANIFEST_NEW, 0) < 0 && errno != ENOENT)
		return -errno;

	int fd = bundle_create_file(root, MANIFEST_NEW);
	if (fd < 0)
		return fd;

	FILE *f = fdopen(fd, "w");
	if (!f) {
		err = -errno;
		close(fd);
		return err;
	}
	err = manifest_write(m, f);
	if (fclose(f) != 0 && err == 0)
		err = -errno;
	if (err == 0 && renameat(root, MANIFEST_NEW, root, BUNDLE_MANIFEST) < 0)
		err = -errno;
	if (err < 0)
		unlinkat(root, MANIFEST_NEW, 0);
	return err;
}

void bundle_flush(struct bundle *b)
{
	for (struct bundle_item *it = b->open; it; it = it->next)
		bundle_file_flush(it);
}

/* What it says is on the disk is there. */
int bundle_save(struct bundle *b)
{
	bundle_flush(b);

	int err = bundle_write_manifest(b->root, &b->m);

	if (err == -ENOSPC && b->reserve >= 0) {
		bundle_release(b);
		err = bundle_write_manifest(b->root, &b->m);
	}
	if (err == 0)
		b->changes = 0;
	return err;
}

void bundle_changed(struct bundle *b)
{
	if (++b->changes > b->m.items_count / 16)
		bundle_save(b); /* a failure shows in bundle_finish() */
}

/* ---- small files of our own ---- */

static int write_all(int fd, const void *p, size_t n)
{
	const char *at = p;

	while (n > 0) {
		ssize_t done = write(fd, at, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		at += done;
		n -= (size_t)done;
	}
	return 0;
}

int bundle_store(struct bundle *b, const char *name, const void *p, size_t n)
{
	int fd = bundle_create_file(b->root, name);

	if (fd < 0)
		return fd;

	int err = write_all(fd, p, n);
	if (close(fd) < 0 && err == 0)
		err = -errno;
	if (err < 0)
		unlinkat(b->root, name, 0);
	return err;
}

static int store_version(struct bundle *b)
{
	const struct manifest *m = &b->m;
	char text[4 * MANIFEST_TEXT_MAX], at[CLOCK_TEXT_MAX];
	struct manifest_item *it;
	int n = snprintf(text, sizeof text,
			 "assent bundle, format %s\nconsole: %s\nagent: %s\nhost: %s (%s)\n"
			 "session: %s\nstarted: %s\n",
			 MANIFEST_FORMAT, m->console_build, m->agent_build, m->host, m->agent_os,
			 m->session, clock_utc_text(m->started, at));
	size_t len = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
	int err = bundle_store(b, BUNDLE_VERSION, text, len);

	if (err == 0)
		err = manifest_add_item(&b->m, BUNDLE_VERSION, "console", "", &it);
	if (err < 0)
		return err;
	it->bytes = len;
	it->start = m->started;
	it->hashed = sha256(text, len, it->sha256) == 0;
	return 0;
}

/* ---- life ---- */

static int set_texts(struct manifest *m, const struct bundle_about *about)
{
	int err = manifest_text(m, &m->host, about->host);

	if (err == 0)
		err = manifest_text(m, &m->console_build, about->console_build);
	if (err == 0)
		err = manifest_text(m, &m->agent_build, about->agent_build);
	if (err == 0)
		err = manifest_text(m, &m->agent_os, about->agent_os);
	hex_encode(about->session_id, sizeof about->session_id, m->session);
	m->started = about->started;
	return err;
}

static int make_root(struct bundle *b, const struct bundle_about *about)
{
	char name[BUNDLE_NAME_MAX];
	int err = bundle_make_dirs(about->out_dir, 0700);

	if (err < 0)
		return err;
	bundle_folder_name(about->host, about->started, about->session_id, name);
	if (asprintf(&b->path, "%s/%s", about->out_dir, name) < 0) {
		b->path = NULL;
		return -ENOMEM;
	}
	if (mkdir(b->path, 0700) < 0)
		return errno == EEXIST ? AS_EEXISTS : -errno;
	b->root = open(b->path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (b->root >= 0) {
		(void)flock(b->root, LOCK_EX | LOCK_NB); /* where the file system can */
		return 0;
	}
	err = -errno;
	rmdir(b->path);
	return err;
}

static void unmake_root(struct bundle *b)
{
	unlinkat(b->root, BUNDLE_MANIFEST, 0);
	unlinkat(b->root, BUNDLE_VERSION, 0);
	rmdir(b->path);
}

int bundle_create(const struct bundle_about *about, struct bundle **out)
{
	struct bundle *b = calloc(1, sizeof *b);
	int err = -ENOMEM;

	if (!b)
		return err;
	b->root = b->reserve = -1;
	b->hasher = hasher_new();
	b->bytes_max = about->bytes_max > 0 && about->bytes_max < BUNDLE_BYTES_MAX
			   ? about->bytes_max
			   : BUNDLE_BYTES_MAX;
	manifest_init(&b->m);
	if (!b->hasher)
		goto out;
	if ((err = set_texts(&b->m, about)) < 0 || (err = make_root(b, about)) < 0)
		goto out;
	b->reserve = reserve_new(b->root);
	if ((err = store_version(b)) < 0 || (err = bundle_save(b)) < 0)
		unmake_root(b);
out:
	if (err < 0)
		bundle_free(b);
	else
		*out = b;
	return err;
}

int bundle_note(struct bundle *b, const char *text)
{
	int err = manifest_add_note(&b->m, "", text);

	if (err == 0)
		bundle_changed(b);
	return err;
}

int bundle_finish(struct bundle *b, int64_t finished)
{
	while (b->open)
		bundle_item_end(b->open, ITEM_PARTIAL, "the session ended before it was done");
	b->m.finished = finished;
	b->m.complete = true;
	b->finished = true;
	bundle_release(b);
	return bundle_save(b);
}

const char *bundle_path(const struct bundle *b)
{
	return b->path;
}

int bundle_root(const struct bundle *b)
{
	return b->root;
}

const struct manifest *bundle_manifest(const struct bundle *b)
{
	return &b->m;
}

static void item_free(struct bundle_item *it)
{
	hasher_wait(it->b->hasher);
	if (it->file.fd >= 0)
		close(it->file.fd);
	sha256_stream_free(it->file.hash);
	free(it->file.hold);
	free(it);
}

void bundle_free(struct bundle *b)
{
	if (!b)
		return;
	bundle_flush(b);
	while (b->open) {
		struct bundle_item *it = b->open;

		b->open = it->next;
		item_free(it);
	}
	hasher_free(b->hasher);
	bundle_release(b);
	if (b->root >= 0)
		close(b->root);
	manifest_done(&b->m);
	free(b->path);
	free(b);
}
