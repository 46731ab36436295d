/* SPDX-License-Identifier: Apache-2.0
 *
 * Drivers: which are loaded and of which version, and which devices have trouble with theirs.
 */
#include "agent/plat/win/collect/facts.h"
#include "agent/plat/win/collect/wmi.h"

#include <psapi.h>
#include <stdio.h>
#include <string.h>
#include <winver.h>

#define DRIVERS_MAX  1024
#define DEVICES_MAX  4000
#define VERSION_ROOM 8192
#define TROUBLES_MAX 16

/* "10.0.19041.1", "-" when the file does not say. */
static const char *file_version(const wchar_t *path, char out[32])
{
	uint8_t info[VERSION_ROOM];
	VS_FIXEDFILEINFO *v = NULL;
	UINT n = 0;

	snprintf(out, 32, "-");
	if (GetFileVersionInfoSizeW(path, NULL) > sizeof info ||
	    !GetFileVersionInfoW(path, 0, sizeof info, info) ||
	    !VerQueryValueW(info, L"\\", (void **)&v, &n) || n < sizeof *v)
		return out;
	snprintf(out, 32, "%u.%u.%u.%u", HIWORD(v->dwFileVersionMS), LOWORD(v->dwFileVersionMS),
		 HIWORD(v->dwFileVersionLS), LOWORD(v->dwFileVersionLS));
	return out;
}

/* "\SystemRoot\System32\drivers\x.sys" as a path that can be opened. */
static void real_path(const wchar_t *name, wchar_t out[WIN_PATH])
{
	static const wchar_t root[] = L"\\SystemRoot\\";
	wchar_t windows[MAX_PATH];

	GetSystemWindowsDirectoryW(windows, MAX_PATH);
	if (_wcsnicmp(name, root, wcslen(root)) == 0)
		swprintf(out, WIN_PATH, L"%ls\\%ls", windows, name + wcslen(root));
	else
		swprintf(out, WIN_PATH, L"%ls", wcsncmp(name, L"\\??\\", 4) == 0 ? name + 4 : name);
}

static void print_loaded(struct sink *s)
{
	static void *bases[DRIVERS_MAX];
	wchar_t name[MAX_PATH], path[WIN_PATH];
	char text[FACTS_TEXT], version[32];
	DWORD bytes = 0, err = 0;

	facts_begin(s, "windows/drivers_loaded", "EnumDeviceDrivers");
	if (!EnumDeviceDrivers(bases, sizeof bases, &bytes))
		err = GetLastError();
	for (DWORD i = 0; err == 0 && i < bytes / sizeof bases[0] && i < DRIVERS_MAX; i++) {
		if (!GetDeviceDriverFileNameW(bases[i], name, MAX_PATH))
			continue;
		real_path(name, path);
		sink_printf(s, "%-20s %s\n", file_version(path, version),
			    win_text(path, text, sizeof text));
	}
	facts_end(s, err);
}

struct devices {
	struct sink *s;
	unsigned troubles;
};

/* 22: switched off by somebody; that is no trouble. */
static int print_device(const char *const v[], void *arg)
{
	struct devices *d = arg;
	char key[ITEM_KEY_MAX];

	if (strcmp(v[3], "0") != 0 && strcmp(v[3], "22") != 0 && v[3][0] &&
	    d->troubles < TROUBLES_MAX) {
		snprintf(key, sizeof key, "device.trouble.%u", ++d->troubles);
		sink_fact(d->s, key, "%s: code %s", v[0], v[3]);
	}
	return sink_printf(d->s, "%s; class %s; maker %s; code %s; service %s\n", v[0], v[1], v[2],
			   v[3], v[4]);
}

int collect_drivers(struct sink *s, const struct collect_args *args)
{
	static const char *const props[] = {
	    "Name", "PNPClass", "Manufacturer", "ConfigManagerErrorCode", "Service", NULL};
	static const struct wmi_query q = {"ROOT\\CIMV2", "Win32_PnPEntity", "", props,
					   DEVICES_MAX};
	struct devices d = {.s = s};

	(void)args;
	print_loaded(s);
	facts_begin(s, "windows/devices", "WMI Win32_PnPEntity");
	return facts_end(s, wmi_ask(&q, print_device, &d));
}
