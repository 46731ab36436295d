/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/draft.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "agent/collect/below.h"

#define LEAVE_MIN (100u << 20) /* bytes that the customer's disk keeps in any case */

int draft_open(const struct collect_args *args, struct draft *out)
{
	struct below root;
	int err = below_open(args, &root);

	*out = (struct draft){.folder = -1, .fd = -1};
	if (err < 0)
		return err;
	snprintf(out->name, sizeof out->name, "%.*s", NAME_MAX, args->op.paths[0]);
	out->folder = root.only[0] ? -ENOTDIR : below_reopen(root.dir, O_RDONLY | O_DIRECTORY);
	below_close(&root);
	umask(0177);
	return out->folder < 0 ? out->folder : 0;
}

void draft_close(struct draft *d)
{
	if (d->fd >= 0)
		close(d->fd);
	close(d->folder);
}

/* A tenth of a small disk, and LEAVE_MIN of a large one, stay the customer's. */
bool draft_has_room(const struct draft *d, uint64_t size)
{
	struct statvfs fs;
	uint64_t whole, free_bytes;

	if (fstatvfs(d->folder, &fs) < 0)
		return false;
	whole = (uint64_t)fs.f_blocks * fs.f_frsize;
	free_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	uint64_t keep = whole / 10 < LEAVE_MIN ? whole / 10 : LEAVE_MIN;
	return free_bytes > keep && free_bytes - keep >= size;
}

int draft_make(struct draft *d)
{
	struct stat st;

	if (fstatat(d->folder, d->name, &st, AT_SYMLINK_NOFOLLOW) == 0)
		return -EEXIST; /* asked again at its end; said now, before all is sent */
	d->fd = openat(d->folder, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (d->fd >= 0 || (errno != EOPNOTSUPP && errno != EISDIR && errno != ENOENT))
		return d->fd < 0 ? -errno : 0;
	snprintf(d->part, sizeof d->part, ".%.200s.part-%d", d->name, (int)getpid());
	d->fd =
	    openat(d->folder, d->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (d->fd >= 0)
		return 0;
	d->part[0] = '\0'; /* not ours */
	return -errno;
}

/* Not every file system knows a rename that replaces nothing; what has a second name loses the
 * first. */
static int rename_part(const struct draft *d)
{
	if (renameat2(d->folder, d->part, d->folder, d->name, RENAME_NOREPLACE) == 0)
		return 0;
	if (errno != EINVAL && errno != ENOSYS)
		return -errno;
	if (linkat(d->folder, d->part, d->folder, d->name, 0) < 0)
		return -errno;
	unlinkat(d->folder, d->part, 0);
	return 0;
}

/* linkat() and a rename that replaces nothing both fail when the name is taken meanwhile. */
static int give_name(const struct draft *d)
{
	char self[64];

	if (d->part[0])
		return rename_part(d);
	snprintf(self, sizeof self, "/proc/self/fd/%d", d->fd);
	return linkat(AT_FDCWD, self, d->folder, d->name, AT_SYMLINK_FOLLOW) < 0 ? -errno : 0;
}

int draft_publish(struct draft *d)
{
	return fsync(d->fd) < 0 ? -errno : give_name(d);
}

void draft_discard(struct draft *d)
{
	if (d->part[0])
		unlinkat(d->folder, d->part, 0);
}
