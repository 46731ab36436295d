/* SPDX-License-Identifier: Apache-2.0
 *
 * The conversation with the customer in a window, for a system whose programs are started with
 * the mouse. It only shows what ui.c says and tells what was clicked; what counts, and when, is
 * decided there and in the session.
 *
 * The window lives on a thread of its own, because a person who drags it about must not hold up
 * the session. Calls copy what they are given; events come on the loop's thread.
 *
 * Life: window_open() -> calls and events* -> window_close() -> on_gone() exactly once, the window
 * is freed just before.
 */
#ifndef AS_AGENT_PLAT_WINDOW_H
#define AS_AGENT_PLAT_WINDOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <uv.h>

struct window;

struct window_events {
	void (*on_shown)(uint32_t prompt_id, void *owner); /* it can be read from now on */
	void (*on_answer)(uint32_t prompt_id, bool allow, uint32_t ticks, void *owner);
	void (*on_cancel)(uint32_t item, void *owner); /* one item only */
	void (*on_stop)(void *owner);	/* the Stop button, or the window was closed */
	void (*on_closed)(void *owner); /* the desktop is gone */
	void (*on_gone)(void *owner);
};

/* Was the program started with the mouse, and not from a terminal that somebody looks at? */
bool window_is_preferred(void);

/* AS_E_NO_CONSENT_UI when there is no desktop that a person sees; always so on Linux, where the
 * conversation is on the terminal. */
int window_open(uv_loop_t *loop, const struct window_events *ev, void *owner, struct window **out);
void window_close(struct window *w);

void window_code(struct window *w, const char *code, unsigned minutes);
void window_line(struct window *w, const char *text); /* a message of ours */

#define WINDOW_FACTS_MAX  10
#define WINDOW_RIGHTS_MAX 16

/* The question. Everything in it is clean text, and each piece has a place of its own, so that no
 * text of the engineer's can pass for one of ours. */
struct window_prompt {
	uint32_t id;
	const char *title;
	struct {
		const char *label, *value;
	} facts[WINDOW_FACTS_MAX];
	size_t fact_count;
	const char *granted; /* several lines; "" when there is none */
	const char *rights_head;
	const char *rights[WINDOW_RIGHTS_MAX];
	size_t right_count;
	uint32_t ticks;
	uint32_t fixed; /* lines that cannot be ticked here */
	const char *notes, *warning, *question;
};
void window_prompt(struct window *w, const struct window_prompt *p); /* "Allow" is locked */
void window_unlock(struct window *w, uint32_t prompt_id);
void window_cancel_prompt(struct window *w);

void window_session(struct window *w); /* the live list begins */

struct window_item {
	uint32_t id;
	const char *what, *state;
	uint64_t bytes;
	uint32_t elapsed_ms;
};
void window_item(struct window *w, const struct window_item *item);

#endif
