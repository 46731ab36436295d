/* SPDX-License-Identifier: Apache-2.0
 *
 * What crashed: lists of dumps and error reports (never what is in them), and the reliability
 * records.
 */
#include "agent/plat/win/collect/facts.h"
#include "agent/plat/win/collect/wmi.h"

#include <stdio.h>
#include <string.h>

#define FILES_MAX   500
#define DEPTH_MAX   3
#define RECENT_S    (7 * 86400)
#define RECORDS_MAX 500

struct files {
	struct sink *s;
	unsigned count, recent;
	int64_t now;
};

static void print_file(struct files *f, const wchar_t *folder, const WIN32_FIND_DATAW *d)
{
	char path[FACTS_TEXT], name[FACTS_TEXT], time[FACTS_TIME];

	if (f->count++ >= FILES_MAX)
		return;
	if (f->now - facts_unix_time(&d->ftLastWriteTime) < RECENT_S)
		f->recent++;
	sink_printf(f->s, "%s %12llu %s\\%s\n", facts_time(&d->ftLastWriteTime, time),
		    (unsigned long long)d->nFileSizeHigh << 32 | d->nFileSizeLow,
		    win_text(folder, path, sizeof path), win_text(d->cFileName, name, sizeof name));
}

static DWORD list(struct files *f, const wchar_t *folder, unsigned depth)
{
	wchar_t pattern[WIN_PATH], below[WIN_PATH];
	WIN32_FIND_DATAW d;

	swprintf(pattern, WIN_PATH, L"%ls\\*", folder);
	HANDLE dir = FindFirstFileW(pattern, &d);
	if (dir == INVALID_HANDLE_VALUE)
		return GetLastError();
	do {
		if (wcscmp(d.cFileName, L".") == 0 || wcscmp(d.cFileName, L"..") == 0)
			continue;
		if (!(d.dwFileAttributes & FILE_ATTRIBUTE_DIRECTORY)) {
			print_file(f, folder, &d);
		} else if (depth > 0 && !(d.dwFileAttributes & FILE_ATTRIBUTE_REPARSE_POINT)) {
			swprintf(below, WIN_PATH, L"%ls\\%ls", folder, d.cFileName);
			list(f, below, depth - 1);
		}
	} while (FindNextFileW(dir, &d));
	FindClose(dir);
	return 0;
}

static void one_file(struct files *f, const wchar_t *path)
{
	WIN32_FIND_DATAW d;
	wchar_t folder[WIN_PATH];
	HANDLE h = FindFirstFileW(path, &d);

	if (h == INVALID_HANDLE_VALUE)
		return;
	FindClose(h);
	wcscpy(folder, path);
	*wcsrchr(folder, L'\\') = L'\0';
	print_file(f, folder, &d);
}

static int list_all(struct sink *s)
{
	static const wchar_t *const folders[] = {
	    L"%SystemRoot%\\Minidump",
	    L"%SystemRoot%\\LiveKernelReports",
	    L"%ProgramData%\\Microsoft\\Windows\\WER\\ReportArchive",
	    L"%ProgramData%\\Microsoft\\Windows\\WER\\ReportQueue",
	    L"%LOCALAPPDATA%\\Microsoft\\Windows\\WER\\ReportArchive",
	    L"%LOCALAPPDATA%\\CrashDumps"};
	struct files f = {.s = s};
	wchar_t path[WIN_PATH];
	char text[FACTS_TEXT], why[200];
	FILETIME now;

	GetSystemTimeAsFileTime(&now);
	f.now = facts_unix_time(&now);
	facts_begin(s, "windows/crash_dumps", "FindFirstFile: time, bytes, name");
	ExpandEnvironmentStringsW(L"%SystemRoot%\\MEMORY.DMP", path, WIN_PATH);
	one_file(&f, path);
	for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
		ExpandEnvironmentStringsW(folders[i], path, WIN_PATH);
		DWORD err = list(&f, path, DEPTH_MAX);
		if (err != 0 && err != ERROR_FILE_NOT_FOUND && err != ERROR_PATH_NOT_FOUND)
			sink_printf(s, "%s: %s\n", win_text(path, text, sizeof text),
				    err == ERROR_ACCESS_DENIED ? "needs administrator rights"
							       : facts_error(err, why, sizeof why));
	}
	if (f.count > FILES_MAX)
		sink_printf(s, "%u more are not shown\n", f.count - FILES_MAX);
	sink_fact(s, "crash.last_week", "%u", f.recent);
	return facts_end(s, 0);
}

static void dump_settings(struct sink *s)
{
	facts_begin(s, "windows/crash_settings", "registry CrashControl");
	facts_end(s, facts_reg_dump(s, HKEY_LOCAL_MACHINE,
				    "SYSTEM\\CurrentControlSet\\Control\\CrashControl", NULL));
}

int collect_crashes(struct sink *s, const struct collect_args *args)
{
	static const char *const props[] = {"TimeGenerated",   "SourceName", "ProductName",
					    "EventIdentifier", "Message",    NULL};
	static const struct wmi_query q = {"ROOT\\CIMV2", "Win32_ReliabilityRecords", "", props,
					   RECORDS_MAX};

	(void)args;
	list_all(s);
	dump_settings(s);
	return wmi_file(s, "windows/reliability", &q);
}
