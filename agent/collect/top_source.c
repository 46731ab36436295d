/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/top_source.h"

#include <stdio.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "agent/collect/copy.h"
#include "agent/collect/owner_name.h"
#include "proto/base/clock.h"

#define TEXT_ROOM (256u << 10)

static const char *text_of(const char *path)
{
	static char text[TEXT_ROOM];

	return read_text(path, text, sizeof text) > 0 ? text : "";
}

void top_counts(struct top_counts *s)
{
	s->when_ms = clock_mono_ms();
	s->cpu_count = cpu_counts_read(text_of("/proc/stat"), s->cpus, COUNTERS_CPUS);
	s->disk_count = disk_counts_read(text_of("/proc/diskstats"), s->disks, COUNTERS_DISKS);
	s->iface_count = iface_counts_read(text_of("/proc/net/dev"), s->ifaces, COUNTERS_IFACES);
}

static uint64_t hundredths(double v)
{
	return v > 0 ? (uint64_t)(v * 100 + 0.5) : 0;
}

void top_host(uint64_t v[HOST_VALUES])
{
	double load[3] = {0}, up = 0;
	unsigned running = 0, tasks = 0;

	if (sscanf(text_of("/proc/loadavg"), "%lf %lf %lf %u/%u", &load[0], &load[1], &load[2],
		   &running, &tasks) == 5) {
		v[HOST_LOAD1] = hundredths(load[0]);
		v[HOST_LOAD5] = hundredths(load[1]);
		v[HOST_LOAD15] = hundredths(load[2]);
		v[HOST_RUNNING] = running;
		v[HOST_TASKS] = tasks;
	}
	if (sscanf(text_of("/proc/uptime"), "%lf", &up) == 1)
		v[HOST_UPTIME_S] = (uint64_t)up;
}

void top_memory(uint64_t v[MEMORY_VALUES])
{
	static const struct {
		const char *key;
		int place;
	} keys[] = {
	    {"MemTotal", MEMORY_TOTAL},	      {"MemAvailable", MEMORY_AVAILABLE},
	    {"MemFree", MEMORY_FREE},	      {"Cached", MEMORY_CACHED},
	    {"Buffers", MEMORY_BUFFERS},      {"Dirty", MEMORY_DIRTY},
	    {"SwapTotal", MEMORY_SWAP_TOTAL}, {"SwapFree", MEMORY_SWAP_FREE},
	};
	const char *text = text_of("/proc/meminfo");
	uint64_t kb;

	for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
		if (proc_number(text, keys[i].key, &kb) == 0)
			v[keys[i].place] = kb * 1024;
}

size_t top_pressure(const char *kind, uint64_t out[PRESSURE_VALUES])
{
	char path[64];

	snprintf(path, sizeof path, "/proc/pressure/%s", kind);
	return pressure_read(text_of(path), out);
}

const char *top_owner(const struct proc *p)
{
	return owner_user(p->uid);
}

void top_units(struct top_units *out)
{
	struct timespec up;

	clock_gettime(CLOCK_BOOTTIME, &up);
	*out = (struct top_units){.boot_s = clock_wall_s() - (int64_t)up.tv_sec,
				  .ticks = sysconf(_SC_CLK_TCK),
				  .page = sysconf(_SC_PAGESIZE)};
}

uint64_t top_cost_us(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (uint64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 +
	       (uint64_t)(u.ru_utime.tv_usec + u.ru_stime.tv_usec);
}
