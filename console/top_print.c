/* SPDX-License-Identifier: Apache-2.0 */
#include "console/top_print.h"

#include <inttypes.h>
#include <jansson.h>
#include <string.h>

#include "console/events_lines.h"
#include "proto/base/text.h"

#define TEXT_PROCS 10

/* How the number of one place is told. */
enum unit { PLAIN, SHARE, LOAD, LETTER };

struct place {
	const char *name;
	enum unit unit;
};

static const struct place host[HOST_VALUES] = {
    [HOST_UPTIME_S] = {"uptime_s", PLAIN}, [HOST_LOAD1] = {"load1", LOAD},
    [HOST_LOAD5] = {"load5", LOAD},	   [HOST_LOAD15] = {"load15", LOAD},
    [HOST_TASKS] = {"tasks", PLAIN},	   [HOST_RUNNING] = {"running", PLAIN},
};
static const struct place cpu[CPU_VALUES] = {
    [CPU_USER] = {"user", SHARE},     [CPU_NICE] = {"nice", SHARE},
    [CPU_SYSTEM] = {"system", SHARE}, [CPU_IDLE] = {"idle", SHARE},
    [CPU_IOWAIT] = {"iowait", SHARE}, [CPU_IRQ] = {"irq", SHARE},
    [CPU_STEAL] = {"steal", SHARE},
};
static const struct place memory[MEMORY_VALUES] = {
    [MEMORY_TOTAL] = {"total", PLAIN},
    [MEMORY_AVAILABLE] = {"available", PLAIN},
    [MEMORY_FREE] = {"free", PLAIN},
    [MEMORY_CACHED] = {"cached", PLAIN},
    [MEMORY_BUFFERS] = {"buffers", PLAIN},
    [MEMORY_DIRTY] = {"dirty", PLAIN},
    [MEMORY_SWAP_TOTAL] = {"swap_total", PLAIN},
    [MEMORY_SWAP_FREE] = {"swap_free", PLAIN},
};
static const struct place pressure[PRESSURE_VALUES] = {
    [PRESSURE_SOME10] = {"some10", SHARE},   [PRESSURE_SOME60] = {"some60", SHARE},
    [PRESSURE_SOME300] = {"some300", SHARE}, [PRESSURE_FULL10] = {"full10", SHARE},
    [PRESSURE_FULL60] = {"full60", SHARE},   [PRESSURE_FULL300] = {"full300", SHARE},
};
static const struct place disk[DISK_VALUES] = {
    [DISK_READ_BYTES] = {"read_bytes", PLAIN},
    [DISK_WRITE_BYTES] = {"write_bytes", PLAIN},
    [DISK_READS] = {"reads", PLAIN},
    [DISK_WRITES] = {"writes", PLAIN},
    [DISK_BUSY] = {"busy", SHARE},
};
static const struct place iface[IFACE_VALUES] = {
    [IFACE_RX_BYTES] = {"rx_bytes", PLAIN},	[IFACE_TX_BYTES] = {"tx_bytes", PLAIN},
    [IFACE_RX_PACKETS] = {"rx_packets", PLAIN}, [IFACE_TX_PACKETS] = {"tx_packets", PLAIN},
    [IFACE_ERRORS] = {"errors", PLAIN},		[IFACE_DROPS] = {"drops", PLAIN},
};
static const struct place process[PROCESS_VALUES] = {
    [PROCESS_CPU] = {"cpu", SHARE},	  [PROCESS_RSS] = {"rss", PLAIN},
    [PROCESS_STATE] = {"state", LETTER},  [PROCESS_THREADS] = {"threads", PLAIN},
    [PROCESS_PARENT] = {"parent", PLAIN}, [PROCESS_START_S] = {"start_s", PLAIN},
};

/* ---- as JSON ---- */

static json_t *value_json(const struct place *p, uint64_t v)
{
	char letter[2] = {v > ' ' && v < 127 ? (char)v : '?', '\0'};

	switch (p->unit) {
	case SHARE:
	case LOAD:
		return json_real((double)v / 100);
	case LETTER:
		return json_string(letter);
	default:
		return json_integer((json_int_t)(v & INT64_MAX));
	}
}

/* What the agent sent, as far as we know it. */
static json_t *row_json(const struct top_row *r, const struct place *places, size_t n)
{
	json_t *o = json_object();

	for (size_t i = 0; i < n && i < r->count; i++)
		json_object_set_new(o, places[i].name, value_json(&places[i], r->v[i]));
	return o;
}

static json_t *rows_json(const struct top_rows *rows, const struct place *places, size_t n)
{
	json_t *all = json_object();

	for (size_t i = 0; i < rows->count; i++)
		json_object_set_new(all, rows->at[i].name, row_json(&rows->at[i], places, n));
	return all;
}

static json_t *cpus_json(const struct top_sample *s)
{
	json_t *all = json_object();
	char name[16];

	if (s->cpu_all.count > 0)
		json_object_set_new(all, "all", row_json(&s->cpu_all, cpu, CPU_VALUES));
	for (size_t i = 0; i < s->cpus.count; i++) {
		snprintf(name, sizeof name, "%" PRIu32, s->cpus.at[i].id);
		json_object_set_new(all, name, row_json(&s->cpus.at[i], cpu, CPU_VALUES));
	}
	return all;
}

static json_t *procs_json(const struct top_sample *s)
{
	json_t *all = json_array();

	for (size_t i = 0; i < s->procs.count; i++) {
		const struct top_row *p = &s->procs.at[i];
		json_t *o = row_json(p, process, PROCESS_VALUES);

		json_object_set_new(o, "id", json_integer(p->id));
		json_object_set_new(o, "name", json_string(p->name));
		json_object_set_new(o, "user", json_string(p->detail));
		json_array_append_new(all, o);
	}
	return all;
}

json_t *top_json(const struct top_sample *s, uint32_t job)
{
	char at[EVENTS_TIME_MAX];
	json_t *o = json_pack("{s:s,s:I,s:I}", "event", "sample", "job", (json_int_t)job, "number",
			      (json_int_t)s->number);

	if (!o)
		return NULL;
	if (events_time(top_value(&s->sample, SAMPLE_WALL_US), at)[0])
		json_object_set_new(o, "time", json_string(at));
	json_object_set_new(
	    o, "span_ms",
	    json_integer((json_int_t)(top_value(&s->sample, SAMPLE_SPAN_MS) & INT64_MAX)));
	json_object_set_new(
	    o, "cost_us",
	    json_integer((json_int_t)(top_value(&s->sample, SAMPLE_COST_US) & INT64_MAX)));
	json_object_set_new(o, "host", row_json(&s->host, host, HOST_VALUES));
	json_object_set_new(o, "cpu", cpus_json(s));
	json_object_set_new(o, "memory", row_json(&s->memory, memory, MEMORY_VALUES));
	json_object_set_new(o, "pressure", rows_json(&s->pressures, pressure, PRESSURE_VALUES));
	json_object_set_new(o, "disk", rows_json(&s->disks, disk, DISK_VALUES));
	json_object_set_new(o, "interface", rows_json(&s->ifaces, iface, IFACE_VALUES));
	json_object_set_new(o, "process", procs_json(s));
	json_object_set_new(o, "process_number", json_integer((json_int_t)s->procs_number));
	return o;
}

/* ---- as text ---- */

const char *top_uptime(uint64_t s, char buf[TOP_UPTIME_MAX])
{
	if (s >= 86400)
		snprintf(buf, TOP_UPTIME_MAX, "%" PRIu64 " d %" PRIu64 " h", s / 86400,
			 s % 86400 / 3600);
	else if (s >= 3600)
		snprintf(buf, TOP_UPTIME_MAX, "%" PRIu64 " h %" PRIu64 " min", s / 3600,
			 s % 3600 / 60);
	else if (s >= 60)
		snprintf(buf, TOP_UPTIME_MAX, "%" PRIu64 " min", s / 60);
	else
		snprintf(buf, TOP_UPTIME_MAX, "%" PRIu64 " s", s);
	return buf;
}

static double percent(const struct top_row *r, size_t i)
{
	return (double)top_value(r, i) / 100;
}

static void print_head(const struct top_sample *s, FILE *out)
{
	char at[EVENTS_TIME_MAX], up[TOP_UPTIME_MAX];

	fprintf(out, "%s  up %s  load %.2f %.2f %.2f  tasks %" PRIu64 " (%" PRIu64 " running)\n",
		events_time(top_value(&s->sample, SAMPLE_WALL_US), at),
		top_uptime(top_value(&s->host, HOST_UPTIME_S), up), percent(&s->host, HOST_LOAD1),
		percent(&s->host, HOST_LOAD5), percent(&s->host, HOST_LOAD15),
		top_value(&s->host, HOST_TASKS), top_value(&s->host, HOST_RUNNING));
	if (s->cpu_all.count > 0)
		fprintf(out,
			"cpu       %.1f %% user, %.1f %% system, %.1f %% idle, %.1f %% waiting, "
			"%.1f %% stolen\n",
			percent(&s->cpu_all, CPU_USER) + percent(&s->cpu_all, CPU_NICE),
			percent(&s->cpu_all, CPU_SYSTEM) + percent(&s->cpu_all, CPU_IRQ),
			percent(&s->cpu_all, CPU_IDLE), percent(&s->cpu_all, CPU_IOWAIT),
			percent(&s->cpu_all, CPU_STEAL));
}

static void print_memory(const struct top_sample *s, FILE *out)
{
	const struct top_row *m = &s->memory;
	uint64_t swap = top_value(m, MEMORY_SWAP_TOTAL), unused = top_value(m, MEMORY_SWAP_FREE);
	char a[TEXT_SIZE_MAX], b[TEXT_SIZE_MAX];

	if (m->count == 0)
		return;
	fprintf(out, "memory    %s of %s available", text_size(top_value(m, MEMORY_AVAILABLE), a),
		text_size(top_value(m, MEMORY_TOTAL), b));
	if (swap == 0)
		fprintf(out, ", no swap\n");
	else
		fprintf(out, ", swap %s of %s used\n",
			text_size(unused < swap ? swap - unused : 0, a), text_size(swap, b));
}

static void print_rows(const struct top_sample *s, FILE *out)
{
	char a[TEXT_SIZE_MAX], b[TEXT_SIZE_MAX];

	for (size_t i = 0; i < s->pressures.count; i++)
		fprintf(out,
			"pressure  %-8s %.2f %% of the last 10 s, %.2f %% of the last minute\n",
			s->pressures.at[i].name, percent(&s->pressures.at[i], PRESSURE_SOME10),
			percent(&s->pressures.at[i], PRESSURE_SOME60));
	for (size_t i = 0; i < s->disks.count; i++)
		fprintf(out, "disk      %-12s read %s/s, write %s/s, busy %.1f %%\n",
			s->disks.at[i].name,
			text_size(top_value(&s->disks.at[i], DISK_READ_BYTES), a),
			text_size(top_value(&s->disks.at[i], DISK_WRITE_BYTES), b),
			percent(&s->disks.at[i], DISK_BUSY));
	for (size_t i = 0; i < s->ifaces.count; i++)
		fprintf(out, "network   %-12s in %s/s, out %s/s\n", s->ifaces.at[i].name,
			text_size(top_value(&s->ifaces.at[i], IFACE_RX_BYTES), a),
			text_size(top_value(&s->ifaces.at[i], IFACE_TX_BYTES), b));
}

/* The agent sends those first that use the processor most. */
static void print_procs(const struct top_sample *s, FILE *out)
{
	char size[TEXT_SIZE_MAX];

	fprintf(out, "%8s %-12s %6s %8s %s %s\n", "PID", "USER", "CPU%", "MEMORY", "S", "NAME");
	for (size_t i = 0; i < s->procs.count && i < TEXT_PROCS; i++) {
		const struct top_row *p = &s->procs.at[i];
		uint64_t state = top_value(p, PROCESS_STATE);

		fprintf(out, "%8" PRIu32 " %-12.12s %6.1f %8s %c %s\n", p->id, p->detail,
			percent(p, PROCESS_CPU), text_size(top_value(p, PROCESS_RSS), size),
			state > ' ' && state < 127 ? (int)state : '?', p->name);
	}
	fputc('\n', out);
}

void top_text(const struct top_sample *s, FILE *out)
{
	print_head(s, out);
	print_memory(s, out);
	print_rows(s, out);
	print_procs(s, out);
}
