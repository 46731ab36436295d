/* SPDX-License-Identifier: Apache-2.0
 *
 * Between the conversation (ui.c), its other questions (ui_question.c) and the lines of the items
 * (ui_items.c).
 */
#ifndef AS_AGENT_UI_PRIV_H
#define AS_AGENT_UI_PRIV_H

#include <stddef.h>

#include "agent/plat/term.h"
#include "agent/plat/window.h"
#include "agent/ui.h"

#define UI_LIVE_ROWS 6
#define UI_LINE_MAX  1024

enum ui_asking { ASKING_NOTHING, ASKING_WRITING, ASKING_LOCKED, ASKING_OPEN, ASKING_QUESTION };

struct ui_row {
	uint32_t id, number;
	char what[161], state[25];
	uint64_t bytes;
	uint32_t elapsed_ms;
	bool done; /* waits for the prompt to go away, to be printed */
};

struct ui {
	uv_loop_t *loop;
	struct term *term;     /* one of the two; the other is NULL */
	struct window *window; /* ui_window.c */
	unsigned lock_ms;
	uv_timer_t lock, draw;
	int held;
	bool closing, fancy, dirty;
	unsigned lost;	/* lines the terminal did not take */
	unsigned drawn; /* live rows on the screen */
	struct ui_row rows[UI_ITEMS_MAX];
	size_t row_count;
	enum ui_asking asking;
	uint32_t prompt_id, ticks;
	uint64_t shown_at;
	struct consent consent;
	bool prompt_waits; /* for the answer to the question */
	struct {
		bool wanted, hidden;
		char text[UI_QUESTION_MAX], answer_line[UI_QUESTION_MAX / 4];
	} question;
	const struct ui_events *ev;
	void *owner;
};

/* False when the terminal does not take it now; that is counted, and told later. */
bool ui_say(struct ui *ui, const char *p, size_t n);
bool ui_say_text(struct ui *ui, const char *text);

/* Shows the prompt that has waited. */
void ui_write_prompt(struct ui *ui);

/* The question, if one is wanted and nothing else is asked. */
void ui_question_show(struct ui *ui);
void ui_question_answer(struct ui *ui, const char *line);
void ui_question_again(struct ui *ui); /* its last line, after something else was printed */

void ui_erase_live(struct ui *ui);
void ui_draw_live(struct ui *ui);

/* Ends the running item with that number. */
void ui_cancel(struct ui *ui, const char *number);
/* The prompt can be read from now on: its lock begins to run. */
void ui_start_lock(struct ui *ui);
void ui_answer(struct ui *ui, bool allow);
void ui_let_go(struct ui *ui); /* one of the things that hold it is gone */

/* The same in a window. */
extern const struct window_events ui_window_events;
void ui_window_prompt(struct ui *ui);
void ui_window_item(struct ui *ui, const struct ui_item *item);

/* After a prompt or a question: what was finished meanwhile, then the live rows again, or the
 * question that waits. */
void ui_catch_up(struct ui *ui);

#endif
