/* SPDX-License-Identifier: Apache-2.0
 *
 * What plat/win/files promises: open files as the shared collectors look at them.
 */
#include "agent/plat/win/win.h"

#include <winioctl.h>

/* after the system's headers */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/collect/below.h"
#include "agent/plat/plat.h"

#define UNIX_EPOCH   INT64_C(116444736000000000) /* since 1601, in 100 ns */
#define A_SECOND     10000000
#define NAMES_ROOM   65536
#define IS_LINK(tag) (((tag)&0x20000000u) != 0)

static HANDLE of(int fd)
{
	return (HANDLE)_get_osfhandle(fd);
}

static int fail(int err)
{
	errno = -err;
	return -1;
}

/* ---- what is known of a file ---- */

static struct timespec time_of(const FILETIME *t)
{
	int64_t v = (int64_t)((uint64_t)t->dwHighDateTime << 32 | t->dwLowDateTime) - UNIX_EPOCH;
	int64_t s = v / A_SECOND, rest = v % A_SECOND;

	if (rest < 0) {
		s--;
		rest += A_SECOND;
	}
	return (struct timespec){.tv_sec = s, .tv_nsec = (long)rest * 100};
}

/* Windows has no bits for three kinds of people; what may be written by whom its lists say. */
static mode_t mode_of(const BY_HANDLE_FILE_INFORMATION *info, DWORD tag)
{
	bool folder = info->dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY;
	bool fixed = !folder && (info->dwFileAttributes & FILE_ATTRIBUTE_READONLY);

	if ((info->dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) && IS_LINK(tag))
		return S_IFLNK | 0777;
	return (mode_t)(folder ? S_IFDIR | 0755 : S_IFREG | (fixed ? 0444 : 0644));
}

int files_fstat(int fd, struct stat *st)
{
	BY_HANDLE_FILE_INFORMATION info;
	FILE_STANDARD_INFO more = {.NumberOfLinks = 1};
	FILE_ATTRIBUTE_TAG_INFO tag = {0};
	HANDLE file = of(fd);

	if (!GetFileInformationByHandle(file, &info))
		return fail(win_last());
	if (info.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)
		GetFileInformationByHandleEx(file, FileAttributeTagInfo, &tag, sizeof tag);
	GetFileInformationByHandleEx(file, FileStandardInfo, &more, sizeof more);
	*st = (struct stat){
	    .st_dev = info.dwVolumeSerialNumber,
	    .st_ino = (uint64_t)info.nFileIndexHigh << 32 | info.nFileIndexLow,
	    .st_nlink = info.nNumberOfLinks,
	    .st_mode = mode_of(&info, tag.ReparseTag),
	    .st_mtim = time_of(&info.ftLastWriteTime),
	};
	if (S_ISREG(st->st_mode)) {
		st->st_size = (off_t)((uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow);
		st->st_blocks = (off_t)((more.AllocationSize.QuadPart + 511) / 512);
	}
	return 0;
}

int files_fstatat(int folder, const char *name, struct stat *st, int flags)
{
	int fd = below_entry(folder, name, O_PATH | O_NOFOLLOW), err;

	(void)flags;
	if (fd < 0)
		return fail(fd);
	err = files_fstat(fd, st);
	close(fd);
	return err;
}

ssize_t files_readlinkat(int folder, const char *name, char *out, size_t cap)
{
	(void)folder;
	(void)name;
	(void)out;
	(void)cap;
	return 0;
}

/* ---- bytes ---- */

ssize_t files_pread(int fd, void *out, size_t n, off_t at)
{
	int64_t got = plat_read_file(fd, (uint64_t)at, out, n);

	return got < 0 ? fail((int)got) : (ssize_t)got;
}

/* Where from `at` on the first bytes that are there begin and end; false when there are none, or
 * all are there. */
static bool find_range(HANDLE file, int64_t at, int64_t size, int64_t *begin, int64_t *end)
{
	FILE_ALLOCATED_RANGE_BUFFER want = {.FileOffset.QuadPart = at,
					    .Length.QuadPart = size - at},
				    found;
	DWORD n = 0;

	*begin = *end = size;
	if (!DeviceIoControl(file, FSCTL_QUERY_ALLOCATED_RANGES, &want, sizeof want, &found,
			     sizeof found, &n, NULL) &&
	    GetLastError() != ERROR_MORE_DATA) {
		*begin = at; /* this file system knows no holes */
		return true;
	}
	if (n < sizeof found)
		return false;
	*begin = found.FileOffset.QuadPart > at ? found.FileOffset.QuadPart : at;
	*end = found.FileOffset.QuadPart + found.Length.QuadPart;
	if (*end > size)
		*end = size;
	return true;
}

static off_t seek_range(int fd, int64_t at, int whence)
{
	BY_HANDLE_FILE_INFORMATION info;
	int64_t begin, end, size;

	if (!GetFileInformationByHandle(of(fd), &info))
		return fail(win_last());
	size = (int64_t)((uint64_t)info.nFileSizeHigh << 32 | info.nFileSizeLow);
	if (at < 0 || at >= size)
		return fail(-ENXIO);
	begin = at;
	end = size;
	if ((info.dwFileAttributes & FILE_ATTRIBUTE_SPARSE_FILE) &&
	    !find_range(of(fd), at, size, &begin, &end) && whence == SEEK_DATA)
		return fail(-ENXIO);
	return _lseeki64(fd, whence == SEEK_DATA ? begin : begin > at ? at : end, SEEK_SET);
}

off_t files_lseek(int fd, off_t at, int whence)
{
	return whence == SEEK_DATA || whence == SEEK_HOLE ? seek_range(fd, at, whence)
							  : _lseeki64(fd, at, whence);
}

/* ---- folders ---- */

struct files_dir {
	int fd;
	const FILE_ID_BOTH_DIR_INFO *next;
	struct dirent one;
	_Alignas(8) char names[NAMES_ROOM];
};

struct files_dir *files_fdopendir(int fd)
{
	struct files_dir *d = calloc(1, sizeof *d);

	if (!d) {
		errno = ENOMEM;
		return NULL;
	}
	d->fd = fd;
	return d;
}

/* The next piece of the list. */
static bool fill(struct files_dir *d)
{
	DWORD err;

	if (GetFileInformationByHandleEx(of(d->fd), FileIdBothDirectoryInfo, d->names,
					 sizeof d->names)) {
		d->next = (const FILE_ID_BOTH_DIR_INFO *)(const void *)d->names;
		return true;
	}
	err = GetLastError();
	if (err != ERROR_NO_MORE_FILES)
		errno = -win_err(err);
	return false;
}

const struct dirent *files_readdir(struct files_dir *d)
{
	while (d->next || fill(d)) {
		const FILE_ID_BOTH_DIR_INFO *i = d->next;
		int n = win_name(i->FileName, i->FileNameLength / sizeof(wchar_t), d->one.d_name,
				 sizeof d->one.d_name);

		d->next = i->NextEntryOffset ? (const void *)((const char *)i + i->NextEntryOffset)
					     : NULL;
		if (n > 0)
			return &d->one;
	}
	return NULL;
}

int files_closedir(struct files_dir *d)
{
	int fd = d->fd;

	free(d);
	return close(fd);
}
