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

/* The records of live views and of files. */
static int describe_more(const struct item *it, char *at, size_t room)
{
	switch (it->type) {
	case ITEM_SOURCE:
		return snprintf(at, room, "source(%u,%s)", it->source.id, it->source.name);
	case ITEM_LINE:
		return snprintf(at, room, "line(%u,%d,%llu,%.*s)", it->line.source, it->line.cut,
				(unsigned long long)it->line.time, (int)it->line.len,
				(const char *)it->line.text);
	case ITEM_DROPPED:
		return snprintf(at, room, "dropped(%llu,%llu)",
				(unsigned long long)it->dropped.lines,
				(unsigned long long)it->dropped.bytes);
	case ITEM_PAD:
		return snprintf(at, room, "pad(%zu)", it->pad.len);
	case ITEM_ROW:
		return snprintf(at, room, "row(%u,%u,%s,%s,%u,%llu)", it->row.kind,
				(unsigned)it->row.id, it->row.name, it->row.detail, it->row.count,
				(unsigned long long)it->row.values[it->row.count - 1]);
	case ITEM_ENTRY:
		return snprintf(at, room, "entry(%c,%o,%u,%u,%u,%llu,%llu,%lld,%s,%s,%.*s,%.*s)",
				it->entry.type, (unsigned)it->entry.mode, (unsigned)it->entry.uid,
				(unsigned)it->entry.gid, (unsigned)it->entry.links,
				(unsigned long long)it->entry.size,
				(unsigned long long)it->entry.stored, (long long)it->entry.mtime_ns,
				it->entry.owner, it->entry.group, (int)it->entry.name_len,
				(const char *)it->entry.name, (int)it->entry.target_len,
				(const char *)it->entry.target);
	case ITEM_SIZE:
		return snprintf(at, room, "size(%llu)", (unsigned long long)it->size);
	case ITEM_OFFSET:
		return snprintf(at, room, "offset(%llu)", (unsigned long long)it->offset);
	case ITEM_HOLE:
		return snprintf(at, room, "hole(%llu)", (unsigned long long)it->hole);
	default:
		return snprintf(at, room, "?");
	}
}

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
	default:
		n = describe_more(it, at, room);
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

	struct item more[] = {
	    {.type = ITEM_SOURCE, .source = {3, "/var/log/syslog"}},
	    {.type = ITEM_LINE, .line = {3, true, 1234567, (const uint8_t *)"a\033\377b", 4}},
	    {.type = ITEM_LINE, .line = {0, false, 0, (const uint8_t *)"", 0}},
	    {.type = ITEM_DROPPED, .dropped = {1000, 90000}},
	    {.type = ITEM_PAD, .pad = {5}},
	    {.type = ITEM_PAD, .pad = {0}},
	    {.type = ITEM_ROW, .row = {8, 42, "bash", "anna", 2, {7, UINT64_MAX}}},
	    {.type = ITEM_ENTRY,
	     .entry = {'l', 0120777, 1, 2, 3, 4, 5, -6, "anna", "users", (const uint8_t *)"x\ny",
		       (const uint8_t *)"to", 3, 2}},
	};
	struct item size = {.type = ITEM_SIZE, .size = 20}, at = {.type = ITEM_OFFSET, .offset = 5},
		    hole = {.type = ITEM_HOLE, .hole = 4};

	n = put(buf, n, cap, &file);
	n = put_data(buf, n, "hello ");
	n = put(buf, n, cap, &note);
	n = put_data(buf, n, "world");
	n = put(buf, n, cap, &done);
	for (size_t i = 0; i < sizeof more / sizeof more[0]; i++)
		n = put(buf, n, cap, &more[i]);
	n = put(buf, n, cap, &file);
	n = put(buf, n, cap, &size);
	n = put(buf, n, cap, &at);
	n = put(buf, n, cap, &hole);
	n = put_data(buf, n, "!");
	n = put(buf, n, cap, &done);
	return put(buf, n, cap, &end);
}

static const char whole_text[] =
    "fact(os.name=Debian GNU/Linux 12)file(proc/meminfo,2,/proc/meminfo)hello note(needs root)world"
    "end(partial,1,7,cut)source(3,/var/log/syslog)line(3,1,1234567,a\033\377b)line(0,0,0,)"
    "dropped(1000,90000)pad(5)pad(0)row(8,42,bash,anna,2,18446744073709551615)"
    "entry(l,120777,1,2,3,4,5,-6,anna,users,x\ny,to)file(proc/meminfo,2,/proc/meminfo)size(20)"
    "offset(5)hole(4)!end(partial,1,7,cut)END(ok,1234,)";

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
	static const uint8_t too_long_line[] = {ITEM_LINE, 0, 0x40, 0};
	static const uint8_t longest[] = {ITEM_NOTE, 0xff, 0xff, 0xff};
	struct item file = {.type = ITEM_FILE, .file = {"a", ITEM_FROM_API, "x"}};
	uint8_t buf[1000], header[ITEM_HEADER];
	size_t n;

	cr_assert_eq(decode(too_long, sizeof too_long), AS_E_TOO_BIG);
	cr_assert_eq(decode(too_long_line, sizeof too_long_line), AS_E_TOO_BIG);
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
	static const uint8_t type_0[] = {0, 0, 0, 0}, type_17[] = {17, 0, 0, 0};
	struct item end = {.type = ITEM_END, .end = {ITEM_OK, 0, ""}};
	uint8_t buf[100];
	size_t n = put(buf, 0, sizeof buf, &end);

	cr_assert_eq(decode(type_0, 4), AS_EBADMSG);
	cr_assert_eq(decode(type_17, 4), AS_EBADMSG);
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

/* ---- live views and files ---- */

static int decode_one(const struct item *it)
{
	static uint8_t buf[ITEM_LONG_MAX];
	struct item_decoder d = {0};
	struct log l = {.len = 0};
	int n = item_encode(it, buf, sizeof buf);

	return n < 0 ? n : item_decode(&d, buf, (size_t)n, on_item, &l);
}

Test(item, long_records_have_limits_of_their_own)
{
	static uint8_t bytes[ITEM_LINE_MAX + 1];
	struct item line = {.type = ITEM_LINE, .line = {.text = bytes, .len = ITEM_LINE_MAX}};
	struct item pad = {.type = ITEM_PAD, .pad = {ITEM_BATCH}};
	struct item row = {.type = ITEM_ROW, .row = {.count = ITEM_ROW_VALUES_MAX}};
	struct item entry = {.type = ITEM_ENTRY,
			     .entry = {.type = 'f',
				       .name = bytes,
				       .target = bytes,
				       .name_len = ITEM_PATH_MAX,
				       .target_len = ITEM_LINK_MAX}};

	memset(bytes, 0xff, sizeof bytes);
	cr_assert_eq(decode_one(&line), 0);
	cr_assert_eq(decode_one(&pad), 0);
	cr_assert_eq(decode_one(&row), 0);
	cr_assert_eq(decode_one(&entry), 0);
	line.line.len++;
	pad.pad.len++;
	row.row.count++;
	cr_assert_eq(decode_one(&line), AS_E_TOO_BIG);
	cr_assert_eq(decode_one(&pad), AS_E_TOO_BIG);
	cr_assert_eq(decode_one(&row), AS_E_TOO_BIG);
	entry.entry.name_len++;
	cr_assert_eq(decode_one(&entry), AS_E_TOO_BIG);
	entry.entry.name_len--;
	entry.entry.target_len++;
	cr_assert_eq(decode_one(&entry), AS_E_TOO_BIG);
}

/* type, length, payload; outside of a file */
#define RECORD(type, len, ...) type, 0, 0, len, __VA_ARGS__

Test(item, records_of_live_views_and_files_that_cannot_be_are_refused)
{
	static const uint8_t nul[] = "a\0b";
	struct item entry = {.type = ITEM_ENTRY,
			     .entry = {.type = 'f', .name = nul, .name_len = 3, .target = nul}};
	static const uint8_t too_many_values[] = {
	    RECORD(ITEM_ROW, 10, 1, 0, 0, 0, 0, 0, 0, 0, 0, 17)};
	static const uint8_t trailing[] = {
	    RECORD(ITEM_DROPPED, 17, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)};
	static const uint8_t hole_alone[] = {RECORD(ITEM_HOLE, 8, 0, 0, 0, 0, 0, 0, 0, 1)};
	static const uint8_t size_alone[] = {RECORD(ITEM_SIZE, 8, 0, 0, 0, 0, 0, 0, 0, 1)};
	static const uint8_t offset_alone[] = {RECORD(ITEM_OFFSET, 8, 0, 0, 0, 0, 0, 0, 0, 1)};
	static const uint8_t newer_type[] = {RECORD(17, 1, 0)};
	static const struct {
		const uint8_t *p;
		size_t n;
	} bad[] = {
	    {too_many_values, sizeof too_many_values}, {trailing, sizeof trailing},
	    {hole_alone, sizeof hole_alone},	       {size_alone, sizeof size_alone},
	    {offset_alone, sizeof offset_alone},       {newer_type, sizeof newer_type},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		struct item_decoder d = {0};
		struct log l = {.len = 0};

		cr_assert_lt(item_decode(&d, bad[i].p, bad[i].n, on_item, &l), 0, "%zu", i);
		cr_assert_eq(l.len, 0);
	}
	cr_assert_eq(decode_one(&entry), AS_EBADMSG, "a NUL in a name");
	entry.entry.name_len = 0;
	cr_assert_eq(decode_one(&entry), AS_EBADMSG, "no name");
	entry.entry.name_len = 1;
	cr_assert_eq(decode_one(&entry), 0);
	entry.entry.type = 'x';
	cr_assert_eq(decode_one(&entry), AS_EBADMSG, "no such type");
}

static struct {
	char text[64];
	size_t len;
	unsigned firsts, lasts;
} packed;

static int on_packed(const struct item *it, void *arg)
{
	(void)arg;
	if (it->type != ITEM_PACKED)
		return 0;
	memcpy(packed.text + packed.len, it->packed.bytes, it->packed.len);
	packed.len += it->packed.len;
	packed.firsts += it->packed.first;
	packed.lasts += it->packed.last;
	return 0;
}

Test(item, packed_bytes_come_in_pieces_and_say_where_they_begin_and_end)
{
	struct item file = {.type = ITEM_FILE, .file = {"a", ITEM_FROM_FILE, "/a"}};
	uint8_t buf[1000];
	size_t n = put(buf, 0, sizeof buf, &file);

	for (int i = 0; i < 2; i++) {
		item_bytes_header(ITEM_PACKED, 5, buf + n);
		memcpy(buf + n + ITEM_HEADER, "hello", 5);
		n += ITEM_HEADER + 5;
	}
	for (size_t step = 1; step <= n; step++) {
		struct item_decoder d = {0};

		memset(&packed, 0, sizeof packed);
		for (size_t at = 0; at < n; at += step)
			cr_assert_eq(item_decode(&d, buf + at, n - at < step ? n - at : step,
						 on_packed, NULL),
				     0);
		cr_assert_str_eq(packed.text, "hellohello");
		cr_assert_eq(packed.firsts, 2);
		cr_assert_eq(packed.lasts, 2);
	}
	item_bytes_header(ITEM_PACKED, 5, buf);
	cr_assert_eq(decode(buf, ITEM_HEADER), AS_EBADMSG, "outside of a file");
	n = put(buf, 0, sizeof buf, &file);
	item_bytes_header(ITEM_PACKED, ITEM_DATA_MAX + 1, buf + n);
	cr_assert_eq(decode(buf, n + ITEM_HEADER), AS_E_TOO_BIG);
}

Test(item, lines_and_entries_stand_outside_of_files_and_holes_inside)
{
	struct item file = {.type = ITEM_FILE, .file = {"a", ITEM_FROM_FILE, "/a"}};
	struct item outside[] = {
	    {.type = ITEM_SOURCE},
	    {.type = ITEM_LINE},
	    {.type = ITEM_DROPPED},
	    {.type = ITEM_ROW, .row = {.count = 1}},
	    {.type = ITEM_ENTRY,
	     .entry = {.type = 'f', .name = (const uint8_t *)"a", .name_len = 1}},
	};
	struct item no_hole = {.type = ITEM_HOLE, .hole = 0};
	static uint8_t buf[ITEM_LONG_MAX];

	for (size_t i = 0; i < sizeof outside / sizeof outside[0]; i++) {
		struct item_decoder d = {0};
		struct log l = {.len = 0};
		size_t n = put(buf, 0, sizeof buf, &file);

		cr_assert_eq(decode_one(&outside[i]), 0, "%zu", i);
		n = put(buf, n, sizeof buf, &outside[i]);
		cr_assert_eq(item_decode(&d, buf, n, on_item, &l), AS_EBADMSG, "%zu", i);
	}
	struct item_decoder d = {0};
	struct log l = {.len = 0};
	size_t n = put(buf, 0, sizeof buf, &file);

	n = put(buf, n, sizeof buf, &no_hole);
	cr_assert_eq(item_decode(&d, buf, n, on_item, &l), AS_EBADMSG, "a hole of nothing");
}
