/* SPDX-License-Identifier: Apache-2.0
 *
 * Disks and volumes: how large, how full, of what kind. A drive that does not answer (a network
 * share, an empty reader) costs a second at most each.
 */
#include "agent/plat/win/collect/facts.h"
#include "agent/plat/win/collect/wmi.h"

#include <stdio.h>

#include "proto/base/text.h"

#define FULL_PERCENT 90
#define DRIVES_MAX   26
#define DRIVE_MS     1500
#define ROWS	     128

struct drive {
	wchar_t root[4];
	UINT kind;
	bool asked, answered;
	ULARGE_INTEGER total, available, all_free;
	wchar_t label[MAX_PATH + 1], system[MAX_PATH + 1];
	DWORD err;
};

static const char *kind_name(UINT kind)
{
	static const char *const names[] = {"unknown", "no root", "removable", "fixed",
					    "network", "CD/DVD",  "RAM disk"};

	return kind < sizeof names / sizeof names[0] ? names[kind] : "?";
}

/* On a thread of its own: it may never come back. */
static DWORD WINAPI ask(void *arg)
{
	struct drive *d = arg;

	if (!GetDiskFreeSpaceExW(d->root, &d->available, &d->total, &d->all_free))
		d->err = GetLastError();
	else
		GetVolumeInformationW(d->root, d->label, MAX_PATH, NULL, NULL, NULL, d->system,
				      MAX_PATH);
	return 0;
}

static void ask_in_time(struct drive *d)
{
	HANDLE thread = CreateThread(NULL, 0, ask, d, 0, NULL);

	d->asked = thread != NULL;
	d->answered = thread && WaitForSingleObject(thread, DRIVE_MS) == WAIT_OBJECT_0;
	if (thread)
		CloseHandle(thread);
}

static unsigned percent(const struct drive *d)
{
	uint64_t used = d->total.QuadPart - d->all_free.QuadPart;
	uint64_t usable = used + d->available.QuadPart;

	return usable ? (unsigned)((used * 100 + usable - 1) / usable) : 0;
}

static void print_drive(struct sink *s, const struct drive *d, unsigned *full)
{
	char root[16], size[TEXT_SIZE_MAX], key[ITEM_KEY_MAX], why[200];

	win_text(d->root, root, sizeof root);
	if (!d->answered || d->err != 0) {
		sink_printf(s, "%-20s (%s) %s\n", kind_name(d->kind),
			    d->answered ? facts_error(d->err, why, sizeof why) : "does not answer",
			    root);
		return;
	}
	sink_printf(s, "%-20s %14llu %14llu %14llu %4u%% %s\n", kind_name(d->kind),
		    (unsigned long long)(d->total.QuadPart / 1024),
		    (unsigned long long)((d->total.QuadPart - d->all_free.QuadPart) / 1024),
		    (unsigned long long)(d->available.QuadPart / 1024), percent(d), root);
	if (percent(d) < FULL_PERCENT || d->kind == DRIVE_CDROM)
		return;
	snprintf(key, sizeof key, "disk.full.%u", ++*full);
	sink_fact(s, key, "%s %u %% of %s", root, percent(d), text_size(d->total.QuadPart, size));
}

static void print_labels(struct sink *s, const struct drive *all, size_t n)
{
	char root[16], label[256], system[64];

	facts_begin(s, "windows/volumes", "GetVolumeInformation");
	for (size_t i = 0; i < n; i++)
		if (all[i].answered && all[i].err == 0)
			sink_printf(s, "%s %s \"%s\"\n", win_text(all[i].root, root, sizeof root),
				    win_text(all[i].system, system, sizeof system),
				    win_text(all[i].label, label, sizeof label));
	facts_end(s, 0);
}

/* For the threads that do not come back, these live as long as the process. */
static struct drive drives[DRIVES_MAX];

int collect_disks(struct sink *s, const struct collect_args *args)
{
	static const char *const disk[] = {"Index", "Model",  "InterfaceType", "MediaType",
					   "Size",  "Status", "Partitions",    NULL};
	static const char *const partition[] = {
	    "Name", "Type", "Size", "BootPartition", "DiskIndex", "StartingOffset", NULL};
	static const struct wmi_query disk_query = {"ROOT\\CIMV2", "Win32_DiskDrive", "", disk,
						    ROWS};
	static const struct wmi_query part_query = {"ROOT\\CIMV2", "Win32_DiskPartition", "",
						    partition, ROWS};
	DWORD letters = GetLogicalDrives();
	size_t n = 0;
	unsigned full = 0;

	(void)args;
	for (int i = 0; i < DRIVES_MAX; i++) {
		if (!(letters >> i & 1))
			continue;
		struct drive *d = &drives[n++];
		swprintf(d->root, 4, L"%lc:\\", L'A' + i);
		d->kind = GetDriveTypeW(d->root);
		ask_in_time(d);
	}
	facts_begin(s, "sos_commands/filesys/df_-al_-x_autofs",
		    "GetDiskFreeSpaceEx of each drive, in the form of df");
	sink_printf(s, "Filesystem                1K-blocks           Used      Available  Use%% "
		       "Mounted on\n");
	for (size_t i = 0; i < n; i++)
		print_drive(s, &drives[i], &full);
	facts_end(s, 0);
	sink_fact(s, "disk.count", "%zu", n);
	print_labels(s, drives, n);
	wmi_file(s, "windows/disks", &disk_query);
	return wmi_file(s, "windows/partitions", &part_query);
}
