/* SPDX-License-Identifier: Apache-2.0 */
#include "console/old_part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "console/bundle.h"
#include "console/bundle_path.h"
#include "console/bundle_priv.h"
#include "console/old_part_priv.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define COLLECTOR "get"
#define BLOCK	  (64u << 10)
#define PIECE	  (8u << 20) /* at once: some milliseconds */

/* ---- which one ---- */

/* As a manifest holds it: cut. */
static void as_stored(const char *source, char out[MANIFEST_TEXT_MAX + 1])
{
	text_line(source, strlen(source), out, MANIFEST_TEXT_MAX + 1);
}

/* The index, or items_count. One without a hash was being written when its console was killed. */
static size_t find_entry(const struct manifest *m, const char *source, bool unfinished)
{
	char wanted[MANIFEST_TEXT_MAX + 1];

	as_stored(source, wanted);
	for (size_t i = m->items_count; i-- > 0;) {
		const struct manifest_item *it = &m->items[i];

		if (it->state == ITEM_PARTIAL && it->kind == ITEM_FROM_FILE &&
		    strcmp(it->collector, COLLECTOR) == 0 && strcmp(it->source, wanted) == 0 &&
		    (it->hashed || unfinished))
			return i;
	}
	return m->items_count;
}

/* Opens it and takes over what the entry says. */
static bool use(struct old_part *p, int root, const struct manifest_item *it)
{
	struct stat st;

	p->fd = bundle_open_file(root, it->name, O_RDWR | O_NONBLOCK);
	if (p->fd < 0)
		return false;
	if (fstat(p->fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size == 0) {
		close(p->fd);
		p->fd = -1;
		return false;
	}
	p->bytes = (uint64_t)st.st_size;
	p->known = it->hashed;
	if (it->hashed && it->bytes != p->bytes)
		p->known_sha256[0] = (uint8_t)~it->sha256[0]; /* checked like any other change */
	else
		memcpy(p->known_sha256, it->sha256, sizeof p->known_sha256);
	p->hash = sha256_stream_new();
	return p->hash != NULL;
}

static bool find_here(struct old_part *p, const char *source)
{
	const struct manifest *m = bundle_manifest(p->b);

	p->index = find_entry(m, source, false);
	p->is_own = p->index < m->items_count;
	return p->is_own && use(p, bundle_root(p->b), &m->items[p->index]);
}

static bool is_of_same_host(const struct old_part *p)
{
	return strcmp(p->m.host, bundle_manifest(p->b)->host) == 0 &&
	       strcmp(p->m.session, bundle_manifest(p->b)->session) != 0;
}

bool old_part_try_folder(struct old_part *p, int folder, const char *name, const char *source)
{
	p->folder = folder;
	snprintf(p->from, sizeof p->from, "%s", name);
	if (flock(folder, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK)
		return false; /* its console is still at work */
	if (old_part_read_manifest(folder, &p->m) < 0)
		return false;
	p->has_manifest = true;
	p->index = find_entry(&p->m, source, true);
	return is_of_same_host(p) && p->index < p->m.items_count &&
	       use(p, folder, &p->m.items[p->index]);
}

/* Forgets what was found so far, so that the next one can be tried. */
void old_part_drop(struct old_part *p)
{
	if (p->fd >= 0)
		close(p->fd);
	if (p->folder >= 0)
		close(p->folder);
	if (p->has_manifest)
		manifest_done(&p->m);
	sha256_stream_free(p->hash);
	*p = (struct old_part){.b = p->b, .fd = -1, .folder = -1};
}

bool old_part_find(struct old_part *p, struct bundle *b, const char *out_dir, const char *source)
{
	*p = (struct old_part){.b = b, .fd = -1, .folder = -1};
	if (find_here(p, source))
		return true;
	old_part_drop(p);
	if (old_part_find_beside(p, out_dir, source))
		return true;
	old_part_drop(p);
	p->b = NULL;
	return false;
}

void old_part_done(struct old_part *p)
{
	if (p->b)
		old_part_drop(p);
	p->b = NULL;
}

/* ---- is it what its manifest says? ---- */

static int cannot(char *why, const char *what, int err)
{
	char words[128];

	snprintf(why, OLD_PART_WHY_MAX, "%s%s%s", what, err ? ": " : "",
		 err ? err_text(err, words, sizeof words) : "");
	return err ? err : AS_EBADMSG;
}

static int read_piece(struct old_part *p)
{
	static uint8_t block[BLOCK];

	for (unsigned i = 0; i < PIECE / BLOCK && p->hashed < p->bytes; i++) {
		uint64_t left = p->bytes - p->hashed;
		size_t want = left < sizeof block ? (size_t)left : sizeof block;
		ssize_t got = pread(p->fd, block, want, (off_t)p->hashed);
		int err = got < 0 ? -errno : got == 0 ? AS_E_TRUNCATED : 0;

		if (err == -EINTR)
			continue;
		if (err == 0)
			err = sha256_stream_add(p->hash, block, (size_t)got);
		if (err < 0)
			return err;
		p->hashed += (uint64_t)got;
	}
	return 0;
}

static int finish_check(struct old_part *p, char *why)
{
	int err = sha256_stream_get(p->hash, p->sha256);

	if (err < 0)
		return cannot(why, "its hash cannot be computed", err);
	if (p->known && memcmp(p->sha256, p->known_sha256, sizeof p->sha256) != 0)
		return cannot(why, "the part that is here was changed since", 0);
	if (lseek(p->fd, (off_t)p->bytes, SEEK_SET) < 0)
		return cannot(why, "it cannot be written to", -errno);
	return 0;
}

int old_part_check(struct old_part *p, char why[OLD_PART_WHY_MAX])
{
	int err = read_piece(p);

	if (err < 0)
		return cannot(why, "the part that is here cannot be used", err);
	return p->hashed < p->bytes ? 1 : finish_check(p, why);
}

/* ---- its new place ---- */

/* What the other bundle says of it from now on. */
static int leave_note(struct old_part *p)
{
	char text[2 * MANIFEST_TEXT_MAX];

	snprintf(text, sizeof text, "%s: went on in %s", p->m.items[p->index].name,
		 bundle_path(p->b));
	manifest_drop_item(&p->m, p->index);
	manifest_add_note(&p->m, COLLECTOR, text); /* full of notes: it goes all the same */
	return bundle_write_manifest(p->folder, &p->m);
}

/* The new place, while the file is brought there. */
struct target {
	struct old_part *p;
	int dir;
	const char *part;
	bool moved; /* its old name is gone already */
};

/* The very file that was read, whatever has its name by now. */
static int link_here(struct target *t)
{
	char self[64];

	snprintf(self, sizeof self, "/proc/self/fd/%d", t->p->fd);
	return linkat(AT_FDCWD, self, t->dir, t->part, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

static int move(int dir, const char *part, void *arg)
{
	struct target *t = arg;

	if (renameat2(dir, part, t->dir, t->part, RENAME_NOREPLACE) < 0)
		return -errno;
	t->moved = true;
	return 0;
}

static int move_back(int dir, const char *part, void *arg)
{
	struct target *t = arg;

	return renameat2(t->dir, t->part, dir, part, RENAME_NOREPLACE) < 0 ? -errno : 0;
}

/* The old one is still in its manifest; so it must be there. */
static void undo(struct target *t, const char *name)
{
	if (t->moved)
		bundle_look(t->p->folder, name, move_back, t);
	else
		unlinkat(t->dir, t->part, 0);
}

static int place(int dir, const char *part, void *arg)
{
	struct old_part *p = arg;
	struct target t = {.p = p, .dir = dir, .part = part};
	char name[ITEM_NAME_MAX + 1];
	int err = link_here(&t);

	snprintf(name, sizeof name, "%s", p->m.items[p->index].name);
	if (err < 0 && err != -EEXIST) /* no links on this file system */
		err = bundle_look(p->folder, name, move, &t);
	if (err < 0)
		return err;
	err = leave_note(p);
	if (err < 0) {
		undo(&t, name);
		return err == -EEXIST ? -EIO : err;
	}
	if (!t.moved)
		bundle_unlink_file(p->folder, name); /* one name too many is no harm */
	return 0;
}

void old_part_announce(struct old_part *p, struct bundle_item *it)
{
	if (p->is_own)
		bundle_item_reuse(it, p->index);
}

int old_part_take(struct old_part *p, struct bundle_item *it)
{
	int err = bundle_item_adopt(it, p->fd, p->hash, p->bytes, p->is_own ? NULL : place, p);

	if (err < 0)
		return err;
	p->fd = -1;
	p->hash = NULL;
	return 0;
}
