/* SPDX-License-Identifier: Apache-2.0
 *
 * What live views and lists show: lines of logs, entries of folders, remarks of an operation; for
 * a person or as one JSON object each. All bytes come from an agent and are made harmless here.
 *
 * In JSON a "text" is what the agent sent when that is printable UTF-8 (and tabs); else it is in
 * the form of text_escape(), and "escaped" is true. A "path" is always in that form, which is also
 * the one to type it in.
 */
#ifndef AS_CONSOLE_EVENTS_LINES_H
#define AS_CONSOLE_EVENTS_LINES_H

#include "console/events.h"

struct line_view {
	uint32_t job;
	const char *source; /* "" when it is not known */
	const char *label; /* for people, who see only one source otherwise; NULL: none is needed */
	bool with_time;	   /* for people */
	uint64_t time_us;  /* since 1970; 0: not known */
	const uint8_t *text;
	size_t len;
	bool cut;
};
void events_line(struct events *e, const struct line_view *v);

void events_dropped(struct events *e, uint32_t job, uint64_t lines, uint64_t bytes);

/* NOTE of an operation. */
void events_remark(struct events *e, uint32_t job, const char *name, const char *text);

/* it: ENTRY; root: the folder that its name is below. A line that matched in it. */
void events_entry(struct events *e, uint32_t job, const char *root, const struct item *it);
struct match_view {
	uint32_t job;
	const char *path; /* any bytes */
	uint64_t line;	  /* its number */
	const uint8_t *text;
	size_t len;
	bool cut;
};
void events_match(struct events *e, const struct match_view *v);

/* The two of them as text for people, without the newline; the length. What does not fit is cut. */
#define EVENTS_ENTRY_MAX (4 * (2 * ITEM_PATH_MAX) + 256)
size_t events_entry_text(const char *root, const struct item *it, char out[EVENTS_ENTRY_MAX]);
#define EVENTS_MATCH_MAX (4 * (ITEM_LINE_MAX + 2 * ITEM_PATH_MAX) + 64)
size_t events_match_text(const struct match_view *v, char out[EVENTS_MATCH_MAX]);

/* root and name joined; cut at cap. Returns out. */
const char *events_path(const char *root, const void *name, size_t n, char *out, size_t cap);

/* "1,234". Returns buf. */
#define EVENTS_COUNT_MAX 28
const char *events_count(uint64_t n, char buf[EVENTS_COUNT_MAX]);

/* "2026-11-01T12:00:00.123Z"; "" for a time that is none. Returns buf. */
#define EVENTS_TIME_MAX 32
const char *events_time(uint64_t us, char buf[EVENTS_TIME_MAX]);

#endif
