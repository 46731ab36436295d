/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a record back: a strict reader for exactly the lines record.c writes, and the check
 * of chain and signatures. Pure. The file may have been changed by anybody, so its bytes are
 * treated like a stranger's.
 */
#ifndef AS_AGENT_RECORD_READ_H
#define AS_AGENT_RECORD_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/record.h"

#define RECORD_NAME_MAX 31

struct record_item {
	const char *name;
	const char *text; /* NULL: number */
	uint64_t number;
};

/* One line. Names and texts point into store. */
struct record_line {
	uint64_t seq;
	const char *time, *event;
	struct record_item fields[RECORD_FIELDS_MAX + 1]; /* and "key" */
	size_t count;
	uint8_t prev[RECORD_SHA256];
	uint8_t sig[SIGN_MAX];
	size_t sig_len;	   /* 0: not signed */
	size_t signed_len; /* bytes of the line that the signature covers */
	char store[RECORD_LINE_MAX];
};

/* A line without its newline. AS_EBADMSG, AS_E_TOO_BIG; *out is then undefined. */
int record_line_decode(const char *line, size_t n, struct record_line *out);

/* "" for a missing text, 0 for a missing number. */
const char *record_line_text(const struct record_line *l, const char *name);
uint64_t record_line_number(const struct record_line *l, const char *name);

struct record_report {
	size_t lines;		     /* whole, good lines */
	size_t bad_line;	     /* from 1; 0 = every whole line is good */
	const char *why;	     /* about bad_line */
	bool torn;		     /* the last line is not whole */
	bool ended;		     /* the last good line is the signed end of a session */
	uint8_t spki[SIGN_SPKI_MAX]; /* the key that signed, from line 1 */
	size_t spki_len;
};

/* Complete and unchanged? */
bool record_is_whole(const struct record_report *r);

/* Walks over a whole file; on_line (may be NULL) gets every good line in order. The walk
 * stops at the first bad one. */
typedef void (*record_on_line)(const struct record_line *l, void *arg);
void record_check(const char *text, size_t n, record_on_line on_line, void *arg,
		  struct record_report *out);

#endif
