/* SPDX-License-Identifier: Apache-2.0
 *
 * Disks and file systems: what there is, what is mounted where, how full it is in bytes and in
 * inodes. No name of any file of the customer, and no content.
 */
#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "agent/collect/collect.h"
#include "agent/collect/copy.h"
#include "agent/collect/mounts.h"
#include "agent/collect/sink.h"
#include "agent/collect/tool.h"
#include "proto/base/text.h"

#define MOUNT_WAIT_MS 2000
#define FULL_PERCENT  90

/* ---- df, without its habit of hanging ---- */

static const char *gap_text(const struct usage *u)
{
	switch (u->state) {
	case USAGE_HANGS:
		return "does not answer";
	case USAGE_FAILED:
		return u->err == -EACCES || u->err == -EPERM ? "needs administrator rights"
							     : strerror(-u->err);
	default:
		return "not asked: no time left";
	}
}

static const char *device(const struct mount *m)
{
	return m->device[0] ? m->device : "-";
}

static void percent(unsigned p, bool any, char out[8])
{
	if (any)
		snprintf(out, 8, "%u%%", p);
	else
		snprintf(out, 8, "-");
}

static int df_blocks(struct sink *s, const struct mount *m, const struct usage *u)
{
	uint64_t kb = u->block_size < 1024 ? 1 : u->block_size / 1024;
	uint64_t used = u->blocks > u->free_blocks ? u->blocks - u->free_blocks : 0;
	char use[8];

	percent(usage_percent(u), u->blocks > 0, use);
	return sink_printf(s, "%-20s %14" PRIu64 " %14" PRIu64 " %14" PRIu64 " %5s %s\n", device(m),
			   u->blocks * kb, used * kb, u->available_blocks * kb, use, m->where);
}

static int df_inodes(struct sink *s, const struct mount *m, const struct usage *u)
{
	uint64_t used = u->inodes > u->free_inodes ? u->inodes - u->free_inodes : 0;
	char use[8];

	percent(usage_inode_percent(u), u->inodes > 0, use);
	return sink_printf(s, "%-20s %14" PRIu64 " %14" PRIu64 " %14" PRIu64 " %5s %s\n", device(m),
			   u->inodes, used, u->free_inodes, use, m->where);
}

static int df(struct sink *s, const struct mounts *all, const char *name, const char *head,
	      int (*line)(struct sink *, const struct mount *, const struct usage *))
{
	unsigned gaps = 0;

	int err =
	    sink_file_begin(s, name, ITEM_FROM_API, "statvfs of each mount, in the form of df");
	if (err == 0)
		err = sink_printf(s, "%s\n", head);
	for (size_t i = 0; i < all->count && err == 0; i++) {
		const struct mount *m = &all->all[i];
		const struct usage *u = &all->usage[i];

		if (u->state == USAGE_OK) {
			err = line(s, m, u);
			continue;
		}
		gaps++;
		err = sink_printf(s, "%-20s (%s) %s\n", device(m), gap_text(u), m->where);
	}
	if (err < 0)
		return err;
	return gaps == 0 ? sink_file_end(s, ITEM_OK, false, "")
			 : sink_file_end(s, ITEM_OK, false, "some file systems gave no numbers");
}

static int usages(struct sink *s, const struct mounts *all)
{
	int err =
	    df(s, all, "sos_commands/filesys/df_-al_-x_autofs",
	       "Filesystem                1K-blocks           Used      Available  Use% Mounted on",
	       df_blocks);

	if (err == 0)
		err = df(s, all, "sos_commands/filesys/df_-ali_-x_autofs",
			 "Filesystem                   Inodes          IUsed          IFree IUse% "
			 "Mounted on",
			 df_inodes);
	return err;
}

/* ---- what is full ---- */

/* The same file system mounted in several places counts once. */
static bool seen_before(const struct mounts *all, size_t i)
{
	for (size_t k = 0; k < i; k++) {
		if (all->all[k].major == all->all[i].major &&
		    all->all[k].minor == all->all[i].minor && all->usage[k].state == USAGE_OK)
			return true;
	}
	return false;
}

static int fact_full(struct sink *s, const struct mounts *all)
{
	unsigned found = 0;
	int err = 0;

	for (size_t i = 0; i < all->count && err == 0; i++) {
		const struct usage *u = &all->usage[i];
		unsigned bytes = usage_percent(u), inodes = usage_inode_percent(u);
		char key[32], size[TEXT_SIZE_MAX];

		/* Images (squashfs, CD) are read-only and always full. */
		if (u->state != USAGE_OK || u->blocks == 0 || u->read_only ||
		    (bytes < FULL_PERCENT && inodes < FULL_PERCENT) || seen_before(all, i))
			continue;
		snprintf(key, sizeof key, "disk.full.%u", ++found);
		if (bytes >= FULL_PERCENT)
			err = sink_fact(s, key, "%.200s %u %% of %s", all->all[i].where, bytes,
					text_size(u->blocks * u->block_size, size));
		else
			err = sink_fact(s, key, "%.200s %u %% of its inodes", all->all[i].where,
					inodes);
	}
	return err;
}

static int note_gaps(struct sink *s, const struct mounts *all)
{
	int err = all->more ? sink_note(s, "only the first %d mounts are listed", MOUNTS_MAX) : 0;

	for (size_t i = 0; i < all->count && err == 0; i++) {
		const struct usage *u = &all->usage[i];

		/* Without root, denied mounts of others are normal and stand in the list. */
		if (u->state == USAGE_HANGS || u->state == USAGE_NOT_ASKED)
			err = sink_note(s, "%.120s: %s", all->all[i].where, gap_text(u));
	}
	return err;
}

static bool is_disk(const char *name)
{
	static const char *const others[] = {"loop", "ram", "zram", "dm-", "md",
					     "sr",   "fd",  "nbd",  "."};

	for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
		if (strncmp(name, others[i], strlen(others[i])) == 0)
			return false;
	}
	return true;
}

static void fact_count(struct sink *s)
{
	DIR *blocks = opendir("/sys/block");
	unsigned n = 0;

	if (!blocks)
		return;
	for (const struct dirent *e; (e = readdir(blocks)) != NULL;)
		n += is_disk(e->d_name);
	closedir(blocks);
	sink_fact(s, "disk.count", "%u", n);
}

int collect_disks(struct sink *out, const struct collect_args *args)
{
	static const char *const files[] = {"/proc/partitions",
					    "/proc/mounts",
					    "/proc/self/mountinfo",
					    "/proc/diskstats",
					    "/proc/filesystems",
					    "/etc/fstab",
					    NULL};
	static const char *const existing[] = {"/proc/mdstat", "/proc/pressure/io"};
	static const char *const lsblk[] = {"lsblk", NULL};
	static const char *const lsblk_f[] = {"lsblk", "-f", "-a", "-l", NULL};
	struct mounts all;

	fact_count(out);

	int err = mounts_read(&all);
	if (err == 0)
		err =
		    mounts_ask_all(&all, statvfs_ask, MOUNT_WAIT_MS, (int)(args->deadline_ms / 2));
	if (err < 0)
		sink_note(out, "the file systems could not be asked: %s", strerror(-err));
	err = fact_full(out, &all);
	if (err == 0)
		err = note_gaps(out, &all);
	if (err == 0)
		err = usages(out, &all);
	mounts_done(&all);
	if (err == 0)
		err = copy_all(out, files);
	for (size_t i = 0; i < sizeof existing / sizeof existing[0] && err == 0; i++)
		err = copy_existing(out, existing[i]);
	if (err == 0)
		err = tool_file(out, "block", lsblk);
	return err < 0 ? err : tool_file(out, "block", lsblk_f);
}
