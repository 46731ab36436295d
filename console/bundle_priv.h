/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of the bundle writer share: bundle.c makes the folder and keeps the manifest on
 * disk, bundle_item.c stores what collectors send, bundle_grant.c what the customer agreed to.
 */
#ifndef AS_CONSOLE_BUNDLE_PRIV_H
#define AS_CONSOLE_BUNDLE_PRIV_H

#include <stdbool.h>

#include "console/bundle.h"
#include "console/hasher.h"
#include "proto/e2e/sha256.h"

#define BUNDLE_MANIFEST "manifest.json"
#define BUNDLE_VERSION	"version.txt"

struct bundle {
	char *path;
	int root;    /* the folder, open */
	int reserve; /* an unlinked file that keeps space for the last manifest; -1 once used */
	struct manifest m;
	struct bundle_item *open; /* list of items that have not ended */
	struct hasher *hasher;	  /* of the files' large pieces */
	uint64_t bytes, bytes_max;
	size_t changes; /* of the manifest since it was last written */
	bool finished;
};

struct bundle_item {
	struct bundle *b;
	struct bundle_item *next;
	size_t run; /* index in b->m.runs */
	uint64_t since_ms;
	bool ended;   /* END has come; its state and why are in the run */
	int disk_err; /* the last failure to store a file; the item is partial then */
	struct {
		bool open;
		int fd;	      /* -1 until the first byte comes: a gap has no file */
		size_t index; /* in b->m.items */
		struct sha256_stream *hash;
		uint64_t hashed; /* bytes in it; fewer than there are behind a hole */
		uint8_t *hold;	 /* what has come but is not written, and counts already */
		size_t held;
		uint64_t since_ms;
		int err;     /* its bytes are dropped from here on */
		bool reused; /* the entry was there before and is not touched yet */
		bool ending; /* FILE_END has come, the hash is behind */
		enum item_state end_state;
		char end_why[ITEM_WHY_MAX + 1];
	} file;
	bool reuses; /* the next FILE is file.index once more */
};

/* Replaces the manifest below root as a whole. -errno */
int bundle_write_manifest(int root, const struct manifest *m);

struct manifest_run *bundle_run(const struct bundle_item *it);
uint32_t bundle_since(uint64_t start_ms);

/* bundle_file.c: FILE, DATA, HOLE, FILE_END, and an end in the middle. */
int bundle_file_begin(struct bundle_item *it, const struct item *rec);
int bundle_file_write(struct bundle_item *it, const uint8_t *p, size_t n);
/* Writes what is held. A failure shows in file.err. */
void bundle_file_flush(struct bundle_item *it);
int bundle_file_hole(struct bundle_item *it, uint64_t n);
int bundle_file_end(struct bundle_item *it, const struct item *rec);
int bundle_file_close(struct bundle_item *it, enum item_state state, const char *why);

/* Names at the top of the folder that are the bundle's own. */
bool bundle_is_own_name(const char *name);

/* A whole small file of our own. -errno. */
int bundle_store(struct bundle *b, const char *name, const void *p, size_t n);

/* The two messages of a grant, as they were on the wire. */
struct bundle_pair {
	const uint8_t *request;
	size_t request_len;
	const uint8_t *grant;
	size_t grant_len;
};

/* Fills what people read of a grant from the signed bytes; signatures are not looked at. */
int bundle_grant_describe(struct manifest *m, struct manifest_grant *g,
			  const struct bundle_pair *in);

/* The disk is full: gives the reserve back to it. */
void bundle_release(struct bundle *b);

/* Counts a change of the manifest and writes it when enough have come together, so that all
 * writing of it together stays proportional to its size. */
void bundle_changed(struct bundle *b);
int bundle_save(struct bundle *b);

#endif
