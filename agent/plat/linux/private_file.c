/* SPDX-License-Identifier: Apache-2.0
 *
 * Small text files of one user's own.
 */
#include "agent/plat/plat.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int write_all(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		ssize_t did = write(fd, text, n);

		if (did < 0 && errno == EINTR)
			continue;
		if (did < 0)
			return -errno;
		text += did;
		n -= (size_t)did;
	}
	return fsync(fd) < 0 ? -errno : 0;
}

static int put(const char *path, int flags, const char *text)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | flags, 0600), err;

	if (fd < 0)
		return -errno;
	err = fchmod(fd, 0600) < 0 ? -errno : write_all(fd, text);
	if (close(fd) < 0 && err == 0)
		err = -errno;
	return err;
}

int plat_private_append(const char *path, const char *text)
{
	return put(path, O_APPEND, text);
}

int plat_private_replace(const char *path, const char *text)
{
	char draft[PATH_MAX];
	int n = snprintf(draft, sizeof draft, "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof draft)
		return -ENAMETOOLONG;

	int err = put(draft, O_TRUNC, text);
	if (err == 0 && rename(draft, path) < 0)
		err = -errno;
	if (err < 0)
		unlink(draft);
	return err;
}

int plat_private_read(const char *path, size_t max, char *out, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), err = 0;
	struct stat st;
	size_t have = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (!S_ISREG(st.st_mode))
		err = -EINVAL;
	while (err == 0 && n > 0 && have < max) {
		n = read(fd, out + have, max - have);
		if (n < 0 && errno != EINTR)
			err = -errno;
		have += n > 0 ? (size_t)n : 0;
	}
	if (err == 0 && have == max && (size_t)st.st_size > max)
		err = -EFBIG;
	close(fd);
	*len = have;
	return err;
}
