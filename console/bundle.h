/* SPDX-License-Identifier: Apache-2.0
 *
 * Writing a bundle: the folder that a session's diagnostics end up in.
 *
 *   bundle_create() -> bundle_grant()+ -> for each collector:
 *       bundle_item_begin() -> bundle_item_record()* -> bundle_item_end()
 *   -> bundle_finish() -> bundle_free()
 *
 * Several items may be open at once. Names come from the agent and are hostile: files are
 * created below the folder only, never through a link, never twice; a name that is taken gets a
 * suffix and a note. manifest.json is replaced whole after finished files, so a killed console
 * leaves a valid one of what had arrived. While the bundle is being written its folder is locked
 * (flock), so that no other console takes a file out of it.
 *
 * A full disk costs the file it happens in (marked partial, with what arrived); the session and
 * the other items go on. All writing is synchronous and in pieces of a record, on purpose: who
 * calls does not give credit before it returns, so a slow disk slows the agent down. What is
 * written is hashed beside, at most one piece behind.
 */
#ifndef AS_CONSOLE_BUNDLE_H
#define AS_CONSOLE_BUNDLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/manifest.h"
#include "proto/wire/item.h"

#define BUNDLE_ENTRIES_MAX 200000u	 /* files; as MANIFEST_ITEMS_MAX */
#define BUNDLE_BYTES_MAX   (16ull << 30) /* of all files, when the grant says no less */
#define BUNDLE_GRANTS_MAX  16		 /* first grant and later ones */

struct bundle;
struct bundle_item;

/* Strings are copied. Builds may be "" when not known. */
struct bundle_about {
	const char *out_dir; /* made with mode 0700 when missing */
	const char *host;    /* from the grant; any bytes, cleaned here */
	int64_t started;     /* wall clock, seconds since 1970 */
	uint8_t session_id[16];
	uint64_t bytes_max; /* from the grant; 0 = BUNDLE_BYTES_MAX */
	const char *console_build, *agent_build, *agent_os;
};

/* Makes OUT/assent-HOST-YYYYMMDDTHHMMSSZ-SSSSSSSS/ with version.txt and a first manifest.
 * AS_EEXISTS when it is there already; -errno. Nothing is left behind on failure. */
int bundle_create(const struct bundle_about *about, struct bundle **out);

/* Keeps the SignedGrant message and the SignedRequest it answers, as they were on the wire
 * (grant.bin and request.bin, later pairs grant-2.bin, ...), for `bundle verify`. AS_EBADMSG when
 * they do not decode; -errno. */
int bundle_grant(struct bundle *b, const uint8_t *request, size_t request_len, const uint8_t *grant,
		 size_t grant_len);

/* One collector's stream. The item belongs to the bundle until bundle_item_end(). NULL when
 * memory is short. An item that was denied or refused is begun and ended at once. */
struct bundle_item *bundle_item_begin(struct bundle *b, const char *collector);

/* Each record of item_decode(), in order; those of lists and live views, and OFFSET, are not for a
 * bundle. 0 also when the disk is full (facts and notes are still worth having). Negative: give the
 * stream up, then bundle_item_end(). AS_E_QUOTA when the agent sends more bytes or files than a
 * bundle may hold (holes count), AS_E_INTERNAL, -ENOMEM. */
int bundle_item_record(struct bundle_item *it, const struct item *rec);

/* What kept the last file from being stored, or 0: who does not want the rest may give up. */
int bundle_item_disk_error(const struct bundle_item *it);

/* A hole may be long, and is part of its file's hash: that is computed in pieces while the rest
 * comes. True while there is more to do; after the last record bundle_item_end() would do it all at
 * once. */
bool bundle_item_work(struct bundle_item *it);
bool bundle_item_has_work(const struct bundle_item *it);

/* Before FILE: it is the file of that index in the manifest once more, and gets no new entry. Until
 * bundle_item_adopt() it stays as it is, whatever happens. */
void bundle_item_reuse(struct bundle_item *it, size_t index);

/* After FILE: its first bytes are there already. fd is open at their end, hash is over them; both
 * are taken. place brings the file to the name that the entry gets (bundle_place()); NULL when it
 * lies there, with bundle_item_reuse(). Negative: nothing was taken. */
struct sha256_stream;
int bundle_item_adopt(struct bundle_item *it, int fd, struct sha256_stream *hash, uint64_t bytes,
		      int (*place)(int dir, const char *part, void *arg), void *arg);

/* No more records will come. state is the session's own view: ITEM_OK when the stream ended well
 * (the END record's state then counts, and without one it is partial), anything else with the
 * reason in why ("" for none). A file that is still open is kept as partial. Returns the state
 * the manifest has; the item is gone. */
enum item_state bundle_item_end(struct bundle_item *it, enum item_state state, const char *why);

/* For progress lines. */
struct bundle_item_stats {
	uint64_t bytes; /* stored */
	uint32_t files;
};
struct bundle_item_stats bundle_item_stats(const struct bundle_item *it);

/* A remark about the session itself ("the connection was lost"). */
int bundle_note(struct bundle *b, const char *text);

/* The last manifest, marked complete. Items still open are ended as partial first. -errno when it
 * could not be written: the one before stands. The bundle can still be asked afterwards. */
/* Files are written in larger pieces than they come: what is held goes to the disk now. Before the
 * program waits for more, so that whatever happens to it all that has come is there. */
void bundle_flush(struct bundle *b);

int bundle_finish(struct bundle *b, int64_t finished);

const char *bundle_path(const struct bundle *b);
int bundle_root(const struct bundle *b);			/* the folder, open */
const struct manifest *bundle_manifest(const struct bundle *b); /* for summary_print() */

/* Without bundle_finish() before it the folder stays as a killed console would leave it. */
void bundle_free(struct bundle *b);

#endif
