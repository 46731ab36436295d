/* SPDX-License-Identifier: Apache-2.0
 *
 * Power: mains or battery, the plan, what sleep the computer can do.
 */
#include "agent/plat/win/collect/facts.h"

#include <stdio.h>

#include "agent/collect/tool.h"

static void print_status(struct sink *s)
{
	SYSTEM_POWER_STATUS p;

	facts_begin(s, "windows/power", "GetSystemPowerStatus");
	if (!GetSystemPowerStatus(&p)) {
		facts_end(s, GetLastError());
		return;
	}
	sink_printf(s, "Mains: %s\n",
		    p.ACLineStatus == 1	  ? "yes"
		    : p.ACLineStatus == 0 ? "no"
					  : "unknown");
	if (p.BatteryFlag & 128 || p.BatteryFlag == 255) {
		sink_printf(s, "Battery: none\n");
	} else {
		sink_printf(s, "Battery: %u %%%s\n", p.BatteryLifePercent,
			    p.BatteryFlag & 8 ? ", charging" : "");
		sink_fact(s, "power.battery", "%u %%%s", p.BatteryLifePercent,
			  p.ACLineStatus == 1 ? ", on mains" : "");
	}
	facts_end(s, 0);
}

int collect_power(struct sink *s, const struct collect_args *args)
{
	static const char *const list[] = {"powercfg", "/list", NULL};
	static const char *const states[] = {"powercfg", "/availablesleepstates", NULL};
	static const char *const wake[] = {"powercfg", "/lastwake", NULL};

	(void)args;
	print_status(s);
	sink_tool(s, "windows/powercfg_list", list);
	sink_tool(s, "windows/powercfg_availablesleepstates", states);
	return sink_tool(s, "windows/powercfg_lastwake", wake);
}
