/* SPDX-License-Identifier: Apache-2.0
 *
 * Where folders really are: the customer is shown it, and there they are opened. Folders of other
 * computers have no such place, and are not granted.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PREFIX	   L"\\\\?\\"
#define PREFIX_LEN 4
#define LOCAL_LEN  3 /* "C:\" */

const char plat_folder_example[] = "C:\\Users\\you\\Support";

/* "C:\..." for `\\?\C:\...`; NULL for what lies on another computer, or on no drive. */
static const wchar_t *local_part(const wchar_t *final)
{
	const wchar_t *path = final + PREFIX_LEN;
	wchar_t drive[LOCAL_LEN + 1] = L"";

	if (wcsncmp(final, PREFIX, PREFIX_LEN) != 0 || path[0] == L'\0' || path[1] != L':' ||
	    path[2] != L'\\')
		return NULL;
	wcsncpy(drive, path, LOCAL_LEN);

	UINT kind = GetDriveTypeW(drive);
	return kind == DRIVE_REMOTE || kind == DRIVE_NO_ROOT_DIR ? NULL : path;
}

static HANDLE open_any(const wchar_t *path, DWORD access)
{
	return CreateFileW(path, access, FILE_SHARE_READ | FILE_SHARE_WRITE | FILE_SHARE_DELETE,
			   NULL, OPEN_EXISTING, FILE_FLAG_BACKUP_SEMANTICS, NULL);
}

static int final_of(const wchar_t *path, wchar_t *out)
{
	HANDLE file = open_any(path, FILE_READ_ATTRIBUTES);
	int n = file == INVALID_HANDLE_VALUE ? win_last() : win_final_path(file, out, WIN_PATH);

	if (file != INVALID_HANDLE_VALUE)
		CloseHandle(file);
	return n;
}

/* The part of path that exists becomes real; the rest is what does not exist yet. */
static int resolve(wchar_t *path, wchar_t *real, wchar_t *rest)
{
	static wchar_t below[WIN_PATH];
	int err;

	rest[0] = L'\0';
	while ((err = final_of(path, real)) == -ENOENT) {
		wchar_t *slash = wcsrchr(path, L'\\');

		if (!slash || slash - path < LOCAL_LEN - 1 || !slash[1])
			return -ENOENT; /* there is no such drive */
		if (wcslen(slash) + wcslen(rest) >= WIN_PATH)
			return -ENAMETOOLONG;
		wcscpy(below, slash);
		wcscat(below, rest);
		wcscpy(rest, below);
		slash[slash - path == LOCAL_LEN - 1] = L'\0'; /* "C:\" keeps its slash */
	}
	return err < 0 ? err : 0;
}

static void tidy(wchar_t *path)
{
	size_t n = wcslen(path);

	for (wchar_t *c = path; *c; c++)
		if (*c == L'/')
			*c = L'\\';
	while (n > LOCAL_LEN && path[n - 1] == L'\\')
		path[--n] = L'\0';
}

struct question {
	SRWLOCK lock;
	HANDLE done; /* NULL: nobody waits any more */
	int err;
	wchar_t path[WIN_PATH], real[WIN_PATH], rest[WIN_PATH];
};

static int find_real(struct question *q)
{
	const wchar_t *local;
	int err = resolve(q->path, q->real, q->rest);

	if (err < 0)
		return err;
	local = local_part(q->real);
	if (!local)
		return -ENOTSUP;
	if (wcslen(local) + wcslen(q->rest) >= WIN_PATH)
		return -ENAMETOOLONG;
	memmove(q->real, local, (wcslen(local) + 1) * sizeof *local);
	if (q->rest[0] && q->real[wcslen(q->real) - 1] == L'\\')
		q->real[wcslen(q->real) - 1] = L'\0';
	wcscat(q->real, q->rest);
	return 0;
}

static DWORD WINAPI find_out(void *arg)
{
	struct question *q = arg;
	int err = find_real(q);

	AcquireSRWLockExclusive(&q->lock);
	q->err = err;

	bool waited_for = q->done != NULL;
	if (waited_for)
		SetEvent(q->done);
	ReleaseSRWLockExclusive(&q->lock);
	if (!waited_for)
		free(q); /* nobody waits: it is ours to free */
	return 0;
}

/* The thread that hangs, on a disk that does not answer, stays behind with the question. */
static int ask(struct question *q, unsigned limit_ms, char *out, size_t cap)
{
	HANDLE done = CreateEventW(NULL, TRUE, FALSE, NULL), thread;
	int err;

	q->done = done;
	thread = done ? CreateThread(NULL, 0, find_out, q, 0, NULL) : NULL;
	if (!thread) {
		if (done)
			CloseHandle(done);
		free(q);
		return -ENOMEM;
	}
	CloseHandle(thread);
	WaitForSingleObject(done, limit_ms);
	AcquireSRWLockExclusive(&q->lock);

	bool answered = WaitForSingleObject(done, 0) == WAIT_OBJECT_0;
	err = answered ? q->err : -ETIMEDOUT;
	if (err == 0)
		err = win_name(q->real, wcslen(q->real), out, cap);
	q->done = NULL;
	ReleaseSRWLockExclusive(&q->lock);
	CloseHandle(done);
	if (answered)
		free(q);
	return err < 0 ? err : 0;
}

int plat_real_path(const char *path, unsigned limit_ms, char *out, size_t cap)
{
	struct question *q = calloc(1, sizeof *q);
	int err = q ? 0 : -ENOMEM;

	if (err == 0 && (!plat_path_is_absolute(path) || path[1] != ':'))
		err = -EINVAL;
	if (err == 0)
		err = win_name_wide(path, strlen(path), q->path, WIN_PATH);
	if (err < 0) {
		free(q);
		return err;
	}
	InitializeSRWLock(&q->lock);
	tidy(q->path);
	return ask(q, limit_ms, out, cap);
}

/* ---- a folder to put files into ---- */

#define LOOK_MS 2000

/* Whose files are for people. In the others a new file may be a program, its settings, or what
 * starts with the computer. */
static bool is_ordinary(const wchar_t *real)
{
	static const wchar_t *const systems[] = {L"\\WINDOWS",
						 L"\\PROGRAM FILES",
						 L"\\PROGRAM FILES (X86)",
						 L"\\PROGRAMDATA",
						 L"\\APPDATA",
						 L"\\STARTUP",
						 L"\\$RECYCLE.BIN",
						 L"\\SYSTEM VOLUME INFORMATION"};
	wchar_t upper[WIN_PATH];

	wcscpy(upper, real);
	CharUpperW(upper);
	if (wcslen(real) <= LOCAL_LEN || wcsstr(upper, L"\\."))
		return false;
	for (size_t i = 0; i < sizeof systems / sizeof systems[0]; i++) {
		const wchar_t *at = wcsstr(upper, systems[i]);
		size_t n = wcslen(systems[i]);

		if (at && (at[n] == L'\0' || at[n] == L'\\'))
			return false;
	}
	return true;
}

/* Lists and labels are looked at by the system: it is asked for the right to make files. */
static int can_write(const wchar_t *path)
{
	HANDLE folder = open_any(path, FILE_ADD_FILE | FILE_READ_ATTRIBUTES);
	FILE_ATTRIBUTE_TAG_INFO info = {0};
	bool is_folder;

	if (folder == INVALID_HANDLE_VALUE)
		return win_last();
	is_folder =
	    GetFileInformationByHandleEx(folder, FileAttributeTagInfo, &info, sizeof info) &&
	    (info.FileAttributes & FILE_ATTRIBUTE_DIRECTORY);
	CloseHandle(folder);
	return is_folder ? 0 : -ENOTDIR;
}

int plat_writable_folder(const char *typed, char *out, size_t cap)
{
	const char *home = getenv("USERPROFILE");
	char named[4 * MAX_PATH];
	wchar_t wide[WIN_PATH];
	int n, err;

	if (typed[0] == '~' && strchr("\\/", typed[1]) && home)
		n = snprintf(named, sizeof named, "%s%s", home, typed + 1);
	else
		n = snprintf(named, sizeof named, "%s", typed);
	if (n < 0 || (size_t)n >= sizeof named)
		return -ENAMETOOLONG;
	err = plat_real_path(named, LOOK_MS, out, cap);
	if (err == 0)
		err = win_name_wide(out, strlen(out), wide, WIN_PATH);
	if (err < 0)
		return err;
	return is_ordinary(wide) ? can_write(wide) : -EPERM;
}
