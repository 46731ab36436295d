/* SPDX-License-Identifier: Apache-2.0
 *
 * The rows of `top` (ITEM_ROW in item.h): which numbers stand in which place. New numbers are
 * added at the end; a reader takes what it knows and what is there, and a kind that it does not
 * know is nothing to it. A sample is what stands between two ROW_SAMPLE.
 *
 * Shares are in hundredths of a percent (10000 = one whole processor). Rates are per second,
 * over the time since the sample before.
 */
#ifndef AS_WIRE_ITEM_ROW_H
#define AS_WIRE_ITEM_ROW_H

/* kind, number, name in JSON, what it is about; name and detail of the row */
/* clang-format off */
#define ITEM_ROW_MAP(X)                                                                        \
	X(SAMPLE,   1, "sample")    /* the end of a sample; id: its number, from 1 */           \
	X(HOST,     2, "host")      /* the whole computer */                                    \
	X(CPU,      3, "cpu")       /* id: the processor, or ROW_CPU_ALL (share of all of them) */ \
	X(MEMORY,   4, "memory")    /* in bytes */                                              \
	X(PRESSURE, 5, "pressure")  /* name: cpu, memory, io */                                 \
	X(DISK,     6, "disk")      /* name: the device */                                      \
	X(IFACE,    7, "interface") /* name: the interface */                                   \
	X(PROCESS,  8, "process")   /* id: its number; name; detail: whose it is */
/* clang-format on */

enum item_row_kind {
#define X(name, n, text) ROW_##name = n,
	ITEM_ROW_MAP(X)
#undef X
};

#define ROW_CPU_ALL UINT32_MAX

/* The places of row.values[], and how many there are. */
enum { SAMPLE_WALL_US, SAMPLE_SPAN_MS, SAMPLE_COST_US, SAMPLE_VALUES };
enum { HOST_UPTIME_S, HOST_LOAD1, HOST_LOAD5, HOST_LOAD15, HOST_TASKS, HOST_RUNNING, HOST_VALUES };
enum { CPU_USER, CPU_NICE, CPU_SYSTEM, CPU_IDLE, CPU_IOWAIT, CPU_IRQ, CPU_STEAL, CPU_VALUES };
enum {
	MEMORY_TOTAL,
	MEMORY_AVAILABLE,
	MEMORY_FREE,
	MEMORY_CACHED,
	MEMORY_BUFFERS,
	MEMORY_DIRTY,
	MEMORY_SWAP_TOTAL,
	MEMORY_SWAP_FREE,
	MEMORY_VALUES
};
/* in hundredths of a percent, averages over 10, 60 and 300 s */
enum {
	PRESSURE_SOME10,
	PRESSURE_SOME60,
	PRESSURE_SOME300,
	PRESSURE_FULL10,
	PRESSURE_FULL60,
	PRESSURE_FULL300,
	PRESSURE_VALUES
};
enum { DISK_READ_BYTES, DISK_WRITE_BYTES, DISK_READS, DISK_WRITES, DISK_BUSY, DISK_VALUES };
enum {
	IFACE_RX_BYTES,
	IFACE_TX_BYTES,
	IFACE_RX_PACKETS,
	IFACE_TX_PACKETS,
	IFACE_ERRORS,
	IFACE_DROPS,
	IFACE_VALUES
};
enum {
	PROCESS_CPU,
	PROCESS_RSS,
	PROCESS_STATE, /* the letter of ps(1) */
	PROCESS_THREADS,
	PROCESS_PARENT,
	PROCESS_START_S, /* since 1970 */
	PROCESS_VALUES
};
/* loads are in hundredths */

#endif
