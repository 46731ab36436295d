/* SPDX-License-Identifier: Apache-2.0
 *
 * The lower end of the engineer's terminal: finished lines scroll up, a few live lines below
 * them are drawn again and again, and the prompt, when there is one, is always last. Where
 * nothing can be drawn in place (a file, a pipe, TERM=dumb) there are no live lines.
 *
 * Whoever prints here has cleaned what came from an agent (text_line()).
 */
#ifndef AS_CONSOLE_SCREEN_H
#define AS_CONSOLE_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "proto/base/log.h"

#define SCREEN_LIVE_MAX 8   /* lines */
#define SCREEN_LINE_MAX 512 /* bytes of a live line; cut to the terminal's width */

struct screen {
	FILE *out;	/* not ours */
	int fd;		/* of the terminal that it ends in, or negative */
	bool live;	/* can draw in place */
	unsigned begun; /* screen_begin() without its screen_end() */
	size_t drawn;
	char lines[SCREEN_LIVE_MAX][SCREEN_LINE_MAX];
	size_t count;
	/* The prompt's owner; NULL without one. Take it off the screen, put it back. */
	void (*hide)(void *owner);
	void (*show)(void *owner);
	void *owner;
};

/* fd: where out ends in. live: asked for by the caller, and then only when that is a terminal that
 * can do it. */
void screen_init(struct screen *s, FILE *out, int fd, bool live);

/* Columns of the terminal; SCREEN_WIDTH_DEF where there is none. */
#define SCREEN_WIDTH_DEF 80
size_t screen_width(const struct screen *s);

/* Is it a terminal that can be drawn on? */
bool screen_can_draw(int fd);

/* One finished line; the newline is added. */
void screen_line(struct screen *s, const char *fmt, ...) AS_PRINTF(2, 3);

/* Between these two the caller may print whole lines to s->out itself. They may be nested; only the
 * outermost pair does something, so that many lines cost one redrawing. */
void screen_begin(struct screen *s);
void screen_end(struct screen *s);

/* The live lines, all at once; n == 0 takes them away. */
void screen_live(struct screen *s, const char lines[][SCREEN_LINE_MAX], size_t n);

#endif
