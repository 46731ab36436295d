/* SPDX-License-Identifier: Apache-2.0
 *
 * Running programs: who runs what since when, with what command line, and the busiest. What another
 * user's process does not let us see is shown as "-".
 */
#include "agent/plat/win/collect/facts.h"
#include "agent/plat/win/collect/nt.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"

#define PROCESSES_MAX 8192
#define SAMPLE_MS     500
#define TOP	      10
#define COMMAND_LINE  60 /* ProcessCommandLineInformation, since Windows 8.1 */
#define COMMAND_MAX   4096
#define TICKS_PER_MS  10000

struct process {
	const struct nt_process *now;
	uint64_t busy; /* 100 ns of processor time during the sample */
};

struct list {
	void *before, *after;
	struct process *all;
	size_t count;
};

static uint32_t pid_of(const struct nt_process *p)
{
	return (uint32_t)(uintptr_t)p->pid;
}

static const struct nt_process *next(const struct nt_process *p)
{
	return p->next ? (const void *)((const uint8_t *)p + p->next) : NULL;
}

/* ---- the list, twice, to see who works ---- */

static int64_t worked(const struct nt_process *p)
{
	return p->user + p->kernel;
}

static const struct nt_process *find(const void *snapshot, const struct nt_process *like)
{
	for (const struct nt_process *p = snapshot; p; p = next(p))
		if (p->pid == like->pid && p->created == like->created)
			return p;
	return NULL;
}

static DWORD load(struct list *l)
{
	uint32_t length;
	long status;

	l->before = nt_query(NT_PROCESSES, &length, &status);
	Sleep(SAMPLE_MS);
	l->after = nt_query(NT_PROCESSES, &length, &status);
	l->all = calloc(PROCESSES_MAX, sizeof *l->all);
	if (!l->before || !l->after || !l->all)
		return ERROR_CALL_NOT_IMPLEMENTED;
	for (const struct nt_process *p = l->after; p && l->count < PROCESSES_MAX; p = next(p)) {
		const struct nt_process *old = find(l->before, p);
		int64_t busy = old ? worked(p) - worked(old) : 0;

		l->all[l->count++] = (struct process){p, busy > 0 ? (uint64_t)busy : 0};
	}
	return 0;
}

static void unload(struct list *l)
{
	free(l->before);
	free(l->after);
	free(l->all);
}

/* ---- one process ---- */

static const char *name_of(const struct nt_process *p, char *out, size_t cap)
{
	wchar_t wide[MAX_PATH];
	size_t n = p->name.length / sizeof wide[0];

	if (!p->name.text || n == 0) {
		snprintf(out, cap, pid_of(p) == 0 ? "(idle)" : "(system)");
		return out;
	}
	if (n >= MAX_PATH)
		n = MAX_PATH - 1;
	memcpy(wide, p->name.text, n * sizeof wide[0]);
	wide[n] = L'\0';
	return win_text(wide, out, cap);
}

static const char *user_of(HANDLE process, char *out, size_t cap)
{
	union {
		uint8_t bytes[512];
		TOKEN_USER user;
	} room;
	wchar_t name[128], domain[128], both[257];
	DWORD n = 128, d = 128, need;
	SID_NAME_USE use;
	HANDLE token;

	snprintf(out, cap, "-");
	if (!process || !OpenProcessToken(process, TOKEN_QUERY, &token))
		return out;
	if (GetTokenInformation(token, TokenUser, &room, sizeof room, &need) &&
	    LookupAccountSidW(NULL, room.user.User.Sid, name, &n, domain, &d, &use)) {
		swprintf(both, 257, L"%ls\\%ls", domain, name);
		win_text(both, out, cap);
	}
	CloseHandle(token);
	return out;
}

static const char *command_of(HANDLE process, char *out, size_t cap)
{
	typedef LONG WINAPI query(HANDLE h, int what, void *out, ULONG n, ULONG *need);
	union {
		uint8_t bytes[COMMAND_MAX];
		struct nt_string text;
	} room;
	query *ask = WIN_FIND(query *, "ntdll.dll", "NtQueryInformationProcess");
	wchar_t path[MAX_PATH];
	DWORD chars = MAX_PATH;
	ULONG need;

	snprintf(out, cap, "-");
	if (!process)
		return out;
	memset(&room, 0, sizeof room);
	if (ask && ask(process, COMMAND_LINE, &room, sizeof room - 2, &need) >= 0 && room.text.text)
		win_text(room.text.text, out, cap);
	else if (QueryFullProcessImageNameW(process, 0, path, &chars))
		win_text(path, out, cap);
	return out;
}

static int print_head(struct sink *s)
{
	return sink_printf(s, "%8s %8s %4s %-28s %6s %12s %7s %7s %-20s %s\n", "PID", "PPID",
			   "SESS", "USER", "%CPU", "RSS_KB", "THREADS", "HANDLES", "STARTED",
			   "COMMAND");
}

static int print_line(struct sink *s, const struct process *p)
{
	const struct nt_process *n = p->now;
	char user[260], command[COMMAND_MAX], name[MAX_PATH], started[FACTS_TIME] = "-";
	FILETIME at = {(DWORD)n->created, (DWORD)(n->created >> 32)};
	HANDLE h = OpenProcess(PROCESS_QUERY_LIMITED_INFORMATION, FALSE, pid_of(n));

	if (n->created > 0)
		facts_time(&at, started);
	command_of(h, command, sizeof command);
	user_of(h, user, sizeof user);
	if (h)
		CloseHandle(h);
	return sink_printf(s, "%8u %8u %4u %-28s %6.1f %12llu %7u %7u %-20s %s\n", pid_of(n),
			   (uint32_t)(uintptr_t)n->parent, n->session, user,
			   (double)p->busy / TICKS_PER_MS / SAMPLE_MS * 100,
			   (unsigned long long)(n->working_set / 1024), n->threads, n->handles,
			   started,
			   strcmp(command, "-") == 0 ? name_of(n, name, sizeof name) : command);
}

/* ---- the busiest ---- */

static int by_cpu(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return x->busy < y->busy ? 1 : x->busy > y->busy ? -1 : 0;
}

static int by_memory(const void *a, const void *b)
{
	const struct process *x = a, *y = b;

	return x->now->working_set < y->now->working_set   ? 1
	       : x->now->working_set > y->now->working_set ? -1
							   : 0;
}

static void print_top(struct sink *s, struct list *l, const char *file, bool cpu)
{
	char name[MAX_PATH], size[TEXT_SIZE_MAX];
	size_t shown = 0;

	qsort(l->all, l->count, sizeof l->all[0], cpu ? by_cpu : by_memory);
	facts_begin(s, file, "NtQuerySystemInformation, twice");
	print_head(s);
	for (size_t i = 0; i < l->count && shown < TOP; i++) {
		const struct nt_process *n = l->all[i].now;

		if (pid_of(n) == 0)
			continue; /* the idle "process" */
		if (shown++ == 0 && cpu)
			sink_fact(s, "proc.top_cpu", "%s (%u) %.0f %%",
				  name_of(n, name, sizeof name), pid_of(n),
				  (double)l->all[i].busy / TICKS_PER_MS / SAMPLE_MS * 100);
		else if (shown == 1 && !cpu)
			sink_fact(s, "proc.top_mem", "%s (%u) %s", name_of(n, name, sizeof name),
				  pid_of(n), text_size(n->working_set, size));
		print_line(s, &l->all[i]);
	}
	facts_end(s, 0);
}

int collect_processes(struct sink *s, const struct collect_args *args)
{
	struct list l = {0};

	(void)args;
	facts_begin(s, "sos_commands/process/processes",
		    "NtQuerySystemInformation; %CPU is of one processor, now");
	DWORD err = load(&l);
	if (err == 0)
		print_head(s);
	for (size_t i = 0; err == 0 && i < l.count; i++)
		print_line(s, &l.all[i]);
	facts_end(s, err);
	if (err == 0) {
		sink_fact(s, "proc.count", "%zu", l.count);
		print_top(s, &l, "sos_commands/process/top_cpu", true);
		print_top(s, &l, "sos_commands/process/top_memory", false);
	}
	unload(&l);
	return 0;
}
