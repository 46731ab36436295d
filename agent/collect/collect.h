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
#include "proto/wire/op_args.h"

struct sink;

#define COLLECT_RELAY_LEN   263
#define COLLECT_INPUT_WHOLE 1
#define COLLECT_REAL_LEN    4095

/* One operation, as the broker hands it to assent-collect on its standard input: this struct,
 * in one write. Both are built from the same source, so the layout is shared; magic and size
 * are checked all the same, and every string must end inside its array. Behind it comes the
 * engineer's input, for the operations that take some: op.size_min bytes, and then, when all of it
 * is what he sent, COLLECT_INPUT_WHOLE. */
struct collect_args {
	uint32_t magic; /* COLLECT_ARGS_MAGIC */
	uint32_t size;	/* sizeof(struct collect_args) */
	uint32_t op_id;
	uint32_t comp; /* 1: the output is one zlib stream (level 1) */
	struct op_args op;
	char relay[COLLECT_RELAY_LEN + 1]; /* HOST:PORT from the agent's configuration */
	/* What op.root was, without links, when the customer was asked about it; "" for none. */
	char real[COLLECT_REAL_LEN + 1];
	/* broker-side promise for this run; the table's values */
	uint32_t deadline_ms; /* 0: until it is stopped */
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
#define X(name, id, scope, flags, deadline, mem, asks) \
	int collect_##name(struct sink *out, const struct collect_args *args);
OPERATION_MAP(X)
#undef X

/* NULL for an unknown id. */
const struct collector *collector_find(uint32_t op_id);

#endif
