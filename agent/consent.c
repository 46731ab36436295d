/* SPDX-License-Identifier: Apache-2.0
 *
 * Two kinds of text meet here and must never be mixed up: ours (put()) and other people's
 * (foreign()). The second is cleaned, its runs of blanks and its quotes are flattened, and when
 * it is too long for a line, every further line starts with our bar.
 */
#include "agent/consent_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "agent/plat/plat.h"
#include "proto/base/err.h"
#include "proto/base/log.h"
#include "proto/base/text.h"
#include "proto/e2e/sha256.h"
#include "proto/wire/device.h"

#define DAY_S 86400
#define LABEL 16 /* columns before a value */

struct page {
	char *out;
	size_t len, cap;
	bool full;
};

static void put(struct page *p, const char *fmt, ...) AS_PRINTF(2, 3);
static void put(struct page *p, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(p->out + p->len, p->cap - p->len, fmt, ap);
	va_end(ap);
	if (n < 0 || (size_t)n >= p->cap - p->len) {
		p->full = true;
		p->out[p->len] = '\0';
		return;
	}
	p->len += (size_t)n;
}

static void put_rule(struct page *p)
{
	char rule[CONSENT_COLUMNS + 1];

	memset(rule, '-', CONSENT_COLUMNS);
	rule[CONSENT_COLUMNS] = '\0';
	put(p, "%s\n", rule);
}

/* Bytes of the clean UTF-8 character at s. */
static size_t char_len(const char *s)
{
	uint8_t b = (uint8_t)*s;

	return b < 0x80 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
}

/* Columns it may take: rather too many than too few. U+1100 is the first wide one. */
static size_t char_columns(const char *s)
{
	uint8_t b = (uint8_t)*s;

	return b < 0xe1 || (b == 0xe1 && (uint8_t)s[1] < 0x84) ? 1 : 2;
}

/* How many bytes of text fit into `room` columns, ending after a blank when there is one. */
static size_t fit(const char *text, size_t room)
{
	size_t at = 0, columns = 0, blank = 0;

	while (text[at]) {
		columns += char_columns(text + at);
		if (columns > room)
			return blank ? blank : at;
		at += char_len(text + at);
		if (text[at - 1] == ' ')
			blank = at;
	}
	return at;
}

/* Text after a line head that is `indent` columns wide, broken over as many lines as needed. */
static void put_broken(struct page *p, const char *text, size_t indent, const char *bar)
{
	size_t room = CONSENT_COLUMNS - indent;

	for (;;) {
		size_t n = fit(text, room);

		put(p, "%.*s\n", (int)n, text);
		text += n;
		if (!*text)
			return;
		put(p, "%*s%s", (int)indent, "", bar);
		room = CONSENT_COLUMNS - indent - strlen(bar);
	}
}

void consent_flatten(const char *in, char *out, size_t cap)
{
	size_t n = 0;

	text_line(in, strlen(in), out, cap);
	for (size_t i = 0; out[i]; i++) {
		if (out[i] == ' ' && (n == 0 || out[n - 1] == ' '))
			continue;
		out[n++] = out[i] == '"' ? '\'' : out[i];
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

/* "  Label:       value", the value being other people's text. */
static void put_foreign(struct page *p, const char *label, const char *value, const char *quote)
{
	char clean[512], quoted[sizeof clean + 2];

	consent_flatten(value, clean, sizeof clean);
	snprintf(quoted, sizeof quoted, "%s%s%s", quote, clean, quote);
	put(p, "  %-*s", LABEL - 2, label);
	put_broken(p, clean[0] ? quoted : "(nothing)", LABEL, "| ");
}

static const char *device_right(const char *target, char out[CONSENT_RIGHT_MAX])
{
	struct device d;

	if (device_parse(target, &d) == 0)
		snprintf(out, CONSENT_RIGHT_MAX,
			 "Log in to another device, %s port %u as \"%s\", and read it", d.host,
			 d.port, d.user);
	else
		snprintf(out, CONSENT_RIGHT_MAX,
			 "Log in to another device, \"%s\", and read from it", target);
	return out;
}

const char *consent_right(const struct scope *s, char out[CONSENT_RIGHT_MAX])
{
	char target[SCOPE_TARGET_MAX + 1];

	consent_flatten(s->target, target, sizeof target);
	switch (s->kind) {
	case SCOPE_SYSTEM:
		return strcpy(out, "See how this computer is doing: hardware, operating system, "
				   "disks, running programs and services");
	case SCOPE_NETWORK:
		return strcpy(out, "See its network: addresses, connections, name service, and "
				   "whether other computers are reached");
	case SCOPE_LOGS:
		return strcpy(out, "Read the log files and messages of the system");
	case SCOPE_FILES:
		snprintf(out, CONSENT_RIGHT_MAX, "Read everything in the folder or file \"%s\"",
			 target);
		return out;
	case SCOPE_METRICS:
		return strcpy(out, "Watch the load live: processor, memory, disks and network");
	case SCOPE_CAPTURE:
		return strcpy(out, "Record what goes over the network");
	case SCOPE_DEVICE:
		return device_right(target, out);
	case SCOPE_COMMAND:
		snprintf(out, CONSENT_RIGHT_MAX, "Run the program \"%s\" on this computer", target);
		return out;
	case SCOPE_PUT:
		if (!target[0])
			return strcpy(out, "Put files onto this computer, into a folder that you "
					   "choose");
		snprintf(out, CONSENT_RIGHT_MAX, "Put new files into your folder \"%s\"", target);
		return out;
	}
	return strcpy(out, "Something that this program does not know");
}

const char *consent_careful(const struct scope *s)
{
	switch (s->kind) {
	case SCOPE_SYSTEM:
	case SCOPE_NETWORK:
	case SCOPE_LOGS:
	case SCOPE_METRICS:
		return NULL;
	case SCOPE_FILES:
		return "Careful: private files may lie there.";
	case SCOPE_CAPTURE:
		return "Careful: this can contain passwords and private messages.";
	case SCOPE_DEVICE:
		return "Careful: this concerns more than this computer.";
	case SCOPE_COMMAND:
		return "Careful: allow this only if you know what the program does.";
	case SCOPE_PUT:
		return "Nothing that is there is replaced, and nothing is started.";
	}
	return "Careful: if you are not sure, switch this line off.";
}

static bool only_reads(const struct consent *c)
{
	for (size_t i = 0; i < c->asked_count; i++)
		if (c->asked[i].kind == SCOPE_COMMAND || c->asked[i].kind == SCOPE_DEVICE ||
		    c->asked[i].kind == SCOPE_PUT)
			return false;
	return true;
}

/* What holds for all devices is said once. */
static bool is_last_device(const struct consent *c, size_t i)
{
	while (++i < c->asked_count)
		if (c->asked[i].kind == SCOPE_DEVICE)
			return false;
	return true;
}

static void put_device(struct page *p, const struct consent *c, size_t i)
{
	const struct consent_device *what = &c->devices[i];
	struct device d;

	if (device_parse(c->asked[i].target, &d) < 0)
		return;
	if (what->commands > 0)
		put(p, "          %u commands that only read (%s).\n", what->commands, what->about);
	else if (d.type[0])
		put(p,
		    "          No list of commands for \"%s\" is installed: nothing can be run.\n",
		    d.type);
	else
		put(p,
		    "          Commands that only read, from the list that fits the device; you\n"
		    "          see which one before you log in.\n");
	put(p, "          To read what is run, type: list %zu\n", i + 1);
	if (what->config > 0 || (d.config && !d.type[0]))
		put(p, "          Careful: its settings are sent, too, with passwords and keys in "
		       "them.\n");
	if (d.legacy)
		put(p,
		    "          Careful: old encryption is used with it that others may break.\n");
	if (is_last_device(c, i))
		put(p, "          Passwords are typed here; the engineer never sees them.\n");
}

struct scope consent_asked(const struct consent *c, size_t i)
{
	struct scope s = c->asked[i];

	if (s.kind == SCOPE_PUT)
		memcpy(s.target, c->folder, sizeof s.target);
	return s;
}

static void put_right(struct page *p, const struct consent *c, size_t i, bool ticked)
{
	char right[CONSENT_RIGHT_MAX], real[CONSENT_REAL_MAX + 32], clean[CONSENT_REAL_MAX + 1];
	struct scope s = consent_asked(c, i);

	put(p, "  [%c] %2zu  ", ticked ? 'x' : ' ', i + 1);
	put_broken(p, consent_right(&s, right), 10, s.target[0] ? "| " : "");
	if (c->real[i][0]) {
		consent_flatten(c->real[i], clean, sizeof clean);
		snprintf(real, sizeof real, "It really lies at \"%s\"", clean);
		put(p, "          ");
		put_broken(p, real, 10, "| ");
	}
	if (consent_is_impossible(c, i)) {
		put(p, "          %s\n", CONSENT_IMPOSSIBLE);
		return;
	}
	if (s.kind == SCOPE_DEVICE)
		put_device(p, c, i);
	if (consent_lacks_folder(c, i))
		put(p, "          To choose it, type its full name: %s\n", plat_folder_example);
	if (consent_careful(&s))
		put(p, "          %s\n", consent_careful(&s));
}

bool consent_lacks_folder(const struct consent *c, size_t i)
{
	return c->asked[i].kind == SCOPE_PUT && !c->folder[0];
}

bool consent_is_impossible(const struct consent *c, size_t i)
{
	return c->impossible >> i & 1;
}

bool consent_is_fixed(const struct consent *c, size_t i)
{
	return consent_is_impossible(c, i) || consent_lacks_folder(c, i);
}

uint32_t consent_first_ticks(const struct consent *c)
{
	uint32_t ticks = CONSENT_ALL(c->asked_count);

	for (size_t i = 0; i < c->asked_count; i++)
		if (consent_is_fixed(c, i))
			ticks &= ~(1u << i);
	return ticks;
}

const char *consent_clock(int64_t wall_s, int32_t utc_offset_s, char out[CONSENT_CLOCK_MAX])
{
	int64_t s = (wall_s + utc_offset_s) % DAY_S;

	if (s < 0)
		s += DAY_S;
	snprintf(out, CONSENT_CLOCK_MAX, "%02u:%02u", (unsigned)(s / 3600) % 24u,
		 (unsigned)(s / 60) % 60u);
	return out;
}

int32_t consent_utc_offset(int64_t wall_s)
{
	time_t t = (time_t)wall_s;
	struct tm local, utc;

	tzset();
	if (!localtime_r(&t, &local) || !gmtime_r(&t, &utc))
		return 0;

	/* At most a day apart; where a year lies between them, its number says which is later. */
	int days = local.tm_year != utc.tm_year ? local.tm_year - utc.tm_year
						: local.tm_yday - utc.tm_yday;
	return days * DAY_S + (local.tm_hour - utc.tm_hour) * 3600 +
	       (local.tm_min - utc.tm_min) * 60 + (local.tm_sec - utc.tm_sec);
}

static const char *span_text(uint32_t s, char *out, size_t cap)
{
	uint32_t h = s / 3600, m = s / 60 % 60;

	if (s < 60)
		snprintf(out, cap, "%" PRIu32 " second%s", s, s == 1 ? "" : "s");
	else if (h == 0)
		snprintf(out, cap, "%" PRIu32 " minute%s", m, m == 1 ? "" : "s");
	else if (m == 0)
		snprintf(out, cap, "%" PRIu32 " hour%s", h, h == 1 ? "" : "s");
	else
		snprintf(out, cap, "%" PRIu32 " h %" PRIu32 " min", h, m);
	return out;
}

const char *consent_checked(const struct consent *c)
{
	return c->config_trusted ? "Both names were checked."
				 : "These names could NOT be checked: see the WARNING below.";
}

const char *consent_title(const struct consent *c)
{
	return c->escalation ? "The support engineer asks for MORE."
			     : "A support engineer asks to read from this computer.";
}

static void put_head(struct page *p, const struct consent *c)
{
	char name[300];

	put(p, "%s\n\n", consent_title(c));
	snprintf(name, sizeof name, "%s (%s)", c->engineer_name, c->engineer_id);
	put_foreign(p, "Engineer:", name, "");
	put_foreign(p, "Organisation:", c->organisation, "");
	put(p, "  %-*s%s\n", LABEL - 2, "", consent_checked(c));
	put_foreign(p, "Call back:", c->phone, "");
	if (c->ticket[0])
		put_foreign(p, "Ticket:", c->ticket, "\"");
	put_foreign(p, "Reason:", c->reason, "\"");
	if (c->via_gateway[0])
		put_foreign(p, "Through:", c->via_gateway, "\"");
}

static void put_granted(struct page *p, const struct consent *c)
{
	char right[CONSENT_RIGHT_MAX];

	put(p, "\nAllowed already:\n");
	for (size_t i = 0; i < c->granted_count; i++) {
		put(p, "      -   ");
		put_broken(p, consent_right(&c->granted[i], right), 10,
			   c->granted[i].target[0] ? "| " : "");
	}
}

static void put_rights(struct page *p, const struct consent *c, uint32_t ticks)
{
	for (size_t i = 0; i < c->asked_count; i++)
		put_right(p, c, i, ticks >> i & 1);
}

void consent_rights_head(const struct consent *c, char *out, size_t cap)
{
	char span[32], clock[CONSENT_CLOCK_MAX];
	int64_t local = c->ends_at + c->utc_offset_s;
	bool tomorrow = local / DAY_S != (local - (int64_t)c->duration_s) / DAY_S;

	snprintf(out, cap, "%s until %s%s (%s):",
		 c->escalation ? "NEW, if you allow it," : "If you allow it,",
		 consent_clock(c->ends_at, c->utc_offset_s, clock), tomorrow ? " tomorrow" : "",
		 span_text(c->duration_s, span, sizeof span));
}

void consent_notes(const struct consent *c, char *out, size_t cap)
{
	struct page p = {.out = out, .cap = cap};
	char size[TEXT_SIZE_MAX];

	out[0] = '\0';
	if (c->max_bytes > 0)
		put(&p, "At most %s leaves this computer.\n", text_size(c->max_bytes, size));
	if (only_reads(c))
		put(&p, "The engineer can only read; nothing is changed.\n");
	if (c->in_window)
		put(&p, "You see every item in this window, and its Stop button ends it at once.\n"
			"Untick what you do not want to send.\n");
	else
		put(&p, "You see every item here, and typing stop ends it at once.\n"
			"Type a number to switch its line on or off.\n");
}

void consent_warning(const struct consent *c, char *out, size_t cap)
{
	out[0] = '\0';
	if (!c->config_trusted)
		snprintf(out, cap,
			 "WARNING: the settings of this program were not installed by an "
			 "administrator of\n"
			 "this computer. Somebody may have prepared them. If unsure, %s.\n",
			 c->in_window ? "choose Deny" : "type deny");
	else if (!c->config_signed)
		snprintf(out, cap,
			 "WARNING: the number to call back is not signed by the organisation. Call "
			 "only a\nnumber that you know. If unsure, %s.\n",
			 c->in_window ? "choose Deny" : "type deny");
}

const char *consent_question(const struct consent *c)
{
	return c->in_window
		   ? "Did YOU ask for help? If somebody called you unexpectedly, choose Deny."
		   : "Did YOU ask for help? If somebody called you unexpectedly, type deny.";
}

static void put_asked(struct page *p, const struct consent *c, uint32_t ticks)
{
	char text[CONSENT_NOTES_MAX];

	consent_rights_head(c, text, sizeof text);
	put(p, "\n%s\n", text);
	put_rights(p, c, ticks);
	consent_notes(c, text, sizeof text);
	put(p, "\n%s", text);
}

static void put_warnings(struct page *p, const struct consent *c)
{
	char text[CONSENT_NOTES_MAX];

	consent_warning(c, text, sizeof text);
	put(p, "%s%s\n", text, consent_question(c));
}

int consent_text(const struct consent *c, uint32_t ticks, char *out, size_t cap)
{
	struct page p = {.out = out, .cap = cap};

	if (cap == 0 || c->asked_count > SCOPES_MAX || c->granted_count > SCOPES_MAX)
		return AS_EFULL;
	put_rule(&p);
	put_head(&p, c);
	if (c->escalation)
		put_granted(&p, c);
	put_asked(&p, c, ticks);
	put_warnings(&p, c);
	put_rule(&p);
	return p.full ? AS_EFULL : (int)p.len;
}

int consent_lines(const struct consent *c, uint32_t ticks, char *out, size_t cap)
{
	struct page p = {.out = out, .cap = cap};

	if (cap == 0 || c->asked_count > SCOPES_MAX)
		return AS_EFULL;
	put_rights(&p, c, ticks);
	return p.full ? AS_EFULL : (int)p.len;
}

int consent_sha256(const struct consent *c, uint32_t ticks, uint8_t out[CONSENT_SHA256])
{
	char text[CONSENT_TEXT_MAX];
	int n = consent_text(c, ticks, text, sizeof text);

	return n < 0 ? n : sha256(text, (size_t)n, out);
}
