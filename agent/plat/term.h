/* SPDX-License-Identifier: Apache-2.0
 *
 * One terminal on the loop: typed lines in, bytes out. It is put into plain line mode (echo,
 * editing, Ctrl-C) whatever ran on it before, and put back by term_close().
 *
 * Nothing here blocks: what the terminal does not take waits in a queue of TERM_OUT_MAX bytes,
 * and what does not fit there is refused whole.
 *
 * Life: term_open() -> on_line()*, on_drained()* -> on_closed() at most once -> term_close() ->
 * on_gone() exactly once, the term is freed just before. term_close() may be called at any
 * time, from any callback, repeatedly.
 */
#ifndef AS_AGENT_PLAT_TERM_H
#define AS_AGENT_PLAT_TERM_H

#include <stdbool.h>
#include <stddef.h>
#include <uv.h>

#define TERM_OUT_MAX  65536
#define TERM_LINE_MAX 256 /* longer lines arrive cut */

struct term;

struct term_events {
	void (*on_line)(const char *line, void *owner); /* without its end; valid in the call */
	void (*on_drained)(void *owner);		/* everything written has left us */
	void (*on_closed)(void *owner);			/* end of file or an error */
	void (*on_gone)(void *owner);
};

/* Both must be one and the same terminal, else AS_E_NO_CONSENT_UI. */
int term_open(uv_loop_t *loop, int in_fd, int out_fd, const struct term_events *ev, void *owner,
	      struct term **out);
void term_close(struct term *t);

/* All or nothing: AS_EFULL. on_drained() comes later unless term_is_drained() says so at once. */
int term_write(struct term *t, const char *p, size_t n);
bool term_is_drained(const struct term *t);

/* Throws away what was typed but not yet handed on, an unfinished line included. */
void term_forget_input(struct term *t);

/* Hidden: what is typed is not shown, and nothing of it stays in our memory behind on_line(). */
void term_hide(struct term *t, bool hidden);

/* Does it obey the escape sequences that move the cursor? */
bool term_can_redraw(const struct term *t);

/* 80 x 24 when the terminal does not say. */
void term_size(const struct term *t, unsigned *columns, unsigned *rows);

#endif
