/* SPDX-License-Identifier: Apache-2.0
 *
 * Scheduled tasks: what runs when, and how it ended last time.
 */
#define COBJMACROS
#include "agent/plat/win/collect/facts.h"

#include <initguid.h>
#include <oleauto.h>
#include <stdio.h>
#include <taskschd.h>

#define DEPTH_MAX 12
#define TASKS_MAX 4000

struct tasks {
	struct sink *s;
	unsigned count, failed;
};

static const char *state_name(TASK_STATE s)
{
	static const char *const names[] = {"unknown", "off", "queued", "ready", "running"};

	return (unsigned)s < sizeof names / sizeof names[0] ? names[s] : "?";
}

static const char *date_text(DATE d, char out[32])
{
	SYSTEMTIME t;

	if (d < 2 || !VariantTimeToSystemTime(d, &t) || t.wYear < 2000)
		return "never";
	snprintf(out, 32, "%04u-%02u-%02uT%02u:%02u:%02u", t.wYear, t.wMonth, t.wDay, t.wHour,
		 t.wMinute, t.wSecond);
	return out;
}

static void print_task(struct tasks *all, IRegisteredTask *t)
{
	char path[FACTS_TEXT], last[32], next[32];
	TASK_STATE state = TASK_STATE_UNKNOWN;
	BSTR name = NULL;
	DATE ran = 0, runs = 0;
	LONG result = 0;

	if (all->count++ >= TASKS_MAX || FAILED(IRegisteredTask_get_Path(t, &name)))
		return;
	IRegisteredTask_get_State(t, &state);
	IRegisteredTask_get_LastRunTime(t, &ran);
	IRegisteredTask_get_NextRunTime(t, &runs);
	IRegisteredTask_get_LastTaskResult(t, &result);
	sink_printf(all->s, "%s; %s; last %s, result 0x%lx; next %s\n",
		    win_text(name, path, sizeof path), state_name(state), date_text(ran, last),
		    (unsigned long)result, date_text(runs, next));
	SysFreeString(name);
}

static void print_tasks(struct tasks *all, ITaskFolder *folder)
{
	IRegisteredTaskCollection *tasks = NULL;
	LONG n = 0;

	if (FAILED(ITaskFolder_GetTasks(folder, TASK_ENUM_HIDDEN, &tasks)))
		return;
	IRegisteredTaskCollection_get_Count(tasks, &n);
	for (LONG i = 1; i <= n; i++) {
		VARIANT at = {.vt = VT_I4, .lVal = i};
		IRegisteredTask *t = NULL;

		if (FAILED(IRegisteredTaskCollection_get_Item(tasks, at, &t)))
			continue;
		print_task(all, t);
		IRegisteredTask_Release(t);
	}
	IRegisteredTaskCollection_Release(tasks);
}

static void walk(struct tasks *all, ITaskFolder *folder, unsigned depth)
{
	ITaskFolderCollection *folders = NULL;
	LONG n = 0;

	print_tasks(all, folder);
	if (depth == 0 || FAILED(ITaskFolder_GetFolders(folder, 0, &folders)))
		return;
	ITaskFolderCollection_get_Count(folders, &n);
	for (LONG i = 1; i <= n; i++) {
		VARIANT at = {.vt = VT_I4, .lVal = i};
		ITaskFolder *below = NULL;

		if (FAILED(ITaskFolderCollection_get_Item(folders, at, &below)))
			continue;
		walk(all, below, depth - 1);
		ITaskFolder_Release(below);
	}
	ITaskFolderCollection_Release(folders);
}

static HRESULT open_root(ITaskFolder **out)
{
	VARIANT none = {.vt = VT_EMPTY};
	ITaskService *service = NULL;
	BSTR root = SysAllocString(L"\\");
	HRESULT hr = CoInitializeEx(NULL, COINIT_MULTITHREADED);

	if (SUCCEEDED(hr) || hr == RPC_E_CHANGED_MODE)
		hr = CoCreateInstance(&CLSID_TaskScheduler, NULL, CLSCTX_INPROC_SERVER,
				      &IID_ITaskService, (void **)&service);
	if (SUCCEEDED(hr))
		hr = ITaskService_Connect(service, none, none, none, none);
	if (SUCCEEDED(hr))
		hr = ITaskService_GetFolder(service, root, out);
	if (service)
		ITaskService_Release(service);
	SysFreeString(root);
	return hr;
}

int collect_tasks(struct sink *s, const struct collect_args *args)
{
	struct tasks all = {.s = s};
	ITaskFolder *root = NULL;

	(void)args;
	facts_begin(s, "windows/scheduled_tasks", "ITaskService");
	HRESULT hr = open_root(&root);
	if (FAILED(hr))
		return facts_end(s, (DWORD)hr);
	walk(&all, root, DEPTH_MAX);
	ITaskFolder_Release(root);
	sink_fact(s, "tasks.count", "%u", all.count);
	return facts_end(s, 0);
}
