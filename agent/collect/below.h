/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening what lies below a folder that the customer granted, and nothing else. The folder is
 * opened at its place without links, as the customer was shown it; below it a link may lead to
 * another place below it, and nowhere else: no "..", no absolute link, no other file system, no
 * /proc link gets out, and no race, because the kernel looks while it walks (openat2(2)).
 * Where the kernel is too old for that, or a container forbids it, no link is followed at all.
 *
 * Paths are any bytes; "" is the root itself. A root that is one file has only that.
 */
#ifndef AS_AGENT_COLLECT_BELOW_H
#define AS_AGENT_COLLECT_BELOW_H

#include <limits.h>
#include <stdbool.h>
#include <sys/stat.h>

#include "agent/collect/collect.h"

#define BELOW_LOG_ROOT "/var/log"

struct below {
	int dir;		 /* the folder; or the one that the only file lies in */
	char only[NAME_MAX + 1]; /* "": the root is a folder */
	const char *root;	 /* as granted; the caller's */
};

/* The root that the operation was allowed: args->real, or /var/log for those of the right "logs". A
 * root that does not exist, or is a link now, is -errno. */
int below_open(const struct collect_args *args, struct below *out);
void below_close(struct below *b);

/* A descriptor, or -errno. what: O_PATH | O_NOFOLLOW for the thing itself, O_PATH for what it leads
 * to, O_RDONLY | O_DIRECTORY for a folder. Use below_file() for reading files. */
int below_at(const struct below *b, const char *path, int what);

/* A regular file, for reading. Nothing else is ever opened: a pipe or a device not even for a
 * moment. -EISDIR, -EINVAL (neither file nor folder), -errno. */
int below_file(const struct below *b, const char *path, struct stat *st);

/* The same for an O_PATH descriptor, which stays the caller's. */
int below_reopen(int fd, int flags);

/* In a folder that was opened before: the entry itself, never what a link leads to, never on
 * another file system. name "": what the descriptor itself is. */
int below_entry(int folder, const char *name, int what);

/* Of /proc and its kin: made when it is read, so its size says nothing. */
bool below_is_made_up(int fd);

/* Was it deleted, and is it our descriptor that keeps its name from being used again? Not where a
 * name goes at once. */
bool below_is_held(int fd);

/* "/srv/app/x\x0a": as a person reads and types it. Returns out. */
const char *below_name(const struct below *b, const char *path, char *out, size_t cap);

/* The same bytes as they are, for names in the bundle. */
const char *below_path(const struct below *b, const char *path, char *out, size_t cap);

/* Why it could not be opened, for a person. Returns a constant or out. */
const char *below_why(int err, char *out, size_t cap);

#endif
