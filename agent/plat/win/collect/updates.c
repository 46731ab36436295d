/* SPDX-License-Identifier: Apache-2.0
 *
 * Updates: what is installed, how they are set up, and whether a restart is waited for.
 */
#include "agent/plat/win/collect/facts.h"
#include "agent/plat/win/collect/wmi.h"

#include <stdio.h>
#include <string.h>

#define ROWS 2000

#define WU     "SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\WindowsUpdate"
#define POLICY "SOFTWARE\\Policies\\Microsoft\\Windows\\WindowsUpdate"
#define CBS_REBOOT \
	"SOFTWARE\\Microsoft\\Windows\\CurrentVersion\\Component Based Servicing\\RebootPending"
#define WU_REBOOT   WU "\\Auto Update\\RebootRequired"
#define SESSION_MGR "SYSTEM\\CurrentControlSet\\Control\\Session Manager"

struct page {
	struct sink *s;
	unsigned count;
	char last[WMI_VALUE_MAX];
};

static int print_update(const char *const v[], void *arg)
{
	struct page *p = arg;

	p->count++;
	snprintf(p->last, sizeof p->last, "%s", v[0]);
	return sink_printf(p->s, "%-12s %-24s %-12s %s\n", v[0], v[1], v[2], v[3]);
}

static bool has_key(const char *path)
{
	wchar_t wide[FACTS_TEXT];
	HKEY key;

	win_wide(path, wide, FACTS_TEXT);
	if (RegOpenKeyExW(HKEY_LOCAL_MACHINE, wide, 0, KEY_READ | KEY_WOW64_64KEY, &key) !=
	    ERROR_SUCCESS)
		return false;
	RegCloseKey(key);
	return true;
}

static void restart(struct sink *s)
{
	char renames[FACTS_TEXT];
	bool cbs = has_key(CBS_REBOOT), wu = has_key(WU_REBOOT);

	facts_reg(HKEY_LOCAL_MACHINE, SESSION_MGR, "PendingFileRenameOperations", renames,
		  sizeof renames);
	facts_begin(s, "windows/restart_pending", "registry");
	sink_printf(s, "Component servicing: %s\nWindows Update: %s\nFiles to be renamed: %s\n",
		    cbs ? "yes" : "no", wu ? "yes" : "no", renames[0] ? "yes" : "no");
	facts_end(s, 0);
	sink_fact(s, "os.restart_pending", "%s", cbs || wu ? "yes" : "no");
}

static void settings(struct sink *s)
{
	static const char *const keys[] = {WU "\\Auto Update", WU "\\UX\\Settings", POLICY,
					   POLICY "\\AU"};

	facts_begin(s, "windows/update_settings", "registry");
	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
		sink_printf(s, "[%s]\n", keys[i]);
		facts_reg_dump(s, HKEY_LOCAL_MACHINE, keys[i], NULL);
	}
	facts_end(s, 0);
}

int collect_updates(struct sink *s, const struct collect_args *args)
{
	static const char *const props[] = {"HotFixID", "Description", "InstalledOn", "Caption",
					    NULL};
	static const struct wmi_query q = {"ROOT\\CIMV2", "Win32_QuickFixEngineering", "", props,
					   ROWS};
	struct page p = {.s = s};

	(void)args;
	restart(s);
	settings(s);
	facts_begin(s, "windows/updates", "WMI Win32_QuickFixEngineering");

	DWORD err = wmi_ask(&q, print_update, &p);
	if (err == 0)
		sink_fact(s, "os.updates_count", "%u", p.count);
	return facts_end(s, err);
}
