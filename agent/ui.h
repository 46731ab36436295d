/* SPDX-License-Identifier: Apache-2.0
 *
 * The conversation with the customer, on the terminal the agent was started on, or in a window
 * where it was started with the mouse (Windows). There is no other way to answer: no option, no
 * variable, no file, no pipe.
 *
 * - "allow" counts only as a whole typed line, for the prompt on the screen, and not before it
 *   has stood there for SESSION_LOCK_MS; what was typed before is thrown away. "deny" and
 *   "stop" count at any time.
 * - Everything printed here is our own text; what comes from outside is cleaned first, and
 *   shown on one line.
 * - A slow or stopped terminal never holds up the broker: output waits in a bounded queue, and
 *   the lock's time runs only from when the prompt has really been written.
 *
 * Life: ui_open() -> calls and events* -> ui_close() -> on_gone() exactly once; the ui is freed
 * just before on_gone(). ui_close() may be called at any time, from any callback, repeatedly.
 */
#ifndef AS_AGENT_UI_H
#define AS_AGENT_UI_H

#include <stdbool.h>
#include <stdint.h>
#include <uv.h>

#include "agent/consent.h"
#include "proto/base/log.h"

struct ui;

struct ui_events {
	/* The customer's answer. ticks: bit i = line i is ticked (may be 0); folder: the one he
	 * named
	 * ("" for none); shown_ms: how long the prompt stood there. The prompt is off the screen
	 * afterwards. */
	void (*on_allow)(uint32_t prompt_id, uint32_t ticks, const char *folder, uint32_t shown_ms,
			 void *owner);
	void (*on_deny)(uint32_t prompt_id, void *owner);
	void (*on_cancel)(uint32_t id, void *owner); /* "cancel NUMBER" of a running item */
	void (*on_stop)(void *owner);		     /* "stop" was typed */
	void (*on_closed)(void *owner);		     /* the terminal is gone; comes once */
	void (*on_gone)(void *owner);
	/* What was typed to ui_ask(), as it was typed; valid in the call. The question is off the
	 * screen, and another one may be asked. */
	void (*on_answer)(const char *line, void *owner);
	void (*on_list)(size_t line, void *owner); /* "list NUMBER" of a line of the prompt */
};

/* On the terminal when standard input and output are one and the same, or in a window, whichever
 * the customer sees (window_is_preferred()); AS_E_NO_CONSENT_UI when there is neither. */
int ui_open(uv_loop_t *loop, const struct ui_events *ev, void *owner, struct ui **out);
bool ui_is_window(const struct ui *ui);

/* The same on a terminal and with a lock of the caller's choice: for tests of this file. */
int ui_open_on(uv_loop_t *loop, int in_fd, int out_fd, unsigned lock_ms, const struct ui_events *ev,
	       void *owner, struct ui **out);
void ui_close(struct ui *ui); /* NULL is fine */

void ui_show_code(struct ui *ui, const char *code, unsigned minutes); /* "Your code: ..." */

/* Copies c. A prompt that is still open is replaced without an answer. */
void ui_show_prompt(struct ui *ui, uint32_t prompt_id, const struct consent *c);
void ui_cancel_prompt(struct ui *ui, const char *why); /* nothing to do when none is open */

/* One question beside the prompt, answered with one line. It waits while a prompt is open, and a
 * prompt waits for its answer: nothing is swapped under the customer's cursor. What was typed
 * before it stands there is thrown away. Copied; one at a time. */
#define UI_QUESTION_MAX 2048
struct ui_question {
	const char *text, *answer_line; /* clean; the first in lines, each ended by '\n' */
	bool hidden;			/* what is typed is not shown */
};
void ui_ask(struct ui *ui, const struct ui_question *q);
void ui_ask_end(struct ui *ui); /* nobody waits for the answer any more; harmless without one */

/* Clean lines of ours in one piece, each ended by '\n'. */
void ui_page(struct ui *ui, const char *text);

/* From the grant on, items are shown; who and ends_at ("14:35") head the list. */
void ui_session_begin(struct ui *ui, const char *who, const char *ends_at);

/* How the customer ends everything, as a line. */
void ui_tell_how_to_end(struct ui *ui);

struct ui_item {
	uint32_t id;	  /* chosen by the caller; the same id updates the line */
	uint32_t number;  /* by which the customer can cancel it */
	const char *what; /* the collector's plain sentence */
	uint64_t bytes;
	uint32_t elapsed_ms;
	const char *state; /* "running", or a name of item_state_name() */
	bool done;	   /* the line is final */
};
#define UI_ITEMS_MAX 64 /* open at once; more are shown when they are done */
void ui_item(struct ui *ui, const struct ui_item *item);

/* One line of ours. Text from outside in the arguments is cleaned with the rest of the line. */
void ui_message(struct ui *ui, const char *fmt, ...) AS_PRINTF(2, 3);

#endif
