/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/item.h"

/* What the decoder said, as one text. */
struct log {
	char text[4096];
	size_t len;
	int refuse_at; /* the n-th record is refused */
};

static int on_item(const struct item *it, void *arg)
{
	struct log *l = arg;
	char *at = l->text + l->len;
	size_t room = sizeof l->text - l->len;
	int n = 0;

	switch (it->type) {
	case ITEM_FILE:
		n = snprintf(at, room, "file(%s,%d,%s)", it->file.name, it->file.source_kind,
			     it->file.source);
		break;
	case ITEM_DATA:
		n = snprintf(at, room, "%.*s", (int)it->data.len, (const char *)it->data.bytes);
		break;
	case ITEM_FILE_END:
		n = snprintf(at, room, "end(%s,%d,%u,%s)", item_state_name(it->file_end.state),
			     it->file_end.truncated, (unsigned)it->file_end.redactions,
			     it->file_end.why);
		break;
	case ITEM_FACT:
		n = snprintf(at, room, "fact(%s=%s)", it->fact.key, it->fact.value);
		break;
	case ITEM_NOTE:
		n = snprintf(at, room, "note(%s)", it->note.text);
		break;
	case ITEM_END:
		n = snprintf(at, room, "END(%s,%u,%s)", item_state_name(it->end.state),
			     (unsigned)it->end.duration_ms, it->end.why);
		break;
	}
	l->len += (size_t)n;
	return l->refuse_at > 0 && --l->refuse_at == 0 ? AS_E_QUOTA : 0;
}

static size_t put(uint8_t *buf, size_t at, size_t cap, const struct item *it)
{
	int n = item_encode(it, buf + at, cap - at);

	cr_assert_gt(n, 0);
	return at + (size_t)n;
}

static size_t put_data(uint8_t *buf, size_t at, const char *text)
{
	item_data_header(strlen(text), buf + at);
	memcpy(buf + at + ITEM_HEADER, text, strlen(text));
	return at + ITEM_HEADER + strlen(text);
}

static size_t whole_stream(uint8_t *buf, size_t cap)
{
	struct item file = {.type = ITEM_FILE,
			    .file = {"proc/meminfo", ITEM_FROM_FILE, "/proc/meminfo"}};
	struct item done = {.type = ITEM_FILE_END, .file_end = {ITEM_PARTIAL, true, 7, "cut"}};
	struct item fact = {.type = ITEM_FACT, .fact = {"os.name", "Debian GNU/Linux 12"}};
	struct item note = {.type = ITEM_NOTE, .note = {"needs root"}};
	struct item end = {.type = ITEM_END, .end = {ITEM_OK, 1234, ""}};
	size_t n = put(buf, 0, cap, &fact);

	n = put(buf, n, cap, &file);
	n = put_data(buf, n, "hello ");
	n = put(buf, n, cap, &note);
	n = put_data(buf, n, "world");
	n = put(buf, n, cap, &done);
	return put(buf, n, cap, &end);
}

static const char whole_text[] =
    "fact(os.name=Debian GNU/Linux 12)file(proc/meminfo,2,/proc/meminfo)hello note(needs root)world"
    "end(partial,1,7,cut)END(ok,1234,)";

Test(item, a_stream_reads_the_same_whatever_the_cut)
{
	uint8_t buf[4096];
	size_t n = whole_stream(buf, sizeof buf);

	for (size_t step = 1; step <= n; step++) {
		struct item_decoder d = {0};
		struct log l = {.len = 0};

		for (size_t at = 0; at < n; at += step) {
			size_t part = n - at < step ? n - at : step;
			uint8_t *exact = malloc(part);

			memcpy(exact, buf + at, part);
			cr_assert_not(item_is_ended(&d));
			cr_assert_eq(item_decode(&d, exact, part, on_item, &l), 0, "step %zu",
				     step);
			free(exact);
		}
		cr_assert_str_eq(l.text, whole_text, "step %zu", step);
		cr_assert(item_is_ended(&d));
	}
}

Test(item, a_stream_cut_short_is_no_error_but_not_ended)
{
	uint8_t buf[4096];
	size_t n = whole_stream(buf, sizeof buf);

	for (size_t cut = 0; cut < n; cut++) {
		struct item_decoder d = {0};
		struct log l = {.len = 0};

		cr_assert_eq(item_decode(&d, buf, cut, on_item, &l), 0);
		cr_assert_not(item_is_ended(&d));
		cr_assert_eq(strncmp(l.text, whole_text, l.len), 0);
	}
}

Test(item, nothing_comes_after_the_end)
{
	uint8_t buf[4096];
	size_t n = whole_stream(buf, sizeof buf);
	struct item_decoder d = {0};
	struct log l = {.len = 0};

	buf[n] = ITEM_NOTE;
	cr_assert_eq(item_decode(&d, buf, n + 1, on_item, &l), AS_EBADMSG);
	cr_assert_eq(item_decode(&d, buf, 1, on_item, &l), AS_EBADMSG);
}

Test(item, what_the_consumer_refuses_is_handed_back)
{
	uint8_t buf[4096];
	size_t n = whole_stream(buf, sizeof buf);

	for (int at = 1; at <= 7; at++) {
		struct item_decoder d = {0};
		struct log l = {.refuse_at = at};

		cr_assert_eq(item_decode(&d, buf, n, on_item, &l), AS_E_QUOTA);
	}
}

static int decode(const void *p, size_t n)
{
	struct item_decoder d = {0};
	struct log l = {.len = 0};

	return item_decode(&d, p, n, on_item, &l);
}

Test(item, records_in_the_wrong_order_are_malformed)
{
	struct item file = {.type = ITEM_FILE, .file = {"a", ITEM_FROM_API, "x"}};
	struct item done = {.type = ITEM_FILE_END};
	struct item end = {.type = ITEM_END};
	uint8_t buf[1000];

	cr_assert_eq(decode(buf, put(buf, 0, sizeof buf, &done)), AS_EBADMSG, "no file to end");
	cr_assert_eq(decode(buf, put_data(buf, 0, "x")), AS_EBADMSG, "no file for data");
	cr_assert_eq(decode(buf, put(buf, put(buf, 0, sizeof buf, &file), sizeof buf, &file)),
		     AS_EBADMSG);
	cr_assert_eq(decode(buf, put(buf, put(buf, 0, sizeof buf, &file), sizeof buf, &end)),
		     AS_EBADMSG);
}

Test(item, headers_that_can_never_be_right_are_refused_at_once)
{
	static const uint8_t too_long[] = {ITEM_NOTE, 0, 4, 0};
	static const uint8_t longest[] = {ITEM_NOTE, 0xff, 0xff, 0xff};
	struct item file = {.type = ITEM_FILE, .file = {"a", ITEM_FROM_API, "x"}};
	uint8_t buf[1000], header[ITEM_HEADER];
	size_t n;

	cr_assert_eq(decode(too_long, sizeof too_long), AS_E_TOO_BIG);
	cr_assert_eq(decode(longest, sizeof longest), AS_E_TOO_BIG);
	n = put(buf, 0, sizeof buf, &file);
	item_data_header(ITEM_DATA_MAX + 1, header);
	memcpy(buf + n, header, ITEM_HEADER);
	cr_assert_eq(decode(buf, n + ITEM_HEADER), AS_E_TOO_BIG);
	item_data_header(0, header);
	memcpy(buf + n, header, ITEM_HEADER);
	cr_assert_eq(decode(buf, n + ITEM_HEADER), AS_EBADMSG, "empty DATA");
	item_data_header(ITEM_DATA_MAX, header);
	memcpy(buf + n, header, ITEM_HEADER);
	cr_assert_eq(decode(buf, n + ITEM_HEADER), 0);
}

/* Each record with its length in the header one less and one more, and each byte of its
 * text replaced by a control character. */
Test(item, a_record_of_another_length_or_with_controls_is_malformed)
{
	static const struct item all[] = {
	    {.type = ITEM_FILE, .file = {"name", ITEM_FROM_COMMAND, "ip -d a"}},
	    {.type = ITEM_FACT, .fact = {"key", "value"}},
	    {.type = ITEM_NOTE, .note = {"a note"}},
	    {.type = ITEM_END, .end = {ITEM_FAILED, 5, "why"}},
	};

	for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
		uint8_t buf[1000] = {0};
		size_t n = put(buf, 0, sizeof buf, &all[i]);

		buf[3]++;
		cr_assert_lt(decode(buf, n + 1), 0, "record %zu too long", i);
		buf[3] = (uint8_t)(buf[3] - 2);
		cr_assert_lt(decode(buf, n), 0, "record %zu too short", i);
		buf[3]++;
		cr_assert_eq(decode(buf, n), 0);
		buf[n - 1] = 0x1b;
		cr_assert_eq(decode(buf, n), AS_EBADMSG, "record %zu with ESC", i);
	}
}

Test(item, unknown_types_and_states_are_malformed)
{
	static const uint8_t type_0[] = {0, 0, 0, 0}, type_7[] = {7, 0, 0, 0};
	struct item end = {.type = ITEM_END, .end = {ITEM_OK, 0, ""}};
	uint8_t buf[100];
	size_t n = put(buf, 0, sizeof buf, &end);

	cr_assert_eq(decode(type_0, 4), AS_EBADMSG);
	cr_assert_eq(decode(type_7, 4), AS_EBADMSG);
	buf[ITEM_HEADER] = ITEM_UNAVAILABLE + 1;
	cr_assert_eq(decode(buf, n), AS_EBADMSG);
	cr_assert_str_eq(item_state_name((enum item_state)99), "?");
}

Test(item, fact_keys_are_plain_words)
{
	struct item fact = {.type = ITEM_FACT, .fact = {"", "v"}};
	uint8_t buf[100];

	cr_assert_eq(decode(buf, put(buf, 0, sizeof buf, &fact)), AS_EBADMSG);
	strcpy(fact.fact.key, "Key");
	cr_assert_eq(decode(buf, put(buf, 0, sizeof buf, &fact)), AS_EBADMSG);
	strcpy(fact.fact.key, "a b");
	cr_assert_eq(decode(buf, put(buf, 0, sizeof buf, &fact)), AS_EBADMSG);
}

Test(item, dirty_text_is_cleaned_when_it_is_written)
{
	struct item note = {.type = ITEM_NOTE, .note = {"a\x1b[2Jb\nc"}};
	struct item_decoder d = {0};
	struct log l = {.len = 0};
	uint8_t buf[100];

	cr_assert_eq(item_decode(&d, buf, put(buf, 0, sizeof buf, &note), on_item, &l), 0);
	cr_assert_str_eq(l.text, "note(a?[2Jb c)");
}

Test(item, the_largest_record_fits_and_a_small_buffer_is_told)
{
	struct item file = {.type = ITEM_FILE, .file = {.source_kind = ITEM_FROM_FILE}};
	uint8_t buf[ITEM_RECORD_MAX];
	int n;

	memset(file.file.name, 'n', ITEM_NAME_MAX);
	memset(file.file.source, 's', ITEM_SOURCE_MAX);
	n = item_encode(&file, buf, sizeof buf);
	cr_assert_gt(n, 0);
	cr_assert_eq(decode(buf, (size_t)n), 0);
	for (size_t cap = 0; cap < (size_t)n; cap++) {
		uint8_t *small = malloc(cap + 1);

		cr_assert_eq(item_encode(&file, small, cap), AS_EFULL);
		free(small);
	}
}

Test(item, names_stay_inside_the_bundle)
{
	static const char *const good[] = {
	    "a",
	    "sos_commands/networking/ip_-d_address",
	    "var/log/syslog.1",
	    "a/b..c/.hidden",
	    "K\xc3\xa4se",
	    "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16",
	};
	static const char *const bad[] = {
	    "",	    "/",    "/etc/passwd", "a/",     "a//b",
	    ".",    "..",   "../a",	   "a/../b", "a/./b",
	    "a/..", "-rf",  "a/-x",	   "~",	     "~root/x",
	    "a\\b", "C:x",  "a:b",	   "a.",     "a ",
	    "a /b", "a\nb", "a\x1b",	   "\xff",   "1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
	};
	char name[ITEM_NAME_MAX + 2] = "";

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++)
		cr_assert_eq(item_name_check(good[i]), 0, "'%s'", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(item_name_check(bad[i]), AS_EBADMSG, "'%s'", bad[i]);
	memset(name, 'x', ITEM_NAME_MAX);
	cr_assert_eq(item_name_check(name), 0);
	name[ITEM_NAME_MAX] = 'x';
	cr_assert_eq(item_name_check(name), AS_EBADMSG);
}
