/* SPDX-License-Identifier: Apache-2.0
 *
 * Jobs: what keeps processes together, so that all of them end at once. Windows has no process
 * groups; a job's processes, and all that they start, die with the last handle of the job.
 */
#include "agent/plat/win/win.h"

#include <errno.h>

#define TICKS_PER_S 10000000

int win_job_new(const struct win_job *how, HANDLE *out)
{
	JOBOBJECT_EXTENDED_LIMIT_INFORMATION lim = {
	    .ProcessMemoryLimit = how->process_memory,
	    .JobMemoryLimit = how->job_memory,
	};
	JOBOBJECT_BASIC_UI_RESTRICTIONS desktop = {
	    .UIRestrictionsClass = JOB_OBJECT_UILIMIT_DESKTOP | JOB_OBJECT_UILIMIT_DISPLAYSETTINGS |
				   JOB_OBJECT_UILIMIT_EXITWINDOWS | JOB_OBJECT_UILIMIT_GLOBALATOMS |
				   JOB_OBJECT_UILIMIT_HANDLES | JOB_OBJECT_UILIMIT_READCLIPBOARD |
				   JOB_OBJECT_UILIMIT_SYSTEMPARAMETERS |
				   JOB_OBJECT_UILIMIT_WRITECLIPBOARD,
	};
	DWORD *flags = &lim.BasicLimitInformation.LimitFlags;
	HANDLE job = CreateJobObjectW(NULL, NULL);

	if (!job)
		return win_last();
	*flags = JOB_OBJECT_LIMIT_DIE_ON_UNHANDLED_EXCEPTION;
	if (!how->keep)
		*flags |= JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE;
	if (how->process_memory)
		*flags |= JOB_OBJECT_LIMIT_PROCESS_MEMORY;
	if (how->job_memory)
		*flags |= JOB_OBJECT_LIMIT_JOB_MEMORY;
	if (how->processes)
		*flags |= JOB_OBJECT_LIMIT_ACTIVE_PROCESS;
	if (how->cpu_s)
		*flags |= JOB_OBJECT_LIMIT_JOB_TIME;
	lim.BasicLimitInformation.ActiveProcessLimit = how->processes;
	lim.BasicLimitInformation.PerJobUserTimeLimit.QuadPart =
	    (LONGLONG)(how->cpu_s * TICKS_PER_S);
	if (!SetInformationJobObject(job, JobObjectExtendedLimitInformation, &lim, sizeof lim) ||
	    (how->no_desktop && !SetInformationJobObject(job, JobObjectBasicUIRestrictions,
							 &desktop, sizeof desktop))) {
		int err = win_last();
		CloseHandle(job);
		return err;
	}
	*out = job;
	return 0;
}
