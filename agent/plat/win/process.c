/* SPDX-License-Identifier: Apache-2.0
 *
 * How our programs begin, start each other and end.
 */
#include "agent/plat/plat.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <fcntl.h>
#include <io.h>
#include <sddl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PIPE_BUFFER   65536
#define NET_MEMORY    (UINT64_C(512) << 20)
#define RESTRICTING   4
#define GROUPS_MAX    8192 /* bytes of the list of the user's groups */
#define LOW_INTEGRITY "S-1-16-4096"

/* libuv adds what every Windows program needs (SYSTEMROOT and the like). */
static char env_path[] = "PATH=C:\\Windows\\System32", env_locale[] = "LC_ALL=C";
char *plat_child_env[] = {env_path, env_locale, NULL};
const char plat_child_folder[] = "C:\\";

/* Ctrl-C, Ctrl-Break, and the window's cross. */
const int plat_revoking_signals[] = {SIGINT, SIGBREAK, 1 /* libuv's SIGHUP */};
const unsigned plat_revoking_signal_count = 3;

/* ---- the beginning ---- */

static UINT console_before;

static void put_console_back(void)
{
	SetConsoleOutputCP(console_before);
}

void plat_begin(void)
{
	/* No file named like a system library, beside us or where we were started, is ever loaded.
	 */
	SetDefaultDllDirectories(LOAD_LIBRARY_SEARCH_SYSTEM32);
	SetDllDirectoryW(L"");
	HeapSetInformation(NULL, HeapEnableTerminationOnCorruption, NULL, 0);
	SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
	for (int fd = 0; fd <= 2; fd++)
		_setmode(fd, _O_BINARY);
	console_before = GetConsoleOutputCP();
	if (console_before != 0 && console_before != CP_UTF8 && SetConsoleOutputCP(CP_UTF8))
		atexit(put_console_back);
}

bool win_is_console_ours(void)
{
	DWORD two[2];

	return GetConsoleWindow() == NULL || GetConsoleProcessList(two, 2) <= 1;
}

/* ---- the end ---- */

int plat_kill_group(int pid)
{
	DWORD code = 0;

	if (pid <= 1)
		return -EINVAL;

	HANDLE process =
	    OpenProcess(PROCESS_TERMINATE | PROCESS_QUERY_LIMITED_INFORMATION, FALSE, (DWORD)pid);
	if (!process) /* no such process is "invalid parameter" */
		return GetLastError() == ERROR_INVALID_PARAMETER ? 0 : win_last();

	int err = TerminateProcess(process, 1) ? 0 : win_last();
	if (err < 0 && GetExitCodeProcess(process, &code) && code != STILL_ACTIVE)
		err = 0; /* it was faster */
	CloseHandle(process);
	return err;
}

/* The job of each takes along what it has started (confine.c). */
void plat_kill_groups(const int *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		(void)plat_kill_group(pids[i]);
}

void plat_wait_writable(int fd)
{
	(void)fd; /* pipes of ours always wait by themselves */
	Sleep(1);
}

/* ---- a process without rights ---- */

/* The token's groups that a program needs to come to life, and nothing of the person: a check of
 * access must pass with the user's groups and, once more, with these alone. What belongs to the
 * user, his files and keys, his other processes, fails the second one. */
static const char *const restricting[RESTRICTING] = {
    "S-1-1-0",	    /* everyone */
    "S-1-5-32-545", /* users: programs and libraries may be read */
    "S-1-5-12",	    /* restricted code */
    NULL,	    /* the logon session, for the desktop's objects; filled in */
};

static PSID find_logon(TOKEN_GROUPS *groups)
{
	for (DWORD i = 0; i < groups->GroupCount; i++)
		if ((groups->Groups[i].Attributes & SE_GROUP_LOGON_ID) == SE_GROUP_LOGON_ID)
			return groups->Groups[i].Sid;
	return NULL;
}

static int lower_integrity(HANDLE token)
{
	TOKEN_MANDATORY_LABEL label = {.Label = {.Attributes = SE_GROUP_INTEGRITY}};
	int err = 0;

	if (!ConvertStringSidToSidA(LOW_INTEGRITY, &label.Label.Sid))
		return win_last();
	if (!SetTokenInformation(token, TokenIntegrityLevel, &label,
				 (DWORD)(sizeof label + GetLengthSid(label.Label.Sid))))
		err = win_last();
	LocalFree(label.Label.Sid);
	return err;
}

static int restrict_token(HANDLE own, HANDLE *out)
{
	uint8_t room[GROUPS_MAX];
	TOKEN_GROUPS *groups = (TOKEN_GROUPS *)(void *)room;
	SID_AND_ATTRIBUTES deny = {0}, only[RESTRICTING] = {{0}};
	DWORD n, count = 0;
	int err = 0;

	if (!ConvertStringSidToSidA("S-1-5-32-544", &deny.Sid)) /* administrators, if he is one */
		return win_last();
	for (size_t i = 0; i < RESTRICTING && restricting[i]; i++)
		if (ConvertStringSidToSidA(restricting[i], &only[count].Sid))
			count++;

	DWORD made = count;
	if (GetTokenInformation(own, TokenGroups, groups, sizeof room, &n) && find_logon(groups))
		only[count++].Sid = find_logon(groups);
	if (!CreateRestrictedToken(own, DISABLE_MAX_PRIVILEGE, 1, &deny, 0, NULL, count, only, out))
		err = win_last();
	for (DWORD i = 0; i < made; i++)
		LocalFree(only[i].Sid);
	LocalFree(deny.Sid);
	if (err == 0)
		err = lower_integrity(*out);
	return err;
}

/* Both ends of a pipe that two processes can use at the same time, both ways. Its name is random
 * and its first instance must be ours, so nobody can have waited for it. */
static int make_pipe(HANDLE *ours, HANDLE *theirs)
{
	wchar_t name[80];
	SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
	LARGE_INTEGER now;

	QueryPerformanceCounter(&now);
	swprintf(name, sizeof name / sizeof name[0], L"\\\\.\\pipe\\assent-%lu-%llx",
		 GetCurrentProcessId(), (unsigned long long)now.QuadPart);
	*ours = CreateNamedPipeW(
	    name, PIPE_ACCESS_DUPLEX | FILE_FLAG_OVERLAPPED | FILE_FLAG_FIRST_PIPE_INSTANCE,
	    PIPE_TYPE_BYTE | PIPE_READMODE_BYTE | PIPE_WAIT | PIPE_REJECT_REMOTE_CLIENTS, 1,
	    PIPE_BUFFER, PIPE_BUFFER, 0, NULL);
	if (*ours == INVALID_HANDLE_VALUE)
		return win_last();
	*theirs = CreateFileW(name, GENERIC_READ | GENERIC_WRITE | FILE_WRITE_ATTRIBUTES, 0,
			      &inherited, OPEN_EXISTING, FILE_FLAG_OVERLAPPED, NULL);
	if (*theirs == INVALID_HANDLE_VALUE) {
		int err = win_last();
		CloseHandle(*ours);
		return err;
	}
	return 0;
}

/* Only the pipe and the empty device are inherited, whatever else is open. */
static int list_handles(HANDLE *handles, size_t n, LPPROC_THREAD_ATTRIBUTE_LIST *out)
{
	SIZE_T size = 0;

	InitializeProcThreadAttributeList(NULL, 1, 0, &size);
	LPPROC_THREAD_ATTRIBUTE_LIST list = malloc(size);
	if (!list)
		return -ENOMEM;
	if (!InitializeProcThreadAttributeList(list, 1, 0, &size) ||
	    !UpdateProcThreadAttribute(list, 0, PROC_THREAD_ATTRIBUTE_HANDLE_LIST, handles,
				       n * sizeof *handles, NULL, NULL)) {
		int err = win_last();
		free(list);
		return err;
	}
	*out = list;
	return 0;
}

static HANDLE open_null(void)
{
	SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};

	return CreateFileW(L"NUL", GENERIC_READ | GENERIC_WRITE, FILE_SHARE_READ | FILE_SHARE_WRITE,
			   &inherited, OPEN_EXISTING, 0, NULL);
}

/* Started asleep, put into its job, then woken: not one instruction runs outside. */
static int start_in_job(HANDLE token, const char *path, const char *name, HANDLE pipe, HANDLE job,
			int *pid)
{
	wchar_t wpath[WIN_PATH], wname[64], folder[MAX_PATH];
	/* What a program needs to find the system. */
	wchar_t env[MAX_PATH * 3];
	PROCESS_INFORMATION p;
	HANDLE null = open_null(), handles[] = {pipe, null};
	STARTUPINFOEXW how = {
	    .StartupInfo = {.cb = sizeof how,
			    .dwFlags = STARTF_USESTDHANDLES,
			    .hStdInput = pipe,
			    .hStdOutput = null,
			    .hStdError = null},
	};

	if (null == INVALID_HANDLE_VALUE)
		return win_last();
	int err = win_wide(path, wpath, WIN_PATH);
	if (err >= 0)
		err = win_wide(name, wname, sizeof wname / sizeof wname[0]);
	if (err >= 0)
		err = list_handles(handles, 2, &how.lpAttributeList);
	if (err < 0) {
		CloseHandle(null);
		return err;
	}
	GetSystemWindowsDirectoryW(folder, MAX_PATH);
	int n = swprintf(env, sizeof env / sizeof env[0], L"SYSTEMROOT=%ls", folder) + 1;
	n += swprintf(env + n, sizeof env / sizeof env[0] - (size_t)n, L"WINDIR=%ls", folder) + 1;
	env[n] = L'\0';
	GetSystemDirectoryW(folder, MAX_PATH);
	if (!CreateProcessAsUserW(token, wpath, wname, NULL, NULL, TRUE,
				  CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_UNICODE_ENVIRONMENT |
				      EXTENDED_STARTUPINFO_PRESENT,
				  env, folder, &how.StartupInfo, &p))
		err = win_last();
	DeleteProcThreadAttributeList(how.lpAttributeList);
	free(how.lpAttributeList);
	CloseHandle(null);
	if (err < 0)
		return err;
	if (!AssignProcessToJobObject(job, p.hProcess) || ResumeThread(p.hThread) == (DWORD)-1) {
		err = win_last();
		TerminateProcess(p.hProcess, 1);
	}
	*pid = (int)p.dwProcessId;
	CloseHandle(p.hThread);
	CloseHandle(p.hProcess);
	return err < 0 ? err : 0;
}

int plat_start_powerless(const char *path, const char *name, struct plat_child *out)
{
	HANDLE own, token = NULL, ours = NULL, theirs = NULL, job = NULL;
	struct plat_child c = {.pipe_fd = -1};
	const struct win_job how = {
	    .process_memory = NET_MEMORY, .processes = 1, .no_desktop = true};

	if (!OpenProcessToken(
		GetCurrentProcess(),
		TOKEN_QUERY | TOKEN_DUPLICATE | TOKEN_ASSIGN_PRIMARY | TOKEN_ADJUST_DEFAULT, &own))
		return win_last();

	int err = restrict_token(own, &token);
	if (err == 0)
		err = win_job_new(&how, &job);
	if (err == 0)
		err = make_pipe(&ours, &theirs);
	if (err == 0)
		err = start_in_job(token, path, name, theirs, job, &c.pid);
	if (err == 0)
		c.pipe_fd = _open_osfhandle((intptr_t)ours, _O_BINARY | _O_RDWR);
	c.process = job;
	if (theirs)
		CloseHandle(theirs);
	if (token)
		CloseHandle(token);
	CloseHandle(own);
	if (err == 0 && c.pipe_fd >= 0) {
		*out = c;
		return 0;
	}
	if (ours)
		CloseHandle(ours);
	if (job)
		CloseHandle(job); /* and the process with it */
	return err < 0 ? err : -EMFILE;
}

void plat_child_kill(const struct plat_child *c)
{
	TerminateJobObject(c->process, 1);
}

void plat_child_forget(struct plat_child *c)
{
	CloseHandle(c->process);
	c->process = NULL;
}
