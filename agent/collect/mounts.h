/* SPDX-License-Identifier: Apache-2.0
 *
 * How full each mounted file system is, asked so that a dead one (a server that is gone, a
 * device that hangs) cannot hold the others: the question is put by a child process, and a child
 * that does not answer in time is killed and replaced by one that goes on with the next.
 */
#ifndef AS_AGENT_COLLECT_MOUNTS_H
#define AS_AGENT_COLLECT_MOUNTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/collect/proc_text.h"

#define MOUNTS_MAX 1024

/* What one file system answered. */
struct usage {
	enum { USAGE_NOT_ASKED, USAGE_OK, USAGE_FAILED, USAGE_HANGS } state;
	int err; /* -errno of USAGE_FAILED */
	uint64_t block_size, blocks, free_blocks, available_blocks;
	uint64_t inodes, free_inodes;
	bool read_only;
};

struct mounts {
	struct mount *all;   /* ours, count entries */
	struct usage *usage; /* ours, likewise */
	size_t count;
	bool more; /* there were more than MOUNTS_MAX */
};

/* Reads /proc/self/mountinfo; file systems that are mounted on being looked at are left out. */
int mounts_read(struct mounts *m);
void mounts_done(struct mounts *m);

/* Asks each, waiting at most each_ms for one and all_ms for all. ask is statvfs_ask(); tests
 * give their own. A negative value means that nothing could be asked at all. */
typedef void (*mounts_ask)(const char *where, struct usage *out);
void statvfs_ask(const char *where, struct usage *out);
int mounts_ask_all(struct mounts *m, mounts_ask ask, int each_ms, int all_ms);

/* Percent in use as df counts it (what only root may use is not free), rounded up. 0 for a file
 * system without blocks. Pure. */
unsigned usage_percent(const struct usage *u);
unsigned usage_inode_percent(const struct usage *u);

#endif
