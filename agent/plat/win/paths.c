/* SPDX-License-Identifier: Apache-2.0
 *
 * Where things live: our programs, the configuration, the customer's record.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <initguid.h>
#include <knownfolders.h>
#include <shlobj.h>

#define PATH_ROOM 1024

static int known_folder(const GUID *which, char *out, size_t cap)
{
	wchar_t *path = NULL;
	HRESULT hr = SHGetKnownFolderPath(which, KF_FLAG_CREATE, NULL, &path);
	int err = SUCCEEDED(hr) ? win_utf8(path, out, cap) : -ENOENT;

	CoTaskMemFree(path);
	return err < 0 ? err : 0;
}

const char *plat_config_path(void)
{
	static char path[PATH_ROOM];
	char folder[PATH_ROOM - 32];

	if (path[0])
		return path;
	if (known_folder(&FOLDERID_ProgramData, folder, sizeof folder) < 0)
		snprintf(folder, sizeof folder, "C:\\ProgramData");
	snprintf(path, sizeof path, "%s\\Assent\\agent.conf", folder);
	return path;
}

bool plat_path_is_absolute(const char *path)
{
	bool drive = ((path[0] | 32) >= 'a' && (path[0] | 32) <= 'z') && path[1] == ':' &&
		     (path[2] == '\\' || path[2] == '/');

	return drive || path[0] == '\\' || path[0] == '/';
}

const char *plat_path_name(const char *path)
{
	const char *name = path;

	for (const char *c = path; *c; c++)
		if (*c == '/' || *c == '\\' || *c == ':')
			name = c + 1;
	return name;
}

static int own_folder(char *out, size_t cap)
{
	wchar_t wide[WIN_PATH];
	DWORD n = GetModuleFileNameW(NULL, wide, WIN_PATH);

	if (n == 0 || n == WIN_PATH)
		return -ENAMETOOLONG;

	int err = win_utf8(wide, out, cap);
	if (err >= 0)
		*(char *)(uintptr_t)plat_path_name(out) = '\0';
	return err < 0 ? err : 0;
}

static bool is_there(const char *path)
{
	wchar_t wide[WIN_PATH];

	return win_wide(path, wide, WIN_PATH) >= 0 &&
	       GetFileAttributesW(wide) != INVALID_FILE_ATTRIBUTES;
}

/* The helpers that speak TLS or to the network are the agent's own program file under another
 * argv[0] (roles.c), so that OpenSSL is on the disk once. Collectors have their own: it has none.
 */
int plat_libexec(const char *program, char *out, size_t cap)
{
	static const char *const places[] = {"", "..\\libexec\\", "..\\bin\\"};
	const char *file = strcmp(program, "assent-collect") == 0 ? program
			   : strcmp(program, "assent-net") == 0 ||
				   strcmp(program, "assent-dial") == 0 ||
				   strcmp(program, "assent-probe") == 0
			       ? "assent-agent"
			       : NULL;
	char folder[PATH_ROOM], path[PATH_ROOM + 64];

	if (!file)
		return -ENOENT;
	int err = own_folder(folder, sizeof folder);
	for (size_t i = 0; err == 0 && i < sizeof places / sizeof places[0]; i++) {
		snprintf(path, sizeof path, "%s%s%s.exe", folder, places[i], file);
		if (!is_there(path))
			continue;
		if (strlen(path) >= cap)
			return -ENAMETOOLONG;
		memcpy(out, path, strlen(path) + 1);
		return 0;
	}
	return err < 0 ? err : -ENOENT;
}

int plat_data(const char *name, char *out, size_t cap)
{
	static const char *const places[] = {"share\\", "..\\share\\assent\\"};
	char folder[PATH_ROOM], path[PATH_ROOM + 256];
	int err = own_folder(folder, sizeof folder);

	for (size_t i = 0; err == 0 && i < sizeof places / sizeof places[0]; i++) {
		int n = snprintf(path, sizeof path, "%s%s%s", folder, places[i], name);

		if (n < 0 || (size_t)n >= sizeof path || (size_t)n >= cap)
			return -ENAMETOOLONG;
		if (!is_there(path))
			continue;
		memcpy(out, path, (size_t)n + 1);
		return 0;
	}
	return err < 0 ? err : -ENOENT;
}

int plat_state_dir(char *out, size_t cap)
{
	char folder[PATH_ROOM], path[PATH_ROOM + 16];
	int err = known_folder(&FOLDERID_LocalAppData, folder, sizeof folder);

	if (err < 0)
		return err;
	snprintf(path, sizeof path, "%s\\Assent", folder);
	err = plat_folder_new(path);
	if (err < 0)
		return err;
	if (strlen(path) >= cap)
		return -ENAMETOOLONG;
	memcpy(out, path, strlen(path) + 1);
	return 0;
}
