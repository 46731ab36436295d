/* SPDX-License-Identifier: Apache-2.0
 *
 * Small text files of one user's own.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <io.h>
#include <stdio.h>
#include <string.h>

static int write_all(int fd, const char *text)
{
	size_t n = strlen(text);

	while (n > 0) {
		int did = _write(fd, text, (unsigned)n);

		if (did <= 0)
			return -EIO;
		text += did;
		n -= (size_t)did;
	}
	return plat_file_sync(fd);
}

static int put(int fd, const char *text)
{
	if (fd < 0)
		return fd;

	int err = write_all(fd, text);
	if (_close(fd) < 0 && err == 0)
		err = -EIO;
	return err;
}

int plat_private_append(const char *path, const char *text)
{
	int fd = win_file_more(path);

	return put(fd == -ENOENT ? plat_file_new(path) : fd, text);
}

int plat_private_replace(const char *path, const char *text)
{
	wchar_t from[WIN_PATH], to[WIN_PATH];
	char draft[1024];
	int n = snprintf(draft, sizeof draft, "%s.new", path);

	if (n < 0 || (size_t)n >= sizeof draft || win_wide(draft, from, WIN_PATH) < 0 ||
	    win_wide(path, to, WIN_PATH) < 0)
		return -ENAMETOOLONG;
	DeleteFileW(from); /* of a program that was ended half-way */

	int err = put(plat_file_new(draft), text);
	if (err == 0 && !MoveFileExW(from, to, MOVEFILE_REPLACE_EXISTING | MOVEFILE_WRITE_THROUGH))
		err = win_last();
	if (err < 0)
		DeleteFileW(from);
	return err;
}

int plat_private_read(const char *path, size_t max, char *out, size_t *len)
{
	uint64_t size;
	int fd = plat_file_read(path, &size), got = 1;
	size_t have = 0;

	if (fd < 0)
		return fd;
	while (got > 0 && have < max) {
		got = _read(fd, out + have, (unsigned)(max - have));
		have += got > 0 ? (size_t)got : 0;
	}
	_close(fd);
	*len = have;
	return got < 0 ? -EIO : have == max && size > max ? -EFBIG : 0;
}
