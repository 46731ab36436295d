/* SPDX-License-Identifier: Apache-2.0
 *
 * The full-screen view of `top`, as a function from what is known and what was typed to cells. No
 * terminal, no clock.
 */
#ifndef AS_CONSOLE_TOP_DRAW_H
#define AS_CONSOLE_TOP_DRAW_H

#include "console/canvas.h"
#include "console/top_state.h"

#define TOP_FILTER_MAX 32

/* Keys that are no characters. */
enum top_key {
	TOP_KEY_UP = 0x110000,
	TOP_KEY_DOWN,
	TOP_KEY_PAGE_UP,
	TOP_KEY_PAGE_DOWN,
	TOP_KEY_HOME
};

enum top_sort { TOP_BY_CPU, TOP_BY_MEMORY, TOP_BY_PID, TOP_BY_NAME };

/* What the engineer has chosen. */
struct top_ui {
	enum top_sort sort;
	bool reversed;
	bool frozen; /* the sample on the screen stays */
	bool help;
	bool typing; /* the filter is being typed */
	char filter[TOP_FILTER_MAX + 1];
	size_t scroll;
	uint32_t page; /* rows of processes that were shown; filled by top_draw() */
};

/* True: the engineer has seen enough. */
bool top_ui_key(struct top_ui *ui, int key);

struct top_scene {
	const struct top_state *state;
	const char *host;     /* clean */
	uint32_t lost_left_s; /* the connection is lost and is tried for so long; 0: it is there */
};

void top_draw(struct canvas *c, const struct top_scene *s, struct top_ui *ui);

#endif
