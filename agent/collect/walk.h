/* SPDX-License-Identifier: Apache-2.0
 *
 * Everything below a folder, each entry once, folder before content, sorted by name in each folder.
 * Links are never followed and other file systems never entered. A folder that cannot be read costs
 * itself only. Memory: one folder's names a level.
 */
#ifndef AS_AGENT_COLLECT_WALK_H
#define AS_AGENT_COLLECT_WALK_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define WALK_DEPTH_MAX 64
#define WALK_PATH_MAX  4095
#define WALK_NAMES_MAX 1000000 /* of one folder */

struct walk_at {
	const char *path;      /* below where the walk began, any bytes */
	const char *name;      /* its last part */
	int folder;	       /* the open folder that it stands in */
	const struct stat *st; /* of the entry itself */
	unsigned depth;	       /* 0: directly in the folder that was given */
};

enum { WALK_ON = 0, WALK_SKIP = 1 }; /* SKIP: do not enter this folder */

struct walk_events {
	/* Negative: the walk ends and hands it back. */
	int (*on_entry)(const struct walk_at *at, void *owner);
	/* What could not be looked at, err being -errno; may be NULL. */
	int (*on_gap)(const char *path, int err, void *owner);
};

/* folder: any descriptor of a folder, O_PATH as well; stays the caller's. deep: what lies in its
 * folders, too. */
int walk_below(int folder, bool deep, const struct walk_events *ev, void *owner);

#endif
