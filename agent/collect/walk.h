/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything below a folder, each entry once, folder before content, sorted by name in each folder.
 * Links are never followed and other file systems never entered. A folder that cannot be read, or
 * that is too large for our memory, costs itself only. Memory: one folder's names a level.
 */
#ifndef AS_AGENT_COLLECT_WALK_H
#define AS_AGENT_COLLECT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define WALK_DEPTH_MAX 64
#define WALK_PATH_MAX  4095    /* below the root */
#define WALK_NAMES_MAX 1000000 /* of one folder */

struct walk_at {
	const char *path;      /* below the root, any bytes; "." for the root itself */
	const char *inside;    /* the same below where the walk began; "" for that itself */
	const char *name;      /* its last part */
	int folder;	       /* with part: what below_entry() and readlinkat() take */
	const char *part;      /* ... "" when the descriptor is the thing itself */
	const struct stat *st; /* of the entry itself */
};

enum { WALK_ON = 0, WALK_SKIP = 1 }; /* SKIP: do not enter this folder */

struct walk_events {
	/* Negative: the walk ends and hands it back. */
	int (*on_entry)(const struct walk_at *at, void *owner);
	/* What could not be looked at, by its path below the root; err: -errno. */
	int (*on_gap)(const char *path, int err, void *owner);
};

/* fd: any descriptor, O_PATH as well, of what lies at path below the root; stays the caller's. A
 * folder's entries, and when deep those of its folders, too; anything else is the one entry. */
int walk_below(int fd, const char *path, bool deep, const struct walk_events *ev, void *owner);

#endif
