/* SPDX-License-Identifier: Apache-2.0
 *
 * What top asks Windows. There is no load, no pressure and no time of waiting for disks.
 */
#include "agent/plat/win/collect/net.h"

#include "agent/plat/win/collect/nt.h"

#include <netioapi.h>
#include <psapi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <winioctl.h>

#include "agent/collect/top_source.h"
#include "proto/base/clock.h"

#define PER_MS	  10000 /* 100 ns */
#define DISKS_MAX 16	/* numbers that are tried */

/* ---- processors ---- */

/* Kernel time holds the idle time, and that of interrupts. */
static void cpu_of(const struct nt_processor *p, uint32_t id, struct cpu_counts *out)
{
	int64_t irq = p->dpc + p->interrupt, system = p->kernel - p->idle - irq;

	*out = (struct cpu_counts){.id = id,
				   .ticks = {[CPU_USER] = (uint64_t)p->user,
					     [CPU_SYSTEM] = system > 0 ? (uint64_t)system : 0,
					     [CPU_IDLE] = (uint64_t)p->idle,
					     [CPU_IRQ] = (uint64_t)irq}};
}

static size_t read_cpus(struct cpu_counts *out, size_t max)
{
	uint32_t length = 0;
	long status;
	struct nt_processor *all = nt_query(NT_PROCESSORS, &length, &status);
	size_t n = all ? length / sizeof *all : 0;

	out[0] = (struct cpu_counts){.id = ROW_CPU_ALL};
	if (n > max - 1)
		n = max - 1;
	for (size_t i = 0; i < n; i++) {
		cpu_of(&all[i], (uint32_t)i, &out[i + 1]);
		for (size_t k = 0; k < CPU_VALUES; k++)
			out[0].ticks[k] += out[i + 1].ticks[k];
	}
	free(all);
	return n > 0 ? n + 1 : 0;
}

/* ---- disks ---- */

/* The counters need no right to the disk. */
static bool read_disk(unsigned number, struct disk_counts *out)
{
	DISK_PERFORMANCE p;
	char path[32];
	DWORD n = 0;
	HANDLE disk;
	bool ok;

	snprintf(path, sizeof path, "\\\\.\\PhysicalDrive%u", number);
	disk =
	    CreateFileA(path, 0, FILE_SHARE_READ | FILE_SHARE_WRITE, NULL, OPEN_EXISTING, 0, NULL);
	if (disk == INVALID_HANDLE_VALUE)
		return false;
	ok = DeviceIoControl(disk, IOCTL_DISK_PERFORMANCE, NULL, 0, &p, sizeof p, &n, NULL) &&
	     n >= sizeof p - sizeof p.StorageManagerName;
	CloseHandle(disk);
	if (!ok)
		return false;
	*out = (struct disk_counts){
	    .n = {[DISK_READ_BYTES] = (uint64_t)p.BytesRead.QuadPart,
		  [DISK_WRITE_BYTES] = (uint64_t)p.BytesWritten.QuadPart,
		  [DISK_READS] = p.ReadCount,
		  [DISK_WRITES] = p.WriteCount,
		  [DISK_BUSY] = (uint64_t)(p.QueryTime.QuadPart - p.IdleTime.QuadPart) / PER_MS}};
	snprintf(out->name, sizeof out->name, "disk %u", number);
	return true;
}

/* ---- interfaces ---- */

static size_t read_ifaces(struct iface_counts *out, size_t max)
{
	typedef DWORD WINAPI get_table(MIB_IF_TABLE2 * *table);
	typedef void WINAPI free_table(void *table);
	get_table *get = WIN_FIND(get_table *, "iphlpapi.dll", "GetIfTable2");
	free_table *give_back = WIN_FIND(free_table *, "iphlpapi.dll", "FreeMibTable");
	MIB_IF_TABLE2 *table = NULL;
	size_t n = 0;

	if (!get || !give_back || get(&table) != NO_ERROR)
		return 0;
	for (ULONG i = 0; i < table->NumEntries && n < max; i++) {
		const MIB_IF_ROW2 *r = &table->Table[i];

		/* filters count the same bytes once more */
		if (r->InterfaceAndOperStatusFlags.FilterInterface ||
		    r->OperStatus != IfOperStatusUp)
			continue;
		out[n] = (struct iface_counts){
		    .n = {[IFACE_RX_BYTES] = r->InOctets,
			  [IFACE_TX_BYTES] = r->OutOctets,
			  [IFACE_RX_PACKETS] = r->InUcastPkts + r->InNUcastPkts,
			  [IFACE_TX_PACKETS] = r->OutUcastPkts + r->OutNUcastPkts,
			  [IFACE_ERRORS] = r->InErrors + r->OutErrors,
			  [IFACE_DROPS] = r->InDiscards + r->OutDiscards}};
		win_text(r->Alias, out[n].name, sizeof out[n].name);
		n++;
	}
	give_back(table);
	return n;
}

void top_counts(struct top_counts *s)
{
	s->when_ms = clock_mono_ms();
	s->cpu_count = read_cpus(s->cpus, COUNTERS_CPUS);
	s->iface_count = read_ifaces(s->ifaces, COUNTERS_IFACES);
	s->disk_count = 0;
	for (unsigned i = 0; i < DISKS_MAX; i++)
		s->disk_count += read_disk(i, &s->disks[s->disk_count]);
}

/* ---- the computer ---- */

void top_host(uint64_t v[HOST_VALUES])
{
	PERFORMANCE_INFORMATION p = {.cb = sizeof p};

	v[HOST_UPTIME_S] = GetTickCount64() / 1000;
	if (GetPerformanceInfo(&p, sizeof p))
		v[HOST_TASKS] = p.ThreadCount;
}

void top_memory(uint64_t v[MEMORY_VALUES])
{
	MEMORYSTATUSEX m = {.dwLength = sizeof m};
	PERFORMANCE_INFORMATION p = {.cb = sizeof p};

	if (GetPerformanceInfo(&p, sizeof p))
		v[MEMORY_CACHED] = (uint64_t)p.SystemCache * p.PageSize;
	if (!GlobalMemoryStatusEx(&m))
		return;
	v[MEMORY_TOTAL] = m.ullTotalPhys;
	v[MEMORY_AVAILABLE] = v[MEMORY_FREE] = m.ullAvailPhys;
	if (m.ullTotalPageFile > m.ullTotalPhys)
		v[MEMORY_SWAP_TOTAL] = m.ullTotalPageFile - m.ullTotalPhys;
	if (m.ullAvailPageFile > m.ullAvailPhys)
		v[MEMORY_SWAP_FREE] = m.ullAvailPageFile - m.ullAvailPhys;
	if (v[MEMORY_SWAP_FREE] > v[MEMORY_SWAP_TOTAL])
		v[MEMORY_SWAP_FREE] = v[MEMORY_SWAP_TOTAL];
}

size_t top_pressure(const char *kind, uint64_t out[PRESSURE_VALUES])
{
	(void)kind;
	(void)out;
	return 0;
}

/* To ask for each every second would cost more than all the rest. */
const char *top_owner(const struct proc *p)
{
	(void)p;
	return "";
}

void top_units(struct top_units *out)
{
	*out = (struct top_units){.boot_s = clock_wall_s() - (int64_t)(GetTickCount64() / 1000),
				  .ticks = 1000,
				  .page = 4096};
}

uint64_t top_cost_us(void)
{
	FILETIME begun, ended, kernel, user;

	if (!GetProcessTimes(GetCurrentProcess(), &begun, &ended, &kernel, &user))
		return 0;
	return (((uint64_t)kernel.dwHighDateTime << 32 | kernel.dwLowDateTime) +
		((uint64_t)user.dwHighDateTime << 32 | user.dwLowDateTime)) /
	       10;
}
