/* SPDX-License-Identifier: Apache-2.0
 *
 * From a collector's records to files. A file comes into being with its first byte: what the
 * agent could not read is an entry of the manifest and no empty file.
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

#define NAME_TRIES 1000

static struct manifest_item *entry_of(struct bundle_item *it)
{
	return &it->b->m.items[it->file.index];
}

static struct manifest_run *run_of(const struct bundle_item *it)
{
	return &it->b->m.runs[it->run];
}

static uint32_t since(uint64_t start_ms)
{
	uint64_t ms = clock_mono_ms() - start_ms;

	return ms < UINT32_MAX ? (uint32_t)ms : UINT32_MAX;
}

struct bundle_item *bundle_item_begin(struct bundle *b, const char *collector)
{
	struct bundle_item *it = calloc(1, sizeof *it);
	struct manifest_run *run;

	if (!it || manifest_add_run(&b->m, collector, &run) < 0) {
		free(it);
		return NULL;
	}
	run->start = clock_wall_s();
	run->state = ITEM_PARTIAL;
	run->open = true;
	it->b = b;
	it->run = b->m.runs_count - 1;
	it->since_ms = clock_mono_ms();
	it->file.fd = -1;
	it->next = b->open;
	b->open = it;
	bundle_changed(b);
	return it;
}

/* ---- one file ---- */

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
	return manifest_add_note(&it->b->m, run_of(it)->collector, text);
}

/* Finds a name that is free. The descriptor, or -errno. */
static int create_file(struct bundle_item *it)
{
	struct manifest_item *entry = entry_of(it);
	char name[ITEM_NAME_MAX + 1];
	int fd = bundle_is_own_name(entry->name) ? -EEXIST
						 : bundle_create_file(it->b->root, entry->name);

	for (unsigned n = 2; fd == -EEXIST && n < NAME_TRIES; n++) {
		int err = bundle_next_name(entry->name, n, name);

		if (err < 0)
			return err;
		fd = bundle_create_file(it->b->root, name);
		if (fd >= 0)
			note_renamed(it, entry->name, name);
		if (fd >= 0 && (err = manifest_text(&it->b->m, &entry->name, name)) < 0) {
			close(fd);
			return err;
		}
	}
	return fd;
}

static int file_begin(struct bundle_item *it, const struct item *rec)
{
	struct manifest_item *entry;
	struct manifest *m = &it->b->m;

	if (it->file.open || item_name_check(rec->file.name) < 0)
		return AS_EBADMSG;

	int err =
	    manifest_add_item(m, rec->file.name, run_of(it)->collector, rec->file.source, &entry);
	if (err < 0)
		return err;
	entry->kind = rec->file.source_kind;
	entry->start = clock_wall_s();
	entry->state = ITEM_PARTIAL;
	it->file.open = true;
	it->file.index = m->items_count - 1;
	it->file.since_ms = clock_mono_ms();
	it->file.err = 0;
	run_of(it)->files++;
	bundle_changed(it->b);
	return 0;
}

static int file_create(struct bundle_item *it)
{
	it->file.hash = sha256_stream_new();
	if (!it->file.hash)
		return -ENOMEM;
	it->file.fd = create_file(it);
	if (it->file.fd < 0) {
		disk_failed(it, it->file.fd);
		it->file.fd = -1;
	}
	return 0;
}

/* What the disk has taken is hashed and counted, whatever happens to the rest. */
static int file_write(struct bundle_item *it, const uint8_t *p, size_t n)
{
	struct bundle *b = it->b;
	int err = 0;

	if (n > b->bytes_max - b->bytes)
		return AS_E_QUOTA;
	if (it->file.fd < 0 && it->file.err == 0 && (err = file_create(it)) < 0)
		return err;
	while (n > 0 && it->file.err == 0) {
		ssize_t done = write(it->file.fd, p, n);

		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0) {
			disk_failed(it, -errno);
			break;
		}
		if ((err = sha256_stream_add(it->file.hash, p, (size_t)done)) < 0)
			return err;
		entry_of(it)->bytes += (uint64_t)done;
		run_of(it)->bytes += (uint64_t)done;
		b->bytes += (uint64_t)done;
		p += done;
		n -= (size_t)done;
	}
	return 0;
}

/* The state is the agent's unless our disk has made it worse. */
static int file_close(struct bundle_item *it, enum item_state state, const char *why)
{
	struct manifest_item *entry = entry_of(it);
	char text[ITEM_WHY_MAX + 1], words[128];
	int err = 0;

	if (it->file.fd < 0 && it->file.err == 0 && state == ITEM_OK)
		err = file_create(it); /* empty, and that is what it is */
	if (it->file.fd >= 0) {
		if (close(it->file.fd) < 0)
			disk_failed(it, -errno);
		it->file.fd = -1;
		entry->hashed = sha256_stream_get(it->file.hash, entry->sha256) == 0;
	}
	if (it->file.err < 0) {
		snprintf(text, sizeof text, "it could not be stored here: %s",
			 err_text(it->file.err, words, sizeof words));
		why = text;
		state = entry->bytes > 0 ? ITEM_PARTIAL : ITEM_FAILED;
	}
	entry->state = state;
	entry->duration_ms = since(it->file.since_ms);
	if (err == 0)
		err = manifest_text(&it->b->m, &entry->why, why);
	sha256_stream_free(it->file.hash);
	it->file.hash = NULL;
	it->file.open = false;
	bundle_changed(it->b);
	return err;
}

static int file_end(struct bundle_item *it, const struct item *rec)
{
	if (!it->file.open)
		return AS_EBADMSG;
	entry_of(it)->truncated = rec->file_end.truncated;
	entry_of(it)->redactions = rec->file_end.redactions;
	return file_close(it, rec->file_end.state, rec->file_end.why);
}

/* ---- the stream ---- */

static int take_end(struct bundle_item *it, const struct item *rec)
{
	struct manifest_run *run = run_of(it);

	it->ended = true;
	run->state = rec->end.state;
	run->duration_ms = rec->end.duration_ms;
	return manifest_text(&it->b->m, &run->why, rec->end.why);
}

/* Facts and notes over their limit are dropped: no reason to give up the files. */
static int drop_surplus(int err)
{
	return err == AS_E_QUOTA ? 0 : err;
}

int bundle_item_record(struct bundle_item *it, const struct item *rec)
{
	struct manifest *m = &it->b->m;

	switch (rec->type) {
	case ITEM_FILE:
		return file_begin(it, rec);
	case ITEM_DATA:
		return it->file.open ? file_write(it, rec->data.bytes, rec->data.len) : AS_EBADMSG;
	case ITEM_FILE_END:
		return file_end(it, rec);
	case ITEM_FACT:
		return drop_surplus(manifest_put_fact(m, rec->fact.key, rec->fact.value));
	case ITEM_NOTE:
		return drop_surplus(manifest_add_note(m, run_of(it)->collector, rec->note.text));
	case ITEM_END:
		return take_end(it, rec);
	default:
		return AS_EBADMSG;
	}
}

static void unlink_item(struct bundle_item *it)
{
	struct bundle_item **at = &it->b->open;

	while (*at != it)
		at = &(*at)->next;
	*at = it->next;
}

enum item_state bundle_item_end(struct bundle_item *it, enum item_state state, const char *why)
{
	struct bundle *b = it->b;
	struct manifest_run *run = run_of(it);
	char text[ITEM_WHY_MAX + 1], words[128];

	if (it->file.open)
		file_close(it, ITEM_PARTIAL, why[0] ? why : "it ended in the middle");
	if (state == ITEM_OK && !it->ended) {
		state = ITEM_PARTIAL;
		why = why[0] ? why : "it ended without saying so";
	}
	if (state == ITEM_OK) {
		state = run->state;
		why = run->why;
	}
	if (it->disk_err < 0 && state == ITEM_OK) {
		snprintf(text, sizeof text, "not everything could be stored here: %s",
			 err_text(it->disk_err, words, sizeof words));
		why = text;
		state = ITEM_PARTIAL;
	}
	if (!it->ended)
		run->duration_ms = since(it->since_ms);
	run->state = state;
	run->open = false;
	if (why != run->why)
		manifest_text(&b->m, &run->why, why); /* short of memory: no words for it */
	unlink_item(it);
	free(it);
	bundle_save(b); /* a failure shows in bundle_finish() */
	return state;
}

struct bundle_item_stats bundle_item_stats(const struct bundle_item *it)
{
	return (struct bundle_item_stats){run_of(it)->bytes, run_of(it)->files};
}
