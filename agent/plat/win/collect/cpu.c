/* SPDX-License-Identifier: Apache-2.0
 *
 * The processor: what it is, how busy it is now.
 */
#include "agent/plat/win/collect/facts.h"
#include "agent/plat/win/collect/nt.h"

#include <stdio.h>
#include <string.h>
#include <stdlib.h>

#define SAMPLE_MS 200
#define CENTRAL	  "HARDWARE\\DESCRIPTION\\System\\CentralProcessor"

static uint64_t ticks(const FILETIME *t)
{
	return (uint64_t)t->dwHighDateTime << 32 | t->dwLowDateTime;
}

static void fact_busy(struct sink *s)
{
	FILETIME idle[2], kernel[2], user[2];

	if (!GetSystemTimes(&idle[0], &kernel[0], &user[0]))
		return;
	Sleep(SAMPLE_MS);
	if (!GetSystemTimes(&idle[1], &kernel[1], &user[1]))
		return;

	uint64_t rest = ticks(&idle[1]) - ticks(&idle[0]);
	uint64_t all = ticks(&kernel[1]) - ticks(&kernel[0]) + ticks(&user[1]) - ticks(&user[0]);
	if (all > 0 && rest <= all) /* kernel time holds idle time */
		sink_fact(s, "cpu.busy_percent", "%u", (unsigned)(100 * (all - rest) / all));
}

static int print_one(const char *path, void *arg)
{
	struct sink *s = arg;
	char name[256], maker[128], kind[256];
	uint64_t mhz = 0;

	facts_reg(HKEY_LOCAL_MACHINE, path, "ProcessorNameString", name, sizeof name);
	facts_reg(HKEY_LOCAL_MACHINE, path, "VendorIdentifier", maker, sizeof maker);
	facts_reg(HKEY_LOCAL_MACHINE, path, "Identifier", kind, sizeof kind);
	facts_reg_number(HKEY_LOCAL_MACHINE, path, "~MHz", &mhz);
	return sink_printf(s, "%s: %s, %s, %s, %llu MHz\n", strrchr(path, '\\') + 1, name, maker,
			   kind, (unsigned long long)mhz);
}

static void print_times(struct sink *s)
{
	uint32_t length = 0;
	long status;
	struct nt_processor *all = nt_query(NT_PROCESSORS, &length, &status);

	facts_begin(s, "windows/processor_times", "NtQuerySystemInformation");
	sink_printf(s, "processor   idle s   kernel s     user s  interrupts\n");
	for (size_t i = 0; all && (i + 1) * sizeof *all <= length; i++)
		sink_printf(s, "%9zu %8lld %10lld %10lld %11u\n", i, all[i].idle / 10000000,
			    (all[i].kernel - all[i].idle) / 10000000, all[i].user / 10000000,
			    all[i].interrupts);
	facts_end(s, all ? 0 : ERROR_CALL_NOT_IMPLEMENTED);
	free(all);
}

int collect_cpu(struct sink *s, const struct collect_args *args)
{
	char name[256];

	(void)args;
	facts_reg(HKEY_LOCAL_MACHINE, CENTRAL "\\0", "ProcessorNameString", name, sizeof name);
	sink_fact(s, "cpu.model", "%s", name);
	sink_fact(s, "cpu.count", "%lu", GetActiveProcessorCount(ALL_PROCESSOR_GROUPS));
	fact_busy(s);

	facts_begin(s, "windows/processors", "registry CentralProcessor");
	facts_reg_keys(HKEY_LOCAL_MACHINE, CENTRAL, print_one, s);
	facts_end(s, 0);
	print_times(s);
	return 0;
}
