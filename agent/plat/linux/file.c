/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of the record.
 */
#include "agent/plat/plat.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int plat_file_new(const char *path)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? -errno : fd;
}

int plat_file_private(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && st.st_uid == geteuid() && (st.st_mode & 077) == 0)
		return fd;
	close(fd);
	return -EACCES;
}

int plat_file_read(const char *path, uint64_t *size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat st;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		close(fd);
		return -EINVAL;
	}
	*size = (uint64_t)st.st_size;
	return fd;
}

int plat_file_sync(int fd)
{
	return fsync(fd) == 0 ? 0 : -errno;
}

int plat_file_cut(int fd, uint64_t size)
{
	return ftruncate(fd, (off_t)size) == 0 ? 0 : -errno;
}

int plat_file_publish(const char *draft, const char *path)
{
	return link(draft, path) == 0 ? 0 : -errno;
}

int plat_folder_new(const char *path)
{
	return mkdir(path, 0700) == 0 || errno == EEXIST ? 0 : -errno;
}

int plat_folder_sync(const char *path)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int err = fd >= 0 && fsync(fd) == 0 ? 0 : -errno;

	if (fd >= 0)
		close(fd);
	return err;
}

int plat_folder_list(const char *path, bool (*keep)(const char *name), size_t max, char ***names)
{
	struct dirent **all = NULL;
	int n = scandir(path, &all, NULL, alphasort), count = 0;
	char **list = n < 0 ? NULL : calloc((size_t)n + 1, sizeof *list);

	for (int i = n - 1; i >= 0; i--) { /* from the end: what comes last is kept */
		if (list && (size_t)count < max && keep(all[i]->d_name)) {
			list[n - 1 - count] = strdup(all[i]->d_name);
			count += list[n - 1 - count] != NULL;
		}
		free(all[i]);
	}
	free(all);
	if (!list)
		return n < 0 ? -errno : -ENOMEM;
	memmove(list, list + n - count, (size_t)count * sizeof *list);
	*names = list;
	return count;
}
