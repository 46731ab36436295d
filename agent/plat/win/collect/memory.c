/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory and page files: how much there is and how much is used.
 */
#include "agent/plat/win/collect/facts.h"
#include "agent/plat/win/collect/nt.h"

#include <psapi.h>
#include <stdlib.h>

struct page_file {
	uint32_t next, total, used, peak; /* pages */
	struct nt_string name;
};

static void print_page_files(struct sink *s, size_t page)
{
	uint32_t length = 0;
	long status;
	uint8_t *all = nt_query(NT_PAGE_FILES, &length, &status);
	char name[FACTS_TEXT];

	facts_begin(s, "windows/page_files", "NtQuerySystemInformation");
	for (uint32_t at = 0; all && at + sizeof(struct page_file) <= length;) {
		const struct page_file *f = (const void *)(all + at);

		if (f->total > 0 && f->name.text)
			sink_printf(s, "%s: %llu KiB, %llu used, %llu at most\n",
				    win_text(f->name.text, name, sizeof name),
				    (unsigned long long)(f->total * page / 1024),
				    (unsigned long long)(f->used * page / 1024),
				    (unsigned long long)(f->peak * page / 1024));
		if (f->next == 0)
			break;
		at += f->next;
	}
	facts_end(s, all ? 0 : ERROR_CALL_NOT_IMPLEMENTED);
	free(all);
}

/* The form of free, which people who read sos reports know. */
static void print_free(struct sink *s, const MEMORYSTATUSEX *m, const PERFORMANCE_INFORMATION *p)
{
	uint64_t page = p->PageSize, total = m->ullTotalPhys / 1024;
	uint64_t available = m->ullAvailPhys / 1024, cache = p->SystemCache * page / 1024;
	uint64_t swap = m->ullTotalPageFile > m->ullTotalPhys
			    ? (m->ullTotalPageFile - m->ullTotalPhys) / 1024
			    : 0;

	facts_begin(s, "sos_commands/memory/free",
		    "GlobalMemoryStatusEx, GetPerformanceInfo; in the form of free");
	sink_printf(s, "%15s %11s %11s %11s\n", "total", "used", "cache", "available");
	sink_printf(s, "Mem:  %9llu %11llu %11llu %11llu\n", (unsigned long long)total,
		    (unsigned long long)(total - available), (unsigned long long)cache,
		    (unsigned long long)available);
	sink_printf(s, "Swap: %9llu\n", (unsigned long long)swap);
	facts_end(s, 0);
}

static void print_details(struct sink *s, const PERFORMANCE_INFORMATION *p)
{
	const struct {
		const char *label;
		SIZE_T pages;
	} lines[] = {{"Commit charge", p->CommitTotal},	  {"Commit limit", p->CommitLimit},
		     {"Commit peak", p->CommitPeak},	  {"Physical memory", p->PhysicalTotal},
		     {"Available", p->PhysicalAvailable}, {"System cache", p->SystemCache},
		     {"Kernel, paged", p->KernelPaged},	  {"Kernel, not paged", p->KernelNonpaged}};

	facts_begin(s, "windows/memory", "GetPerformanceInfo");
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		sink_printf(s, "%-18s %12llu KiB\n", lines[i].label,
			    (unsigned long long)(lines[i].pages * p->PageSize / 1024));
	sink_printf(s, "Handles %lu, processes %lu, threads %lu\n", p->HandleCount, p->ProcessCount,
		    p->ThreadCount);
	facts_end(s, 0);
}

int collect_memory(struct sink *s, const struct collect_args *args)
{
	MEMORYSTATUSEX m = {.dwLength = sizeof m};
	PERFORMANCE_INFORMATION p = {.cb = sizeof p};

	(void)args;
	if (!GlobalMemoryStatusEx(&m) || !GetPerformanceInfo(&p, sizeof p))
		return win_last();

	uint64_t swap =
	    m.ullTotalPageFile > m.ullTotalPhys ? m.ullTotalPageFile - m.ullTotalPhys : 0;
	uint64_t swap_free =
	    m.ullAvailPageFile > m.ullAvailPhys ? m.ullAvailPageFile - m.ullAvailPhys : 0;
	sink_fact(s, "mem.total_kb", "%llu", (unsigned long long)(m.ullTotalPhys / 1024));
	sink_fact(s, "mem.available_kb", "%llu", (unsigned long long)(m.ullAvailPhys / 1024));
	sink_fact(s, "mem.swap_total_kb", "%llu", (unsigned long long)(swap / 1024));
	sink_fact(s, "mem.swap_free_kb", "%llu",
		  (unsigned long long)((swap_free < swap ? swap_free : swap) / 1024));
	print_free(s, &m, &p);
	print_details(s, &p);
	print_page_files(s, p.PageSize);
	return 0;
}
