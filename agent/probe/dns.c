/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/dns.h"

#include <arpa/inet.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/base/err.h"
#include "proto/base/log.h"
#include "proto/wire/cursor.h"

#define HEADER	  12
#define CLASS_IN  1
#define LABEL_MAX 63
#define WIRE_MAX  255 /* of a name, RFC 1035 section 3.1 */

#define FLAG_ANSWER	   0x8000u
#define FLAG_AUTHORITATIVE 0x0400u
#define FLAG_CUT	   0x0200u
#define FLAG_WANT_RECURSE  0x0100u
#define FLAG_CAN_RECURSE   0x0080u

static const struct {
	uint16_t type;
	const char *text;
} types[] = {
    {DNS_A, "A"},     {DNS_NS, "NS"}, {DNS_CNAME, "CNAME"}, {DNS_SOA, "SOA"},
    {DNS_PTR, "PTR"}, {DNS_MX, "MX"}, {DNS_TXT, "TXT"},	    {DNS_AAAA, "AAAA"},
};

uint16_t dns_type_parse(const char *word)
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (strcasecmp(types[i].text, word) == 0)
			return types[i].type;
	return 0;
}

const char *dns_type_text(uint16_t type, char buf[DNS_TYPE_TEXT])
{
	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++)
		if (types[i].type == type)
			return types[i].text;
	snprintf(buf, DNS_TYPE_TEXT, "TYPE%u", type);
	return buf;
}

const char *dns_rcode_text(uint8_t rcode)
{
	static const char *const words[] = {"NOERROR",	"FORMERR", "SERVFAIL",
					    "NXDOMAIN", "NOTIMP",  "REFUSED"};

	return rcode < sizeof(words) / sizeof(words[0]) ? words[rcode] : "an unknown error";
}

/* Text that grows to a limit and is silently cut there. */
struct text {
	char *at;
	size_t len, cap;
};

static void text_add(struct text *t, const char *fmt, ...) AS_PRINTF(2, 3);
static void text_add(struct text *t, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(t->at + t->len, t->cap - t->len, fmt, ap);
	va_end(ap);
	if (n > 0)
		t->len += (size_t)n < t->cap - t->len ? (size_t)n : t->cap - t->len - 1;
}

/* Anything but plain printable ASCII becomes \DDD, as in zone files. */
static void add_escaped(struct text *t, const uint8_t *p, size_t n, const char *escape)
{
	for (size_t i = 0; p && i < n; i++) {
		if (p[i] < 0x20 || p[i] > 0x7e || p[i] == '\\' || strchr(escape, p[i]))
			text_add(t, "\\%03u", p[i]);
		else
			text_add(t, "%c", p[i]);
	}
}

static void write_name(struct writer *w, const char *name)
{
	size_t total = 1;

	if (strcmp(name, ".") == 0)
		name = "";
	while (*name && w->err == 0) {
		size_t n = strcspn(name, ".");

		total += n + 1;
		if (n == 0 || n > LABEL_MAX || total > WIRE_MAX)
			w->err = AS_EBADMSG;
		writer_u8(w, (uint8_t)n);
		writer_put(w, name, n);
		name += n;
		if (*name == '.')
			name++;
	}
	writer_u8(w, 0);
}

int dns_question_encode(const struct dns_question *q, uint8_t *buf, size_t cap)
{
	struct writer w = writer_over(buf, cap);

	writer_u16(&w, q->id);
	writer_u16(&w, FLAG_WANT_RECURSE);
	writer_u16(&w, 1); /* questions */
	writer_u16(&w, 0);
	writer_u16(&w, 0);
	writer_u16(&w, 0);
	write_name(&w, q->name);
	writer_u16(&w, q->type);
	writer_u16(&w, CLASS_IN);
	return writer_finish(&w);
}

struct message {
	const uint8_t *start, *end;
};

static void fail(struct cursor *c)
{
	if (c->err == 0)
		c->err = AS_EBADMSG;
}

/* Reads the name at *c and moves past it. A pointer may only lead to before everything read so
 * far, so that a name ends whatever the message says. */
static void take_name(struct cursor *c, const struct message *m, char *out, size_t cap)
{
	struct text t = {.at = out, .cap = cap};
	struct cursor in = *c;
	const uint8_t *lowest = c->at;
	size_t wire = 1;
	bool jumped = false;

	out[0] = '\0';
	for (uint8_t n; (n = cursor_u8(&in)) != 0;) {
		if ((n & 0xc0) == 0xc0) {
			size_t to = (size_t)(n & 0x3f) << 8 | cursor_u8(&in);

			if (in.err || to < HEADER || to >= (size_t)(lowest - m->start)) {
				fail(&in);
				break;
			}
			if (!jumped)
				*c = in;
			jumped = true;
			lowest = m->start + to;
			in = cursor_over(lowest, (size_t)(m->end - lowest));
			continue;
		}
		wire += n + 1u;
		if (n > LABEL_MAX || wire > WIRE_MAX) {
			fail(&in);
			break;
		}
		const uint8_t *label = cursor_take(&in, n);
		if (t.len > 0)
			text_add(&t, ".");
		add_escaped(&t, label, n, ". \"();@$");
	}
	if (t.len == 0)
		text_add(&t, ".");
	if (!jumped)
		*c = in;
	else if (c->err == 0)
		c->err = in.err;
}

static void address_text(int family, const uint8_t *p, struct text *t)
{
	uint8_t bytes[16];
	char addr[INET6_ADDRSTRLEN];

	if (!p)
		return;
	memcpy(bytes, p, family == AF_INET ? 4 : 16);
	if (inet_ntop(family, bytes, addr, sizeof(addr)))
		text_add(t, "%s", addr);
}

/* One or more counted strings. */
static void txt_text(struct cursor *c, struct text *t)
{
	do {
		uint8_t n = cursor_u8(c);
		const uint8_t *p = cursor_take(c, n);

		text_add(t, t->len ? " \"" : "\"");
		add_escaped(t, p, n, "\"");
		text_add(t, "\"");
	} while (c->err == 0 && cursor_left(c) > 0);
}

/* The data of one record, which must be used up exactly. */
static int data_text(uint16_t type, const struct message *m, struct cursor c, char *out, size_t cap)
{
	struct text t = {.at = out, .cap = cap};
	char name[DNS_TEXT_MAX];

	out[0] = '\0';
	switch (type) {
	case DNS_A:
		address_text(AF_INET, cursor_take(&c, 4), &t);
		break;
	case DNS_AAAA:
		address_text(AF_INET6, cursor_take(&c, 16), &t);
		break;
	case DNS_NS:
	case DNS_CNAME:
	case DNS_PTR:
		take_name(&c, m, out, cap);
		break;
	case DNS_MX:
		text_add(&t, "%u ", cursor_u16(&c));
		take_name(&c, m, name, sizeof(name));
		text_add(&t, "%s", name);
		break;
	case DNS_SOA:
		take_name(&c, m, name, sizeof(name));
		text_add(&t, "%s ", name);
		take_name(&c, m, name, sizeof(name));
		text_add(&t, "%s %u", name, cursor_u32(&c));
		cursor_take(&c, 16); /* refresh, retry, expire, minimum */
		break;
	case DNS_TXT:
		txt_text(&c, &t);
		break;
	default:
		text_add(&t, "%zu bytes", cursor_left(&c));
		cursor_take(&c, cursor_left(&c));
	}
	return cursor_finish(&c);
}

static void take_record(struct cursor *c, const struct message *m, struct dns_record *r)
{
	take_name(c, m, r->name, sizeof(r->name));
	r->type = cursor_u16(c);
	cursor_u16(c); /* class; EDNS uses it for something else */
	r->ttl = cursor_u32(c);

	size_t n = cursor_u16(c);
	const uint8_t *data = cursor_take(c, n);
	if (c->err)
		return;

	int err = data_text(r->type, m, cursor_over(data, n), r->text, sizeof(r->text));
	if (err < 0)
		c->err = AS_EBADMSG; /* too short inside a record is not too short a message */
}

/* An error answer may leave the question out. */
static int take_question(struct cursor *c, const struct message *m, const struct dns_question *q,
			 unsigned count, bool is_error)
{
	char name[DNS_TEXT_MAX];

	if (count == 0 && is_error)
		return 0;
	if (count != 1)
		return AS_EBADMSG;
	take_name(c, m, name, sizeof(name));

	uint16_t type = cursor_u16(c);
	cursor_u16(c);
	if (c->err)
		return c->err;

	size_t n = strlen(q->name);
	if (n > 1 && q->name[n - 1] == '.')
		n--;
	bool same = strlen(name) == n && strncasecmp(name, q->name, n) == 0;
	return same && type == q->type ? 0 : AS_ESTATE;
}

static int take_answers(struct cursor *c, const struct message *m, unsigned others,
			struct dns_answer *a)
{
	struct dns_record spare;

	for (unsigned i = 0; i < a->total && c->err == 0; i++) {
		bool keep = a->count < DNS_RECORDS_MAX;

		take_record(c, m, keep ? &a->at[a->count] : &spare);
		if (keep && c->err == 0)
			a->count++;
	}
	for (unsigned i = 0; i < others && c->err == 0; i++)
		take_record(c, m, &spare);
	return cursor_finish(c);
}

int dns_answer_decode(const uint8_t *p, size_t n, const struct dns_question *q,
		      struct dns_answer *out)
{
	struct message m = {p, p + n};
	struct cursor c = cursor_over(p, n);
	struct dns_answer a = {0};

	if (n > DNS_MESSAGE_MAX)
		return AS_E_TOO_BIG;

	uint16_t id = cursor_u16(&c);
	unsigned flags = cursor_u16(&c);
	unsigned questions = cursor_u16(&c);
	a.total = cursor_u16(&c);
	unsigned others = cursor_u16(&c);
	others += cursor_u16(&c);
	if (c.err)
		return c.err;
	if (id != q->id || !(flags & FLAG_ANSWER))
		return AS_ESTATE;

	a.rcode = flags & 0x0f;
	a.authoritative = (flags & FLAG_AUTHORITATIVE) != 0;
	a.recursion = (flags & FLAG_CAN_RECURSE) != 0;
	a.cut = (flags & FLAG_CUT) != 0;

	int err = take_question(&c, &m, q, questions, a.rcode != 0);
	if (err == 0 && !a.cut)
		err = take_answers(&c, &m, others, &a);
	if (err == 0)
		*out = a;
	return err;
}
