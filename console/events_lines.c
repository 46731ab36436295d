/* SPDX-License-Identifier: Apache-2.0 */
#include "console/events_lines.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "console/json_text.h"
#include "proto/base/text.h"
#include "proto/wire/host_path.h"

/* escaped and then as JSON, where each backslash of the former is two bytes */
#define JSON_LINE_ROOM \
	(256 + JSON_TEXT_ROOM(ITEM_SOURCE_MAX) + JSON_TEXT_ROOM(TEXT_ESCAPE_ROOM(ITEM_LINE_MAX)))
#define YEAR_10000 INT64_C(253402300800)

const char *events_count(uint64_t n, char buf[EVENTS_COUNT_MAX])
{
	char digits[24];
	size_t len = (size_t)snprintf(digits, sizeof digits, "%" PRIu64, n), at = 0;

	for (size_t i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			buf[at++] = ',';
		buf[at++] = digits[i];
	}
	buf[at] = '\0';
	return buf;
}

const char *events_time(uint64_t us, char buf[EVENTS_TIME_MAX])
{
	static time_t second = -1; /* many lines of a log are of the same one */
	static char text[24];
	time_t s = (time_t)(us / 1000000);
	struct tm tm;

	buf[0] = '\0';
	if (us == 0 || us / 1000000 >= (uint64_t)YEAR_10000)
		return buf;
	if (s != second) {
		if (!gmtime_r(&s, &tm))
			return buf;
		strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
		second = s;
	}
	snprintf(buf, EVENTS_TIME_MAX, "%s.%03uZ", text, (unsigned)(us / 1000 % 1000));
	return buf;
}

/* ---- bytes as JSON ---- */

/* Tabs are harmless inside JSON, and common in logs. */
static bool is_clean(const uint8_t *p, size_t n)
{
	const uint8_t *tab;

	while (n > 0 && (tab = memchr(p, '\t', n)) != NULL) {
		if (!text_is_clean(p, (size_t)(tab - p)))
			return false;
		n -= (size_t)(tab - p) + 1;
		p = tab + 1;
	}
	return text_is_clean(p, n);
}

/* A text that is none yet, and whether it had to be escaped for that. */
static const char *as_text(const uint8_t *p, size_t n, size_t *len, bool *escaped)
{
	static char text[TEXT_ESCAPE_ROOM(ITEM_LINE_MAX)];

	*escaped = !is_clean(p, n);
	*len = *escaped ? text_escape(p, n, text, sizeof text) : n;
	return *escaped ? text : (const char *)p;
}

static void set_text(json_t *o, const uint8_t *p, size_t n)
{
	size_t len;
	bool escaped;
	const char *text = as_text(p, n, &len, &escaped);

	json_object_set_new(o, "text", json_stringn(text, len));
	if (escaped)
		json_object_set_new(o, "escaped", json_true());
}

static json_t *path_json(const char *path)
{
	static char text[TEXT_ESCAPE_ROOM(2 * ITEM_PATH_MAX)];

	host_path_escape(path, text, sizeof text);
	return json_string(text);
}

/* ---- lines ---- */

/* By hand, because of these there are hundreds of thousands a second. */
static void line_json(struct events *e, const struct line_view *v)
{
	static char out[JSON_LINE_ROOM];
	char source[ITEM_SOURCE_MAX + 1], at[EVENTS_TIME_MAX];
	bool escaped;
	size_t len, n = text_line(v->source, strlen(v->source), source, sizeof source);
	const char *text = as_text(v->text, v->len, &len, &escaped);
	char *to = out + snprintf(out, sizeof out,
				  "{\"event\":\"line\",\"job\":%" PRIu32 ",\"source\":", v->job);

	to += json_text(source, n, to);
	if (events_time(v->time_us, at)[0])
		to += snprintf(to, EVENTS_TIME_MAX + 16, ",\"time\":\"%s\"", at);
	to = stpcpy(to, ",\"text\":");
	to += json_text(text, len, to);
	to = stpcpy(to, escaped ? ",\"escaped\":true" : "");
	to = stpcpy(to, v->cut ? ",\"cut\":true}\n" : "}\n");
	screen_begin(&e->screen);
	fwrite(out, 1, (size_t)(to - out), e->out);
	screen_end(&e->screen);
}

static size_t filtered(const uint8_t *p, size_t n, char *out)
{
	struct text_filter f = {.held_len = 0};
	size_t len = text_filter(&f, p, n, out);

	return len + text_filter_end(&f, out + len);
}

static void line_text(struct events *e, const struct line_view *v)
{
	static char text[TEXT_FILTER_ROOM(ITEM_LINE_MAX) + 1];
	char at[EVENTS_TIME_MAX], label[128];
	size_t len = filtered(v->text, v->len, text);

	screen_begin(&e->screen);
	if (v->with_time && events_time(v->time_us, at)[0])
		fprintf(e->out, "%s ", at);
	if (v->label) {
		text_line(v->label, strlen(v->label), label, sizeof label);
		fprintf(e->out, "%s | ", label);
	}
	for (size_t i = 0; i < len; i++)
		if (text[i] == '\n')
			text[i] = '?'; /* a line is one line */
	fwrite(text, 1, len, e->out);
	fputs(v->cut ? " [cut]\n" : "\n", e->out);
	screen_end(&e->screen);
}

void events_line(struct events *e, const struct line_view *v)
{
	if (e->json)
		line_json(e, v);
	else
		line_text(e, v);
}

void events_dropped(struct events *e, uint32_t job, uint64_t lines, uint64_t bytes)
{
	char count[EVENTS_COUNT_MAX];

	if (e->json)
		events_json(e, json_pack("{s:s,s:I,s:I,s:I}", "event", "dropped", "job",
					 (json_int_t)job, "lines", (json_int_t)(lines & INT64_MAX),
					 "bytes", (json_int_t)(bytes & INT64_MAX)));
	else
		screen_line(&e->screen, "... %s %s dropped because the link is slower than the log",
			    events_count(lines, count), lines == 1 ? "line was" : "lines were");
}

void events_remark(struct events *e, uint32_t job, const char *name, const char *text)
{
	char line[512];

	text_line(text, strlen(text), line, sizeof line);
	if (e->json)
		events_json(e, json_pack("{s:s,s:I,s:s,s:s}", "event", "note", "job",
					 (json_int_t)job, "name", name, "text", line));
	else
		screen_line(&e->screen, "%s: %s", name, line);
}

/* ---- entries of folders ---- */

const char *events_path(const char *root, const void *name, size_t n, char *out, size_t cap)
{
	return host_path_join(root, name, n, out, cap);
}

/* "drwxr-xr-x" */
static void mode_text(char type, uint32_t mode, char out[11])
{
	static const char bits[] = "rwxrwxrwx";

	out[0] = type == 'f' ? '-' : type;
	for (unsigned i = 0; i < 9; i++)
		out[1 + i] = mode & (0400u >> i) ? bits[i] : '-';
	if (mode & 04000)
		out[3] = mode & 0100 ? 's' : 'S';
	if (mode & 02000)
		out[6] = mode & 010 ? 's' : 'S';
	if (mode & 01000)
		out[9] = mode & 01 ? 't' : 'T';
	out[10] = '\0';
}

static const char *owner_text(const char *name, uint32_t id, char out[ITEM_OWNER_MAX + 1])
{
	if (name[0])
		snprintf(out, ITEM_OWNER_MAX + 1, "%s", name);
	else
		snprintf(out, ITEM_OWNER_MAX + 1, "%" PRIu32, id);
	return out;
}

/* "2026-11-01 12:00"; times are the customer's, shown in UTC. */
static const char *mtime_text(int64_t ns, char out[EVENTS_TIME_MAX])
{
	if (ns < 0 || !events_time((uint64_t)(ns / 1000), out)[0])
		return "?";
	out[10] = ' ';
	out[16] = '\0';
	return out;
}

size_t events_entry_text(const char *root, const struct item *it, char out[EVENTS_ENTRY_MAX])
{
	char mode[11], owner[ITEM_OWNER_MAX + 1], group[ITEM_OWNER_MAX + 1], size[TEXT_SIZE_MAX],
	    at[EVENTS_TIME_MAX], path[2 * ITEM_PATH_MAX];
	int n;
	size_t len;

	mode_text(it->entry.type, it->entry.mode, mode);
	n = snprintf(out, EVENTS_ENTRY_MAX, "%s %3" PRIu32 " %-8s %-8s %8s %s ", mode,
		     it->entry.links, owner_text(it->entry.owner, it->entry.uid, owner),
		     owner_text(it->entry.group, it->entry.gid, group),
		     text_size(it->entry.size, size), mtime_text(it->entry.mtime_ns, at));
	len = (size_t)n;
	events_path(root, it->entry.name, it->entry.name_len, path, sizeof path);
	len += host_path_escape(path, out + len, EVENTS_ENTRY_MAX - len);
	if (it->entry.target_len > 0 && len + 4 < EVENTS_ENTRY_MAX) {
		memcpy(out + len, " -> ", 4);
		len += 4;
		len += text_escape(it->entry.target, it->entry.target_len, out + len,
				   EVENTS_ENTRY_MAX - len);
	}
	return len;
}

static json_t *entry_json(uint32_t job, const char *root, const struct item *it)
{
	char path[2 * ITEM_PATH_MAX], mode[8], type[2] = {it->entry.type, '\0'},
					       at[EVENTS_TIME_MAX] = "";
	static char target[TEXT_ESCAPE_ROOM(ITEM_LINK_MAX)];
	json_t *o;

	snprintf(mode, sizeof mode, "%04" PRIo32, it->entry.mode & 07777);
	events_path(root, it->entry.name, it->entry.name_len, path, sizeof path);
	o = json_pack("{s:s,s:I,s:o,s:s,s:s,s:I,s:I,s:s,s:s,s:I,s:I,s:I}", "event", "entry", "job",
		      (json_int_t)job, "path", path_json(path), "type", type, "mode", mode, "uid",
		      (json_int_t)it->entry.uid, "gid", (json_int_t)it->entry.gid, "owner",
		      it->entry.owner, "group", it->entry.group, "links",
		      (json_int_t)it->entry.links, "size", (json_int_t)(it->entry.size & INT64_MAX),
		      "stored", (json_int_t)(it->entry.stored & INT64_MAX));
	if (o && it->entry.mtime_ns >= 0 &&
	    events_time((uint64_t)(it->entry.mtime_ns / 1000), at)[0])
		json_object_set_new(o, "mtime", json_string(at));
	if (o && it->entry.target_len > 0) {
		text_escape(it->entry.target, it->entry.target_len, target, sizeof target);
		json_object_set_new(o, "target", json_string(target));
	}
	return o;
}

void events_entry(struct events *e, uint32_t job, const char *root, const struct item *it)
{
	static char text[EVENTS_ENTRY_MAX];

	if (e->json) {
		events_json(e, entry_json(job, root, it));
		return;
	}
	events_entry_text(root, it, text);
	screen_line(&e->screen, "%s", text);
}

size_t events_match_text(const struct match_view *v, char out[EVENTS_MATCH_MAX])
{
	size_t len = host_path_escape(v->path, out, EVENTS_MATCH_MAX);

	len += (size_t)snprintf(out + len, EVENTS_MATCH_MAX - len, ":%" PRIu64 ": ", v->line);
	len += filtered(v->text, v->len, out + len);
	for (size_t i = 0; i < len; i++)
		if (out[i] == '\n')
			out[i] = '?';
	out[len] = '\0';
	if (v->cut)
		len += (size_t)snprintf(out + len, EVENTS_MATCH_MAX - len, " [cut]");
	return len;
}

void events_match(struct events *e, const struct match_view *v)
{
	static char text[EVENTS_MATCH_MAX];
	json_t *o;

	if (!e->json) {
		events_match_text(v, text);
		screen_line(&e->screen, "%s", text);
		return;
	}
	o = json_pack("{s:s,s:I,s:o,s:I}", "event", "match", "job", (json_int_t)v->job, "path",
		      path_json(v->path), "line", (json_int_t)(v->line & INT64_MAX));
	if (!o)
		return;
	set_text(o, v->text, v->len);
	if (v->cut)
		json_object_set_new(o, "cut", json_true());
	events_json(e, o);
}
