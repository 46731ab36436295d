/* SPDX-License-Identifier: Apache-2.0
 *
 * The time service: where this computer's time comes from, and when it was last set.
 */
#include "agent/plat/win/collect/facts.h"

#include <string.h>

#include "agent/collect/tool.h"

#define W32TIME "SYSTEM\\CurrentControlSet\\Services\\W32Time"

static DWORD service_state(void)
{
	SC_HANDLE manager = OpenSCManagerW(NULL, NULL, SC_MANAGER_CONNECT);
	SC_HANDLE service =
	    manager ? OpenServiceW(manager, L"W32Time", SERVICE_QUERY_STATUS) : NULL;
	SERVICE_STATUS status = {0};

	if (service)
		QueryServiceStatus(service, &status);
	if (service)
		CloseServiceHandle(service);
	if (manager)
		CloseServiceHandle(manager);
	return status.dwCurrentState;
}

int collect_time_service(struct sink *s, const struct collect_args *args)
{
	static const char *const status[] = {"w32tm", "/query", "/status", "/verbose", NULL};
	static const char *const peers[] = {"w32tm", "/query", "/peers", NULL};
	DWORD state = service_state();

	(void)args;
	facts_begin(s, "windows/time_settings", "registry W32Time");
	sink_printf(s, "[Parameters]\n");
	DWORD err = facts_reg_dump(s, HKEY_LOCAL_MACHINE, W32TIME "\\Parameters", NULL);
	sink_printf(s, "[Config]\n");
	facts_reg_dump(s, HKEY_LOCAL_MACHINE, W32TIME "\\Config", NULL);
	facts_end(s, err);
	sink_fact(s, "os.clock", "%s",
		  state == SERVICE_RUNNING ? "time service runs" : "time service does not run");
	sink_tool(s, "windows/w32tm_query_status", status);
	return sink_tool(s, "windows/w32tm_query_peers", peers);
}
