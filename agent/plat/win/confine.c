/* SPDX-License-Identifier: Apache-2.0
 *
 * Giving up rights: what a process of ours may no longer do once it is running. What only its
 * parent can take away stands in process.c (plat_start_powerless()).
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <stdlib.h>

#define MIB		 (UINT64_C(1) << 20)
#define TREE_PROCESSES	 64 /* a collector, its tools and what these start */
#define TREE_MEMORY	 (UINT64_C(2048) * MIB)
#define EXTENSION_POINTS 6 /* enum PROCESS_MITIGATION_POLICY */
#define IMAGE_LOAD	 10
#define NO_EXTENSION	 1u /* no input methods, hooks or AppInit DLLs of others */
#define NO_FOREIGN_IMAGES \
	(1u | 2u | 4u) /* none from the network, none of low trust; system first */

const char plat_os[] = "windows";
const bool plat_is_sanitized = false; /* gcc for Windows has no sanitizers */

/* ---- privileges ---- */

/* All but the one that every program needs to walk through folders. Removed is for good. */
static int remove_privileges(void)
{
	uint8_t room[2048];
	TOKEN_PRIVILEGES *all = (TOKEN_PRIVILEGES *)(void *)room;
	LUID keep = {0};
	HANDLE token;
	DWORD n;

	if (!LookupPrivilegeValueW(NULL, L"SeChangeNotifyPrivilege", &keep) ||
	    !OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY | TOKEN_ADJUST_PRIVILEGES, &token))
		return win_last();

	BOOL ok = GetTokenInformation(token, TokenPrivileges, all, sizeof room, &n);
	for (DWORD i = 0; ok && i < all->PrivilegeCount; i++) {
		LUID_AND_ATTRIBUTES *p = &all->Privileges[i];

		if (p->Luid.LowPart != keep.LowPart || p->Luid.HighPart != keep.HighPart)
			p->Attributes = SE_PRIVILEGE_REMOVED;
	}
	ok = ok && AdjustTokenPrivileges(token, FALSE, all, 0, NULL, NULL);
	int err = ok ? 0 : win_last();
	CloseHandle(token);
	return err;
}

/* ---- what may be loaded ---- */

/* A system without one of these goes without: they are a second wall, not the first. */
static void refuse_foreign_code(void)
{
	typedef BOOL WINAPI set_policy(int policy, void *p, SIZE_T n);
	set_policy *set = WIN_FIND(set_policy *, "kernel32.dll", "SetProcessMitigationPolicy");
	DWORD extension = NO_EXTENSION, image = NO_FOREIGN_IMAGES;

	if (!set)
		return;
	set(EXTENSION_POINTS, &extension, sizeof extension);
	set(IMAGE_LOAD, &image, sizeof image);
}

/* ---- jobs ---- */

/* Jobs nest, so each of our processes can have limits of its own within its parent's. */
static int join(const struct win_job *how, HANDLE *job)
{
	int err = win_job_new(how, job);

	if (err == 0 && !AssignProcessToJobObject(*job, GetCurrentProcess())) {
		err = win_last();
		CloseHandle(*job);
	}
	return err;
}

int plat_drop_rights(void)
{
	HANDLE job;
	int err = remove_privileges();

	if (err == 0)
		err =
		    join(&(struct win_job){.processes = 1, .no_desktop = true, .keep = true}, &job);
	if (err < 0)
		return err;
	CloseHandle(job); /* the limits stay as long as we live */
	refuse_foreign_code();
	return 0;
}

/* The broker's own job: whatever it starts, and all of theirs, is gone when it is, however it
 * ends. The handle is never closed. Crash reports go without what lay in memory. */
int plat_guard_secrets(void)
{
	typedef HRESULT WINAPI set_flags(DWORD flags);
	set_flags *reports = WIN_FIND(set_flags *, "kernel32.dll", "WerSetFlags");
	HANDLE job;

	if (reports)
		reports(1); /* WER_FAULT_REPORTING_FLAG_NOHEAP */
	return join(&(struct win_job){0}, &job);
}

/* Only this process holds the job's handle: killing it kills the tools that it runs, and all that
 * these have started. */
int plat_confine_collector(uint32_t mem_mib, uint32_t cpu_s)
{
	HANDLE job;
	const struct win_job how = {
	    .process_memory = (SIZE_T)(mem_mib * MIB),
	    .job_memory = TREE_MEMORY,
	    .processes = TREE_PROCESSES,
	    .cpu_s = cpu_s,
	};

	return join(&how, &job);
}
