/* SPDX-License-Identifier: Apache-2.0
 *
 * The beginning of a file that an earlier `get` left behind, and how it becomes the beginning of a
 * new one: `get --continue`. Looked for in this session's bundle, then in the newest bundle of the
 * same host that lies beside it. Such a bundle may come from anybody: names, types and limits are
 * checked as for any other, nothing is opened through a link, and a part whose bytes are not those
 * of its manifest is not used.
 *
 *   old_part_find() -> old_part_check()* until it is 0 -> offer its length and hash to the agent
 *   -> old_part_take() when the agent has the same beginning -> old_part_done()
 *
 * The old file is never lost: it is linked into this bundle first (or moved, on a file system
 * without links), then its own manifest is replaced as a whole, and only then its old name goes.
 */
#ifndef AS_CONSOLE_OLD_PART_H
#define AS_CONSOLE_OLD_PART_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/manifest.h"
#include "proto/e2e/sha256.h"

struct bundle;
struct bundle_item;

#define OLD_PART_WHY_MAX 200

struct old_part {
	struct bundle *b; /* where it shall go; NULL: there is none */
	int fd;		  /* of the file to go on with, open at its end once it is checked */
	uint64_t bytes, hashed;
	struct sha256_stream *hash;
	uint8_t sha256[SHA256_LEN]; /* of all of it, once it is checked */

	bool is_own;  /* it lies in this bundle already */
	size_t index; /* of its entry there, or in the other manifest */
	bool known;   /* its manifest has a hash, and it must have this one */
	uint8_t known_sha256[SHA256_LEN];

	/* of another bundle */
	int folder; /* open and locked; -1: none */
	struct manifest m;
	bool has_manifest;
	char from[256]; /* the name of its folder */
};

/* The newest partial file whose source is that path. False when there is none. */
bool old_part_find(struct old_part *p, struct bundle *b, const char *out_dir, const char *source);

/* A piece of reading and hashing. 1: there is more; 0: it is what its manifest says; negative with
 * why: it cannot be used. */
int old_part_check(struct old_part *p, char why[OLD_PART_WHY_MAX]);

/* Before the FILE record of the file that goes on. */
void old_part_announce(struct old_part *p, struct bundle_item *it);

/* It becomes the beginning of the item's file. Negative: it stays where it is. */
int old_part_take(struct old_part *p, struct bundle_item *it);

void old_part_done(struct old_part *p); /* harmless for one that is all zeros */

#endif
