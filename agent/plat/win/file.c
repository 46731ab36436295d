/* SPDX-License-Identifier: Apache-2.0
 *
 * The files of the record: for their user, the system and the administrators, who can take
 * everything anyway, and for nobody else.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <aclapi.h>
#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <sddl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEND_CHUNK 16384

/* ---- who may ---- */

static int private_descriptor(PSECURITY_DESCRIPTOR *out)
{
	TOKEN_USER *user = win_user_sid();
	char *sid = NULL, text[512];

	if (!user)
		return -ENOMEM;

	int err = ConvertSidToStringSidA(user->User.Sid, &sid) ? 0 : win_last();
	LocalFree(user);
	if (err < 0)
		return err;
	/* protected: nothing is inherited from the folder above */
	snprintf(text, sizeof text, "D:P(A;OICI;FA;;;%s)(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)", sid);
	LocalFree(sid);
	return ConvertStringSecurityDescriptorToSecurityDescriptorA(text, SDDL_REVISION_1, out,
								    NULL)
		   ? 0
		   : win_last();
}

static bool is_for_us_only(HANDLE file)
{
	PSECURITY_DESCRIPTOR sd = NULL;
	TOKEN_USER *user = win_user_sid();
	PACL dacl = NULL;
	bool alone = user &&
		     GetSecurityInfo(file, SE_FILE_OBJECT, DACL_SECURITY_INFORMATION, NULL, NULL,
				     &dacl, NULL, &sd) == ERROR_SUCCESS &&
		     dacl;

	for (DWORD i = 0; alone && i < dacl->AceCount; i++) {
		ACCESS_ALLOWED_ACE *ace;

		if (!GetAce(dacl, i, (void **)&ace))
			alone = false;
		else if (ace->Header.AceType == ACCESS_ALLOWED_ACE_TYPE && ace->Mask != 0)
			alone = EqualSid(&ace->SidStart, user->User.Sid) ||
				win_is_admin_sid(&ace->SidStart);
	}
	LocalFree(sd);
	LocalFree(user);
	return alone;
}

/* ---- files ---- */

static int to_fd(HANDLE file, int flags)
{
	int fd = _open_osfhandle((intptr_t)file, flags | _O_BINARY | _O_NOINHERIT);

	if (fd < 0)
		CloseHandle(file);
	return fd < 0 ? -EMFILE : fd;
}

static HANDLE open_wide(const char *path, DWORD access, DWORD how, SECURITY_ATTRIBUTES *who)
{
	wchar_t wide[WIN_PATH];

	if (win_wide(path, wide, WIN_PATH) < 0) {
		SetLastError(ERROR_PATH_NOT_FOUND);
		return INVALID_HANDLE_VALUE;
	}
	/* a link is opened itself, never followed */
	return CreateFileW(wide, access, FILE_SHARE_READ | FILE_SHARE_DELETE, who, how,
			   FILE_ATTRIBUTE_NORMAL | FILE_FLAG_OPEN_REPARSE_POINT, NULL);
}

int plat_file_new(const char *path)
{
	SECURITY_ATTRIBUTES who = {.nLength = sizeof who};
	int err = private_descriptor(&who.lpSecurityDescriptor);

	if (err < 0)
		return err;

	HANDLE file = open_wide(path, GENERIC_WRITE, CREATE_NEW, &who);
	err = file == INVALID_HANDLE_VALUE ? win_last() : 0;
	LocalFree(who.lpSecurityDescriptor);
	return err < 0 ? err : to_fd(file, _O_WRONLY | _O_APPEND);
}

static int open_plain(const char *path, DWORD access, HANDLE *out)
{
	BY_HANDLE_FILE_INFORMATION info;
	HANDLE file = open_wide(path, access, OPEN_EXISTING, NULL);

	if (file == INVALID_HANDLE_VALUE)
		return win_last();
	if (GetFileType(file) != FILE_TYPE_DISK || !GetFileInformationByHandle(file, &info) ||
	    (info.dwFileAttributes & (FILE_ATTRIBUTE_DIRECTORY | FILE_ATTRIBUTE_REPARSE_POINT))) {
		CloseHandle(file);
		return -EINVAL;
	}
	*out = file;
	return 0;
}

int plat_file_private(const char *path)
{
	HANDLE file;
	int err = open_plain(path, GENERIC_READ | READ_CONTROL, &file);

	if (err < 0)
		return err;
	if (is_for_us_only(file))
		return to_fd(file, _O_RDONLY);
	CloseHandle(file);
	return -EACCES;
}

int win_file_more(const char *path)
{
	HANDLE file;
	int err = open_plain(path, FILE_APPEND_DATA | FILE_READ_ATTRIBUTES | SYNCHRONIZE, &file);

	return err < 0 ? err : to_fd(file, _O_WRONLY | _O_APPEND);
}

int plat_file_read(const char *path, uint64_t *size)
{
	LARGE_INTEGER bytes;
	HANDLE file;
	int err = open_plain(path, GENERIC_READ, &file);

	if (err < 0)
		return err;
	if (!GetFileSizeEx(file, &bytes)) {
		err = win_last();
		CloseHandle(file);
		return err;
	}
	*size = (uint64_t)bytes.QuadPart;
	return to_fd(file, _O_RDONLY);
}

int plat_file_sync(int fd)
{
	return FlushFileBuffers((HANDLE)_get_osfhandle(fd)) ? 0 : win_last();
}

int plat_file_cut(int fd, uint64_t size)
{
	return _chsize_s(fd, (long long)size) == 0 ? 0 : -EIO;
}

int plat_file_publish(const char *draft, const char *path)
{
	wchar_t from[WIN_PATH], to[WIN_PATH];

	if (win_wide(draft, from, WIN_PATH) < 0 || win_wide(path, to, WIN_PATH) < 0)
		return -ENAMETOOLONG;
	return MoveFileExW(from, to, MOVEFILE_WRITE_THROUGH) ? 0 : win_last(); /* never replaces */
}

int64_t plat_read_file(int fd, uint64_t at, void *out, size_t n)
{
	OVERLAPPED where = {.Offset = (DWORD)at, .OffsetHigh = (DWORD)(at >> 32)};
	DWORD got = 0;

	if (ReadFile((HANDLE)_get_osfhandle(fd), out, (DWORD)n, &got, &where))
		return got;
	return GetLastError() == ERROR_HANDLE_EOF ? 0 : win_last();
}

int64_t plat_send_file(int to, int fd, uint64_t at, size_t n, int *why)
{
	char chunk[SEND_CHUNK];
	size_t sent = 0;

	*why = 0;
	while (sent < n) {
		size_t want = n - sent < sizeof chunk ? n - sent : sizeof chunk;
		int64_t got = plat_read_file(fd, at + sent, chunk, want);

		if (got <= 0) {
			*why = (int)got;
			break;
		}
		if (_write(to, chunk, (unsigned)got) != got)
			return -EPIPE;
		sent += (size_t)got;
	}
	return (int64_t)sent;
}

/* ---- folders ---- */

int plat_folder_new(const char *path)
{
	SECURITY_ATTRIBUTES who = {.nLength = sizeof who};
	wchar_t wide[WIN_PATH];
	int err = win_wide(path, wide, WIN_PATH);

	if (err >= 0)
		err = private_descriptor(&who.lpSecurityDescriptor);
	if (err < 0)
		return err;
	err = CreateDirectoryW(wide, &who) ? 0 : win_last();
	LocalFree(who.lpSecurityDescriptor);

	DWORD kind = GetFileAttributesW(wide);
	if (err == -EEXIST)
		err = (kind & FILE_ATTRIBUTE_DIRECTORY) && !(kind & FILE_ATTRIBUTE_REPARSE_POINT)
			  ? 0
			  : -EACCES;
	return err;
}

int plat_folder_sync(const char *path)
{
	(void)path; /* NTFS keeps its folders by itself */
	return 0;
}

static int by_name(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Grows in steps; the last element stays NULL. */
static int add_name(char ***list, size_t *count, const char *name)
{
	if (*count % 256 == 0) {
		char **more = realloc(*list, (*count + 257) * sizeof **list);

		if (!more)
			return -ENOMEM;
		*list = more;
	}
	(*list)[*count] = strdup(name);
	if (!(*list)[*count])
		return -ENOMEM;
	(*list)[++*count] = NULL;
	return 0;
}

int plat_folder_list(const char *path, bool (*keep)(const char *name), size_t max, char ***names)
{
	char pattern[1024], name[MAX_PATH * 3];
	wchar_t wide[WIN_PATH];
	WIN32_FIND_DATAW found;
	char **list = NULL;
	size_t count = 0;

	snprintf(pattern, sizeof pattern, "%s\\*", path);
	if (win_wide(pattern, wide, WIN_PATH) < 0)
		return -ENAMETOOLONG;

	HANDLE dir = FindFirstFileW(wide, &found);
	if (dir == INVALID_HANDLE_VALUE)
		return win_last();
	do {
		if (win_utf8(found.cFileName, name, sizeof name) >= 0 && keep(name) &&
		    add_name(&list, &count, name) < 0)
			break;
	} while (FindNextFileW(dir, &found));
	FindClose(dir);
	if (count > 0)
		qsort(list, count, sizeof *list, by_name);
	for (; count > max; count--) { /* what comes last by name is kept */
		free(list[0]);
		memmove(list, list + 1, (count - 1) * sizeof *list);
	}
	*names = list;
	return (int)count;
}
