/* SPDX-License-Identifier: Apache-2.0
 *
 * Programs of the customer's system: Windows' own and our probe, by their whole path, without a
 * shell, with an empty environment, nothing to read and no window, in a job of their own, with a
 * deadline of their own (a third of the collector's), so that one that hangs leaves time for the
 * rest. When tool_run() returns the tool is gone, with all that it started.
 *
 * Two threads read the two pipes, because Windows cannot wait for a plain pipe.
 */
#include "agent/collect/tool.h"
#include "agent/plat/win/win.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/name.h"
#include "agent/collect/sink_priv.h"
#include "agent/plat/plat.h"
#include "agent/plat/win/collect/tool_win.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define TOOL_SHARE   3 /* a third of the collector's time */
#define TOOL_TICK_MS 200
#define TOOL_REAP_MS 500
#define TOOL_CHUNK   16384
#define LINE_MAX     8192
#define TOOL_MEMORY  (UINT64_C(1024) << 20)

struct running {
	struct sink *sink;
	HANDLE job, process, out, err; /* out, err: our ends */
	HANDLE done[2];		       /* the threads */
	uint64_t deadline, stalled_before;
	tool_on_output on;
	void *arg;
	int stop; /* what `on` said last */
	CRITICAL_SECTION lock;
	struct tool_result *result;
};

/* ---- where it is ---- */

static int find_own(const char *name, wchar_t out[WIN_PATH])
{
	char path[1024];
	int err = plat_libexec(name, path, sizeof path);

	return err < 0 ? err : win_wide(path, out, WIN_PATH);
}

/* Only in the system's own folder: nothing else that is called so is ever started. */
static int tool_find(const char *name, wchar_t out[WIN_PATH])
{
	wchar_t wide[MAX_PATH];
	UINT n;

	if (strncmp(name, "assent-", 7) == 0)
		return find_own(name, out);
	n = GetSystemDirectoryW(out, WIN_PATH);
	if (n == 0 || win_wide(name, wide, MAX_PATH) < 0 || wcspbrk(wide, L":") ||
	    wcsstr(wide, L".."))
		return -ENOENT;
	swprintf(out + n, WIN_PATH - n, L"\\%ls.exe", wide);
	return GetFileAttributesW(out) == INVALID_FILE_ATTRIBUTES ? -ENOENT : 0;
}

bool tool_is_installed(const char *name)
{
	wchar_t path[WIN_PATH];

	return tool_find(name, path) >= 0;
}

/* ---- the command line ---- */

/* As Windows' programs take it apart again: quotes around everything, backslashes doubled before
 * a quote. */
static size_t put_arg(const char *arg, char *out, size_t len, size_t cap)
{
	size_t slashes = 0;

	if (len + 2 * strlen(arg) + 4 >= cap)
		return cap;
	if (len > 0)
		out[len++] = ' ';
	out[len++] = '"';
	for (; *arg; arg++) {
		if (*arg == '"')
			for (slashes++; slashes > 0; slashes--)
				out[len++] = '\\';
		slashes = *arg == '\\' ? slashes + 1 : 0;
		out[len++] = *arg;
	}
	for (; slashes > 0; slashes--)
		out[len++] = '\\';
	out[len++] = '"';
	out[len] = '\0';
	return len;
}

int tool_command_line(const char *const argv[], char *out, size_t cap)
{
	size_t len = 0;

	out[0] = '\0';
	for (size_t i = 0; argv[i]; i++) {
		len = put_arg(argv[i], out, len, cap);
		if (len >= cap)
			return AS_E_TOO_BIG;
	}
	return 0;
}

/* ---- starting ---- */

static int make_pipe(HANDLE *ours, HANDLE *theirs)
{
	SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};

	if (!CreatePipe(ours, theirs, &inherited, TOOL_CHUNK))
		return win_last();
	SetHandleInformation(*ours, HANDLE_FLAG_INHERIT, 0);
	return 0;
}

static int launch(struct running *t, const wchar_t *path, const char *const argv[], HANDLE null,
		  HANDLE out, HANDLE err_pipe)
{
	char line[LINE_MAX];
	wchar_t wline[LINE_MAX], folder[MAX_PATH], env[2 * MAX_PATH];
	PROCESS_INFORMATION p;
	STARTUPINFOW how = {.cb = sizeof how,
			    .dwFlags = STARTF_USESTDHANDLES,
			    .hStdInput = null,
			    .hStdOutput = out,
			    .hStdError = err_pipe};
	const struct win_job limits = {.process_memory = TOOL_MEMORY};

	int err = tool_command_line(argv, line, sizeof line);
	if (err == 0 && win_wide(line, wline, LINE_MAX) < 0)
		err = AS_E_TOO_BIG;
	if (err == 0)
		err = win_job_new(&limits, &t->job);
	if (err < 0)
		return err;
	GetSystemWindowsDirectoryW(folder, MAX_PATH);
	int n = swprintf(env, 2 * MAX_PATH, L"SYSTEMROOT=%ls", folder) + 1;
	n += swprintf(env + n, 2 * MAX_PATH - (size_t)n, L"WINDIR=%ls", folder) + 1;
	env[n] = L'\0';
	if (!CreateProcessW(path, wline, NULL, NULL, TRUE,
			    CREATE_SUSPENDED | CREATE_NO_WINDOW | CREATE_UNICODE_ENVIRONMENT, env,
			    folder, &how, &p)) {
		err = win_last();
		CloseHandle(t->job);
		return err;
	}
	t->process = p.hProcess;
	AssignProcessToJobObject(t->job, p.hProcess); /* else it is in ours, and ends with it */
	ResumeThread(p.hThread);
	CloseHandle(p.hThread);
	return 0;
}

static int start(struct running *t, const wchar_t *path, const char *const argv[])
{
	SECURITY_ATTRIBUTES inherited = {.nLength = sizeof inherited, .bInheritHandle = TRUE};
	HANDLE out, err_pipe;
	int err = make_pipe(&t->out, &out);

	if (err < 0)
		return err;
	err = make_pipe(&t->err, &err_pipe);
	if (err < 0) {
		CloseHandle(t->out);
		CloseHandle(out);
		return err;
	}
	HANDLE null = CreateFileW(L"NUL", GENERIC_READ, FILE_SHARE_READ | FILE_SHARE_WRITE,
				  &inherited, OPEN_EXISTING, 0, NULL);
	err = launch(t, path, argv, null, out, err_pipe);
	CloseHandle(null);
	CloseHandle(out);
	CloseHandle(err_pipe);
	if (err < 0) {
		CloseHandle(t->out);
		CloseHandle(t->err);
	}
	return err;
}

/* ---- reading ---- */

static DWORD WINAPI read_output(void *arg)
{
	struct running *t = arg;
	char chunk[TOOL_CHUNK];
	DWORD n;

	while (ReadFile(t->out, chunk, sizeof chunk, &n, NULL) && n > 0) {
		EnterCriticalSection(&t->lock);
		t->result->bytes += n;
		if (t->stop == 0)
			t->stop = t->on(t->arg, chunk, n);
		int stop = t->stop;
		LeaveCriticalSection(&t->lock);
		if (stop < 0)
			break;
	}
	return 0;
}

static DWORD WINAPI read_errors(void *arg)
{
	struct running *t = arg;
	struct tool_result *r = t->result;
	char chunk[1024];
	DWORD n;

	while (ReadFile(t->err, chunk, sizeof chunk, &n, NULL) && n > 0) {
		EnterCriticalSection(&t->lock);
		size_t take = sizeof r->errors - r->errors_len;
		if (take > n)
			take = n;
		memcpy(r->errors + r->errors_len, chunk, take);
		r->errors_len += take;
		LeaveCriticalSection(&t->lock);
	}
	return 0;
}

static uint64_t time_left(struct running *t)
{
	uint64_t end = t->deadline + sink_stalled_ms(t->sink) - t->stalled_before;
	uint64_t now = clock_mono_ms();

	return now < end ? end - now : 0;
}

/* Until it has ended and its pipes are read, or its time is over, or nobody wants the rest. */
static void wait_for(struct running *t)
{
	HANDLE all[] = {t->process, t->done[0], t->done[1]};

	for (;;) {
		DWORD did = WaitForMultipleObjects(3, all, TRUE, TOOL_TICK_MS);

		if (did != WAIT_TIMEOUT)
			return;
		EnterCriticalSection(&t->lock);
		bool stop = t->stop < 0;
		LeaveCriticalSection(&t->lock);
		if (stop)
			return;
		/* Gone, but a child that it left behind holds the pipe: that is not waited for. */
		if (WaitForSingleObject(t->process, 0) == WAIT_OBJECT_0 &&
		    WaitForMultipleObjects(2, t->done, TRUE, TOOL_TICK_MS) == WAIT_TIMEOUT)
			return;
		if (time_left(t) == 0) {
			t->result->timed_out = true;
			return;
		}
	}
}

static void finish(struct running *t)
{
	DWORD code = 0;

	TerminateJobObject(t->job, 1);
	TerminateProcess(t->process, 1);
	if (WaitForSingleObject(t->process, TOOL_REAP_MS) != WAIT_OBJECT_0)
		t->result->stuck = true;
	GetExitCodeProcess(t->process, &code);
	t->result->status = (int)code;
	/* With the last writer gone the readers end by themselves. */
	WaitForMultipleObjects(2, t->done, TRUE, INFINITE);
	CloseHandle(t->done[0]);
	CloseHandle(t->done[1]);
	CloseHandle(t->out);
	CloseHandle(t->err);
	CloseHandle(t->process);
	CloseHandle(t->job);
}

int tool_run(struct sink *s, const char *const argv[], tool_on_output on, void *arg,
	     struct tool_result *r)
{
	wchar_t path[WIN_PATH];
	struct running t = {.sink = s, .on = on, .arg = arg, .result = r};

	memset(r, 0, sizeof *r);

	int err = tool_find(argv[0], path);
	if (err < 0)
		return err;
	t.deadline = clock_mono_ms() + s->deadline_ms / TOOL_SHARE;
	t.stalled_before = sink_stalled_ms(s);
	err = start(&t, path, argv);
	if (err < 0)
		return err;
	InitializeCriticalSection(&t.lock);
	t.done[0] = CreateThread(NULL, 0, read_output, &t, 0, NULL);
	t.done[1] = CreateThread(NULL, 0, read_errors, &t, 0, NULL);
	if (t.done[0] && t.done[1])
		wait_for(&t);
	finish(&t);
	DeleteCriticalSection(&t.lock);
	return t.stop;
}
