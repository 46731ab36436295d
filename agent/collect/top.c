/* SPDX-License-Identifier: Apache-2.0
 *
 * top: a sample a second of what the computer is doing: processors, memory, pressure, disks,
 * interfaces, and the processes that use most.
 *
 * It must not be what it measures: a sample tells what it cost, and when looking at all processes
 * costs more than BUDGET of one processor, it is done less often.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "agent/collect/collect.h"
#include "agent/collect/live.h"
#include "agent/collect/sink.h"
#include "agent/collect/top_source.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"

#define PERIOD_MS   1000
#define SHOWN	    40		/* processes by processor time, and as many by memory */
#define BUDGET_DIV  130		/* the processes may cost a 130th of one processor ... */
#define PERIODS_MAX 15		/* ... and are looked at every 15 s at least */
#define WAITING_MAX (64u << 10) /* bytes that nobody has taken: nothing new is measured */

struct top {
	struct live *live;
	uint64_t now_ms;
	struct top_counts before, now;
	struct proc_list procs_before, procs;
	unsigned skip; /* periods until the processes are looked at again */
	uint32_t number;
	struct top_units units;
};

/* ---- one look ---- */

static void look(struct top *t)
{
	t->before = t->now;
	top_counts(&t->now);
}

/* The dearest part, so it sets its own pace. */
static bool look_at_processes(struct top *t)
{
	uint64_t before = top_cost_us(), cost;
	struct proc_list now;

	if (t->skip > 0) {
		t->skip--;
		return false;
	}
	if (proc_list_read(&now) < 0)
		return false;
	proc_list_done(&t->procs_before);
	t->procs_before = t->procs;
	t->procs = now;
	proc_list_compare(&t->procs_before, &t->procs, t->units.ticks);
	cost = top_cost_us() - before;
	t->skip = (unsigned)(cost * BUDGET_DIV / (PERIOD_MS * 1000));
	if (t->skip > PERIODS_MAX - 1)
		t->skip = PERIODS_MAX - 1;
	return true;
}

/* ---- rows ---- */

static int put(struct top *t, enum item_row_kind kind, uint32_t id, const char *name,
	       const char *detail, const uint64_t *values, size_t n)
{
	struct item it = {.type = ITEM_ROW,
			  .row = {.kind = (uint8_t)kind, .id = id, .count = (uint8_t)n}};

	snprintf(it.row.name, sizeof it.row.name, "%s", name);
	snprintf(it.row.detail, sizeof it.row.detail, "%s", detail);
	memcpy(it.row.values, values, n * sizeof *values);
	return live_put(t->live, &it, t->now_ms);
}

static uint64_t hundredths(double v)
{
	return v > 0 ? (uint64_t)(v * 100 + 0.5) : 0;
}

static int put_host(struct top *t)
{
	uint64_t v[HOST_VALUES] = {0};

	top_host(v);
	return put(t, ROW_HOST, 0, "", "", v, HOST_VALUES);
}

static int put_cpus(struct top *t)
{
	uint64_t v[CPU_VALUES];
	int err = 0;

	/* the same processor in both; one that came or went is left out once */
	for (size_t i = 0, j = 0; i < t->now.cpu_count && err == 0; i++) {
		while (j < t->before.cpu_count && t->before.cpus[j].id != t->now.cpus[i].id)
			j++;
		if (j == t->before.cpu_count) {
			j = 0;
			continue;
		}
		cpu_counts_share(&t->before.cpus[j], &t->now.cpus[i], v);
		err = put(t, ROW_CPU, t->now.cpus[i].id, "", "", v, CPU_VALUES);
	}
	return err;
}

static int put_memory(struct top *t)
{
	uint64_t v[MEMORY_VALUES] = {0};

	top_memory(v);
	return put(t, ROW_MEMORY, 0, "", "", v, MEMORY_VALUES);
}

static int put_pressure(struct top *t)
{
	static const char *const kinds[] = {"cpu", "memory", "io"};
	uint64_t v[PRESSURE_VALUES];
	int err = 0;

	for (size_t i = 0; i < 3 && err == 0; i++) {
		size_t n = top_pressure(kinds[i], v);

		if (n > 0)
			err = put(t, ROW_PRESSURE, 0, kinds[i], "", v, n);
	}
	return err;
}

static int put_disks(struct top *t, uint64_t span_ms)
{
	uint64_t v[DISK_VALUES];
	int err = 0;

	for (size_t i = 0; i < t->now.disk_count && err == 0; i++) {
		const struct disk_counts *d = &t->now.disks[i], *was = NULL;

		for (size_t j = 0; j < t->before.disk_count; j++)
			if (strcmp(t->before.disks[j].name, d->name) == 0)
				was = &t->before.disks[j];
		if (!was)
			continue;
		for (size_t k = 0; k < DISK_VALUES; k++)
			v[k] = k == DISK_BUSY ? counts_share_ms(was->n[k], d->n[k], span_ms)
					      : counts_rate(was->n[k], d->n[k], span_ms);
		err = put(t, ROW_DISK, 0, d->name, "", v, DISK_VALUES);
	}
	return err;
}

static int put_ifaces(struct top *t, uint64_t span_ms)
{
	uint64_t v[IFACE_VALUES];
	int err = 0;

	for (size_t i = 0; i < t->now.iface_count && err == 0; i++) {
		const struct iface_counts *f = &t->now.ifaces[i], *was = NULL;

		for (size_t j = 0; j < t->before.iface_count; j++)
			if (strcmp(t->before.ifaces[j].name, f->name) == 0)
				was = &t->before.ifaces[j];
		if (!was)
			continue;
		for (size_t k = 0; k < IFACE_VALUES; k++)
			v[k] = counts_rate(was->n[k], f->n[k], span_ms);
		err = put(t, ROW_IFACE, 0, f->name, "", v, IFACE_VALUES);
	}
	return err;
}

/* ---- processes ---- */

static int by_memory(const void *a, const void *b)
{
	const struct proc *x = *(struct proc *const *)a, *y = *(struct proc *const *)b;

	return (y->stat.rss_pages > x->stat.rss_pages) - (y->stat.rss_pages < x->stat.rss_pages);
}

/* Most of them use nothing at all: of those the large ones. */
static int by_cpu(const void *a, const void *b)
{
	const struct proc *x = *(struct proc *const *)a, *y = *(struct proc *const *)b;
	int order = (y->cpu > x->cpu) - (y->cpu < x->cpu);

	return order ? order : by_memory(a, b);
}

static int put_process(struct top *t, const struct proc *p)
{
	uint64_t v[PROCESS_VALUES] = {
	    [PROCESS_CPU] = hundredths(p->cpu),
	    [PROCESS_RSS] = p->stat.rss_pages * (uint64_t)t->units.page,
	    [PROCESS_STATE] = (unsigned char)p->stat.state,
	    [PROCESS_THREADS] = p->stat.threads,
	    [PROCESS_PARENT] = (uint64_t)(p->stat.ppid > 0 ? p->stat.ppid : 0),
	    [PROCESS_START_S] =
		(uint64_t)t->units.boot_s + p->stat.start_ticks / (uint64_t)t->units.ticks,
	};

	return put(t, ROW_PROCESS, (uint32_t)p->stat.pid, p->stat.name, top_owner(p), v,
		   PROCESS_VALUES);
}

/* Those that use most of either; the order is the reader's business. */
static int put_processes(struct top *t)
{
	size_t n = t->procs.count, first = n < SHOWN ? n : SHOWN;
	struct proc **all = calloc(n + 1, sizeof *all);
	int err = all ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && all; i++)
		all[i] = &t->procs.all[i];
	if (all)
		qsort(all, n, sizeof *all, by_cpu);
	for (size_t i = 0; i < first && err == 0; i++)
		err = put_process(t, all[i]);
	if (err == 0)
		qsort(all + first, n - first, sizeof *all, by_memory);
	for (size_t i = first; i < n && i < first + SHOWN && err == 0; i++)
		err = put_process(t, all[i]);
	free(all);
	return err;
}

/* ---- a sample ---- */

static uint64_t wall_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_REALTIME, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

static int sample(struct top *t)
{
	uint64_t cost = top_cost_us(), span;
	uint64_t v[SAMPLE_VALUES];
	int err;

	look(t);
	span = t->now.when_ms - t->before.when_ms;
	err = put_host(t);
	if (err == 0)
		err = put_cpus(t);
	if (err == 0)
		err = put_memory(t);
	if (err == 0)
		err = put_pressure(t);
	if (err == 0)
		err = put_disks(t, span);
	if (err == 0)
		err = put_ifaces(t, span);
	if (err == 0 && look_at_processes(t))
		err = put_processes(t);
	v[SAMPLE_WALL_US] = wall_us();
	v[SAMPLE_SPAN_MS] = span;
	v[SAMPLE_COST_US] = top_cost_us() - cost;
	return err < 0 ? err : put(t, ROW_SAMPLE, ++t->number, "", "", v, SAMPLE_VALUES);
}

/* Sleeps until the next period, and writes meanwhile what the reader takes. */
static int wait_until(struct top *t, uint64_t at_ms)
{
	int err = 0;

	while (err == 0 && (t->now_ms = clock_mono_ms()) < at_ms) {
		live_wait(t->live, (int)(at_ms - t->now_ms));
		err = live_pump(t->live, clock_mono_ms(), false);
	}
	return err;
}

static int watch(struct top *t)
{
	uint64_t at = clock_mono_ms() + PERIOD_MS / 4; /* the first rates soon */
	int err = 0;

	look(t);
	proc_list_read(&t->procs);
	while (err == 0) {
		err = wait_until(t, at);
		at = t->now_ms - at > PERIOD_MS ? t->now_ms + PERIOD_MS : at + PERIOD_MS;
		if (err < 0 || live_queued(t->live) > WAITING_MAX)
			continue;
		err = sample(t);
		if (err == 0)
			err = live_pump(t->live, t->now_ms, true);
	}
	return err;
}

int collect_top(struct sink *out, const struct collect_args *args)
{
	struct top *t = calloc(1, sizeof *t);
	int err = -ENOMEM;

	(void)args;
	if (!t)
		return err;
	top_units(&t->units);
	t->live = live_new(sink_hand_over(out));
	if (t->live)
		err = live_finish(t->live, watch(t), clock_mono_ms());
	proc_list_done(&t->procs_before);
	proc_list_done(&t->procs);
	live_free(t->live);
	free(t);
	return err;
}
