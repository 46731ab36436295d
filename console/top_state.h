/* SPDX-License-Identifier: Apache-2.0
 *
 * What `top` knows of a computer: the latest sample, and a short history of what is drawn as one.
 * Rows come from an agent in any number; what is kept has limits. Pure.
 */
#ifndef AS_CONSOLE_TOP_STATE_H
#define AS_CONSOLE_TOP_STATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/item.h"
#include "proto/wire/item_row.h"

#define TOP_CPUS      1024
#define TOP_PRESSURES 8
#define TOP_DISKS     64
#define TOP_IFACES    64
#define TOP_PROCS     512
#define TOP_HISTORY   120 /* samples */

struct top_row {
	uint32_t id;
	uint8_t count; /* of values that are known */
	char name[ITEM_ROW_NAME_MAX + 1], detail[ITEM_ROW_DETAIL_MAX + 1];
	uint64_t v[ITEM_ROW_VALUES_MAX];
};

/* A list of rows of one kind. */
struct top_rows {
	struct top_row *at;
	size_t count, max;
};

struct top_sample {
	uint32_t number;
	uint32_t procs_number; /* of the sample in which the processes were looked at */
	struct top_row sample, host, cpu_all, memory; /* count 0: not known */
	struct top_rows cpus, pressures, disks, ifaces, procs;
};

/* Two numbers over time: received and sent, read and written. The newest last. */
struct top_series {
	char name[ITEM_ROW_NAME_MAX + 1];
	size_t count;
	uint64_t v[2][TOP_HISTORY];
};

struct top_state {
	struct top_sample now, next; /* next is being received */
	uint64_t samples;
	struct top_series cpu; /* busy, waiting; hundredths of a percent */
	struct top_series disks[TOP_DISKS], ifaces[TOP_IFACES];
	size_t disk_series, iface_series;
};

/* NULL when memory is short. */
struct top_state *top_state_new(void);
void top_state_free(struct top_state *t);

/* One ROW. True when a sample is whole: it is `now`. The processes are those of an earlier sample
 * when it has none: the agent looks at them less often. */
bool top_state_row(struct top_state *t, const struct item *rec);

/* A value, or 0 when the agent did not send it. */
uint64_t top_value(const struct top_row *r, size_t i);

/* Busy share of a CPU row, hundredths of a percent. */
uint64_t top_busy(const struct top_row *cpu);

/* NULL when there is none of that name. */
const struct top_series *top_series_find(const struct top_series *all, size_t n, const char *name);

#endif
