/* SPDX-License-Identifier: Apache-2.0
 *
 * The full-screen view of top without a terminal: rows in, keys in, cells out.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "console/top_draw.h"

static struct top_state *t;
static struct canvas c;
static struct top_ui ui;
static struct top_scene scene;
static uint32_t number;

static void make(void)
{
	t = top_state_new();
	cr_assert(t);
	cr_assert_eq(canvas_init(&c, 80, 24, true), 0);
	scene = (struct top_scene){.state = t, .host = "web1"};
}

static void clean(void)
{
	top_state_free(t);
	canvas_done(&c);
}
TestSuite(top_draw, .init = make, .fini = clean);

static void row(enum item_row_kind kind, uint32_t id, const char *name, const char *detail,
		size_t n, const uint64_t *v)
{
	struct item it = {.type = ITEM_ROW,
			  .row = {.kind = (uint8_t)kind, .id = id, .count = (uint8_t)n}};

	snprintf(it.row.name, sizeof it.row.name, "%s", name);
	snprintf(it.row.detail, sizeof it.row.detail, "%s", detail);
	memcpy(it.row.values, v, n * sizeof *v);
	cr_assert_eq(top_state_row(t, &it), kind == ROW_SAMPLE);
}
#define ROW(kind, id, name, detail, ...)                                   \
	row(kind, id, name, detail, sizeof((uint64_t[]){__VA_ARGS__}) / 8, \
	    (uint64_t[]){__VA_ARGS__})

static void end_sample(void)
{
	ROW(ROW_SAMPLE, ++number, "", "", 1793534400123456, 1000, 900);
}

static void process(uint32_t pid, const char *name, const char *user, uint64_t cpu, uint64_t rss)
{
	ROW(ROW_PROCESS, pid, name, user, cpu, rss, 'S', 3, 1, 0);
}

static void sample(void)
{
	ROW(ROW_HOST, 0, "", "", 90061, 129, 226, 216, 312, 2);
	ROW(ROW_CPU, ROW_CPU_ALL, "", "", 2000, 0, 1000, 6000, 500, 0, 500);
	ROW(ROW_CPU, 0, "", "", 4000, 0, 2000, 4000, 0, 0, 0);
	ROW(ROW_CPU, 1, "", "", 0, 0, 0, 10000, 0, 0, 0);
	ROW(ROW_MEMORY, 0, "", "", 8000000000, 2000000000, 0, 0, 0, 0, 4000000000, 3000000000);
	ROW(ROW_PRESSURE, 0, "cpu", "", 150, 0, 0, 0, 0, 0);
	ROW(ROW_PRESSURE, 0, "io", "", 4100, 0, 0, 0, 0, 0);
	ROW(ROW_DISK, 0, "sda", "", 1200000, 3400000, 10, 20, 9700);
	ROW(ROW_IFACE, 0, "eth0", "", 1200, 3400, 10, 20, 0, 3);
	process(100, "alpha", "root", 500, 1000);
	process(20, "beta", "ada", 9900, 500);
	process(300, "Gamma", "www-data", 100, 2000000);
	end_sample();
}

static const char *line(int y)
{
	static char text[2048];

	canvas_row(&c, y, text, sizeof text);
	return text;
}

/* The row in which that stands, or -1. */
static int find(const char *what)
{
	for (int y = 0; y < c.height; y++)
		if (strstr(line(y), what))
			return y;
	return -1;
}

static void draw(void)
{
	top_draw(&c, &scene, &ui);
}

static void keys(const char *typed)
{
	for (; *typed; typed++)
		cr_assert_not(top_ui_key(&ui, *typed));
	draw();
}

Test(top_draw, before_the_first_sample_it_says_that_it_waits)
{
	draw();
	cr_assert(strstr(line(2), "Waiting"));
	cr_assert(strstr(line(0), "web1"));
}

Test(top_draw, a_small_terminal_shows_everything)
{
	sample();
	draw();
	cr_assert_str_eq(line(0), " web1  up 1 d 1 h  load 1.29 2.26 2.16  312 tasks, 2 running"
				  "           12:00:00");
	cr_assert(strstr(line(1), "35.0 %"), "%s", line(1));
	cr_assert(strstr(line(1), "wait 5.0 steal 5.0"), "%s", line(1));
	cr_assert(strstr(line(2), "0[|||||    ] 60"), "%s", line(2));
	cr_assert(strstr(line(2), "1[         ]  0"), "%s", line(2));
	cr_assert(strstr(line(3), "6.0 GB of 8.0 GB  swap 1.0 GB of 4.0 GB"), "%s", line(3));
	cr_assert(strstr(line(4), "cpu 1.5 %   io 41.0 %"), "%s", line(4));
	cr_assert(strstr(line(5), "sda"), "%s", line(5));
	cr_assert(strstr(line(5), " 97% busy"), "%s", line(5));
	cr_assert(strstr(line(6), "eth0"), "%s", line(6));
	cr_assert(strstr(line(6), "errors!"), "%s", line(6));
	cr_assert(strstr(line(7), "PID USER"), "%s", line(7));
	cr_assert_str_eq(line(8), "      20 ada            99.0    500 B    3 S beta");
	cr_assert(strstr(line(23), "q quit"));
}

Test(top_draw, colours_tell_what_is_bad)
{
	sample();
	draw();
	cr_assert_eq(c.cells[8 * 80 + 24].look, LOOK_BAD, "99 %% of a processor");
	cr_assert_eq(c.cells[9 * 80 + 24].look, LOOK_PLAIN);
	cr_assert_eq(c.cells[5 * 80 + 73].look, LOOK_BAD, "a disk that is busy");
	cr_assert_eq(c.cells[0].look, LOOK_BAR);
}

Test(top_draw, processes_are_sorted_as_the_keys_say)
{
	sample();
	draw();
	cr_assert(find("beta") < find("alpha") && find("alpha") < find("Gamma"));
	keys("m");
	cr_assert(find("Gamma") < find("alpha") && find("alpha") < find("beta"));
	keys("p");
	cr_assert(find("beta") < find("alpha") && find("alpha") < find("Gamma"));
	keys("p");
	cr_assert(find("Gamma") < find("alpha") && find("alpha") < find("beta"));
	keys("n");
	cr_assert(find("alpha") < find("beta") && find("beta") < find("Gamma"));
	keys("c");
	cr_assert(find("beta") < find("alpha") && find("alpha") < find("Gamma"));
	cr_assert(strstr(line(7), "by cpu"));
}

Test(top_draw, of_processes_that_do_nothing_the_large_ones_come_first)
{
	sample();
	process(1, "small", "root", 0, 1000);
	process(2, "large", "root", 0, 9000);
	process(3, "busy", "root", 100, 10);
	end_sample();
	draw();
	cr_assert(find("busy") < find("large") && find("large") < find("small"));
	keys("c");
	cr_assert(find("small") < find("large") && find("large") < find("busy"));
}

Test(top_draw, a_filter_that_nothing_fits_says_of_how_many)
{
	sample();
	keys("/nothing\n");
	cr_assert(find("none of the 3 busiest") > 0, "%s", line(8));
}

Test(top_draw, a_filter_is_typed_and_taken_back)
{
	sample();
	keys("/WWW");
	cr_assert(strstr(line(23), "filter: WWW_"));
	cr_assert(find("Gamma") > 0 && find("alpha") < 0 && find("beta") < 0);
	keys("x");
	cr_assert(find("none of the 3") > 0);
	keys("\177\n");
	cr_assert(find("Gamma") > 0);
	cr_assert(strstr(line(23), "only \"WWW\""));
	keys("/\033");
	cr_assert(find("alpha") > 0 && find("beta") > 0);
	cr_assert(top_ui_key(&ui, 'q'));
}

Test(top_draw, letters_of_a_filter_are_no_commands)
{
	sample();
	keys("/");
	cr_assert_not(top_ui_key(&ui, 'q'));
	for (int i = 0; i < 100; i++)
		top_ui_key(&ui, 'a');
	cr_assert_eq(strlen(ui.filter), TOP_FILTER_MAX);
	draw();
}

Test(top_draw, help_covers_the_screen_and_any_key_goes_on)
{
	sample();
	keys("?");
	cr_assert(find("freeze the screen") > 0 && find("beta") < 0);
	keys("q");
	cr_assert(find("beta") > 0);
}

Test(top_draw, a_lost_connection_is_on_the_screen)
{
	sample();
	scene.lost_left_s = 117;
	draw();
	cr_assert(strstr(line(23), "connection lost, trying for 117 s"));
	ui.frozen = true;
	draw();
	cr_assert(strstr(line(0), "FROZEN"));
}

Test(top_draw, lists_scroll_to_their_end_and_no_further)
{
	for (uint32_t i = 1; i <= 100; i++) {
		char name[16];

		snprintf(name, sizeof name, "p%03u", (unsigned)i);
		process(i, name, "u", 0, 0);
	}
	end_sample();
	keys("p");
	cr_assert(find("p001") > 0 && find("p100") < 0);
	top_ui_key(&ui, TOP_KEY_DOWN);
	draw();
	cr_assert(find("p001") < 0 && find("p002") > 0);
	for (int i = 0; i < 100; i++)
		top_ui_key(&ui, TOP_KEY_PAGE_DOWN);
	draw();
	cr_assert_eq(find("p100"), 22);
	top_ui_key(&ui, TOP_KEY_UP);
	draw();
	cr_assert_eq(find("p099"), 22);
	top_ui_key(&ui, TOP_KEY_HOME);
	draw();
	cr_assert(find("p001") > 0);
	top_ui_key(&ui, TOP_KEY_PAGE_UP);
	draw();
	cr_assert(find("p001") > 0);
}

Test(top_draw, many_processors_are_one_block_each)
{
	for (uint32_t i = 0; i < 300; i++)
		ROW(ROW_CPU, i, "", "", i % 2 ? 10000 : 0, 0, 0, i % 2 ? 0 : 10000, 0, 0, 0);
	end_sample();
	draw();
	cr_assert(strstr(line(2), "300"));
	cr_assert(strstr(line(2), "\xe2\x96\x81\xe2\x96\x88\xe2\x96\x81\xe2\x96\x88"), "%s",
		  line(2));
	cr_assert(find("PID USER") > 0 && find("PID USER") < 10);
}

Test(top_draw, more_rows_than_fit_are_left_out)
{
	for (uint32_t i = 0; i < 3000; i++) {
		char name[16];

		snprintf(name, sizeof name, "n%u", (unsigned)i);
		ROW(ROW_CPU, i, "", "", 1);
		ROW(ROW_PRESSURE, 0, name, "", 1);
		ROW(ROW_DISK, 0, name, "", 1, 1);
		ROW(ROW_IFACE, 0, name, "", 1, 1);
		process(i, name, "u", 1, 1);
		ROW((enum item_row_kind)99, 0, name, "", 1);
	}
	end_sample();
	cr_assert_eq(t->now.cpus.count, TOP_CPUS);
	cr_assert_eq(t->now.procs.count, TOP_PROCS);
	draw();
	cr_assert(strstr(line(23), "q quit"));
}

Test(top_draw, no_size_and_no_row_is_too_strange)
{
	static const int sizes[][2] = {{1, 1}, {3, 2}, {20, 5}, {79, 1}, {500, 3}, {9999, 9999}};
	const uint64_t most[ITEM_ROW_VALUES_MAX] = {UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
						    UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
						    UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX,
						    UINT64_MAX, UINT64_MAX, UINT64_MAX, UINT64_MAX};

	for (int kind = 2; kind <= 8; kind++)
		for (size_t n = 0; n <= ITEM_ROW_VALUES_MAX; n += 4)
			row((enum item_row_kind)kind,
			    kind == 3 && n == 0 ? ROW_CPU_ALL : UINT32_MAX - 1,
			    "\xe6\xbc\xa2\xc3\xbc", "\xf0\x9f\x98\x80", n, most);
	row(ROW_SAMPLE, 1, "", "", 0, most);
	row(ROW_SAMPLE, 2, "", "", ITEM_ROW_VALUES_MAX, most);
	for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
		canvas_done(&c);
		cr_assert_eq(canvas_init(&c, sizes[i][0], sizes[i][1], i % 2), 0);
		for (const char *k = "cmpn/a\n ?x"; *k; k++) {
			top_ui_key(&ui, *k);
			draw();
		}
	}
}

Test(top_draw, wide_characters_are_one_cell_and_ascii_is_enough)
{
	process(1, "\xe6\xbc\xa2\xc3\xbc", "u", 1, 1);
	ROW(ROW_DISK, 0, "sda", "", 5000, 3400000, 10, 20, 9700);
	end_sample();
	draw();
	cr_assert(find("S ?\xc3\xbc") > 0);
	canvas_done(&c);
	canvas_init(&c, 80, 24, false);
	draw();
	cr_assert(find("S ??") > 0);
	for (int y = 0; y < 24; y++)
		for (const char *p = line(y); *p; p++)
			cr_assert((unsigned char)*p < 0x80);
}

Test(top_draw, processes_stay_when_a_sample_has_none)
{
	sample();
	ROW(ROW_CPU, ROW_CPU_ALL, "", "", 2000, 0, 1000, 6000, 500, 0, 500);
	end_sample();
	cr_assert_eq(t->now.procs.count, 3);
	cr_assert_eq(t->now.disks.count, 0);
	process(7, "only", "u", 1, 1);
	end_sample();
	cr_assert_eq(t->now.procs.count, 1);
	cr_assert_str_eq(t->now.procs.at[0].name, "only");
}

Test(top_draw, history_is_as_long_as_it_should_be)
{
	for (uint64_t i = 0; i < 2 * TOP_HISTORY; i++) {
		ROW(ROW_IFACE, 0, "eth0", "", i, 2 * i);
		end_sample();
	}
	cr_assert_eq(t->iface_series, 1);
	cr_assert_eq(t->ifaces[0].count, TOP_HISTORY);
	cr_assert_eq(t->ifaces[0].v[0][TOP_HISTORY - 1], 2 * TOP_HISTORY - 1);
	cr_assert_eq(t->ifaces[0].v[1][0], 2 * TOP_HISTORY);
	draw();
}
