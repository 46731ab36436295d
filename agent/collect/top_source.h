/* SPDX-License-Identifier: Apache-2.0
 *
 * What top asks the system, once for each: here /proc, in plat/win/collect the system's libraries.
 * A number that a system does not know is 0.
 */
#ifndef AS_AGENT_COLLECT_TOP_SOURCE_H
#define AS_AGENT_COLLECT_TOP_SOURCE_H

#include "agent/collect/counters.h"
#include "agent/collect/proc_list.h"

/* The counters at one moment. */
struct top_counts {
	uint64_t when_ms;
	struct cpu_counts cpus[COUNTERS_CPUS];
	struct disk_counts disks[COUNTERS_DISKS];
	struct iface_counts ifaces[COUNTERS_IFACES];
	size_t cpu_count, disk_count, iface_count;
};
void top_counts(struct top_counts *out);

void top_host(uint64_t out[HOST_VALUES]);
void top_memory(uint64_t out[MEMORY_VALUES]);

/* Of "cpu", "memory", "io". How many values there are; 0 where there is no such thing. */
size_t top_pressure(const char *kind, uint64_t out[PRESSURE_VALUES]);

/* Whose a process is, "" when that is not known. Valid until the next call. */
const char *top_owner(const struct proc *p);

/* Of proc_list_read(). */
struct top_units {
	int64_t boot_s; /* since 1970 */
	long ticks;	/* a second */
	long page;	/* bytes */
};
void top_units(struct top_units *out);

/* Processor time that we have used. */
uint64_t top_cost_us(void);

#endif
