/* SPDX-License-Identifier: Apache-2.0
 *
 * From records to one file. A file comes into being with its first byte: what the agent could not
 * read is an entry of the manifest and no empty file. Its hash is of all its bytes, holes included;
 * behind a hole it is computed later, in pieces, from what was written.
 */
#include "console/bundle.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "console/bundle_path.h"
#include "console/bundle_priv.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define NAME_TRIES  1000
#define HOLD_MAX    (240u << 10)
#define HASH_BLOCK  (64u << 10)
#define HASH_BESIDE (64u << 10) /* so much is worth waking another thread for */
#define HASH_PIECE  (8u << 20)	/* at once: some milliseconds */

static struct manifest_item *entry_of(const struct bundle_item *it)
{
	return &it->b->m.items[it->file.index];
}

struct manifest_run *bundle_run(const struct bundle_item *it)
{
	return &it->b->m.runs[it->run];
}

uint32_t bundle_since(uint64_t start_ms)
{
	uint64_t ms = clock_mono_ms() - start_ms;

	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

/* ---- its name ---- */

static void disk_failed(struct bundle_item *it, int err)
{
	if (err == -ENOSPC || err == -EDQUOT)
		bundle_release(it->b);
	it->file.err = it->disk_err = err;
}

static int note_renamed(struct bundle_item *it, const char *wanted, const char *got)
{
	char text[2 * ITEM_NAME_MAX + 64];

	snprintf(text, sizeof text, "%s: the name is taken; kept as %s", wanted, got);
	return manifest_add_note(&it->b->m, bundle_run(it)->collector, text);
}

/* Finds a name that is free, and has `place` bring the file there. What that returns, or -errno. */
static int name_file(struct bundle_item *it, int (*place)(int dir, const char *part, void *arg),
		     void *arg)
{
	struct manifest_item *entry = entry_of(it);
	char name[ITEM_NAME_MAX + 1];
	int got = bundle_is_own_name(entry->name)
		      ? -EEXIST
		      : bundle_place(it->b->root, entry->name, place, arg);

	for (unsigned n = 2; got == -EEXIST && n < NAME_TRIES; n++) {
		int err = bundle_next_name(entry->name, n, name);

		if (err < 0)
			return err;
		got = bundle_place(it->b->root, name, place, arg);
		if (got >= 0)
			note_renamed(it, entry->name, name);
		if (got >= 0 && (err = manifest_text(&it->b->m, &entry->name, name)) < 0)
			return err;
	}
	return got;
}

int bundle_file_begin(struct bundle_item *it, const struct item *rec)
{
	struct manifest_item *entry;
	struct manifest *m = &it->b->m;

	if (it->file.open || item_name_check(rec->file.name) < 0)
		return AS_EBADMSG;
	it->file.open = true;
	it->file.reused = it->reuses;
	it->file.ending = false;
	it->file.hashed = 0;
	it->file.since_ms = clock_mono_ms();
	it->file.err = 0;
	if (it->file.reused)
		return 0;

	int err = manifest_add_item(m, rec->file.name, bundle_run(it)->collector, rec->file.source,
				    &entry);
	if (err < 0) {
		it->file.open = false;
		return err;
	}
	entry->kind = rec->file.source_kind;
	entry->start = clock_wall_s();
	entry->state = ITEM_PARTIAL;
	it->file.index = m->items_count - 1;
	bundle_run(it)->files++;
	bundle_changed(it->b);
	return 0;
}

static int file_create(struct bundle_item *it)
{
	it->file.hash = sha256_stream_new();
	if (!it->file.hash)
		return -ENOMEM;
	it->file.fd = name_file(it, bundle_new_file, NULL);
	if (it->file.fd < 0) {
		disk_failed(it, it->file.fd);
		it->file.fd = -1;
	}
	return 0;
}

/* Room in the grant, and a file to write to. */
static int file_prepare(struct bundle_item *it, uint64_t n)
{
	if (it->file.reused || it->file.ending)
		return AS_EBADMSG;
	if (n > it->b->bytes_max - it->b->bytes)
		return AS_E_QUOTA;
	return it->file.fd < 0 && it->file.err == 0 ? file_create(it) : 0;
}

static void count_bytes(struct bundle_item *it, uint64_t n)
{
	entry_of(it)->bytes += n;
	bundle_run(it)->bytes += n;
	it->b->bytes += n;
}

/* What the disk has not taken does not count. */
static void give_up(struct bundle_item *it, size_t left, int err)
{
	entry_of(it)->bytes -= left;
	bundle_run(it)->bytes -= left;
	it->b->bytes -= left;
	disk_failed(it, err);
}

static uint64_t on_disk(const struct bundle_item *it)
{
	return entry_of(it)->bytes - it->file.held;
}

/* n bytes that are counted already, the last that are. How many of them are to be hashed now: those
 * that the disk has taken, if the hash is over everything before them. */
static size_t write_out(struct bundle_item *it, const uint8_t *p, size_t n)
{
	bool in_order = it->file.hashed == entry_of(it)->bytes - n;
	size_t left = n;

	while (left > 0) {
		ssize_t done = write(it->file.fd, p, left);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			give_up(it, left, -errno);
			break;
		}
		p += done;
		left -= (size_t)done;
	}
	return in_order ? n - left : 0;
}

static int hash(struct bundle_item *it, const uint8_t *p, size_t n)
{
	hasher_wait(it->b->hasher);
	it->file.hashed += n;
	return sha256_stream_add(it->file.hash, p, n);
}

static void write_and_hash(struct bundle_item *it, const uint8_t *p, size_t n)
{
	size_t done = write_out(it, p, n);

	if (done > 0 && hash(it, p, done) < 0)
		disk_failed(it, -EIO);
}

/* While it is hashed beside us the next piece is received and written. */
static void write_and_hash_beside(struct bundle_item *it, size_t n)
{
	size_t done = write_out(it, it->file.hold, n);

	it->file.hashed += done;
	if (done > 0)
		it->file.hold = hasher_add(it->b->hasher, it->file.hash, it->file.hold, done);
}

void bundle_file_flush(struct bundle_item *it)
{
	size_t n = it->file.held;

	it->file.held = 0;
	if (n >= HASH_BESIDE)
		write_and_hash_beside(it, n);
	else if (n > 0)
		write_and_hash(it, it->file.hold, n);
}

static bool hold(struct bundle_item *it, const uint8_t *p, size_t n)
{
	if (n > HOLD_MAX - it->file.held)
		bundle_file_flush(it);
	if (n >= HOLD_MAX || it->file.err < 0)
		return false;
	if (!it->file.hold && !(it->file.hold = malloc(HOLD_MAX)))
		return false;
	memcpy(it->file.hold + it->file.held, p, n);
	it->file.held += n;
	return true;
}

/* What the disk has taken is hashed and counted, whatever happens to the rest. */
int bundle_file_write(struct bundle_item *it, const uint8_t *p, size_t n)
{
	int err = file_prepare(it, n);
	bool held;

	if (err < 0 || it->file.err < 0)
		return err;
	held = hold(it, p, n);
	if (it->file.err < 0)
		return 0;
	count_bytes(it, n);
	if (!held)
		write_and_hash(it, p, n);
	return 0;
}

/* Zeros that take no room; the file has its length at once, whenever we are killed. */
int bundle_file_hole(struct bundle_item *it, uint64_t n)
{
	int err = file_prepare(it, n);
	uint64_t to;

	if (err < 0)
		return err;
	bundle_file_flush(it);
	if (it->file.err < 0)
		return 0;
	to = entry_of(it)->bytes + n;
	if (to > INT64_MAX || ftruncate(it->file.fd, (off_t)to) < 0 ||
	    lseek(it->file.fd, (off_t)to, SEEK_SET) < 0)
		disk_failed(it, to > INT64_MAX ? -EFBIG : -errno);
	else
		count_bytes(it, n);
	return 0;
}

/* ---- its hash, when that is behind ---- */

bool bundle_item_has_work(const struct bundle_item *it)
{
	return it->file.open && !it->file.reused && it->file.fd >= 0 &&
	       (it->file.ending || it->file.hashed < on_disk(it));
}

/* A piece of what was written. False when it cannot be read: there is no hash then. */
static bool hash_more(struct bundle_item *it)
{
	static uint8_t block[HASH_BLOCK];

	for (unsigned i = 0; i < HASH_PIECE / HASH_BLOCK; i++) {
		uint64_t left = entry_of(it)->bytes - it->file.hashed;
		ssize_t got;

		if (left == 0)
			return true;
		got = pread(it->file.fd, block, left < sizeof block ? (size_t)left : sizeof block,
			    (off_t)it->file.hashed);
		if (got <= 0 || hash(it, block, (size_t)got) < 0)
			return false;
	}
	return true;
}

bool bundle_item_work(struct bundle_item *it)
{
	bundle_file_flush(it);
	if (!bundle_item_has_work(it))
		return false;
	if (!hash_more(it))
		disk_failed(it, -EIO);
	if (it->file.err == 0 && it->file.hashed < entry_of(it)->bytes)
		return true;
	if (it->file.ending)
		bundle_file_close(it, it->file.end_state, it->file.end_why);
	return false;
}

/* ---- the end of a file ---- */

/* The state is the agent's unless our disk has made it worse. */
int bundle_file_close(struct bundle_item *it, enum item_state state, const char *why)
{
	struct manifest_item *entry = entry_of(it);
	char text[ITEM_WHY_MAX + 1], words[128];
	int err = 0;

	bundle_file_flush(it);
	it->file.open = it->file.ending = false;
	if (it->file.reused)
		return 0; /* it was not the same file, and stays what it was */
	if (it->file.fd < 0 && it->file.err == 0 && state == ITEM_OK)
		err = file_create(it); /* empty, and that is what it is */
	while (it->file.fd >= 0 && it->file.hashed < entry->bytes)
		if (!hash_more(it)) {
			disk_failed(it, -EIO);
			break;
		}
	hasher_wait(it->b->hasher);
	if (it->file.fd >= 0) {
		entry->hashed = it->file.hashed == entry->bytes;
		if (entry->hashed && sha256_stream_get(it->file.hash, entry->sha256) < 0) {
			entry->hashed = false;
			disk_failed(it, -EIO);
		}
		if (close(it->file.fd) < 0)
			disk_failed(it, -errno);
		it->file.fd = -1;
	}
	if (it->file.err < 0) {
		snprintf(text, sizeof text, "it could not be stored here: %s",
			 err_text(it->file.err, words, sizeof words));
		why = text;
		state = entry->bytes > 0 ? ITEM_PARTIAL : ITEM_FAILED;
	}
	entry->state = state;
	entry->duration_ms = bundle_since(it->file.since_ms);
	if (err == 0)
		err = manifest_text(&it->b->m, &entry->why, why);
	sha256_stream_free(it->file.hash);
	it->file.hash = NULL;
	bundle_changed(it->b);
	return err;
}

int bundle_file_end(struct bundle_item *it, const struct item *rec)
{
	if (!it->file.open || it->file.ending)
		return AS_EBADMSG;
	bundle_file_flush(it);
	if (!it->file.reused) {
		entry_of(it)->truncated = rec->file_end.truncated;
		entry_of(it)->redactions = rec->file_end.redactions;
	}
	if (!bundle_item_has_work(it) || entry_of(it)->bytes - it->file.hashed <= HASH_PIECE)
		return bundle_file_close(it, rec->file_end.state, rec->file_end.why);
	it->file.ending = true;
	it->file.end_state = rec->file_end.state;
	memcpy(it->file.end_why, rec->file_end.why, sizeof it->file.end_why);
	return 0;
}

/* ---- files that are there already ---- */

void bundle_item_reuse(struct bundle_item *it, size_t index)
{
	it->reuses = true;
	it->file.index = index;
}

int bundle_item_adopt(struct bundle_item *it, int fd, struct sha256_stream *hash, uint64_t bytes,
		      int (*place)(int dir, const char *part, void *arg), void *arg)
{
	struct manifest_item *entry = entry_of(it);
	uint64_t more = place ? bytes : 0; /* what lies here is counted already */
	int err;

	if (!it->file.open || it->file.fd >= 0 || it->file.reused != !place)
		return AS_ESTATE;
	if (!place && (!entry->hashed || entry->bytes != bytes))
		return AS_ESTATE; /* somebody else has gone on with it meanwhile */
	if (more > it->b->bytes_max - it->b->bytes)
		return AS_E_QUOTA;
	if (place && (err = name_file(it, place, arg)) < 0)
		return err;
	it->file.fd = fd;
	it->file.hash = hash;
	it->file.hashed = bytes;
	it->file.reused = false;
	it->b->bytes += more;
	entry->bytes = bytes;
	entry->state = ITEM_PARTIAL;
	entry->hashed = false;
	bundle_changed(it->b);
	return 0;
}
