/* SPDX-License-Identifier: Apache-2.0
 *
 * From top to bottom: a title, processors, memory, pressure, disks, interfaces, and the processes
 * in what is left. On a small screen the lists are shorter, never the processes less than a
 * third.
 */
#include "console/top_draw.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "console/events_lines.h"
#include "console/top_print.h"
#include "proto/base/text.h"

#define LABEL	    9	 /* columns of "pressure " */
#define SPARK_LEAST 1024 /* bytes a second: less is no peak */
#define CORE_WIDTH  19

/* ---- small things ---- */

static double percent(uint64_t hundredths)
{
	return (double)hundredths / 100;
}

static enum canvas_look look_of(uint64_t share, uint64_t warn, uint64_t bad)
{
	return share >= bad ? LOOK_BAD : share >= warn ? LOOK_WARN : LOOK_GOOD;
}

/* ---- title ---- */

static void draw_title(struct canvas *c, const struct top_scene *s, const struct top_ui *ui)
{
	const struct top_sample *now = &s->state->now;
	char up[TOP_UPTIME_MAX], at[EVENTS_TIME_MAX];
	int x;

	canvas_fill(c, 0, 0, c->width, LOOK_BAR, ' ');
	x = canvas_printf(c, 0, 1, LOOK_BAR, "%.24s", s->host);
	if (now->host.count > 0)
		canvas_printf(c, 0, x + 2, LOOK_BAR,
			      "up %s  load %.2f %.2f %.2f  %" PRIu64 " tasks, %" PRIu64 " running",
			      top_uptime(top_value(&now->host, HOST_UPTIME_S), up),
			      percent(top_value(&now->host, HOST_LOAD1)),
			      percent(top_value(&now->host, HOST_LOAD5)),
			      percent(top_value(&now->host, HOST_LOAD15)),
			      top_value(&now->host, HOST_TASKS),
			      top_value(&now->host, HOST_RUNNING));
	events_time(top_value(&now->sample, SAMPLE_WALL_US), at);
	if (ui->frozen)
		canvas_put(c, 0, c->width - 8, LOOK_BAR, " FROZEN ");
	else if (at[0])
		canvas_printf(c, 0, c->width - 10, LOOK_BAR, " %.8s ", at + 11);
}

/* ---- processors ---- */

static void cpu_bar(struct canvas *c, int y, int x, int width, const struct top_row *r)
{
	const struct canvas_part parts[] = {
	    {top_value(r, CPU_USER) + top_value(r, CPU_NICE), LOOK_GOOD, 'u'},
	    {top_value(r, CPU_SYSTEM) + top_value(r, CPU_IRQ), LOOK_BAD, 's'},
	    {top_value(r, CPU_STEAL), LOOK_WARN, 't'},
	};

	canvas_bar(c, y, x, width, parts, sizeof parts / sizeof parts[0], 10000);
}

static int draw_cpu(struct canvas *c, int y, const struct top_scene *s)
{
	const struct top_row *all = &s->state->now.cpu_all;
	int x = LABEL + c->width / 3;

	canvas_put(c, y, 0, LOOK_BOLD, "cpu");
	cpu_bar(c, y, LABEL, c->width / 3, all);
	x = canvas_printf(c, y, x + 1, LOOK_PLAIN, "%5.1f %%", percent(top_busy(all)));
	x = canvas_printf(c, y, x + 1, LOOK_DIM, "wait %.1f steal %.1f",
			  percent(top_value(all, CPU_IOWAIT)), percent(top_value(all, CPU_STEAL)));
	if (c->width - x > 12)
		canvas_spark(c, y, x + 2, c->width - x - 3, LOOK_GOOD, s->state->cpu.v[0],
			     s->state->cpu.count, 10000);
	return y + 1;
}

/* One bar each while there is room, else one block each. */
static int draw_cores(struct canvas *c, int y, const struct top_rows *cpus, int rows)
{
	int columns = (c->width - LABEL) / CORE_WIDTH;
	uint64_t busy[TOP_CPUS];

	if (cpus->count < 2 || rows < 1 || columns < 1)
		return y;
	if (cpus->count <= (size_t)(columns * rows)) {
		for (size_t i = 0; i < cpus->count; i++) {
			int cy = y + (int)i / columns, cx = LABEL + (int)i % columns * CORE_WIDTH;

			canvas_printf(c, cy, cx, LOOK_DIM, "%3" PRIu32, cpus->at[i].id);
			cpu_bar(c, cy, cx + 3, CORE_WIDTH - 8, &cpus->at[i]);
			canvas_printf(c, cy, cx + CORE_WIDTH - 5, LOOK_PLAIN, "%3.0f",
				      percent(top_busy(&cpus->at[i])));
		}
		return y + ((int)cpus->count + columns - 1) / columns;
	}
	for (size_t i = 0; i < cpus->count; i++)
		busy[i] = top_busy(&cpus->at[i]);
	canvas_printf(c, y, 0, LOOK_DIM, "%zu", cpus->count);
	for (size_t i = 0; i < cpus->count; i += (size_t)(c->width - LABEL)) {
		size_t n = cpus->count - i;

		if (n > (size_t)(c->width - LABEL))
			n = (size_t)(c->width - LABEL);
		if (rows-- > 0)
			canvas_spark(c, y++, LABEL, (int)n, LOOK_GOOD, busy + i, n, 10000);
	}
	return y;
}

/* ---- memory, pressure ---- */

static int draw_memory(struct canvas *c, int y, const struct top_row *m)
{
	uint64_t total = top_value(m, MEMORY_TOTAL), free_now = top_value(m, MEMORY_AVAILABLE);
	uint64_t swap = top_value(m, MEMORY_SWAP_TOTAL), unused = top_value(m, MEMORY_SWAP_FREE);
	uint64_t used = free_now < total ? total - free_now : 0;
	uint64_t swapped = unused < swap ? swap - unused : 0;
	struct canvas_part part = {used, LOOK_GOOD, '#'};
	char a[TEXT_SIZE_MAX], b[TEXT_SIZE_MAX];
	int x = LABEL + c->width / 3;

	if (m->count == 0)
		return y;
	if (total > 0)
		part.look = look_of(
		    (uint64_t)(percent(10000) * 100 * ((double)used / (double)total)), 8000, 9500);
	canvas_put(c, y, 0, LOOK_BOLD, "memory");
	canvas_bar(c, y, LABEL, c->width / 3, &part, 1, total);
	x = canvas_printf(c, y, x + 1, LOOK_PLAIN, "%s of %s", text_size(used, a),
			  text_size(total, b));
	if (swap == 0) {
		canvas_put(c, y, x + 2, LOOK_DIM, "no swap");
		return y + 1;
	}
	canvas_printf(c, y, x + 2, swapped > swap / 2 ? LOOK_WARN : LOOK_PLAIN, "swap %s of %s",
		      text_size(swapped, a), text_size(swap, b));
	return y + 1;
}

static int draw_pressure(struct canvas *c, int y, const struct top_rows *rows)
{
	int x = LABEL;

	if (rows->count == 0)
		return y;
	canvas_put(c, y, 0, LOOK_BOLD, "pressure");
	for (size_t i = 0; i < rows->count; i++) {
		uint64_t v = top_value(&rows->at[i], PRESSURE_SOME10);

		x = canvas_printf(c, y, x, LOOK_DIM, "%.8s ", rows->at[i].name);
		x = canvas_printf(c, y, x, v >= 1000 ? look_of(v, 1000, 4000) : LOOK_PLAIN,
				  "%.1f %%", percent(v)) +
		    3;
	}
	return y + 1;
}

/* ---- disks, interfaces: a line each, with two histories ---- */

struct pair {
	const char *label, *in, *out; /* "read", "write" */
	size_t in_at, out_at;	      /* places of the values */
};

static uint64_t peak(const struct top_series *s)
{
	uint64_t most = 0;

	for (size_t i = 0; s && i < s->count; i++)
		most = s->v[0][i] + s->v[1][i] > most ? s->v[0][i] + s->v[1][i] : most;
	return most;
}

static void draw_half(struct canvas *c, int y, int x, int width, const char *what, uint64_t v,
		      const struct top_series *s, int which)
{
	char size[TEXT_SIZE_MAX];
	int at = canvas_printf(c, y, x, LOOK_DIM, "%s ", what);

	at = canvas_printf(c, y, at, LOOK_PLAIN, "%7s/s ", text_size(v, size));
	if (s && x + width > at)
		canvas_spark(c, y, at, x + width - at, LOOK_GOOD, s->v[which], s->count,
			     SPARK_LEAST);
}

/* Of many the busiest, in the order in which the agent has them; what does nothing is left out as
 * long as something does. */
static bool is_among(const struct top_rows *rows, const struct top_series *all, size_t n, size_t i,
		     int most)
{
	uint64_t mine = peak(top_series_find(all, n, rows->at[i].name)), most_of_all = 0;
	int before = 0;

	for (size_t j = 0; j < rows->count; j++) {
		uint64_t other = peak(top_series_find(all, n, rows->at[j].name));

		before += other > mine || (other == mine && j < i);
		most_of_all = other > most_of_all ? other : most_of_all;
	}
	return before < most && (mine > 0 || most_of_all == 0);
}

static int draw_pairs(struct canvas *c, int y, const struct top_rows *rows,
		      const struct top_series *all, size_t n, const struct pair *p, int most)
{
	int half, name = c->width >= 100 ? 14 : 10;

	half = (c->width - LABEL - name - 10) / 2;
	for (size_t i = 0; i < rows->count; i++) {
		const struct top_row *r = &rows->at[i];
		const struct top_series *s = top_series_find(all, n, r->name);

		if (!is_among(rows, all, n, i, most))
			continue;
		canvas_put(c, y, 0, LOOK_BOLD, p->label);
		canvas_printf(c, y, LABEL, LOOK_PLAIN, "%-*.*s", name, name - 1, r->name);
		draw_half(c, y, LABEL + name, half - 1, p->in, top_value(r, p->in_at), s, 0);
		draw_half(c, y, LABEL + name + half, half - 1, p->out, top_value(r, p->out_at), s,
			  1);
		if (p->in_at == DISK_READ_BYTES && p->label[0] == 'd')
			canvas_printf(c, y, c->width - 9,
				      look_of(top_value(r, DISK_BUSY), 7000, 9500), "%3.0f%% busy",
				      percent(top_value(r, DISK_BUSY)));
		else if (top_value(r, IFACE_ERRORS) + top_value(r, IFACE_DROPS) > 0)
			canvas_put(c, y, c->width - 9, LOOK_BAD, " errors!");
		y++;
	}
	return y;
}

/* ---- processes ---- */

static const struct top_ui *sorting; /* qsort() has no place for it */

/* The larger one first. */
static int by_value(const struct top_row *a, const struct top_row *b, size_t i)
{
	uint64_t x = top_value(a, i), y = top_value(b, i);

	return (y > x) - (y < x);
}

/* Most processes use no processor at all: then memory decides. */
static int by_column(const struct top_row *a, const struct top_row *b)
{
	int order = 0;

	if (sorting->sort == TOP_BY_NAME)
		order = strcasecmp(a->name, b->name);
	if (sorting->sort == TOP_BY_CPU)
		order = by_value(a, b, PROCESS_CPU);
	if (sorting->sort == TOP_BY_CPU || sorting->sort == TOP_BY_MEMORY)
		order = order ? order : by_value(a, b, PROCESS_RSS);
	return order ? order : (a->id > b->id) - (a->id < b->id);
}

static int compare(const void *pa, const void *pb)
{
	int order =
	    by_column(*(const struct top_row *const *)pa, *(const struct top_row *const *)pb);

	return sorting->reversed ? -order : order;
}

static bool passes(const struct top_ui *ui, const struct top_row *p)
{
	return !ui->filter[0] || strcasestr(p->name, ui->filter) ||
	       strcasestr(p->detail, ui->filter);
}

static void draw_process(struct canvas *c, int y, const struct top_row *p)
{
	char size[TEXT_SIZE_MAX];
	uint64_t state = top_value(p, PROCESS_STATE), cpu = top_value(p, PROCESS_CPU);
	int x = canvas_printf(c, y, 0, LOOK_PLAIN, "%8" PRIu32 " %-12.12s", p->id, p->detail);

	x = canvas_printf(c, y, x, cpu >= 5000 ? look_of(cpu, 5000, 9000) : LOOK_PLAIN, " %6.1f",
			  percent(cpu));
	x = canvas_printf(c, y, x, LOOK_PLAIN, " %8s %4" PRIu64 " ",
			  text_size(top_value(p, PROCESS_RSS), size),
			  top_value(p, PROCESS_THREADS));
	x = canvas_printf(c, y, x, state == 'D' || state == 'Z' ? LOOK_BAD : LOOK_PLAIN, "%c ",
			  state > ' ' && state < 127 ? (int)state : '?');
	canvas_put(c, y, x, state == 'R' ? LOOK_BOLD : LOOK_PLAIN, p->name);
}

static void draw_heading(struct canvas *c, int y, const struct top_ui *ui)
{
	static const char *const sorted[] = {"cpu", "memory", "pid", "name"};

	canvas_fill(c, y, 0, c->width, LOOK_BAR, ' ');
	canvas_printf(c, y, 0, LOOK_BAR, "%8s %-12s %6s %8s %4s %s %s", "PID", "USER", "CPU%",
		      "MEMORY", "THR", "S", "NAME");
	canvas_printf(c, y, c->width - 20, LOOK_BAR, "%19s", "");
	canvas_printf(c, y, c->width - (ui->reversed ? 21 : 11), LOOK_BAR, "by %s%s",
		      sorted[ui->sort], ui->reversed ? ", reversed" : "");
}

static void draw_processes(struct canvas *c, int y, const struct top_rows *procs, struct top_ui *ui)
{
	const struct top_row *all[TOP_PROCS];
	size_t n = 0, room;

	draw_heading(c, y++, ui);
	for (size_t i = 0; i < procs->count; i++)
		if (passes(ui, &procs->at[i]))
			all[n++] = &procs->at[i];
	sorting = ui;
	qsort(all, n, sizeof all[0], compare);
	room = c->height - 1 > y ? (size_t)(c->height - 1 - y) : 0;
	ui->page = (uint32_t)room;
	if (ui->scroll + room > n)
		ui->scroll = n > room ? n - room : 0;
	for (size_t i = 0; i < room && ui->scroll + i < n; i++)
		draw_process(c, y + (int)i, all[ui->scroll + i]);
	if (n == 0 && procs->count == 0)
		canvas_put(c, y, 2, LOOK_DIM, "waiting for the first list");
	else if (n == 0)
		canvas_printf(c, y, 2, LOOK_DIM,
			      "none of the %zu busiest and largest processes fits the filter",
			      procs->count);
}

/* ---- the last line, and help ---- */

static void draw_foot(struct canvas *c, const struct top_scene *s, const struct top_ui *ui)
{
	int y = c->height - 1, x;

	if (s->lost_left_s > 0) {
		canvas_fill(c, y, 0, c->width, LOOK_BAD, ' ');
		canvas_printf(c, y, 1, LOOK_BAD, "connection lost, trying for %" PRIu32 " s",
			      s->lost_left_s);
		return;
	}
	if (ui->typing) {
		x = canvas_printf(c, y, 1, LOOK_BOLD, "filter: %s_", ui->filter);
		canvas_put(c, y, x + 2, LOOK_DIM, "Enter keeps it, Esc clears it");
		return;
	}
	x = canvas_put(c, y, 1, LOOK_DIM,
		       "q quit  c m p n sort  / filter  space freeze  arrows scroll  ? help");
	if (ui->filter[0])
		canvas_printf(c, y, x + 2, LOOK_BOLD, "only \"%s\"", ui->filter);
}

static void draw_help(struct canvas *c)
{
	static const char *const lines[] = {
	    "Watching the customer's computer, once a second.",
	    "",
	    "q            back to the prompt",
	    "c  m  p  n   sort by processor, memory, number, name; again: the other way",
	    "/            show only what has this in its name or user",
	    "space        freeze the screen, and go on",
	    "arrows       scroll; Page Up, Page Down, Home",
	    "",
	    "A bar of a processor is user, system, stolen. 100 % of a process is one processor.",
	    "Pressure: the share of the last 10 s in which something waited for it.",
	    "The agent sends the 40 processes with the most processor time and the 40",
	    "with the most memory.",
	    "",
	    "Any key goes on.",
	};

	canvas_clear(c);
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		canvas_put(c, 1 + (int)i, 3, i == 0 ? LOOK_BOLD : LOOK_PLAIN, lines[i]);
}

/* ---- all of it ---- */

void top_draw(struct canvas *c, const struct top_scene *s, struct top_ui *ui)
{
	static const struct pair disk = {"disk", "read", "write", DISK_READ_BYTES,
					 DISK_WRITE_BYTES},
				 net = {"network", "in", "out", IFACE_RX_BYTES, IFACE_TX_BYTES};
	const struct top_state *t = s->state;
	int lists = c->height / 8, y = 0; /* lines of each list */

	if (ui->help) {
		draw_help(c);
		return;
	}
	canvas_clear(c);
	draw_title(c, s, ui);
	if (t->samples == 0) {
		canvas_put(c, 2, 2, LOOK_DIM, "Waiting for the first sample.");
		draw_foot(c, s, ui);
		return;
	}
	y = draw_cpu(c, 1, s);
	y = draw_cores(c, y, &t->now.cpus, lists > 0 ? lists : 1);
	y = draw_memory(c, y, &t->now.memory);
	y = draw_pressure(c, y, &t->now.pressures);
	y = draw_pairs(c, y, &t->now.disks, t->disks, t->disk_series, &disk, lists);
	y = draw_pairs(c, y, &t->now.ifaces, t->ifaces, t->iface_series, &net, lists);
	draw_processes(c, y, &t->now.procs, ui);
	draw_foot(c, s, ui);
}

/* ---- keys ---- */

static void sort_by(struct top_ui *ui, enum top_sort sort)
{
	ui->reversed = ui->sort == sort && !ui->reversed;
	ui->sort = sort;
	ui->scroll = 0;
}

static void type(struct top_ui *ui, int key)
{
	size_t n = strlen(ui->filter);

	if (key == 27)
		ui->filter[0] = '\0';
	if (key == 27 || key == '\n' || key == '\r')
		ui->typing = false;
	else if ((key == 8 || key == 127) && n > 0)
		ui->filter[n - 1] = '\0';
	else if (key >= ' ' && key < 127 && n < TOP_FILTER_MAX) {
		ui->filter[n] = (char)key;
		ui->filter[n + 1] = '\0';
	}
	ui->scroll = 0;
}

static void scroll(struct top_ui *ui, int key)
{
	size_t step = key == TOP_KEY_PAGE_UP || key == TOP_KEY_PAGE_DOWN ? ui->page : 1;

	if (key == TOP_KEY_HOME)
		ui->scroll = 0;
	else if (key == TOP_KEY_DOWN || key == TOP_KEY_PAGE_DOWN)
		ui->scroll += step; /* top_draw() knows where the end is */
	else
		ui->scroll -= step < ui->scroll ? step : ui->scroll;
}

bool top_ui_key(struct top_ui *ui, int key)
{
	if (ui->help) {
		ui->help = false;
		return false;
	}
	if (ui->typing) {
		type(ui, key);
		return false;
	}
	switch (key) {
	case 'q':
	case 'Q':
		return true;
	case 'c':
		sort_by(ui, TOP_BY_CPU);
		break;
	case 'm':
		sort_by(ui, TOP_BY_MEMORY);
		break;
	case 'p':
		sort_by(ui, TOP_BY_PID);
		break;
	case 'n':
		sort_by(ui, TOP_BY_NAME);
		break;
	case '/':
		ui->typing = true;
		break;
	case ' ':
		ui->frozen = !ui->frozen;
		break;
	case '?':
	case 'h':
		ui->help = true;
		break;
	case 27:
		ui->filter[0] = '\0';
		break;
	default:
		if (key >= TOP_KEY_UP && key <= TOP_KEY_HOME)
			scroll(ui, key);
	}
	return false;
}
