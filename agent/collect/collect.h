/* SPDX-License-Identifier: Apache-2.0
 *
 * What a collector is. It is plain, blocking C in a process of its own: ask plat or run a
 * tool, write to the sink, stop when the sink refuses. It never decides about consent: the
 * broker started this process for one operation that the customer allowed.
 */
#ifndef AS_AGENT_COLLECT_H
#define AS_AGENT_COLLECT_H

#include <stddef.h>
#include <stdint.h>

#include "agent/collect/table.h"

struct sink;

#define COLLECT_NAMES_MAX 8
#define COLLECT_NAME_LEN  128
#define COLLECT_RELAY_LEN 263

/* One operation, as the broker hands it to assent-collect on its standard input: this struct,
 * in one write, nothing else. Both are built from the same source, so the layout is shared;
 * magic and size are checked all the same, and every string must end inside its array. */
struct collect_args {
	uint32_t magic; /* COLLECT_ARGS_MAGIC */
	uint32_t size;	/* sizeof(struct collect_args) */
	uint32_t op_id;
	uint32_t comp;	    /* 1: the output is one zlib stream (level 1) */
	uint32_t hours;	    /* logs: 0 = the collector's default */
	uint32_t priority;  /* logs: syslog priority + 1; 0 = the collector's default */
	uint64_t max_bytes; /* per file; 0 = the collector's default */
	uint32_t names_count;
	char names[COLLECT_NAMES_MAX][COLLECT_NAME_LEN + 1]; /* HOST or HOST:PORT */
	char unit[COLLECT_NAME_LEN + 1];
	char relay[COLLECT_RELAY_LEN + 1]; /* HOST:PORT from the agent's configuration */
	/* broker-side promise for this run; the table's values */
	uint32_t deadline_ms;
	uint64_t output_max;
};
#define COLLECT_ARGS_MAGIC UINT32_C(0x41434f4c)

struct collector {
	const char *name;
	uint32_t op_id;
	int (*run)(struct sink *out, const struct collect_args *args);
	uint32_t mem_mib; /* address space of the process */
};

#define X(name, id, scope, profiles, deadline, cap, mem, asks) \
	int collect_##name(struct sink *out, const struct collect_args *args);
COLLECTOR_MAP(X)
#undef X

/* NULL for an unknown id. */
const struct collector *collector_find(uint32_t op_id);

#endif
