/* SPDX-License-Identifier: Apache-2.0
 *
 * tail, journal and eventlog: what is asked of the agent, what is shown, what is kept.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "console/outlet.h"
#include "proto/base/err.h"
#include "tests/support/desk.h"

static const char *const scopes[] = {"logs", "files:/srv/app", "files:/srv/app/deep/", NULL};
static const char *const none[] = {"system", NULL};

static void make(void)
{
	desk_open(false, scopes);
}

static void make_json(void)
{
	desk_open(true, scopes);
}
TestSuite(live, .init = make, .fini = desk_close);
TestSuite(live_json, .init = make_json, .fini = desk_close);

static void path_is(size_t op, size_t i, const char *path)
{
	cr_assert_lt(i, desk.opened[op].args.paths_count);
	cr_assert_eq(desk.opened[op].args.paths[i].size, strlen(path));
	cr_assert_eq(memcmp(desk.opened[op].args.paths[i].bytes, path, strlen(path)), 0);
}

Test(live, logs_go_to_tail_and_granted_files_to_tail_files)
{
	desk_type("tail /var/log//syslog /srv/app/./x.log --grep \"a b\" -i /var/log/auth.log");
	cr_assert_eq(desk.opened_count, 2);
	cr_assert_eq(desk.opened[0].op_id, 32);
	cr_assert_str_eq(desk.opened[0].args.root, "");
	cr_assert_eq(desk.opened[0].args.paths_count, 2);
	path_is(0, 0, "syslog");
	path_is(0, 1, "auth.log");
	cr_assert_eq(desk.opened[1].op_id, 33);
	cr_assert_str_eq(desk.opened[1].args.root, "/srv/app");
	path_is(1, 0, "x.log");
	for (size_t i = 0; i < 2; i++) {
		cr_assert_str_eq(desk.opened[i].args.pattern, "a b");
		cr_assert_eq(desk.opened[i].args.flags, OPEN_FLAG_CASE);
		cr_assert_eq(desk.opened[i].comp, 0, "what is live is never compressed");
		cr_assert_eq(desk.opened[i].args.lines, 0);
	}
	cr_assert_eq(desk.live, 1);
	cr_assert_eq(desk.idle, 0);
}

Test(live, the_narrowest_granted_folder_is_asked_word_for_word)
{
	desk_type("tail /srv/app/deep/x\\x0a /srv/app/deep &");
	cr_assert_str_eq(desk.opened[0].args.root, "/srv/app/deep/");
	path_is(0, 0, "x\n");
	path_is(0, 1, "");
	cr_assert_eq(desk.idle, 1, "it has gone behind");
}

Test(live, more_paths_than_one_operation_takes_are_several)
{
	desk_type("tail /var/log/1 /var/log/2 /var/log/3 /var/log/4 /var/log/5 /var/log/6 "
		  "/var/log/7 /var/log/8 /var/log/9");
	cr_assert_eq(desk.opened_count, 2);
	cr_assert_eq(desk.opened[0].args.paths_count, 8);
	path_is(1, 0, "9");
}

Test(live, a_path_that_nothing_covers_says_what_to_request)
{
	desk_type("tail /etc/passwd");
	cr_assert(strstr(desk_errors(), "request files:/etc/passwd"));
	desk_type("tail /srv/app2/x");
	cr_assert(strstr(desk_errors(), "request files:/srv/app2/x"));
	desk_type("tail \"/my files/x\"");
	cr_assert(strstr(desk_errors(), "request \"files:/my files/x\""));
	desk_type("tail /my/\\x1b/x");
	cr_assert(strstr(desk_errors(), "request files:/my\n"));
	desk_type("tail /srv/app/../../etc/passwd");
	cr_assert(strstr(desk_errors(), "\"..\""));
	desk_type("tail syslog");
	cr_assert(strstr(desk_errors(), "begins with /"));
	desk_type("tail");
	cr_assert(strstr(desk_errors(), "needs a path"));
	cr_assert_eq(desk.opened_count, 0);
	cr_assert_eq(desk.idle, 7);
	cr_assert(desk.s->incomplete, "in a script that is a failure");
}

Test(live, logs_that_were_not_granted_are_named)
{
	desk_close();
	desk_open(false, none);
	desk_type("tail /var/log/syslog");
	cr_assert(strstr(desk_errors(), "request logs"));
	desk_type("journal");
	cr_assert(strstr(desk_errors(), "request logs"));
}

Test(live, what_this_agent_has_not_is_said_with_what_it_has)
{
	const char *said;

	desk_type("eventlog");
	said = desk_errors();
	cr_assert(strstr(said, "no eventlog_live; it runs linux"), "%s", said);
	cr_assert(strstr(said, "journal_live"), "%s", said);
}

Test(live, options_are_checked_before_anything_is_asked)
{
	desk_type("tail /var/log/x --lines 0");
	cr_assert(strstr(desk_errors(), "--lines"));
	desk_type("tail /var/log/x --for 5");
	cr_assert(strstr(desk_errors(), "--for"));
	desk_type("tail /var/log/x --nope");
	cr_assert(strstr(desk_errors(), "--nope"));
	desk_type("tail /var/log/x --grep");
	cr_assert(strstr(desk_errors(), "value is missing"));
	desk_type("journal --priority=loud");
	cr_assert(strstr(desk_errors(), "--priority"));
	desk_type("journal ssh.service");
	cr_assert(strstr(desk_errors(), "options only"));
	cr_assert_eq(desk.opened_count, 0);
}

Test(live, the_journal_gets_unit_priority_and_last)
{
	desk_type("journal --unit=ssh.service priority=err --last 3");
	cr_assert_eq(desk.opened[0].op_id, 34);
	cr_assert_str_eq(desk.opened[0].args.unit, "ssh.service");
	cr_assert_eq(desk.opened[0].args.priority, 4);
	cr_assert_eq(desk.opened[0].args.lines, 4);
}

Test(live, one_source_needs_no_label_and_two_do)
{
	desk_type("tail /var/log/syslog /var/log/auth.log");
	desk_accept(0);
	desk_send_source(0, 1, "/var/log/syslog");
	desk_send_line(0, 1, 0, "first");
	cr_assert_str_eq(desk_printed(), "first\n");
	desk_send_source(0, 2, "/var/log/auth.log");
	desk_send_line(0, 2, 0, "second");
	desk_send_line(0, 1, 0, "third");
	cr_assert_str_eq(desk_printed(), "auth.log | second\nsyslog | third\n");
	desk_send_source(0, 3, "/var/log/old/syslog");
	desk_send_line(0, 1, 0, "fourth");
	cr_assert_str_eq(desk_printed(), "/var/log/syslog | fourth\n", "two are named alike");
}

Test(live, nothing_of_a_line_reaches_the_terminal_unfiltered)
{
	desk_type("tail /var/log/syslog --time");
	desk_accept(0);
	desk_send_source(0, 1, "/var/log/syslog");
	desk_send_line(0, 1, 1793534400123456, "a\tb\033[2Jc\xff\xc2\x9b\nd");
	cr_assert_str_eq(desk_printed(), "2026-11-01T12:00:00.123Z a\tb?[2Jc???d\n");
}

Test(live, what_was_dropped_is_a_line_of_its_own)
{
	struct item dropped = {.type = ITEM_DROPPED, .dropped = {1234, 99999}};

	desk_type("tail /var/log/syslog");
	desk_accept(0);
	desk_send(0, &dropped);
	cr_assert_str_eq(desk_printed(),
			 "... 1,234 lines were dropped because the link is slower than the log\n");
}

Test(live, the_bundle_keeps_the_lines_as_they_came)
{
	struct item dropped = {.type = ITEM_DROPPED, .dropped = {7, 7}};
	char *text;

	desk_type("tail /var/log/a /var/log/b");
	desk_accept(0);
	desk_send_source(0, 1, "/var/log/a");
	desk_send_line(0, 1, 0, "one\033\xff");
	desk_send_source(0, 2, "/var/log/b");
	desk_send_line(0, 2, 0, "two");
	desk_send_line(0, 2, 0, "three");
	desk_send(0, &dropped);
	desk_send_line(0, 1, 0, "four");
	desk_end(0, ITEM_OK, "");
	text = desk_file("assent_live/tail-1.log", NULL);
	cr_assert(text);
	cr_assert_str_eq(text, "one\033\xff\n==> /var/log/b <==\ntwo\nthree\n"
			       "==> 7 lines were dropped <==\n==> /var/log/a <==\nfour\n");
	free(text);
	cr_assert_eq(desk_item("assent_live/tail-1.log")->state, ITEM_OK);
	cr_assert(desk_item("assent_live/tail-1.log")->truncated);
	cr_assert(desk_item("assent_live/tail-1.log")->hashed);
	cr_assert_eq(desk_run("tail")->state, ITEM_OK);
	cr_assert_eq(desk.idle, 1);
	cr_assert_not(desk.s->jobs.incomplete);
}

Test(live, each_use_has_a_file_of_its_own_unless_it_should_not)
{
	for (int i = 0; i < 3; i++) {
		desk_type(i == 1 ? "tail /var/log/a --no-save" : "tail /var/log/a");
		desk_accept((size_t)i);
		desk_send_line((size_t)i, 1, 0, "x");
		desk_end((size_t)i, ITEM_OK, "");
	}
	cr_assert(desk_item("assent_live/tail-1.log"));
	cr_assert_null(desk_item("assent_live/tail-2.log"));
	cr_assert(desk_item("assent_live/tail-3.log"));
}

Test(live, it_ends_at_its_number_of_lines)
{
	desk_type("tail /var/log/syslog --lines 2");
	cr_assert_eq(desk.opened[0].args.lines, 3, "no more of the last lines than are wanted");
	desk_accept(0);
	desk_send_line(0, 1, 0, "1");
	cr_assert_eq(desk.idle, 0);
	desk_send_line(0, 1, 0, "2");
	desk_send_line(0, 1, 0, "3");
	cr_assert(strncmp(desk_printed(), "1\n2\n  tail", 10) == 0);
	cr_assert_eq(desk.reset[0], AS_E_CANCELLED);
	cr_assert_eq(desk.idle, 1);
	cr_assert_eq(desk_run("tail")->state, ITEM_OK);
	cr_assert_not(desk.s->jobs.incomplete, "its own limit is no failure");
}

Test(live, it_ends_at_its_time)
{
	struct job *j;

	desk_type("tail /var/log/syslog --for 30s");
	desk_accept(0);
	j = desk.s->front;
	j->kind->tick(j, j->began_ms + 29000);
	cr_assert_not(j->is_done);
	cr_assert_eq(jobs_ending(&desk.s->jobs), 1);
	j->kind->tick(j, j->began_ms + 60000);
	cr_assert(j->is_done);
	session_settle(desk.s);
	desk_carry();
	cr_assert_eq(desk.reset[0], AS_E_CANCELLED);
	cr_assert_eq(desk.idle, 1);
	cr_assert_not(desk.s->jobs.incomplete);
}

Test(live, the_engineer_ends_it_without_a_failure)
{
	desk_type("tail /var/log/a &");
	desk_type("tail /var/log/b");
	desk_accept(0);
	desk_accept(1);
	cr_assert_eq(jobs_ending(&desk.s->jobs), 0, "nobody waits for these");
	cr_assert(session_interrupt(desk.s));
	desk_carry();
	cr_assert_eq(desk.reset[1], AS_E_CANCELLED);
	cr_assert_eq(desk.reset[0], 0);
	cr_assert_eq(desk.idle, 2);
	cr_assert_not(session_interrupt(desk.s), "there is none in front");
	desk_type("cancel 1");
	cr_assert_eq(desk.reset[0], AS_E_CANCELLED);
	cr_assert_not(desk.s->jobs.incomplete);
	desk_type("cancel 1");
	cr_assert(strstr(desk_errors(), "no job of that number"));
}

Test(live, the_customer_ends_it_and_that_is_a_failure)
{
	desk_type("tail /var/log/a");
	desk_accept(0);
	desk_send_line(0, 1, 0, "x");
	desk_reset(0, AS_E_CANCELLED);
	cr_assert(strstr(desk_printed(), "partial: the customer has stopped this item"));
	cr_assert(desk.s->jobs.incomplete);
	cr_assert_eq(desk_run("tail")->state, ITEM_PARTIAL);
	cr_assert_eq(desk.idle, 1);
}

Test(live, one_of_two_streams_may_end_before_the_other)
{
	desk_type("tail /var/log/a /srv/app/b");
	desk_accept(0);
	desk_accept(1);
	desk_end(0, ITEM_UNAVAILABLE, "gone");
	cr_assert_eq(desk.idle, 0);
	desk_send_line(1, 1, 0, "still");
	cr_assert(strstr(desk_printed(), "still"));
	desk_end(1, ITEM_OK, "");
	cr_assert(strstr(desk_printed(), "unavailable: gone"));
	cr_assert(desk.s->jobs.incomplete);
}

Test(live, a_record_that_is_not_for_it_ends_it_alone)
{
	struct item row = {.type = ITEM_ROW, .row.kind = 2};

	desk_type("tail /var/log/a &");
	desk_type("tail /var/log/b &");
	desk_accept(0);
	desk_accept(1);
	desk_send(0, &row);
	cr_assert_eq(desk.broken, 0);
	cr_assert_eq(desk.reset[0], AS_E_PROTOCOL);
	cr_assert_eq(desk_run("tail")->open, true);
	desk_send_line(1, 1, 0, "goes on");
	cr_assert(strstr(desk_printed(), "goes on"));
	cr_assert(desk.s->jobs.incomplete);
}

Test(live, a_script_waits_for_what_ends_by_itself_and_then_stops_the_rest)
{
	desk_type("tail /var/log/a &");
	desk_type("tail /var/log/b --lines 1 &");
	desk_accept(0);
	desk_accept(1);
	session_finish(desk.s);
	cr_assert_eq(desk.s->state, SESSION_READY);
	desk_send_line(1, 1, 0, "x");
	cr_assert_eq(desk.s->state, SESSION_ENDING);
	desk_carry();
	cr_assert_eq(desk.reset[0], AS_E_CANCELLED);
	cr_assert_not(desk.s->jobs.incomplete);
	cr_assert_not(desk.s->incomplete);
}

Test(live, wait_is_for_one_job_or_for_all_that_end_by_themselves)
{
	desk_type("tail /var/log/a &");
	desk_type("wait");
	cr_assert_eq(desk.idle, 2, "nobody waits for an endless one");
	desk_type("tail /var/log/b --lines 1 &");
	desk_type("wait");
	cr_assert_eq(desk.idle, 3);
	desk_accept(1);
	desk_send_line(1, 1, 0, "x");
	cr_assert_eq(desk.idle, 4);
	desk_type("wait 1");
	cr_assert_eq(desk.idle, 4);
	desk_accept(0);
	desk_end(0, ITEM_OK, "");
	cr_assert_eq(desk.idle, 5);
}

Test(live, a_lost_session_leaves_it_partial)
{
	desk_type("tail /var/log/a");
	desk_accept(0);
	desk_send_line(0, 1, 0, "x");
	jobs_stop_all(&desk.s->jobs, JOB_LOST, "the other side is gone");
	cr_assert_eq(desk_run("tail")->state, ITEM_PARTIAL);
	cr_assert_eq(desk_item("assent_live/tail-1.log")->state, ITEM_PARTIAL);
}

Test(live, without_a_reader_no_more_than_a_window_comes)
{
	static char text[2000];
	struct outlet *o = outlet_new();
	struct mux_stat stat;
	size_t before;

	memset(text, 'x', sizeof text - 1);
	desk_type("tail /var/log/a --no-save");
	desk_accept(0);
	outlet_hold(o, true);
	outlet_start(o, &desk.loop, NULL, NULL);
	while (!outlet_is_full(o)) {
		fputs(text, outlet_out(o));
		fflush(outlet_out(o));
	}
	desk.ev.outlet = o;
	for (int i = 0; i < 1000; i++) /* eight windows */
		desk_send_line(0, 1, 0, text);
	cr_assert(mux_stream_stat(desk.console, desk.opened[0].stream, &stat));
	cr_assert_eq(stat.received - stat.consumed, MUX_WINDOW_FIRST);
	cr_assert_eq(stat.window, MUX_WINDOW_FIRST);

	before = stat.consumed;
	desk.ev.outlet = NULL; /* it has a reader again */
	session_drained(desk.s);
	desk_carry();
	cr_assert(mux_stream_stat(desk.console, desk.opened[0].stream, &stat));
	cr_assert_gt(stat.consumed, before);
	outlet_stop(o);
	outlet_free(o);
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

Test(live_json, a_line_is_an_object)
{
	const char *at;
	json_t *o;

	desk_type("tail /var/log/a");
	at = desk_printed();
	o = next(&at);
	cr_assert_str_eq(text_of(o, "event"), "item");
	cr_assert_str_eq(text_of(o, "name"), "tail");
	cr_assert_str_eq(text_of(o, "state"), "running");
	cr_assert_eq(json_integer_value(json_object_get(o, "job")), 1);
	json_decref(o);
	desk_accept(0);
	desk_send_source(0, 9, "/var/log/a");
	desk_send_line(0, 9, 1793534400123456, "C:\\x41\ttab \"q\" \xc3\xbc");
	at = desk_printed();
	o = next(&at);
	cr_assert_str_eq(text_of(o, "event"), "line");
	cr_assert_eq(json_integer_value(json_object_get(o, "job")), 1);
	cr_assert_str_eq(text_of(o, "source"), "/var/log/a");
	cr_assert_str_eq(text_of(o, "time"), "2026-11-01T12:00:00.123Z");
	cr_assert_str_eq(text_of(o, "text"), "C:\\x41\ttab \"q\" \xc3\xbc");
	cr_assert_null(json_object_get(o, "escaped"));
	json_decref(o);
}

Test(live_json, bytes_that_are_no_text_are_escaped_and_said_to_be)
{
	const char *at;
	json_t *o;

	desk_type("tail /var/log/a");
	desk_accept(0);
	desk_printed();
	desk_send_line(0, 9, UINT64_MAX, "a\\b\033\xff\xc2\x9b");
	at = desk_printed();
	o = next(&at);
	cr_assert_str_eq(text_of(o, "text"), "a\\\\b\\x1b\\xff\\xc2\\x9b");
	cr_assert(json_is_true(json_object_get(o, "escaped")));
	cr_assert_null(json_object_get(o, "time"), "no such time");
	cr_assert_str_eq(text_of(o, "source"), "");
	json_decref(o);
}

Test(live_json, drops_notes_and_the_end_are_events)
{
	struct item dropped = {.type = ITEM_DROPPED, .dropped = {7, UINT64_MAX}};
	struct item note = {.type = ITEM_NOTE, .note.text = "rotated"};
	const char *at;
	json_t *o;

	desk_type("journal --for 5s");
	desk_accept(0);
	desk_printed();
	desk_send(0, &dropped);
	desk_send(0, &note);
	desk_end(0, ITEM_OK, "");
	at = desk_printed();
	o = next(&at);
	cr_assert_str_eq(text_of(o, "event"), "dropped");
	cr_assert_eq(json_integer_value(json_object_get(o, "lines")), 7);
	cr_assert_geq(json_integer_value(json_object_get(o, "bytes")), 0);
	json_decref(o);
	o = next(&at);
	cr_assert_str_eq(text_of(o, "event"), "note");
	cr_assert_str_eq(text_of(o, "text"), "rotated");
	json_decref(o);
	o = next(&at);
	cr_assert_str_eq(text_of(o, "event"), "item");
	cr_assert_str_eq(text_of(o, "name"), "journal");
	cr_assert_str_eq(text_of(o, "state"), "ok");
	json_decref(o);
}

Test(live_json, jobs_and_status_list_what_is_at_work)
{
	const char *at;
	json_t *o, *list;

	desk_type("tail /var/log/a &");
	desk_type("tail /var/log/b --lines 1 &");
	desk_accept(1);
	desk_send_line(1, 1, 0, "x");
	desk_printed();
	desk_type("jobs");
	at = desk_printed();
	o = next(&at);
	list = json_object_get(o, "jobs");
	cr_assert_eq(json_array_size(list), 2);
	cr_assert_str_eq(text_of(json_array_get(list, 0), "state"), "ok");
	cr_assert_str_eq(text_of(json_array_get(list, 1), "state"), "running");
	cr_assert_str_eq(text_of(json_array_get(list, 1), "what"), "tail /var/log/a &");
	cr_assert_eq(json_integer_value(json_object_get(json_array_get(list, 1), "job")), 1);
	json_decref(o);
	desk_type("status");
	at = desk_printed();
	o = next(&at);
	cr_assert_eq(json_array_size(json_object_get(o, "jobs")), 2);
	json_decref(o);
}
