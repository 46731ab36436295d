/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a journal in the form that `journalctl -o short-iso-precise` gives it. When there is
 * more than fits, the newest is kept: engineers ask what happened just before.
 */
#ifndef AS_AGENT_COLLECT_JOURNAL_READ_H
#define AS_AGENT_COLLECT_JOURNAL_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/collect/journal_api.h"

struct sink;

#define JOURNAL_MESSAGE_MAX 8192 /* of one entry; the rest is cut and marked */
#define JOURNAL_LINE_MAX    (2 * JOURNAL_MESSAGE_MAX + 512)

struct journal_query {
	uint64_t since_us;
	unsigned priority; /* 0..7: this and worse; 8 = all */
	const char *unit;  /* "" = all */
	uint64_t max_bytes;
	uint64_t stop_ms; /* clock_mono_ms() after which no older entry is looked for */
};

/* Writes what the query finds to the open file. *cut: older entries were left out. */
int journal_write(const struct journal_api *api, struct sd_journal *j,
		  const struct journal_query *q, struct sink *out, bool *cut);

/* Called for each entry, newest first; 1 ends the walk, a negative value too and is handed back. */
typedef int (*journal_on)(const char *line, size_t n, uint64_t us, void *arg);

/* 0: the walk ran off the beginning; 1: it stands on the first entry that was not wanted any more.
 */
int journal_newest(const struct journal_api *api, struct sd_journal *j,
		   const struct journal_query *q, journal_on on, void *arg);

/* From now on the journal shows only what the query's unit and priority say. */
void journal_match(const struct journal_api *api, struct sd_journal *j,
		   const struct journal_query *q);

/* The entry the journal stands at, as text with its newline. Returns its length, less than cap
 * (JOURNAL_LINE_MAX is enough for all). */
size_t journal_line(const struct journal_api *api, struct sd_journal *j, char *out, size_t cap);

#endif
