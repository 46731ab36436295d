/* SPDX-License-Identifier: Apache-2.0 */
#include "console/summary.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/log.h"
#include "proto/base/text.h"

#define LINE_MAX_BYTES 512
#define LABEL_WIDTH    10

/* One line being put together; what does not fit any more is left out. */
struct line {
	char text[LINE_MAX_BYTES];
	size_t len;
};

static void add(struct line *l, const char *fmt, ...) AS_PRINTF(2, 3);

static void add(struct line *l, const char *fmt, ...)
{
	va_list ap;
	size_t room = sizeof l->text - l->len;

	va_start(ap, fmt);
	int n = vsnprintf(l->text + l->len, room, fmt, ap);
	va_end(ap);
	if (n > 0)
		l->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* An empty line is not printed: nothing is known, or nothing is wrong. */
static void print(FILE *out, const char *label, const struct line *l)
{
	char clean[LINE_MAX_BYTES];

	if (l->len == 0)
		return;
	text_line(l->text, l->len, clean, sizeof clean);
	fprintf(out, "%-*s %s\n", LABEL_WIDTH, label, clean);
}

/* "a, b": the separator only where something stands before it. */
static void add_fact(struct line *l, const struct manifest *m, const char *key, const char *before,
		     const char *after)
{
	const char *v = manifest_fact(m, key);

	if (v && v[0] != '\0')
		add(l, "%s%s%s%s", l->len > 0 ? ", " : "", before, v, after);
}

static bool number(const struct manifest *m, const char *key, uint64_t *out)
{
	const char *v = manifest_fact(m, key);

	if (!v || v[0] == '\0' || strspn(v, "0123456789") != strlen(v) || strlen(v) > 18)
		return false;
	*out = strtoull(v, NULL, 10);
	return true;
}

/* ---- the computer ---- */

static void print_host(FILE *out, const struct manifest *m)
{
	struct line l = {.len = 0};

	add_fact(&l, m, "os.host", "", "");
	if (l.len == 0 && m->host)
		add(&l, "%s", m->host);
	add_fact(&l, m, "os.name", "", "");
	add_fact(&l, m, "os.kernel", "kernel ", "");
	add_fact(&l, m, "os.arch", "", "");
	print(out, "Host", &l);
}

static void print_machine(FILE *out, const struct manifest *m)
{
	struct line l = {.len = 0};

	add_fact(&l, m, "os.virt", "", "");
	add_fact(&l, m, "cpu.model", "", "");
	add_fact(&l, m, "cpu.count", "", " processors");
	print(out, "Machine", &l);
}

static void print_uptime(FILE *out, const struct manifest *m)
{
	struct line l = {.len = 0};
	uint64_t s;

	if (number(m, "os.uptime_s", &s)) {
		if (s >= 86400)
			add(&l, "%" PRIu64 " d ", s / 86400);
		if (s >= 3600)
			add(&l, "%" PRIu64 " h ", s % 86400 / 3600);
		add(&l, "%" PRIu64 " min", s % 3600 / 60);
	}
	add_fact(&l, m, "os.clock", "clock ", "");
	print(out, "Uptime", &l);
}

static void print_load(FILE *out, const struct manifest *m)
{
	struct line l = {.len = 0};

	add_fact(&l, m, "os.load", "", "");
	add_fact(&l, m, "cpu.busy_percent", "", " % busy");
	add_fact(&l, m, "proc.count", "", " processes");
	print(out, "Load", &l);

	l = (struct line){.len = 0};
	add_fact(&l, m, "proc.top_cpu", "CPU: ", "");
	add_fact(&l, m, "proc.top_mem", "memory: ", "");
	print(out, "Busiest", &l);
}

/* "1.5 GB of 8.0 GB" from two numbers of KiB. */
static void add_share(struct line *l, const char *before, uint64_t part_kb, uint64_t all_kb,
		      const char *after)
{
	char part[TEXT_SIZE_MAX], all[TEXT_SIZE_MAX];

	add(l, "%s%s%s of %s %s", l->len > 0 ? ", " : "", before, text_size(part_kb * 1024, part),
	    text_size(all_kb * 1024, all), after);
}

static void print_memory(FILE *out, const struct manifest *m)
{
	struct line l = {.len = 0};
	uint64_t total, free_kb;

	if (number(m, "mem.total_kb", &total) && number(m, "mem.available_kb", &free_kb))
		add_share(&l, "", free_kb, total, "available");
	if (number(m, "mem.swap_total_kb", &total) && number(m, "mem.swap_free_kb", &free_kb)) {
		if (total == 0)
			add(&l, "%sno swap", l.len > 0 ? ", " : "");
		else
			add_share(&l, "swap ", free_kb < total ? total - free_kb : 0, total,
				  "used");
	}
	add_fact(&l, m, "mem.pressure", "pressure ", "");
	print(out, "Memory", &l);
}

/* ---- lists: KEY.1, KEY.2, ... ---- */

static bool is_of_list(const char *key, const char *list)
{
	size_t n = strlen(list);

	return strncmp(key, list, n) == 0 && key[n] == '.';
}

static size_t count_list(const struct manifest *m, const char *list)
{
	size_t n = 0;

	for (size_t i = 0; i < m->facts_count; i++)
		n += is_of_list(m->facts[i].key, list);
	return n;
}

/* One line each below the first; the label stands once. */
static void print_list(FILE *out, const struct manifest *m, const char *label, const char *list)
{
	size_t all = count_list(m, list), shown = 0;

	for (size_t i = 0; i < m->facts_count && shown < SUMMARY_LIST_MAX; i++) {
		struct line l = {.len = 0};

		if (!is_of_list(m->facts[i].key, list))
			continue;
		add(&l, "%s", m->facts[i].value);
		print(out, shown == 0 ? label : "", &l);
		shown++;
	}
	if (all > shown)
		fprintf(out, "%-*s and %zu more\n", LABEL_WIDTH, "", all - shown);
}

/* The number first, then the list. `fine` is said when the number is 0. */
static void print_counted(FILE *out, const struct manifest *m, const char *label, const char *count,
			  const char *what, const char *fine, const char *list)
{
	struct line l = {.len = 0};
	uint64_t n;

	if (!number(m, count, &n)) {
		print_list(out, m, label, list);
		return;
	}
	if (n == 0)
		add(&l, "%s", fine);
	else
		add(&l, "%" PRIu64 " %s", n, what);
	print(out, label, &l);
	print_list(out, m, "", list);
}

static void print_disks(FILE *out, const struct manifest *m)
{
	struct line l = {.len = 0};
	uint64_t n;

	if (number(m, "disk.count", &n)) {
		add(&l, "%" PRIu64 " file system%s, %s", n, n == 1 ? "" : "s",
		    count_list(m, "disk.full") > 0 ? "nearly full:" : "none nearly full");
		print(out, "Disks", &l);
		print_list(out, m, "", "disk.full");
	} else {
		print_list(out, m, "Full disks", "disk.full");
	}
}

static void print_network(FILE *out, const struct manifest *m)
{
	struct line l = {.len = 0};

	print_list(out, m, "Addresses", "net.addr");
	print_list(out, m, "Down", "net.if_down");
	add_fact(&l, m, "net.default_route", "", "");
	print(out, "Route", &l);

	l = (struct line){.len = 0};
	add_fact(&l, m, "net.listen_count", "", " listening");
	add_fact(&l, m, "net.estab_count", "", " established");
	print(out, "Sockets", &l);
	print_list(out, m, "DNS", "dns.server");
	print_list(out, m, "Reached", "reach");
}

/* ---- what is missing ---- */

static void print_missing_runs(FILE *out, const struct manifest *m, size_t *lines)
{
	for (size_t i = 0; i < m->runs_count; i++) {
		const struct manifest_run *r = &m->runs[i];
		struct line l = {.len = 0};

		if (r->state == ITEM_OK)
			continue;
		if ((*lines)++ >= SUMMARY_LIST_MAX)
			continue;
		add(&l, "%s: %s%s%s", r->collector, item_state_name(r->state),
		    r->why[0] ? ", " : "", r->why);
		print(out, *lines == 1 ? "Missing" : "", &l);
	}
}

static void print_missing(FILE *out, const struct manifest *m)
{
	size_t lines = 0, files = 0;

	print_missing_runs(out, m, &lines);
	if (lines > SUMMARY_LIST_MAX)
		fprintf(out, "%-*s and %zu more\n", LABEL_WIDTH, "", lines - SUMMARY_LIST_MAX);
	for (size_t i = 0; i < m->items_count; i++)
		files += m->items[i].state != ITEM_OK || m->items[i].truncated;
	if (files > 0)
		fprintf(out, "%-*s %zu of %zu files are missing or cut; 'bundle show' lists them\n",
			LABEL_WIDTH, lines == 0 ? "Missing" : "", files, m->items_count);
	if (!m->complete && m->started != 0 && m->finished == 0)
		fprintf(out, "%-*s the session did not end properly\n", LABEL_WIDTH, "");
}

void summary_print(FILE *out, const struct manifest *m)
{
	print_host(out, m);
	print_machine(out, m);
	print_uptime(out, m);
	print_load(out, m);
	print_memory(out, m);
	print_disks(out, m);
	print_counted(out, m, "Services", "svc.failed_count", "failed:", "none failed",
		      "svc.failed");
	print_counted(out, m, "Errors", "log.errors_last_hour",
		      "in the last hour; the last ones:", "none in the last hour",
		      "log.last_error");
	print_network(out, m);
	print_missing(out, m);
}
