/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/record_read.h"

#include <stdlib.h>
#include <string.h>

#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/base/text.h"
#include "proto/e2e/sha256.h"

/* The first failure sticks, as in cursor.h. */
struct scan {
	const char *at, *end;
	char *store, *store_end;
	bool bad;
};

static bool is_next(const struct scan *s, const char *literal)
{
	size_t n = strlen(literal);

	return !s->bad && (size_t)(s->end - s->at) >= n && memcmp(s->at, literal, n) == 0;
}

static bool take(struct scan *s, const char *literal)
{
	if (!is_next(s, literal))
		return false;
	s->at += strlen(literal);
	return true;
}

static void expect(struct scan *s, const char *literal)
{
	if (!take(s, literal))
		s->bad = true;
}

static uint64_t scan_number(struct scan *s)
{
	const char *start = s->at;
	uint64_t v = 0;

	while (!s->bad && s->at < s->end && *s->at >= '0' && *s->at <= '9') {
		unsigned digit = (unsigned)(*s->at++ - '0');

		if (v > (UINT64_MAX - digit) / 10)
			s->bad = true;
		v = v * 10 + digit;
	}
	if (s->at == start || (*start == '0' && s->at - start > 1))
		s->bad = true;
	return s->bad ? 0 : v;
}

/* The rest of a string after its opening quote, into the store. */
static const char *scan_text(struct scan *s)
{
	char *text = s->store;

	while (!s->bad && s->at < s->end && *s->at != '"') {
		if (*s->at == '\\' && (++s->at == s->end || !strchr("\"\\", *s->at) || !*s->at))
			break;
		if (s->store == s->store_end)
			break;
		*s->store++ = *s->at++;
	}
	if (s->bad || s->store == s->store_end || !take(s, "\"") ||
	    !text_is_clean(text, (size_t)(s->store - text))) {
		s->bad = true;
		return "";
	}
	*s->store++ = '\0';
	return text;
}

static const char *scan_name(struct scan *s)
{
	const char *name = scan_text(s);
	size_t n = strlen(name);

	if (n == 0 || n > RECORD_NAME_MAX ||
	    strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789_") != n)
		s->bad = true;
	expect(s, ":");
	return name;
}

static void scan_field(struct scan *s, struct record_line *out)
{
	struct record_item *f = &out->fields[out->count];

	if (out->count == sizeof out->fields / sizeof out->fields[0]) {
		s->bad = true;
		return;
	}
	expect(s, ",\"");
	f->name = scan_name(s);
	f->text = take(s, "\"") ? scan_text(s) : NULL;
	f->number = f->text ? 0 : scan_number(s);
	out->count++;
}

static void scan_sig(struct scan *s, struct record_line *out)
{
	const char *hex = scan_text(s);
	size_t n = strlen(hex) / 2;

	if (n == 0 || n > SIGN_MAX || hex_decode(hex, out->sig, n) < 0)
		s->bad = true;
	else
		out->sig_len = n;
}

int record_line_decode(const char *line, size_t n, struct record_line *out)
{
	struct scan s = {.at = line, .end = line + n};

	if (n >= RECORD_LINE_MAX)
		return AS_E_TOO_BIG;
	memset(out, 0, offsetof(struct record_line, store));
	s.store = out->store;
	s.store_end = out->store + sizeof out->store;

	expect(&s, "{\"seq\":");
	out->seq = scan_number(&s);
	expect(&s, ",\"time\":\"");
	out->time = scan_text(&s);
	expect(&s, ",\"event\":\"");
	out->event = scan_text(&s);
	while (!s.bad && !is_next(&s, ",\"prev\":\""))
		scan_field(&s, out);
	expect(&s, ",\"prev\":\"");
	if (hex_decode(scan_text(&s), out->prev, sizeof out->prev) < 0)
		s.bad = true;
	out->signed_len = (size_t)(s.at - line);
	if (take(&s, ",\"sig\":\""))
		scan_sig(&s, out);
	expect(&s, "}");
	return s.bad || s.at != s.end ? AS_EBADMSG : 0;
}

static const struct record_item *find(const struct record_line *l, const char *name)
{
	for (size_t i = 0; i < l->count; i++)
		if (strcmp(l->fields[i].name, name) == 0)
			return &l->fields[i];
	return NULL;
}

const char *record_line_text(const struct record_line *l, const char *name)
{
	const struct record_item *f = find(l, name);

	return f && f->text ? f->text : "";
}

uint64_t record_line_number(const struct record_line *l, const char *name)
{
	const struct record_item *f = find(l, name);

	return f ? f->number : 0;
}

static bool must_be_signed(const char *event)
{
	static const char *const names[] = {
#define X(name, text, important) (important) ? (text) : "",
	    RECORD_EVENT_MAP(X)
#undef X
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (names[i][0] && strcmp(names[i], event) == 0)
			return true;
	return false;
}

static bool take_key(const struct record_line *l, struct record_report *r)
{
	const char *hex = record_line_text(l, "key");
	size_t n = strlen(hex) / 2;

	if (n == 0 || n > sizeof r->spki || hex_decode(hex, r->spki, n) < 0)
		return false;
	r->spki_len = n;
	return true;
}

static bool is_signed_well(const struct record_line *l, const char *line,
			   const struct record_report *r)
{
	if (l->sig_len == 0)
		return !must_be_signed(l->event);
	return sign_check_spki(r->spki, r->spki_len, RECORD_LABEL, line, l->signed_len, l->sig,
			       l->sig_len) == 0;
}

static void find_fault(struct record_report *r, size_t line, const char *why)
{
	r->bad_line = line;
	r->why = why;
}

/* Judges line number r->lines + 1; head is the hash of the one before, then of this one. */
static bool check_line(const char *line, size_t n, struct record_line *l, uint8_t *head,
		       struct record_report *r)
{
	size_t number = r->lines + 1;

	if (record_line_decode(line, n, l) < 0)
		find_fault(r, number, "it is not a line of a record");
	else if (r->ended)
		find_fault(r, number, "it stands after the end of the session");
	else if (l->seq != number)
		find_fault(r, number, "lines before it are missing or in the wrong order");
	else if (memcmp(l->prev, head, RECORD_SHA256) != 0)
		find_fault(r, number > 1 ? number - 1 : 1, "it was changed");
	else if (number == 1 && (strcmp(l->event, "started") != 0 || !take_key(l, r)))
		find_fault(r, number, "it is not the beginning of a record");
	else if (!is_signed_well(l, line, r))
		find_fault(r, number, "it was changed, or its signature was");
	else if (sha256(line, n, head) < 0)
		find_fault(r, number, "it cannot be checked on this computer");
	return r->bad_line == 0;
}

void record_check(const char *text, size_t n, record_on_line on_line, void *arg,
		  struct record_report *out)
{
	struct record_line *l = malloc(sizeof *l);
	uint8_t head[RECORD_SHA256] = {0};
	const char *at = text, *end = text + n;

	memset(out, 0, sizeof *out);
	if (!l)
		find_fault(out, 1, "memory is short");
	while (l && at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));

		if (!nl) {
			out->torn = true;
			break;
		}
		if (!check_line(at, (size_t)(nl - at), l, head, out))
			break;
		out->lines++;
		out->ended = strcmp(l->event, "ended") == 0;
		if (on_line)
			on_line(l, arg);
		at = nl + 1;
	}
	free(l);
}

bool record_is_whole(const struct record_report *r)
{
	return r->bad_line == 0 && !r->torn && r->ended;
}
