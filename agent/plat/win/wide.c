/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plat/win/win.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

int win_wide(const char *utf8, wchar_t *out, size_t cap)
{
	int n = MultiByteToWideChar(CP_UTF8, 0, utf8, -1, out, (int)cap);

	if (n > 0)
		return n - 1;
	out[0] = L'\0';
	return -ENAMETOOLONG;
}

int win_utf8(const wchar_t *wide, char *out, size_t cap)
{
	int n = WideCharToMultiByte(CP_UTF8, 0, wide, -1, out, (int)cap, NULL, NULL);

	if (n > 0)
		return n - 1;
	out[0] = '\0';
	return -ENAMETOOLONG;
}

const char *win_text(const wchar_t *wide, char *out, size_t cap)
{
	int n = (int)wcslen(wide);

	/* A character of UTF-16 takes at most three bytes; what is left over is cut, whole
	 * characters at a time. */
	if (n > (int)cap / 3)
		n = (int)cap / 3;
	n = WideCharToMultiByte(CP_UTF8, 0, wide, n, out, (int)cap - 1, NULL, NULL);
	out[n > 0 ? n : 0] = '\0';
	return out;
}

int win_err(DWORD err)
{
	switch (err) {
	case ERROR_FILE_NOT_FOUND:
	case ERROR_PATH_NOT_FOUND:
	case ERROR_INVALID_DRIVE:
	case ERROR_BAD_NETPATH:
		return -ENOENT;
	case ERROR_ACCESS_DENIED:
	case ERROR_PRIVILEGE_NOT_HELD:
	case ERROR_SHARING_VIOLATION:
		return -EACCES;
	case ERROR_FILE_EXISTS:
	case ERROR_ALREADY_EXISTS:
		return -EEXIST;
	case ERROR_DIRECTORY:
		return -ENOTDIR;
	case ERROR_NOT_ENOUGH_MEMORY:
	case ERROR_OUTOFMEMORY:
		return -ENOMEM;
	case ERROR_DISK_FULL:
	case ERROR_HANDLE_DISK_FULL:
		return -ENOSPC;
	case ERROR_CALL_NOT_IMPLEMENTED:
	case ERROR_NOT_SUPPORTED:
		return -ENOTSUP;
	case ERROR_INVALID_PARAMETER:
		return -EINVAL;
	default:
		return -EIO;
	}
}

int win_final_path(HANDLE file, wchar_t *out, size_t cap)
{
	DWORD n = GetFinalPathNameByHandleW(file, out, (DWORD)cap,
					    FILE_NAME_NORMALIZED | VOLUME_NAME_DOS);

	return n == 0 ? win_last() : n >= cap ? -ENAMETOOLONG : (int)n;
}

int win_last(void)
{
	return win_err(GetLastError());
}

FARPROC win_find(const char *dll, const char *name)
{
	HMODULE module = LoadLibraryExA(dll, NULL, LOAD_LIBRARY_SEARCH_SYSTEM32);

	return module ? GetProcAddress(module, name) : NULL;
}
