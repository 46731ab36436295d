/* SPDX-License-Identifier: Apache-2.0
 *
 * top as a command: as text, as JSON, in the bundle; its limits.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/item_row.h"
#include "tests/support/desk.h"

static const char *const scopes[] = {"metrics", NULL};

static void make(void)
{
	desk_open(false, scopes);
}

static void make_json(void)
{
	desk_open(true, scopes);
}
TestSuite(top, .init = make, .fini = desk_close);
TestSuite(top_json, .init = make_json, .fini = desk_close);

static void row(enum item_row_kind kind, uint32_t id, const char *name, const char *detail,
		size_t n, const uint64_t *v)
{
	struct item it = {.type = ITEM_ROW,
			  .row = {.kind = (uint8_t)kind, .id = id, .count = (uint8_t)n}};

	snprintf(it.row.name, sizeof it.row.name, "%s", name);
	snprintf(it.row.detail, sizeof it.row.detail, "%s", detail);
	memcpy(it.row.values, v, n * sizeof *v);
	desk_send(0, &it);
}
#define ROW(kind, id, name, detail, ...)                                   \
	row(kind, id, name, detail, sizeof((uint64_t[]){__VA_ARGS__}) / 8, \
	    (uint64_t[]){__VA_ARGS__})

static void sample(uint32_t number)
{
	ROW(ROW_HOST, 0, "", "", 7500, 129, 226, 216, 312, 2);
	ROW(ROW_CPU, ROW_CPU_ALL, "", "", 2000, 0, 1000, 6000, 500, 0, 525);
	ROW(ROW_CPU, 3, "", "", 4000);
	ROW(ROW_MEMORY, 0, "", "", 8000000000, 2000000000, 0, 0, 0, 0, 0, 0);
	ROW(ROW_PRESSURE, 0, "io", "", 4100, 0, 0, 0, 0, 0);
	ROW(ROW_DISK, 0, "sda", "", 1200000, 3400000, 10, 20, 9700);
	ROW(ROW_IFACE, 0, "eth0", "", 1200, 3400, 10, 20, 0, 3);
	ROW(ROW_PROCESS, 42, "alpha", "root", 12345, 1000000, 'R', 3, 1, 1700000000);
	ROW((enum item_row_kind)77, 0, "newer", "", 1);
	ROW(ROW_SAMPLE, number, "", "", 1793534400123456, 1000, 900);
}

Test(top, a_sample_is_a_block_of_text_where_no_screen_is)
{
	desk_type("top");
	cr_assert_eq(desk.opened[0].op_id, 35);
	cr_assert_eq(desk.opened[0].comp, 0);
	desk_accept(0);
	sample(1);
	cr_assert_str_eq(
	    desk_printed(),
	    "2026-11-01T12:00:00.123Z  up 2 h 5 min  load 1.29 2.26 2.16  tasks 312 (2 running)\n"
	    "cpu       20.0 % user, 10.0 % system, 60.0 % idle, 5.0 % waiting, 5.2 % stolen\n"
	    "memory    2.0 GB of 8.0 GB available, no swap\n"
	    "pressure  io       41.00 % of the last 10 s, 0.00 % of the last minute\n"
	    "disk      sda          read 1.2 MB/s, write 3.4 MB/s, busy 97.0 %\n"
	    "network   eth0         in 1.2 kB/s, out 3.4 kB/s\n"
	    "     PID USER           CPU%   MEMORY S NAME\n"
	    "      42 root          123.5   1.0 MB R alpha\n\n");
}

Test(top, it_ends_after_its_samples)
{
	char *text;
	size_t lines = 0;

	desk_type("top --samples 2");
	cr_assert_eq(jobs_ending(&desk.s->jobs), 1);
	desk_accept(0);
	sample(1);
	cr_assert_eq(desk.idle, 0);
	sample(2);
	cr_assert_eq(desk.idle, 1);
	cr_assert_eq(desk.reset[0], AS_E_CANCELLED);
	cr_assert_not(desk.s->jobs.incomplete);
	text = desk_file("assent_live/top-1.jsonl", NULL);
	cr_assert(text);
	for (char *line = strtok(text, "\n"); line; line = strtok(NULL, "\n"), lines++) {
		json_t *o = json_loads(line, JSON_REJECT_DUPLICATES, NULL);

		cr_assert_eq((size_t)json_integer_value(json_object_get(o, "number")), lines + 1);
		json_decref(o);
	}
	cr_assert_eq(lines, 2);
	free(text);
}

Test(top, it_needs_its_right_and_known_options)
{
	static const char *const none[] = {"logs", NULL};

	desk_type("top --samples 0");
	cr_assert(strstr(desk_errors(), "--samples"));
	desk_type("top 5");
	cr_assert(strstr(desk_errors(), "options only"));
	desk_close();
	desk_open(false, none);
	desk_type("top");
	cr_assert(strstr(desk_errors(), "request metrics"));
	cr_assert_eq(desk.opened_count, 0);
}

Test(top, a_line_is_not_for_it)
{
	desk_type("top");
	desk_accept(0);
	desk_send_line(0, 1, 0, "x");
	cr_assert_eq(desk.reset[0], AS_E_PROTOCOL);
	cr_assert_eq(desk.broken, 0);
	cr_assert(desk.s->jobs.incomplete);
}

Test(top, the_engineer_and_the_time_end_it)
{
	struct job *j;

	desk_type("top");
	desk_accept(0);
	cr_assert(session_interrupt(desk.s));
	cr_assert_not(desk.s->jobs.incomplete);
	desk_type("top --for 5s");
	desk_accept(1);
	j = desk.s->front;
	j->kind->tick(j, j->began_ms + 60000);
	session_settle(desk.s);
	cr_assert_eq(desk.idle, 2);
	cr_assert_not(desk.s->jobs.incomplete);
}

static double real(json_t *o, const char *a, const char *b, const char *c)
{
	return json_number_value(json_object_get(json_object_get(json_object_get(o, a), b), c));
}

Test(top_json, a_sample_is_nested_objects)
{
	const char *at;
	json_t *o, *p;

	desk_type("top");
	desk_accept(0);
	desk_printed();
	sample(7);
	at = desk_printed();
	o = json_loadb(at, strcspn(at, "\n"), JSON_REJECT_DUPLICATES, NULL);
	cr_assert(o, "%s", at);
	cr_assert_str_eq(json_string_value(json_object_get(o, "event")), "sample");
	cr_assert_eq(json_integer_value(json_object_get(o, "job")), 1);
	cr_assert_eq(json_integer_value(json_object_get(o, "number")), 7);
	cr_assert_str_eq(json_string_value(json_object_get(o, "time")), "2026-11-01T12:00:00.123Z");
	cr_assert_float_eq(json_number_value(json_object_get(json_object_get(o, "host"), "load1")),
			   1.29, 1e-9);
	cr_assert_float_eq(real(o, "cpu", "all", "steal"), 5.25, 1e-9);
	cr_assert_float_eq(real(o, "cpu", "3", "user"), 40, 1e-9);
	cr_assert_null(json_object_get(json_object_get(json_object_get(o, "cpu"), "3"), "idle"),
		       "what was not sent is not there");
	cr_assert_eq(real(o, "disk", "sda", "read_bytes"), 1200000);
	cr_assert_float_eq(real(o, "disk", "sda", "busy"), 97, 1e-9);
	cr_assert_eq(real(o, "interface", "eth0", "drops"), 3);
	cr_assert_float_eq(real(o, "pressure", "io", "some10"), 41, 1e-9);
	p = json_array_get(json_object_get(o, "process"), 0);
	cr_assert_eq(json_integer_value(json_object_get(p, "id")), 42);
	cr_assert_str_eq(json_string_value(json_object_get(p, "state")), "R");
	cr_assert_str_eq(json_string_value(json_object_get(p, "user")), "root");
	cr_assert_float_eq(json_number_value(json_object_get(p, "cpu")), 123.45, 1e-9);
	cr_assert_eq(json_integer_value(json_object_get(o, "process_number")), 7);
	json_decref(o);
}

Test(top_json, a_list_of_processes_that_is_older_says_so)
{
	const char *at;
	json_t *o;

	desk_type("top");
	desk_accept(0);
	sample(7);
	desk_printed();
	ROW(ROW_SAMPLE, 8, "", "", 1793534401123456, 1000, 900);
	at = desk_printed();
	o = json_loadb(at, strcspn(at, "\n"), JSON_REJECT_DUPLICATES, NULL);
	cr_assert(o, "%s", at);
	cr_assert_eq(json_integer_value(json_object_get(o, "number")), 8);
	cr_assert_eq(json_array_size(json_object_get(o, "process")), 1);
	cr_assert_eq(json_integer_value(json_object_get(o, "process_number")), 7);
	json_decref(o);
}
