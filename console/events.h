/* SPDX-License-Identifier: Apache-2.0
 *
 * What happens in a session, told to a person (sentences) or to a script (one JSON object a line,
 * the contract of cli.md). Every text from an agent is cleaned here, on its way out, whoever
 * passes it in. Errors go to stderr as one line in either case.
 */
#ifndef AS_CONSOLE_EVENTS_H
#define AS_CONSOLE_EVENTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/screen.h"
#include "proto/wire/item.h"
#include "proto/wire/scope.h"

struct manifest;
struct outlet;

struct events {
	bool json;
	struct screen screen;  /* on `out` */
	uint32_t lost_left_s;  /* a live line of its own while not 0 */
	FILE *out, *err;       /* not ours */
	struct outlet *outlet; /* behind both; NULL when there is none */
};

/* One item, running or finished. */
enum counted { COUNT_FILES, COUNT_ENTRIES, COUNT_LINES, COUNT_SAMPLES };

struct item_view {
	uint32_t job; /* that it is part of; 0: none */
	bool behind;  /* that job is not in front: people see its number */
	const char *name;
	const char *path; /* on the customer's computer; NULL: none */
	bool running;
	enum item_state state; /* when not running */
	const char *why;       /* "" for none */
	uint64_t bytes, elapsed_ms;
	uint64_t expected; /* bytes that there will be; 0: not known */
	uint32_t files;
	enum counted counted; /* for people */
	uint64_t count;	      /* of those, if they are not files */
};

struct grant_view {
	const char *host, *agent;
	const struct scope *scopes;
	size_t count;
	const struct scope *refused; /* asked for and not granted */
	size_t refused_count;
	uint32_t lifetime_s;
};

void events_init(struct events *e, FILE *out, FILE *err, bool json);

/* The same, through an outlet. */
void events_init_outlet(struct events *e, struct outlet *o, bool json);

/* Does more wait to be read than should? */
bool events_is_full(const struct events *e);

void events_connected(struct events *e, const char *relay, const char *way);
void events_pending(struct events *e, uint32_t expires_in_s);
void events_granted(struct events *e, const struct grant_view *g);
void events_denied(struct events *e, int why);
void events_item(struct events *e, const struct item_view *v);
/* The connection is lost and may come back; how long still, a few times a second; it is back. */
void events_suspended(struct events *e, uint32_t for_s, const char *detail);
void events_lost_left(struct events *e, uint32_t left_s);
void events_resumed(struct events *e);

/* A question to the customer was taken away because the connection broke. */
void events_withdrawn(struct events *e);

void events_bundle(struct events *e, const char *path, const struct manifest *m);
void events_revoked(struct events *e);
void events_ended(struct events *e, int exit_code, bool was_granted);

/* err and, when not "", what exactly; the next step is added. */
void events_error(struct events *e, int err, const char *detail);

/* A command line that cannot be carried out: why says all. */
void events_usage(struct events *e, const char *why);

/* Takes an object of the jansson library and prints it as one line. For commands whose answer is a
 * table; the texts in it must be clean. */
struct json_t;
void events_json(struct events *e, struct json_t *o);

/* For people only. */
void events_note(struct events *e, const char *text);

/* The running items, on a terminal that can draw in place. */
void events_live(struct events *e, const struct item_view *views, size_t n);

/* One line for an item; buf has SCREEN_LINE_MAX bytes. Returns buf. */
const char *events_item_line(const struct item_view *v, char *buf);

/* "30 min", "2 h", "90 s". Returns buf. */
#define EVENTS_SPAN_MAX 16
const char *events_span(uint32_t seconds, char buf[EVENTS_SPAN_MAX]);

#endif
