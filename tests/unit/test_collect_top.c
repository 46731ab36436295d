/* SPDX-License-Identifier: Apache-2.0
 *
 * top from its arguments to the end of its pipe: two samples of this computer.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "proto/wire/item_row.h"
#include "tests/support/box.h"
#include "tests/support/viewer.h"

#define TOP 35

TestSuite(collect_top, .timeout = 110);

static struct viewer v;
static unsigned samples, kinds[16];

static void check_cpu(const struct item *it)
{
	uint64_t sum = 0;

	cr_expect_eq(it->row.count, CPU_VALUES);
	for (size_t i = 0; i < CPU_VALUES; i++)
		sum += it->row.values[i];
	cr_expect_leq(sum, 10000);
	cr_expect(sum == 0 || sum > 9990, "%llu", (unsigned long long)sum);
}

static void check_process(const struct item *it)
{
	const uint64_t *p = it->row.values;

	cr_expect_gt(it->row.id, 0);
	cr_expect_gt(strlen(it->row.name), 0);
	cr_expect(strchr("RSDZTtXxKWPI", (int)p[PROCESS_STATE]));
	cr_expect_leq(p[PROCESS_START_S], (uint64_t)time(NULL) + 2);
	cr_expect_gt(p[PROCESS_START_S], 1000000000);
	if (it->row.id == (uint32_t)getpid()) {
		cr_expect_eq(p[PROCESS_PARENT], (uint64_t)getppid());
		cr_expect_gt(p[PROCESS_RSS], 100000);
	}
}

static void check_sample(const struct item *it)
{
	const uint64_t *s = it->row.values;
	uint64_t now_us = (uint64_t)time(NULL) * 1000000;

	samples++;
	cr_expect_eq(it->row.id, samples);
	cr_expect_gt(s[SAMPLE_SPAN_MS], 0);
	cr_expect_leq(s[SAMPLE_WALL_US], now_us + 2000000);
	cr_expect_gt(s[SAMPLE_WALL_US] + 120000000, now_us);
}

static void check_row(const struct item *it, void *owner)
{
	(void)owner;
	if (it->type != ITEM_ROW)
		return;
	kinds[it->row.kind < 16 ? it->row.kind : 0]++;
	if (it->row.kind == ROW_CPU)
		check_cpu(it);
	if (it->row.kind == ROW_PROCESS)
		check_process(it);
	if (it->row.kind == ROW_SAMPLE)
		check_sample(it);
	if (it->row.kind == ROW_MEMORY) {
		cr_expect_gt(it->row.values[MEMORY_TOTAL], it->row.values[MEMORY_FREE]);
		cr_expect_gt(it->row.values[MEMORY_TOTAL], it->row.values[MEMORY_AVAILABLE]);
		cr_expect_gt(it->row.values[MEMORY_AVAILABLE], 0);
	}
	if (it->row.kind == ROW_HOST) {
		cr_expect_gt(it->row.values[HOST_TASKS], 0);
		cr_expect_gt(it->row.values[HOST_UPTIME_S], 0);
	}
}

Test(collect_top, two_samples_of_this_computer)
{
	struct collect_args args = {.magic = COLLECT_ARGS_MAGIC,
				    .size = sizeof args,
				    .op_id = TOP,
				    .output_max = UINT64_MAX};

	viewer_start(&v, &args);
	v.on_item = check_row;
	while (samples < 2)
		cr_assert(viewer_read(&v, VIEWER_LIMIT_MS));
	cr_expect_eq(v.bytes % ITEM_BATCH, 0);
	cr_expect_eq(kinds[ROW_HOST], 2);
	cr_expect_eq(kinds[ROW_MEMORY], 2);
	cr_expect_geq(kinds[ROW_CPU], 2 * 2, "all of them, and at least one");
	cr_expect_gt(kinds[ROW_IFACE], 0);
	cr_expect_gt(kinds[ROW_PROCESS], 0);
	cr_expect_eq(kinds[0], 0);
	viewer_stop(&v);
}
