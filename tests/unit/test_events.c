/* SPDX-License-Identifier: Apache-2.0
 *
 * What scripts rely on (cli.md), and that nothing an agent says reaches a terminal unfiltered.
 */
#include <criterion/criterion.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "console/events.h"
#include "console/fail.h"
#include "proto/base/err.h"

struct captured {
	struct events ev;
	FILE *out, *err;
	char *out_text, *err_text;
	size_t out_len, err_len;
};

static void begin(struct captured *c, bool json)
{
	c->out = open_memstream(&c->out_text, &c->out_len);
	c->err = open_memstream(&c->err_text, &c->err_len);
	events_init(&c->ev, c->out, c->err, json);
}

static void end(struct captured *c)
{
	fclose(c->out);
	fclose(c->err);
}

static void done(struct captured *c)
{
	free(c->out_text);
	free(c->err_text);
}

static const struct item_view hostile = {
    .name = "os\033]0;x\007",
    .state = ITEM_PARTIAL,
    .why = "cut\n\033[2J\xc2\x9b"
	   "31m",
    .bytes = 1234567,
    .files = 3,
    .elapsed_ms = 2345,
};

Test(events, with_json_each_event_is_one_object_on_one_line)
{
	static const char *const names[] = {"connected", "pending",   "granted", "item",
					    "denied",	 "suspended", "resumed", "error",
					    "revoked",	 "bundle",    "error",	 "ended"};
	struct scope scopes[2] = {{.kind = SCOPE_SYSTEM}, {.kind = SCOPE_FILES, .target = "/srv"}};
	struct grant_view g = {.host = "h",
			       .agent = "a",
			       .scopes = scopes,
			       .count = 2,
			       .refused = scopes,
			       .refused_count = 1,
			       .lifetime_s = 60};
	struct captured c;
	size_t i = 0;

	begin(&c, true);
	events_connected(&c.ev, "relay:1", "directly");
	events_pending(&c.ev, 180);
	events_granted(&c.ev, &g);
	events_item(&c.ev, &hostile);
	events_denied(&c.ev, AS_E_DENIED);
	events_suspended(&c.ev, 120, "line\nbreak");
	events_resumed(&c.ev);
	events_withdrawn(&c.ev);
	events_revoked(&c.ev);
	events_bundle(&c.ev, "/tmp/bundle", NULL);
	events_error(&c.ev, AS_E_PEER_LOST, "line\nbreak");
	events_ended(&c.ev, 13, true);
	end(&c);
	for (char *line = strtok(c.out_text, "\n"); line; line = strtok(NULL, "\n"), i++) {
		json_t *o = json_loads(line, 0, NULL);

		cr_assert(o, "%s", line);
		cr_assert_str_eq(json_string_value(json_object_get(o, "event")), names[i]);
		json_decref(o);
	}
	cr_assert_eq(i, sizeof names / sizeof names[0]);
	done(&c);
}

Test(events, an_item_has_the_fields_of_the_contract)
{
	struct captured c;

	begin(&c, true);
	events_item(&c.ev, &hostile);
	end(&c);

	json_t *o = json_loads(c.out_text, 0, NULL);

	cr_assert_str_eq(json_string_value(json_object_get(o, "state")), "partial");
	cr_assert_eq(json_integer_value(json_object_get(o, "bytes")), 1234567);
	cr_assert_eq(json_integer_value(json_object_get(o, "elapsed_ms")), 2345);
	cr_assert_eq(json_integer_value(json_object_get(o, "files")), 3);
	cr_assert_null(strstr(c.out_text, "\\u001b"), "escapes are gone, not just encoded");
	json_decref(o);
	done(&c);
}

Test(events, nothing_an_agent_says_controls_the_terminal)
{
	struct grant_view g = {.host = "\033[31mhost\xe2\x80\xae", .agent = "", .lifetime_s = 60};
	struct captured c;

	begin(&c, false);
	events_granted(&c.ev, &g);
	events_item(&c.ev, &hostile);
	events_error(&c.ev, AS_E_PROTOCOL, "\033[2J");
	end(&c);
	cr_assert_null(strchr(c.out_text, '\033'));
	cr_assert_null(strstr(c.out_text, "\xc2\x9b"));
	cr_assert_null(strstr(c.out_text, "\xe2\x80\xae"));
	cr_assert_null(strchr(c.err_text, '\033'));
	cr_assert(strstr(c.out_text, "partial"));
	done(&c);
}

Test(events, people_see_no_line_for_an_item_that_still_runs)
{
	struct item_view v = {.name = "os", .running = true, .why = ""};
	struct captured c;

	begin(&c, false);
	events_item(&c.ev, &v);
	events_live(&c.ev, &v, 1);
	end(&c);
	cr_assert_str_eq(c.out_text, "");
	done(&c);
}

Test(events, an_error_with_whole_sentences_goes_on_as_one_line)
{
	struct captured c;

	begin(&c, false);
	events_error(&c.ev, AS_E_RELAY, "directly: it is silent. Please ask somebody.");
	end(&c);
	cr_assert_str_eq(c.err_text,
			 "assent-console: the relay cannot be reached: directly: it is silent. "
			 "Please ask somebody; every step is shown by connect --explain\n");
	done(&c);
}

Test(events, an_error_is_one_line_that_says_what_to_do)
{
	struct captured c;

	begin(&c, false);
	events_error(&c.ev, AS_E_CODE_EXPIRED, "");
	end(&c);
	cr_assert_str_eq(c.err_text,
			 "assent-console: the code has expired; ask the customer to start again "
			 "and read the new code\n");
	cr_assert_str_eq(c.out_text, "");
	done(&c);
}

Test(events, a_lost_connection_is_told_with_the_seconds_it_may_take)
{
	struct captured c;

	begin(&c, true);
	events_suspended(&c.ev, 120, "why");
	end(&c);

	json_t *o = json_loads(c.out_text, 0, NULL);

	cr_assert_eq(json_integer_value(json_object_get(o, "for_s")), 120);
	json_decref(o);
	done(&c);
	begin(&c, false);
	events_suspended(&c.ev, 120, "");
	events_suspended(&c.ev, 5, "the \033[2Jrelay");
	events_lost_left(&c.ev, 4);
	events_resumed(&c.ev);
	end(&c);
	cr_assert_eq(strncmp(c.out_text, "connection lost, trying for 120 s\n", 34), 0);
	cr_assert(strstr(c.out_text, "connection lost, trying for 5 s: the "), "%s", c.out_text);
	cr_assert_null(strstr(c.out_text, "for 4 s"), "only drawn where it can be taken back");
	cr_assert(strstr(c.out_text, "The connection is back.\n"));
	cr_assert_null(strchr(c.out_text, '\033'));
	done(&c);
}

Test(events, the_seconds_left_are_drawn_above_the_items_and_only_when_they_change)
{
	struct item_view v = {.name = "os", .running = true, .why = ""};
	struct captured c;

	begin(&c, false);
	c.ev.screen.live = true;
	events_suspended(&c.ev, 9, "");
	fflush(c.out);

	size_t before = c.out_len;

	events_lost_left(&c.ev, 9);
	fflush(c.out);
	cr_assert_eq(c.out_len, before, "somebody may be typing");
	events_lost_left(&c.ev, 8);
	events_live(&c.ev, &v, 1);
	cr_assert_eq(c.ev.screen.count, 2);
	cr_assert_str_eq(c.ev.screen.lines[0], "connection lost, trying for 8 s");
	cr_assert(strstr(c.ev.screen.lines[1], "os"));
	events_resumed(&c.ev);
	cr_assert_eq(c.ev.screen.count, 0);
	end(&c);
	done(&c);
}

Test(events, a_question_that_was_taken_away_says_so_on_stderr)
{
	struct captured c;

	begin(&c, false);
	events_withdrawn(&c.ev);
	end(&c);
	cr_assert(strstr(c.err_text, "request it again\n"));
	cr_assert_str_eq(c.out_text, "");
	done(&c);
}

Test(events, long_texts_stay_within_their_line)
{
	static char text[4096];
	struct item_view v = {.name = text, .state = ITEM_FAILED, .why = text};
	char line[SCREEN_LINE_MAX];

	memset(text, 'x', sizeof text - 1);
	events_item_line(&v, line);
	cr_assert_lt(strlen(line), SCREEN_LINE_MAX);
}

Test(events, one_of_a_thing_is_no_plural)
{
	static const struct {
		enum counted what;
		uint64_t n;
		const char *text;
	} cases[] = {{COUNT_FILES, 0, "  0 files "},   {COUNT_FILES, 1, "  1 file  "},
		     {COUNT_LINES, 1, "  1 line  "},   {COUNT_ENTRIES, 2, "  2 entries "},
		     {COUNT_ENTRIES, 1, "  1 entry "}, {COUNT_SAMPLES, 1, "  1 sample "}};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct item_view v = {.name = "x", .why = "", .counted = cases[i].what};
		char line[SCREEN_LINE_MAX];

		v.count = cases[i].n;
		v.files = (uint32_t)cases[i].n;
		cr_assert(strstr(events_item_line(&v, line), cases[i].text), "%s", line);
	}
}

Test(events, spans_are_short)
{
	char b[EVENTS_SPAN_MAX];

	cr_assert_str_eq(events_span(90, b), "90 s");
	cr_assert_str_eq(events_span(1800, b), "30 min");
	cr_assert_str_eq(events_span(7200, b), "2 h");
	cr_assert_str_eq(events_span(5400, b), "90 min");
	cr_assert_str_eq(events_span(UINT32_MAX, b), "71582788 min");
}

Test(fail, every_error_has_the_exit_code_of_the_manual)
{
	static const struct {
		int err, code;
	} cases[] = {
	    {0, 0},
	    {AS_E_DENIED, 10},
	    {AS_E_CONSENT_TIMEOUT, 10},
	    {AS_E_CODE_UNKNOWN, 11},
	    {AS_E_CODE_WRONG, 11},
	    {AS_E_CODE_EXPIRED, 11},
	    {AS_E_CODE_BURNED, 11},
	    {AS_ETYPO, 11},
	    {AS_E_RELAY, 12},
	    {AS_E_PEER_LOST, 13},
	    {AS_E_RESUME, 13},
	    {AS_E_TRUNCATED, 13},
	    {AS_E_PROTOCOL, 13},
	    {AS_E_REVOKED, 14},
	    {AS_E_CERT, 15},
	    {AS_E_CERT_EKU, 15},
	    {AS_E_CERT_EXPIRED, 15},
	    {AS_E_CLOCK, 15},
	    {AS_E_REVOKED_CERT, 15},
	    {AS_ECONFIG, 2},
	    {-28 /* ENOSPC */, 1},
	};

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		cr_assert_eq((int)fail_exit(cases[i].err), cases[i].code, "%d", cases[i].err);
}

Test(fail, every_name_looks_like_an_error_code)
{
	for (int n = 0; n < 120; n++)
		cr_assert_eq(strncmp(fail_name(AS_ERR_BASE - n), "E_", 2), 0);
}
