/* SPDX-License-Identifier: Apache-2.0
 *
 * The kernel's counters of processors, disks and interfaces, and what happened between two looks
 * at them. Pure: text in, numbers out. Counters that went back (a device that was made anew) are
 * no time and no bytes.
 */
#ifndef AS_AGENT_COLLECT_COUNTERS_H
#define AS_AGENT_COLLECT_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

#include "proto/wire/item_row.h"

#define COUNTERS_CPUS	1024
#define COUNTERS_DISKS	64
#define COUNTERS_IFACES 64
#define COUNTERS_NAME	32

/* In the order of item_row.h: CPU_*, DISK_*, IFACE_*. */
struct cpu_counts {
	uint32_t id; /* ROW_CPU_ALL, or the processor */
	uint64_t ticks[CPU_VALUES];
};
struct disk_counts {
	char name[COUNTERS_NAME];
	uint64_t n[DISK_VALUES]; /* bytes, operations, milliseconds of work */
};
struct iface_counts {
	char name[COUNTERS_NAME];
	uint64_t n[IFACE_VALUES];
};

/* /proc/stat, /proc/diskstats, /proc/net/dev. How many there are, at most max; a line that cannot
 * be read is left out. */
size_t cpu_counts_read(const char *text, struct cpu_counts *out, size_t max);
size_t disk_counts_read(const char *text, struct disk_counts *out, size_t max);
size_t iface_counts_read(const char *text, struct iface_counts *out, size_t max);

/* Shares in hundredths of a percent. */
void cpu_counts_share(const struct cpu_counts *before, const struct cpu_counts *now,
		      uint64_t out[CPU_VALUES]);

/* n per second; a share in hundredths of a percent for milliseconds of work. */
uint64_t counts_rate(uint64_t before, uint64_t now, uint64_t span_ms);
uint64_t counts_share_ms(uint64_t before, uint64_t now, uint64_t span_ms);

/* "some avg10=0.12 avg60=... avg300=... total=...\nfull ...": hundredths of a percent in the order
 * of item_row.h. How many were found. */
size_t pressure_read(const char *text, uint64_t out[PRESSURE_VALUES]);

#endif
