/* SPDX-License-Identifier: Apache-2.0
 *
 * ls, stat and find: what is asked of the agent, what is shown, what is kept.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "tests/support/desk.h"

static const char *const scopes[] = {"files:/srv/app", "files:/var/log", "logs", NULL};

static void make(void)
{
	desk_open(false, scopes);
}

static void make_json(void)
{
	desk_open(true, scopes);
}
TestSuite(list, .init = make, .fini = desk_close);
TestSuite(list_json, .init = make_json, .fini = desk_close);

static void send_entry(size_t i, const char *name, char type, uint64_t size)
{
	struct item it = {.type = ITEM_ENTRY};

	it.entry.type = type;
	it.entry.mode = type == 'd' ? 01777 : 04754;
	it.entry.uid = 1000;
	it.entry.gid = 33;
	it.entry.links = 1;
	it.entry.size = size;
	it.entry.stored = 4096;
	it.entry.mtime_ns = INT64_C(1793534400123456789);
	strcpy(it.entry.owner, "ada");
	it.entry.name = (const uint8_t *)name;
	it.entry.name_len = strlen(name);
	if (type == 'l') {
		it.entry.target = (const uint8_t *)"../x\033";
		it.entry.target_len = 5;
	}
	desk_send(i, &it);
}

Test(list, folders_are_asked_with_their_right_and_may_be_compressed)
{
	desk_type("ls -R /srv/app/logs /var/log /srv/app");
	cr_assert_eq(desk.opened_count, 2);
	cr_assert_eq(desk.opened[0].op_id, 40);
	cr_assert_eq(desk.opened[0].args.flags, OPEN_FLAG_DEEP);
	cr_assert_eq(desk.opened[0].comp, 1);
	cr_assert_str_eq(desk.opened[0].args.root, "/srv/app");
	cr_assert_eq(desk.opened[0].args.paths_count, 2);
	cr_assert_eq(desk.opened[0].args.paths[1].size, 0);
	cr_assert_str_eq(desk.opened[1].args.root, "/var/log",
			 "the right logs is for lines, not for files");
	desk_type("stat /srv/app/x &");
	cr_assert_eq(desk.idle, 0, "a command is in front");
}

Test(list, an_entry_looks_like_that_of_ls)
{
	desk_type("ls /srv/app");
	desk_accept(0);
	send_entry(0, "a b", 'f', 1234567);
	send_entry(0, "tmp", 'd', 0);
	send_entry(0, "l\nink\\", 'l', 3);
	cr_assert_str_eq(
	    desk_printed(),
	    "-rwsr-xr--   1 ada      33         1.2 MB 2026-11-01 12:00 /srv/app/a b\n"
	    "drwxrwxrwt   1 ada      33            0 B 2026-11-01 12:00 /srv/app/tmp\n"
	    "lrwsr-xr--   1 ada      33            3 B 2026-11-01 12:00 /srv/app/l\\x0aink\\\\ -> "
	    "../x\\x1b\n");
	desk_end(0, ITEM_OK, "");
	cr_assert_eq(desk.idle, 1);
	cr_assert_not(desk.s->jobs.incomplete);
}

Test(list, find_says_what_to_look_for)
{
	const as_OpenArgs *a = &desk.opened[0].args;

	desk_type("find /srv/app --name *.log --size +10M --newer 2h --older=7d --type f,l "
		  "--content \"a b\" -i max=50");
	cr_assert_eq(desk.opened[0].op_id, 42);
	cr_assert_str_eq(a->glob, "*.log");
	cr_assert_str_eq(a->pattern, "a b");
	cr_assert_eq(a->size_min, 10u << 20);
	cr_assert_eq(a->size_max, 0);
	cr_assert_eq(a->newer_s, 7200);
	cr_assert_eq(a->older_s, 604800);
	cr_assert_eq(a->types, 1u | 4u);
	cr_assert_eq(a->lines, 51);
	cr_assert_eq(a->flags, OPEN_FLAG_CASE);
}

Test(list, sizes_may_be_at_most_or_exact)
{
	desk_type("find /srv/app --size -1k &");
	cr_assert_eq(desk.opened[0].args.size_min, 0);
	cr_assert_eq(desk.opened[0].args.size_max, 1024);
	desk_type("find /srv/app --size 7 &");
	cr_assert_eq(desk.opened[1].args.size_min, 7);
	cr_assert_eq(desk.opened[1].args.size_max, 7);
}

Test(list, empty_files_are_found_although_the_wire_cannot_say_it)
{
	desk_type("find /srv/app --size 0");
	cr_assert_eq(desk.opened[0].args.size_max, 1);
	desk_accept(0);
	send_entry(0, "one", 'f', 1);
	send_entry(0, "none", 'f', 0);
	cr_assert(strstr(desk_printed(), "/none\n"));
	desk_end(0, ITEM_OK, "");
	cr_assert_null(strstr(desk_printed(), "/one"));
}

Test(list, what_makes_no_sense_is_refused_before_anything_is_asked)
{
	static const char *const lines[] = {"find /srv/app --size big",
					    "find /srv/app --newer 2",
					    "find /srv/app --type x",
					    "find /srv/app --type ,",
					    "find /srv/app --max 0",
					    "find /srv/app --max 200001",
					    "find",
					    "ls",
					    "ls relative",
					    "ls /etc",
					    "ls -x /srv/app",
					    "stat /srv/app/../x"};

	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
		desk_type(lines[i]);
		cr_assert(desk_errors()[0], "%s", lines[i]);
	}
	cr_assert_eq(desk.opened_count, 0);
}

Test(list, lines_that_match_belong_to_their_file)
{
	char *text;

	desk_type("find /srv/app --content x");
	desk_accept(0);
	send_entry(0, "a", 'f', 5);
	desk_send_line(0, 0, 12, "an x\033");
	desk_printed();
	desk_send_line(0, 0, 13, "two x");
	cr_assert_str_eq(desk_printed(), "/srv/app/a:13: two x\n");
	desk_end(0, ITEM_OK, "");
	text = desk_file("assent_live/find-1.txt", NULL);
	cr_assert(strstr(text, "/srv/app/a\n/srv/app/a:12: an x?\n/srv/app/a:13: two x\n"), "%s",
		  text);
	free(text);
}

Test(list, a_line_without_its_file_breaks_the_protocol_of_this_command_alone)
{
	desk_type("find /srv/app --content x &");
	desk_type("find /srv/app &");
	desk_type("ls /srv/app &");
	for (size_t i = 0; i < 3; i++) {
		desk_accept(i);
		desk_send_line(i, 0, 1, "x");
		cr_assert_eq(desk.reset[i], AS_E_PROTOCOL);
	}
	cr_assert_eq(desk.broken, 0);
	cr_assert_eq(desk.s->jobs.count, 0);
	cr_assert(desk.s->jobs.incomplete);
}

Test(list, more_than_was_asked_for_is_not_taken)
{
	desk_type("find /srv/app --max 2");
	desk_accept(0);
	for (int i = 0; i < 4; i++)
		send_entry(0, "a", 'f', 5);
	cr_assert_eq(desk.reset[0], AS_E_CANCELLED);
	cr_assert_eq(desk.idle, 1);
	cr_assert_not(desk.s->jobs.incomplete);
}

Test(list, entries_without_end_are_not_taken)
{
	struct item it = {.type = ITEM_ENTRY, .entry = {.type = 'f'}};
	static uint8_t block[60000], one[256];
	size_t n, size;

	it.entry.name = (const uint8_t *)"x";
	it.entry.name_len = 1;
	n = (size_t)item_encode(&it, one, sizeof one);
	for (size = 0; size + n <= sizeof block; size += n)
		memcpy(block + size, one, n);
	desk_type("ls /srv/app --no-save");
	desk_accept(0);
	for (size_t sent = 0; sent < 300000 && desk.reset[0] == 0; sent += size / n)
		desk_send_bytes(0, block, size);
	cr_assert_eq(desk.reset[0], AS_E_QUOTA);
	cr_assert_eq(desk_run("ls")->state, ITEM_PARTIAL);
	cr_assert(desk.s->jobs.incomplete);
}

Test(list, a_list_that_is_cancelled_is_not_complete)
{
	desk_type("find /srv/app");
	desk_accept(0);
	send_entry(0, "a", 'f', 5);
	cr_assert(session_interrupt(desk.s));
	cr_assert_eq(desk_run("find")->state, ITEM_PARTIAL);
	cr_assert_eq(desk_item("assent_live/find-1.txt")->state, ITEM_PARTIAL);
	cr_assert(desk.s->jobs.incomplete);
}

/* ---- as JSON ---- */

static json_t *next(const char **at)
{
	size_t n = strcspn(*at, "\n");
	json_t *o = json_loadb(*at, n, JSON_REJECT_DUPLICATES, NULL);

	cr_assert(o, "%s", *at);
	*at += n + 1;
	return o;
}

static const char *text_of(json_t *o, const char *key)
{
	return json_string_value(json_object_get(o, key));
}

Test(list_json, an_entry_has_everything)
{
	const char *at;
	json_t *o;

	desk_type("ls /srv/app");
	desk_accept(0);
	desk_printed();
	send_entry(0, "l\xff", 'l', UINT64_MAX);
	at = desk_printed();
	o = next(&at);
	cr_assert_str_eq(text_of(o, "event"), "entry");
	cr_assert_str_eq(text_of(o, "path"), "/srv/app/l\\xff");
	cr_assert_str_eq(text_of(o, "type"), "l");
	cr_assert_str_eq(text_of(o, "mode"), "4754");
	cr_assert_str_eq(text_of(o, "owner"), "ada");
	cr_assert_str_eq(text_of(o, "mtime"), "2026-11-01T12:00:00.123Z");
	cr_assert_str_eq(text_of(o, "target"), "../x\\x1b");
	cr_assert_geq(json_integer_value(json_object_get(o, "size")), 0);
	cr_assert_eq(json_integer_value(json_object_get(o, "gid")), 33);
	json_decref(o);
}

Test(list_json, a_match_has_its_line)
{
	const char *at;
	json_t *o;

	desk_type("find /srv/app --content x");
	desk_accept(0);
	send_entry(0, "a\\b", 'f', 1);
	desk_printed();
	desk_send_line(0, 0, 7, "x\xff");
	at = desk_printed();
	o = next(&at);
	cr_assert_str_eq(text_of(o, "event"), "match");
	cr_assert_str_eq(text_of(o, "path"), "/srv/app/a\\\\b");
	cr_assert_eq(json_integer_value(json_object_get(o, "line")), 7);
	cr_assert_str_eq(text_of(o, "text"), "x\\xff");
	json_decref(o);
}
