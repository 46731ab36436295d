/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/record.h"
#include "agent/record_cmd.h"
#include "agent/record_read.h"
#include "proto/base/err.h"

#define NOON 1793534400

static char state[64], file[256];
static EVP_PKEY *key;
static struct record *rec;
static char text[65536];
static size_t text_len;
static struct record_report report;
static struct record_line line;

static void setup(void)
{
	snprintf(state, sizeof state, "/tmp/assent-record-XXXXXX");
	cr_assert(mkdtemp(state));
	snprintf(file, sizeof file, "%s/record/S-1.jsonl", state);
	cr_assert_eq(record_key(state, &key), 0);
	cr_assert_eq(record_open(state, "S-1", key, &rec), 0);
}

static void teardown(void)
{
	char command[128];

	record_close(rec);
	sign_key_free(key);
	snprintf(command, sizeof command, "rm -rf %s", state);
	cr_assert_eq(system(command), 0);
}

static void add(enum record_event ev, const char *name, const char *value)
{
	struct record_field f = {.name = name, .text = value};

	cr_assert_eq(record_add(rec, NOON, ev, &f, 1), 0);
}

static void reread(void)
{
	FILE *f = fopen(file, "rb");

	cr_assert(f);
	text_len = fread(text, 1, sizeof text - 1, f);
	text[text_len] = '\0';
	fclose(f);
}

static void check(void)
{
	record_check(text, text_len, NULL, NULL, &report);
}

/* A whole small session: five lines. */
static void write_session(void)
{
	struct record_field done[] = {{.name = "name", .text = "os"},
				      {.name = "bytes", .number = UINT64_MAX},
				      {.name = "state", .text = "ok"}};

	add(RECORD_STARTED, "host", "pc");
	add(RECORD_REQUESTED, "reason", "a \"quoted\" \\ reason\n\033[2J\xe2\x80\xae");
	add(RECORD_GRANTED, "rights", "system");
	cr_assert_eq(record_add(rec, NOON + 1, RECORD_ITEM, done, 3), 0);
	add(RECORD_ENDED, "why", "");
	reread();
	check();
}

static char *line_at(size_t number)
{
	char *at = text;

	while (--number > 0)
		at = strchr(at, '\n') + 1;
	return at;
}

TestSuite(record, .init = setup, .fini = teardown);

Test(record, a_session_is_written_and_found_whole)
{
	write_session();
	cr_assert(record_is_whole(&report), "%zu %s", report.bad_line, report.why);
	cr_assert_eq(report.lines, 5);
	cr_assert_eq(
	    strncmp(text,
		    "{\"seq\":1,\"time\":\"2026-11-01T12:00:00Z\",\"event\":\"started\",\"key\":\"",
		    62),
	    0, "%s", text);
}

Test(record, what_was_written_is_read_back_clean)
{
	write_session();
	cr_assert_eq(record_line_decode(line_at(2), strcspn(line_at(2), "\n"), &line), 0);
	cr_assert_str_eq(line.event, "requested");
	cr_assert_str_eq(record_line_text(&line, "reason"), "a \"quoted\" \\ reason ?[2J?");
	cr_assert_gt(line.sig_len, 0);
	cr_assert_eq(record_line_decode(line_at(4), strcspn(line_at(4), "\n"), &line), 0);
	cr_assert_eq(record_line_number(&line, "bytes"), UINT64_MAX);
	cr_assert_eq(line.sig_len, 0);
	cr_assert_str_eq(record_line_text(&line, "nothing"), "");
	cr_assert_eq(record_line_number(&line, "nothing"), 0);
}

Test(record, a_change_of_any_byte_is_found)
{
	write_session();
	for (size_t i = 0; i < text_len; i++) {
		text[i] ^= 1;
		check();
		cr_assert_not(record_is_whole(&report), "byte %zu: %.60s", i, text + i);
		text[i] ^= 1;
	}
	check();
	cr_assert(record_is_whole(&report));
}

Test(record, a_changed_line_is_named)
{
	write_session();
	*strstr(line_at(4), "\"os\"") = '\0';
	strstr(line_at(4), "name\":")[6] = '"';
	memcpy(strstr(line_at(4), "\"name\":"), "\"nane\":", 7);
	check();
	cr_assert_eq(report.bad_line, 4);
	cr_assert_str_eq(report.why, "it was changed");
}

Test(record, a_signed_line_that_was_changed_is_named_at_once)
{
	write_session();
	memcpy(strstr(line_at(3), "system"), "device", 6);
	check();
	cr_assert_eq(report.bad_line, 3);
}

Test(record, a_line_taken_out_put_in_or_moved_is_found)
{
	write_session();

	size_t second = (size_t)(line_at(2) - text), third = (size_t)(line_at(3) - text);
	char copy[sizeof text];
	memcpy(copy, text, text_len);

	memmove(text + second, text + third, text_len - third);
	text_len -= third - second;
	check();
	cr_assert_eq(report.bad_line, 2);

	memcpy(text, copy, third);
	memcpy(text + third, copy + second, third - second);
	text_len = third + third - second;
	check();
	cr_assert_eq(report.bad_line, 3);
}

Test(record, a_missing_end_is_not_whole_but_the_rest_is_good)
{
	write_session();
	text_len = (size_t)(line_at(5) - text);
	check();
	cr_assert_not(record_is_whole(&report));
	cr_assert_eq(report.bad_line, 0);
	cr_assert_eq(report.lines, 4);
	cr_assert_not(report.ended);
}

Test(record, a_line_cut_off_by_a_crash_is_told_and_the_rest_is_good)
{
	write_session();
	for (size_t n = (size_t)(line_at(5) - text) + 1; n < text_len; n++) {
		record_check(text, n, NULL, NULL, &report);
		cr_assert(report.torn);
		cr_assert_eq(report.bad_line, 0);
		cr_assert_eq(report.lines, 4);
	}
}

Test(record, nothing_may_follow_the_end)
{
	write_session();
	add(RECORD_ITEM, "name", "cpu");
	reread();
	check();
	cr_assert_eq(report.bad_line, 6);
}

Test(record, the_signatures_of_another_key_do_not_fit)
{
	struct record *other;
	EVP_PKEY *other_key = sign_key_new();

	write_session();
	cr_assert_eq(record_open(state, "S-2", other_key, &other), 0);
	struct record_field f = {.name = "host", .text = "pc"};
	cr_assert_eq(record_add(other, NOON, RECORD_STARTED, &f, 1), 0);
	record_close(other);
	sign_key_free(other_key);

	char first[4096], path[256];
	snprintf(path, sizeof path, "%s/record/S-2.jsonl", state);
	FILE *in = fopen(path, "rb");
	size_t n = fread(first, 1, sizeof first, in), old = (size_t)(line_at(2) - text);
	fclose(in);
	memmove(text + n, text + old, text_len - old);
	memcpy(text, first, n);
	text_len = text_len - old + n;
	check();
	cr_assert_eq(report.bad_line, 1, "the second line's chain does not fit the new first");
}

Test(record, the_first_line_must_be_the_start_and_the_only_one)
{
	struct record_field f = {.name = "host", .text = "pc"};

	cr_assert_eq(record_add(rec, NOON, RECORD_ITEM, &f, 1), AS_E_AUDIT);
	cr_assert_eq(record_add(rec, NOON, RECORD_STARTED, &f, 1), AS_E_AUDIT, "a failure stays");
}

Test(record, a_record_is_never_overwritten)
{
	struct record *again;

	cr_assert_eq(record_open(state, "S-1", key, &again), AS_E_AUDIT);
	cr_assert_eq(record_open(state, "../S-3", key, &again), AS_E_AUDIT);
	cr_assert_eq(record_open(state, "", key, &again), AS_E_AUDIT);
	cr_assert_eq(record_open("/proc", "S-4", key, &again), AS_E_AUDIT);
}

Test(record, a_line_that_is_too_long_is_an_audit_failure)
{
	static char big[RECORD_VALUE_MAX];
	struct record_field f[4];

	memset(big, '"', sizeof big - 1);
	for (size_t i = 0; i < 4; i++)
		f[i] = (struct record_field){.name = "x", .text = big};
	add(RECORD_STARTED, "host", "pc");
	cr_assert_eq(record_add(rec, NOON, RECORD_ITEM, f, 4), AS_E_AUDIT);
	reread();
	check();
	cr_assert_eq(report.lines, 1);
	cr_assert_not(report.torn);
}

Test(record, file_and_key_are_for_the_owner_alone)
{
	char path[128];
	struct stat st;

	snprintf(path, sizeof path, "%s/install.key", state);
	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
	cr_assert_eq(stat(file, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
}

Test(record, the_install_key_is_made_once_and_refused_when_others_can_read_it)
{
	uint8_t a[SIGN_SPKI_MAX], b[SIGN_SPKI_MAX];
	char path[128];
	EVP_PKEY *again;

	cr_assert_eq(record_key(state, &again), 0);
	cr_assert_eq(sign_spki(key, a), sign_spki(again, b));
	cr_assert_eq(memcmp(a, b, sizeof a), 0);
	sign_key_free(again);

	snprintf(path, sizeof path, "%s/install.key", state);
	cr_assert_eq(chmod(path, 0644), 0);
	cr_assert_eq(record_key(state, &again), AS_E_AUDIT);
}

Test(record, the_head_follows_the_chain)
{
	uint8_t before[RECORD_SHA256], after[RECORD_SHA256];

	cr_assert_eq(record_head(rec, before), 0);
	add(RECORD_STARTED, "host", "pc");
	cr_assert_eq(record_head(rec, after), 1);
	cr_assert_neq(memcmp(before, after, sizeof after), 0);
}

Test(record, names_of_records_sort_by_time)
{
	char id[RECORD_ID_MAX + 1];

	cr_assert_str_eq(record_make_id(NOON, (const uint8_t[]){1, 2, 0xab, 0xcd}, id),
			 "20261101T120000Z-0102abcd");
}

Test(record, rights_are_listed_as_people_type_them)
{
	static const struct scope s[] = {{.kind = SCOPE_SYSTEM},
					 {.kind = SCOPE_FILES, .target = "/srv"}};
	char out[RECORD_VALUE_MAX];

	cr_assert_str_eq(record_rights(s, 2, out), "system, files:/srv");
	cr_assert_str_eq(record_rights(s, 0, out), "");
}

#define PREV "\"prev\":\"0000000000000000000000000000000000000000000000000000000000000000\""
#define HEAD "{\"seq\":1,\"time\":\"t\",\"event\":\"e\""

Test(record, the_reader_takes_exactly_what_the_writer_makes)
{
	static const char *const good[] = {HEAD "," PREV "}",
					   HEAD ",\"a\":0,\"b_1\":\"x\"," PREV "}",
					   HEAD "," PREV ",\"sig\":\"00ff\"}"};
	static const char *const bad[] = {
	    "",
	    "{",
	    "{}",
	    HEAD "}",
	    HEAD "," PREV,
	    HEAD "," PREV "}}",
	    HEAD "," PREV "} ",
	    " " HEAD "," PREV "}",
	    HEAD ",\"a\":01," PREV "}",
	    HEAD ",\"a\":-1," PREV "}",
	    HEAD ",\"a\":," PREV "}",
	    HEAD ",\"a\":18446744073709551616," PREV "}",
	    HEAD ",\"A\":1," PREV "}",
	    HEAD ",\"\":1," PREV "}",
	    HEAD ",\"a\":\"\\n\"," PREV "}",
	    HEAD ",\"a\":\"\t\"," PREV "}",
	    HEAD ",\"a\":\"\xff\"," PREV "}",
	    HEAD ",\"a\":\"\\\"," PREV "}",
	    HEAD ",\"a\":true," PREV "}",
	    HEAD ",\"a\":[1]," PREV "}",
	    HEAD "," PREV ",\"sig\":\"\"}",
	    HEAD "," PREV ",\"sig\":\"0\"}",
	    HEAD "," PREV ",\"sig\":\"xx\"}",
	    HEAD ",\"prev\":\"00\"}",
	    "{\"seq\":x,\"time\":\"t\",\"event\":\"e\"," PREV "}",
	};
	char many[2048] = HEAD;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		cr_assert_eq(record_line_decode(good[i], strlen(good[i]), &line), 0, "%s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(record_line_decode(bad[i], strlen(bad[i]), &line), AS_EBADMSG, "%s",
			     bad[i]);
	for (size_t i = 0; i < strlen(good[1]); i++)
		cr_assert_eq(record_line_decode(good[1], i, &line), AS_EBADMSG, "cut at %zu", i);
	for (unsigned i = 0; i < RECORD_FIELDS_MAX + 2; i++)
		strcat(many, ",\"a\":1");
	strcat(many, "," PREV "}");
	cr_assert_eq(record_line_decode(many, strlen(many), &line), AS_EBADMSG);
	cr_assert_eq(record_line_decode(text, RECORD_LINE_MAX, &line), AS_E_TOO_BIG);
}

static int run(const char *a, const char *b)
{
	char *argv[] = {(char *)"record", (char *)a, (char *)b, NULL};

	return record_main(a ? b ? 3 : 2 : 1, argv);
}

Test(record, the_commands_answer_with_their_exit_codes)
{
	setenv("XDG_STATE_HOME", "/nonexistent", 1);
	write_session();
	cr_assert_eq(run("verify", file), 0);
	cr_assert_eq(truncate(file, (off_t)text_len - 1), 0);
	cr_assert_eq(run("verify", file), 1);
	cr_assert_eq(run("verify", "/nonexistent"), 1);
	cr_assert_eq(run("verify", state), 1);
	cr_assert_eq(run("show", "../S-1"), 1);
	cr_assert_eq(run("dance", NULL), 2);
	cr_assert_eq(run("show", NULL), 2);
	cr_assert_eq(run("--help", NULL), 0);
}
