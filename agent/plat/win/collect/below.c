/* SPDX-License-Identifier: Apache-2.0
 *
 * Opening what lies below a granted folder, part by part: each by its name in the folder that was
 * opened before it, as the kernel's own call takes it, so that a name is nothing but a name (no
 * "..", no device, no stream, no drive) and a rename of the folders above changes nothing. What
 * leads elsewhere (symbolic links, junctions, mount points) is opened itself and never followed.
 * Then the kernel is asked where the thing that was opened really is; when that is not below the
 * folder, it is closed again, whatever the reason.
 */
#include "agent/plat/win/win.h"

#include "agent/plat/win/collect/nt_file.h"

/* after the system's headers */
#include "agent/collect/below.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "proto/wire/host_path.h"

#define SHARE_ALL	  (FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE)
#define NAME_UNITS	  256
#define IS_SURROGATE(tag) (((tag)&0x20000000u) != 0) /* of another file: it is a link */
#define ELSEWHERE	  (FILE_ATTRIBUTE_OFFLINE | 0x40000u | 0x400000u) /* recalled when read */

/* Where the one root of this process is, as the kernel says it. */
static wchar_t root_final[WIN_PATH];

static int nt_open(HANDLE folder, const wchar_t *name, size_t units, ACCESS_MASK access,
		   ULONG options, HANDLE *out)
{
	return nt_file_open(&(struct nt_file){.folder = folder,
					      .name = name,
					      .units = units,
					      .access = access,
					      .share = SHARE_ALL,
					      .what = NT_FILE_EXISTING,
					      .options = options},
			    out);
}

/* ---- what was opened ---- */

static bool is_link(HANDLE file)
{
	FILE_ATTRIBUTE_TAG_INFO info;

	return GetFileInformationByHandleEx(file, FileAttributeTagInfo, &info, sizeof info) &&
	       (info.FileAttributes & FILE_ATTRIBUTE_REPARSE_POINT) &&
	       IS_SURROGATE(info.ReparseTag);
}

static bool is_folder(HANDLE file)
{
	BY_HANDLE_FILE_INFORMATION info;

	return GetFileInformationByHandle(file, &info) &&
	       (info.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY);
}

static bool same_text(const wchar_t *a, const wchar_t *b, size_t n)
{
	return CompareStringOrdinal(a, (int)n, b, (int)n, TRUE) == CSTR_EQUAL;
}

/* The root itself, or below it. */
static bool is_within(HANDLE file)
{
	wchar_t path[WIN_PATH];
	size_t n = wcslen(root_final);
	int len = win_final_path(file, path, WIN_PATH);

	if (n == 0 || len < (int)n || !same_text(path, root_final, n))
		return false;
	return (size_t)len == n || root_final[n - 1] == L'\\' || path[n] == L'\\';
}

static int to_fd(HANDLE file)
{
	int fd = _open_osfhandle((intptr_t)file, _O_RDONLY | _O_BINARY | _O_NOINHERIT);

	if (fd < 0)
		CloseHandle(file);
	return fd < 0 ? -EMFILE : fd;
}

static HANDLE of(int fd)
{
	return (HANDLE)_get_osfhandle(fd);
}

/* ---- part by part ---- */

static ACCESS_MASK access_for(int what)
{
	if (what & O_PATH)
		return 0;
	return what & O_DIRECTORY ? FILE_LIST_DIRECTORY | FILE_TRAVERSE : FILE_READ_DATA;
}

/* One part; a link is one. */
static int step(HANDLE folder, const char *part, size_t n, int what, HANDLE *out)
{
	wchar_t name[NAME_UNITS];
	int units =
	    host_path_is_windows_name(part, n) ? win_name_wide(part, n, name, NAME_UNITS) : -EILSEQ;

	if (units < 0)
		return units;

	int err = nt_open(folder, name, (size_t)units, access_for(what), NT_FILE_LINK, out);
	if (err == 0 && (what & O_DIRECTORY) && !is_folder(*out))
		err = -ENOTDIR;
	else if (err == 0 && (!(what & O_NOFOLLOW) || (what & O_DIRECTORY)) && is_link(*out))
		err = -ELOOP;
	else
		return err;
	CloseHandle(*out);
	*out = NULL;
	return err;
}

/* From an open folder, which stays open. */
static int walk(HANDLE from, const char *path, int what, HANDLE *out)
{
	HANDLE at = from;

	for (;;) {
		size_t n = strcspn(path, "/\\");
		bool last = path[n] == '\0';
		HANDLE next = NULL;
		int err = step(at, path, n, last ? what : O_PATH | O_DIRECTORY, &next);

		if (at != from)
			CloseHandle(at);
		if (err < 0 || last) {
			*out = next;
			return err;
		}
		at = next;
		path += n + 1;
	}
}

static int hand_out(HANDLE file)
{
	if (is_within(file))
		return to_fd(file);
	CloseHandle(file);
	return -EXDEV;
}

/* ---- the root ---- */

static int open_drive(char letter, HANDLE *out)
{
	wchar_t path[] = L"\\??\\?:\\";

	path[4] = (wchar_t)letter;
	return nt_open(NULL, path, sizeof path / sizeof *path - 1, 0, NT_FILE_FOLDER, out);
}

/* "C:\a\b", no part of which is a link. */
static int open_plain(const char *path, HANDLE *out)
{
	HANDLE drive;
	int err = open_drive(path[0], &drive);

	if (err < 0)
		return err;
	if (path[3] == '\0') {
		*out = drive;
		return 0;
	}
	err = walk(drive, path + 3, O_PATH, out);
	CloseHandle(drive);
	return err;
}

/* What the customer was shown must be where the kernel says we are. */
static bool is_shown(HANDLE file, const char *real)
{
	wchar_t shown[WIN_PATH];
	int n = win_name_wide(real, strlen(real), shown, WIN_PATH);
	int len = win_final_path(file, root_final, WIN_PATH);

	if (n > 0 && len == n + 4 && same_text(root_final + 4, shown, (size_t)n))
		return true;
	root_final[0] = L'\0';
	return false;
}

/* A file, or one that is not there yet: its folder, which may be a drive. */
static int open_parent(const char *real, struct below *b, HANDLE *out)
{
	char folder[COLLECT_REAL_LEN + 1];
	const char *name = strrchr(real, '\\') + 1;

	if (!host_path_is_windows_name(name, strlen(name)) || strlen(name) > NAME_MAX)
		return -EINVAL;
	snprintf(folder, sizeof folder, "%.*s", (int)(name - real - (name - real > 3)), real);
	strcpy(b->only, name);

	int err = open_plain(folder, out);
	if (err == 0 && !is_folder(*out))
		err = -ENOTDIR;
	else if (err == 0 && !is_shown(*out, folder))
		err = -EXDEV;
	else
		return err;
	CloseHandle(*out);
	return err;
}

int below_open(const struct collect_args *args, struct below *out)
{
	struct below b = {.dir = -1, .root = args->op.root};
	const char *real = args->real;
	HANDLE file = NULL;

	if (!host_path_is_drive(real)) /* nobody could say where it lies */
		return -ENXIO;

	int err = open_plain(real, &file);
	if (err == 0 && !is_shown(file, real))
		err = -EXDEV;
	else if (err == 0 && !is_folder(file))
		err = -ENOENT;
	if (err < 0 && file)
		CloseHandle(file);
	if (err == -ENOENT && real[3])
		err = open_parent(real, &b, &file);
	if (err < 0)
		return err;
	b.dir = to_fd(file);
	*out = b;
	return b.dir < 0 ? b.dir : 0;
}

void below_close(struct below *b)
{
	if (b->dir >= 0)
		close(b->dir);
	b->dir = -1;
}

/* ---- below it ---- */

int below_at(const struct below *b, const char *path, int what)
{
	HANDLE file;

	if (b->only[0])
		return path[0] ? -ENOTDIR : below_entry(b->dir, b->only, what);
	if (!path[0])
		return below_reopen(b->dir, what);

	int err = walk(of(b->dir), path, what, &file);
	return err < 0 ? err : hand_out(file);
}

int below_entry(int folder, const char *name, int what)
{
	HANDLE file;

	if (!name[0]) { /* it is the folder's descriptor that is meant */
		int fd = dup(folder);
		return fd < 0 ? -errno : fd;
	}

	int err = step(of(folder), name, strlen(name), what | O_NOFOLLOW, &file);
	return err < 0 ? err : hand_out(file);
}

/* Nobody's disk is filled from the cloud because we look. */
static bool is_elsewhere(HANDLE file)
{
	FILE_ATTRIBUTE_TAG_INFO info;

	return GetFileInformationByHandleEx(file, FileAttributeTagInfo, &info, sizeof info) &&
	       (info.FileAttributes & ELSEWHERE);
}

/* By no name: it is this very file, and may not be a link. */
int below_reopen(int fd, int flags)
{
	bool folder = flags & (O_DIRECTORY | O_PATH);
	wchar_t none[1] = L"";
	HANDLE file;

	if (is_link(of(fd)))
		return -ELOOP;
	if (!folder && is_elsewhere(of(fd)))
		return -ENODEV;

	int err =
	    nt_open(of(fd), none, 0, access_for(flags), folder ? 0 : NT_FILE_NOT_FOLDER, &file);
	return err < 0 ? err : hand_out(file);
}

int below_file(const struct below *b, const char *path, struct stat *st)
{
	int thing = below_at(b, path, O_PATH), fd = thing;

	if (thing < 0)
		return thing;
	if (fstat(thing, st) < 0)
		fd = -errno;
	else if (S_ISDIR(st->st_mode))
		fd = -EISDIR;
	else
		fd = below_reopen(thing, O_RDONLY);
	close(thing);
	return fd;
}

bool below_is_made_up(int fd)
{
	(void)fd;
	return false; /* there is no /proc */
}

bool below_is_held(int fd)
{
	FILE_STANDARD_INFO info;

	return GetFileInformationByHandleEx(of(fd), FileStandardInfo, &info, sizeof info) &&
	       info.DeletePending;
}

/* ---- words ---- */

/* "C/Logs/app.log": a bundle has folders only. */
const char *below_path(const struct below *b, const char *path, char *out, size_t cap)
{
	host_path_join(b->root, path, strlen(path), out, cap);
	if (host_path_is_drive(out))
		memmove(out + 1, out + 2, strlen(out + 2) + 1);
	for (char *c = out; *c; c++)
		if (*c == '\\')
			*c = '/';
	return out;
}

const char *below_name(const struct below *b, const char *path, char *out, size_t cap)
{
	char whole[COLLECT_REAL_LEN + OP_PATH_MAX + 2];

	host_path_join(b->root, path, strlen(path), whole, sizeof whole);
	host_path_escape(whole, out, cap);
	return out;
}

const char *below_why(int err, char *out, size_t cap)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
		return "there is no such file";
	case -EACCES:
	case -EPERM:
		return "needs administrator rights";
	case -EBUSY:
		return "another program keeps it for itself";
	case -EXDEV:
		return "it leads out of the folder that was allowed";
	case -ELOOP:
		return "it is a link, and is not followed";
	case -EISDIR:
		return "it is a folder";
	case -EILSEQ:
		return "it has a name that Windows reads as something else";
	case -ENODEV:
		return "it is kept elsewhere (OneDrive or an archive), and not fetched for this";
	case -ENXIO:
		return "nobody could say where it lies when the customer was asked; network "
		       "folders are not read";
	case -ENAMETOOLONG:
		return "it lies too deep";
	case -E2BIG:
		return "there is too much in it";
	default:
		snprintf(out, cap, "cannot be read: %s", strerror(-err));
		return out;
	}
}
