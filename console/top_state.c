/* SPDX-License-Identifier: Apache-2.0 */
#include "console/top_state.h"

#include <stdlib.h>
#include <string.h>

static bool rows_init(struct top_rows *r, size_t max)
{
	r->at = calloc(max, sizeof *r->at);
	r->max = max;
	return r->at != NULL;
}

static bool sample_init(struct top_sample *s)
{
	return rows_init(&s->cpus, TOP_CPUS) && rows_init(&s->pressures, TOP_PRESSURES) &&
	       rows_init(&s->disks, TOP_DISKS) && rows_init(&s->ifaces, TOP_IFACES) &&
	       rows_init(&s->procs, TOP_PROCS);
}

static void sample_done(struct top_sample *s)
{
	free(s->cpus.at);
	free(s->pressures.at);
	free(s->disks.at);
	free(s->ifaces.at);
	free(s->procs.at);
}

struct top_state *top_state_new(void)
{
	struct top_state *t = calloc(1, sizeof *t);

	if (t && sample_init(&t->now) && sample_init(&t->next))
		return t;
	top_state_free(t);
	return NULL;
}

void top_state_free(struct top_state *t)
{
	if (!t)
		return;
	sample_done(&t->now);
	sample_done(&t->next);
	free(t);
}

uint64_t top_value(const struct top_row *r, size_t i)
{
	return i < r->count ? r->v[i] : 0;
}

/* Waiting for a disk is no work. */
uint64_t top_busy(const struct top_row *cpu)
{
	uint64_t idle = top_value(cpu, CPU_IDLE) + top_value(cpu, CPU_IOWAIT);

	return cpu->count > CPU_IDLE && idle < 10000 ? 10000 - idle : 0;
}

/* ---- history ---- */

const struct top_series *top_series_find(const struct top_series *all, size_t n, const char *name)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(all[i].name, name) == 0)
			return &all[i];
	return NULL;
}

static void series_add(struct top_series *s, uint64_t a, uint64_t b)
{
	if (s->count == TOP_HISTORY) {
		for (size_t i = 0; i < 2; i++)
			memmove(s->v[i], s->v[i] + 1, (TOP_HISTORY - 1) * sizeof s->v[i][0]);
		s->count--;
	}
	s->v[0][s->count] = a;
	s->v[1][s->count++] = b;
}

/* The one of that name, or a new one while there is room. */
static void series_add_named(struct top_series *all, size_t *n, size_t max, const char *name,
			     uint64_t a, uint64_t b)
{
	struct top_series *s = (struct top_series *)top_series_find(all, *n, name);

	if (!s && *n < max) {
		s = &all[(*n)++];
		memset(s, 0, sizeof *s);
		memcpy(s->name, name, strlen(name) + 1);
	}
	if (s)
		series_add(s, a, b);
}

static void remember(struct top_state *t)
{
	const struct top_sample *s = &t->now;

	series_add(&t->cpu, top_busy(&s->cpu_all), top_value(&s->cpu_all, CPU_IOWAIT));
	for (size_t i = 0; i < s->disks.count; i++)
		series_add_named(t->disks, &t->disk_series, TOP_DISKS, s->disks.at[i].name,
				 top_value(&s->disks.at[i], DISK_READ_BYTES),
				 top_value(&s->disks.at[i], DISK_WRITE_BYTES));
	for (size_t i = 0; i < s->ifaces.count; i++)
		series_add_named(t->ifaces, &t->iface_series, TOP_IFACES, s->ifaces.at[i].name,
				 top_value(&s->ifaces.at[i], IFACE_RX_BYTES),
				 top_value(&s->ifaces.at[i], IFACE_TX_BYTES));
}

/* ---- rows ---- */

static void fill(struct top_row *r, const struct item *rec)
{
	r->id = rec->row.id;
	r->count = rec->row.count;
	memcpy(r->name, rec->row.name, sizeof r->name);
	memcpy(r->detail, rec->row.detail, sizeof r->detail);
	memcpy(r->v, rec->row.values, sizeof r->v);
}

static void add(struct top_rows *rows, const struct item *rec)
{
	if (rows->count < rows->max)
		fill(&rows->at[rows->count++], rec);
}

static void empty(struct top_sample *s)
{
	s->host.count = s->cpu_all.count = s->memory.count = 0;
	s->cpus.count = s->pressures.count = s->disks.count = 0;
	s->ifaces.count = s->procs.count = 0;
}

static void complete(struct top_state *t, const struct item *rec)
{
	struct top_sample done = t->next;

	fill(&done.sample, rec);
	done.number = done.procs_number = rec->row.id;
	if (done.procs.count == 0) {
		struct top_rows none = done.procs;

		done.procs_number = t->now.procs_number;
		done.procs = t->now.procs;
		t->now.procs = none;
	}
	t->next = t->now;
	t->now = done;
	empty(&t->next);
	t->samples++;
	remember(t);
}

bool top_state_row(struct top_state *t, const struct item *rec)
{
	struct top_sample *s = &t->next;

	switch (rec->row.kind) {
	case ROW_SAMPLE:
		complete(t, rec);
		return true;
	case ROW_HOST:
		fill(&s->host, rec);
		break;
	case ROW_CPU:
		if (rec->row.id == ROW_CPU_ALL)
			fill(&s->cpu_all, rec);
		else
			add(&s->cpus, rec);
		break;
	case ROW_MEMORY:
		fill(&s->memory, rec);
		break;
	case ROW_PRESSURE:
		add(&s->pressures, rec);
		break;
	case ROW_DISK:
		add(&s->disks, rec);
		break;
	case ROW_IFACE:
		add(&s->ifaces, rec);
		break;
	case ROW_PROCESS:
		add(&s->procs, rec);
		break;
	default:
		break; /* of a newer agent */
	}
	return false;
}
