/* SPDX-License-Identifier: Apache-2.0
 *
 * Services: what there is, what runs, and which ended with an error or should run and do not.
 */
#include "agent/plat/win/collect/facts.h"

#include <stdio.h>
#include <stdlib.h>

#include "proto/base/err.h"

#define FAILED_MAX 16
#define CONFIG_MAX 8192

struct services {
	struct sink *s;
	SC_HANDLE manager;
	unsigned failed;
};

static const char *state_name(DWORD state)
{
	static const char *const names[] = {"?",       "stopped",    "starting", "stopping",
					    "running", "continuing", "pausing",	 "paused"};

	return state < sizeof names / sizeof names[0] ? names[state] : "?";
}

static const char *start_name(DWORD start)
{
	static const char *const names[] = {"boot", "system", "automatic", "by hand", "off"};

	return start < sizeof names / sizeof names[0] ? names[start] : "-";
}

/* The start type, and account and path in text; -1 when they may not be read. */
static int read_config(struct services *all, const wchar_t *name, char *text, size_t cap)
{
	union {
		uint8_t bytes[CONFIG_MAX];
		QUERY_SERVICE_CONFIGW config;
	} room;
	char account[256], path[FACTS_TEXT];
	DWORD need;
	SC_HANDLE h = OpenServiceW(all->manager, name, SERVICE_QUERY_CONFIG);
	int start = -1;

	snprintf(text, cap, "-");
	if (!h)
		return -1;
	if (QueryServiceConfigW(h, &room.config, sizeof room, &need)) {
		const QUERY_SERVICE_CONFIGW *c = &room.config;

		start = (int)c->dwStartType;
		snprintf(
		    text, cap, "%s; %s",
		    c->lpServiceStartName ? win_text(c->lpServiceStartName, account, sizeof account)
					  : "-",
		    c->lpBinaryPathName ? win_text(c->lpBinaryPathName, path, sizeof path) : "-");
	}
	CloseServiceHandle(h);
	return start;
}

/* 1077: never started since the computer was; 0: a clean end. */
static bool has_failed(const SERVICE_STATUS_PROCESS *p)
{
	return p->dwCurrentState == SERVICE_STOPPED && p->dwWin32ExitCode != 0 &&
	       p->dwWin32ExitCode != ERROR_SERVICE_NEVER_STARTED;
}

static void fact_failed(struct services *all, const char *name, const SERVICE_STATUS_PROCESS *p)
{
	char key[ITEM_KEY_MAX], why[200];
	DWORD code = p->dwWin32ExitCode == ERROR_SERVICE_SPECIFIC_ERROR
			 ? p->dwServiceSpecificExitCode
			 : p->dwWin32ExitCode;

	if (++all->failed > FAILED_MAX)
		return;
	snprintf(key, sizeof key, "svc.failed.%u", all->failed);
	sink_fact(all->s, key, "%s: %lu %s", name, code, facts_error(code, why, sizeof why));
}

static void print_one(struct services *all, const ENUM_SERVICE_STATUS_PROCESSW *e)
{
	const SERVICE_STATUS_PROCESS *p = &e->ServiceStatusProcess;
	char name[256], title[512], text[FACTS_TEXT + 300];
	int start = read_config(all, e->lpServiceName, text, sizeof text);

	win_text(e->lpServiceName, name, sizeof name);
	sink_printf(all->s, "%-40s %-10s %-10s pid %-6lu exit %lu; %s; %s\n", name,
		    state_name(p->dwCurrentState), start_name((DWORD)start), p->dwProcessId,
		    p->dwWin32ExitCode, win_text(e->lpDisplayName, title, sizeof title), text);
	if (has_failed(p))
		fact_failed(all, name, p);
}

static DWORD print_all(struct services *all, DWORD kind)
{
	DWORD need = 0, count = 0, at = 0;

	EnumServicesStatusExW(all->manager, SC_ENUM_PROCESS_INFO, kind, SERVICE_STATE_ALL, NULL, 0,
			      &need, &count, &at, NULL);
	if (need == 0)
		return GetLastError();
	need += 16384; /* what is installed meanwhile */

	ENUM_SERVICE_STATUS_PROCESSW *list = malloc(need);
	DWORD err = list ? 0 : ERROR_OUTOFMEMORY;
	at = 0;
	if (list &&
	    !EnumServicesStatusExW(all->manager, SC_ENUM_PROCESS_INFO, kind, SERVICE_STATE_ALL,
				   (BYTE *)list, need, &need, &count, &at, NULL))
		err = GetLastError();
	for (DWORD i = 0; err == 0 && i < count; i++)
		print_one(all, &list[i]);
	free(list);
	return err;
}

int collect_services(struct sink *s, const struct collect_args *args)
{
	struct services all = {.s = s};

	(void)args;
	facts_begin(s, "windows/services", "EnumServicesStatusEx, QueryServiceConfig");
	all.manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT | SC_MANAGER_ENUMERATE_SERVICE);
	if (!all.manager)
		return facts_end(s, GetLastError());

	DWORD err = print_all(&all, SERVICE_WIN32);
	facts_end(s, err);
	if (err == 0)
		sink_fact(s, "svc.failed_count", "%u", all.failed);
	facts_begin(s, "windows/driver_services", "EnumServicesStatusEx, drivers");
	err = print_all(&all, SERVICE_DRIVER);
	CloseServiceHandle(all.manager);
	return facts_end(s, err);
}
