/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines of logs are written as JSON by hand: what comes out is what the library would write, and
 * says what the agent sent, whatever that was.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "console/events_lines.h"
#include "console/json_text.h"
#include "proto/base/text.h"

static const char *const pieces[] = {
    "GET /", "\"",	 "\\", "\t",   "\x1b[2J", "\xc3\xa9", "\xe2\x80\xae",
    "\xff",  "\xe2\x82", "{}", "\x7f", "\n",	  "0",
};

static size_t make_text(unsigned seed, uint8_t *out, size_t cap)
{
	size_t len = 0, kinds = seed % 3 ? 5 : sizeof pieces / sizeof pieces[0];

	for (unsigned state = seed; len + 8 < cap && len < seed % 90;) {
		state = state * 1103515245 + 12345;

		const char *p = pieces[(state >> 16) % (seed % 2 ? 4 : kinds)];
		memcpy(out + len, p, strlen(p));
		len += strlen(p);
	}
	return len;
}

static char *printed(const struct line_view *v)
{
	struct events ev;
	char *text = NULL;
	size_t len;
	FILE *f = open_memstream(&text, &len);

	events_init(&ev, f, f, true);
	events_line(&ev, v);
	fclose(f);
	return text;
}

static void check_text(const json_t *o, const uint8_t *p, size_t n)
{
	const char *text = json_string_value(json_object_get(o, "text"));
	uint8_t back[512];

	if (!json_object_get(o, "escaped")) {
		cr_assert_eq(json_string_length(json_object_get(o, "text")), n);
		cr_assert_arr_eq(text, p, n);
		return;
	}
	cr_assert_eq(text_unescape(text, back, sizeof back), (int)n);
	cr_assert_arr_eq(back, p, n);
}

Test(events_lines, a_line_as_json_is_what_the_library_writes_and_says_what_was_sent)
{
	unsigned escaped = 0;

	for (unsigned seed = 1; seed < 3000; seed++) {
		uint8_t bytes[200];
		struct line_view v = {.job = seed,
				      .source = seed % 5 ? "/var/log/a\"b" : "",
				      .time_us = seed % 7 ? 1796000000123456 + seed * 250000 : 0,
				      .text = bytes,
				      .len = make_text(seed, bytes, sizeof bytes),
				      .cut = seed % 11 == 0};
		char *line = printed(&v), *again;
		json_t *o = json_loads(line, 0, NULL);
		const json_t *time;

		cr_assert(o, "%s", line);
		cr_assert_eq(line[strlen(line) - 1], '\n');
		line[strlen(line) - 1] = '\0';
		again = json_dumps(o, JSON_COMPACT);
		cr_assert_str_eq(line, again);
		cr_assert_str_eq(json_string_value(json_object_get(o, "event")), "line");
		cr_assert_eq(json_integer_value(json_object_get(o, "job")), seed);
		cr_assert_str_eq(json_string_value(json_object_get(o, "source")), v.source);
		cr_assert_eq(json_is_true(json_object_get(o, "cut")), v.cut);
		time = json_object_get(o, "time");
		cr_assert_eq(time != NULL, v.time_us != 0);
		if (time) {
			char at[EVENTS_TIME_MAX];

			cr_assert_str_eq(json_string_value(time), events_time(v.time_us, at));
		}
		check_text(o, v.text, v.len);
		escaped += json_object_get(o, "escaped") != NULL;
		json_decref(o);
		free(again);
		free(line);
	}
	cr_assert_gt(escaped, 300);
}

Test(events_lines, the_longest_line_of_the_worst_bytes_has_room)
{
	static uint8_t worst[ITEM_LINE_MAX];
	static char source[ITEM_SOURCE_MAX + 1];

	for (int c = 0; c < 256; c++) {
		memset(worst, c, sizeof worst);
		memset(source, '\\', sizeof source - 1);

		struct line_view v = {.source = source, .text = worst, .len = sizeof worst};
		char *line = printed(&v);
		json_t *o = json_loads(line, 0, NULL);

		cr_assert(o);
		json_decref(o);
		free(line);
	}
}

Test(events_lines, a_string_of_json_is_what_the_library_writes)
{
	for (int c = 1; c < 0x80; c++) {
		char text[] = {'a', (char)c, 'b', '\0'}, out[JSON_TEXT_ROOM(3) + 1];
		json_t *o = json_string(text);
		char *want = json_dumps(o, JSON_ENCODE_ANY);

		out[json_text(text, 3, out)] = '\0';
		cr_assert_str_eq(out, want);
		free(want);
		json_decref(o);
	}
}

Test(events_lines, a_time_is_told_for_each_second_anew)
{
	char at[EVENTS_TIME_MAX];

	cr_assert_str_eq(events_time(UINT64_C(1796000000999999), at), "2026-11-30T00:53:20.999Z");
	cr_assert_str_eq(events_time(UINT64_C(1796000000000000), at), "2026-11-30T00:53:20.000Z");
	cr_assert_str_eq(events_time(UINT64_C(1796000001000000), at), "2026-11-30T00:53:21.000Z");
	cr_assert_str_eq(events_time(0, at), "");
}
