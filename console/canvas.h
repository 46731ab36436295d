/* SPDX-License-Identifier: Apache-2.0
 *
 * A screen full of cells in memory: what a full-screen view draws on, and what its tests read.
 * Pure. One character is one cell: what is wider or narrower in a terminal, or is no character
 * there, is shown as '?'.
 */
#ifndef AS_CONSOLE_CANVAS_H
#define AS_CONSOLE_CANVAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/log.h"

#define CANVAS_WIDTH_MAX  512
#define CANVAS_HEIGHT_MAX 256

enum canvas_look {
	LOOK_PLAIN,
	LOOK_DIM,
	LOOK_BOLD,
	LOOK_BAR, /* reversed: titles */
	LOOK_GOOD,
	LOOK_WARN,
	LOOK_BAD,
	LOOK_COUNT,
};

struct canvas_cell {
	uint32_t cp; /* code point */
	uint8_t look;
};

struct canvas {
	int width, height;
	bool utf8; /* else only ASCII is put */
	struct canvas_cell *cells;
};

/* -ENOMEM. Sizes are cut at their limits. Blank. */
int canvas_init(struct canvas *c, int width, int height, bool utf8);
void canvas_done(struct canvas *c);
void canvas_clear(struct canvas *c);

/* UTF-8 text; what does not fit is left out. Returns the column behind it. */
int canvas_put(struct canvas *c, int y, int x, enum canvas_look look, const char *text);
int canvas_printf(struct canvas *c, int y, int x, enum canvas_look look, const char *fmt, ...)
    AS_PRINTF(5, 6);
void canvas_fill(struct canvas *c, int y, int x, int width, enum canvas_look look, uint32_t cp);

/* "[####    ]" of width cells; parts of a whole, drawn one after the other. */
struct canvas_part {
	uint64_t value;
	enum canvas_look look;
	char ascii;
};
void canvas_bar(struct canvas *c, int y, int x, int width, const struct canvas_part *parts,
		size_t n, uint64_t whole);

/* The last `width` of n values, each a block as high as its share of the greatest (at least of
 * `least`). Without UTF-8 they are dots, dashes and such. */
void canvas_spark(struct canvas *c, int y, int x, int width, enum canvas_look look,
		  const uint64_t *values, size_t n, uint64_t least);

/* One row as text, for tests: UTF-8, without the blanks at its end. */
size_t canvas_row(const struct canvas *c, int y, char *out, size_t cap);

#endif
