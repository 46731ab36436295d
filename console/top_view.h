/* SPDX-License-Identifier: Apache-2.0
 *
 * The full-screen view of `top` on the engineer's terminal: the one door of ncurses. What is drawn
 * is top_draw()'s business. There is one terminal, so there is one view at a time.
 *
 * Life: top_view_new() -> top_view_row()* -> on_quit() -> top_view_free(), which may come at any
 * time. The terminal is taken when the outlet has written what was printed before, and given back
 * as it was; what is printed meanwhile waits in the outlet.
 */
#ifndef AS_CONSOLE_TOP_VIEW_H
#define AS_CONSOLE_TOP_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/wire/item.h"

struct outlet;
struct top_view;

/* Is there a terminal to read from and to draw on? */
bool top_view_is_possible(void);

/* host is copied. NULL when memory is short. */
struct top_view *top_view_new(struct outlet *outlet, const char *host, void (*on_quit)(void *owner),
			      void *owner);
void top_view_free(struct top_view *v);

void top_view_row(struct top_view *v, const struct item *rec);

/* A few times a second: the connection is lost and is tried for so long still, or 0. */
void top_view_tick(struct top_view *v, uint32_t lost_left_s);

#endif
