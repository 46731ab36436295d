/* SPDX-License-Identifier: Apache-2.0
 *
 * Somebody who watches a live view through a pipe, with the real decoder; and a view to watch, in a
 * process of its own. He waits for what must come, at most VIEWER_LIMIT_MS.
 */
#ifndef AS_TESTS_VIEWER_H
#define AS_TESTS_VIEWER_H

#include <sys/types.h>

#include "agent/collect/run.h"
#include "proto/wire/item.h"

#define VIEWER_LINES	4096
#define VIEWER_TEXT	120
#define VIEWER_LIMIT_MS 60000

struct viewer {
	int fd;
	pid_t pid; /* of the view; 0: none */
	struct item_decoder decoder;
	uint64_t bytes, lines, dropped, rows;
	unsigned sources, drops, notes;
	/* the first of them */
	struct item line[VIEWER_LINES]; /* without its text */
	char text[VIEWER_LINES][VIEWER_TEXT];
	char note[64][ITEM_WHY_MAX + 1];
	struct item end;
	bool closed; /* nothing more will come */
	/* Every record, in order. May be NULL. */
	void (*on_item)(const struct item *it, void *owner);
	void *owner;
};

/* On what comes out of fd, which becomes his. */
void viewer_over(struct viewer *v, int fd);

/* Runs the operation, and watches it. */
void viewer_start(struct viewer *v, const struct collect_args *args);
void viewer_stop(struct viewer *v);

/* What there is, waiting at most so long for it. False when nothing came. */
bool viewer_read(struct viewer *v, int wait_ms);

/* Waits for it; false when it did not come. */
bool viewer_is_open(struct viewer *v); /* its sources are named */
bool viewer_sees(struct viewer *v, const char *line);
bool viewer_is_told(struct viewer *v, const char *words);
bool viewer_counts(struct viewer *v, uint64_t lines); /* with those that are told to be missing */

/* How often that line came. */
unsigned viewer_times(const struct viewer *v, const char *line);

#endif
