/* SPDX-License-Identifier: Apache-2.0
 *
 * Questions beside the prompt: is this the right device, what is its password? Only the line that
 * is typed while the question stands there is its answer.
 */
#include "agent/ui_priv.h"

#include <stdio.h>
#include <string.h>

void ui_question_again(struct ui *ui)
{
	ui_say_text(ui, ui->question.answer_line);
}

void ui_question_show(struct ui *ui)
{
	if (!ui->question.wanted || ui->asking != ASKING_NOTHING || ui->prompt_waits || ui->closing)
		return;
	if (ui->window)
		return; /* where windows are, no operation asks (table_win.h): its time runs out */
	ui_erase_live(ui);
	term_forget_input(ui->term);
	term_hide(ui->term, ui->question.hidden);
	ui->asking = ASKING_QUESTION;
	ui_say_text(ui, ui->question.text);
	ui_question_again(ui);
}

void ui_ask(struct ui *ui, const struct ui_question *q)
{
	ui->question.wanted = true;
	ui->question.hidden = q->hidden;
	snprintf(ui->question.text, sizeof ui->question.text, "%s", q->text);
	snprintf(ui->question.answer_line, sizeof ui->question.answer_line, "%s", q->answer_line);
	ui_question_show(ui);
}

/* Off the screen, and the terminal shows again what is typed. */
static void close_question(struct ui *ui)
{
	ui->question.wanted = false;
	ui->asking = ASKING_NOTHING;
	term_hide(ui->term, false);
}

static void go_on(struct ui *ui)
{
	if (ui->closing)
		return;
	if (ui->prompt_waits)
		ui_write_prompt(ui);
	else if (ui->asking == ASKING_NOTHING)
		ui_catch_up(ui);
}

void ui_question_answer(struct ui *ui, const char *line)
{
	bool hidden = ui->question.hidden;

	close_question(ui);
	if (hidden)
		ui_say_text(ui, "\n"); /* Enter was not shown either */
	ui->ev->on_answer(line, ui->owner);
	go_on(ui);
}

void ui_ask_end(struct ui *ui)
{
	if (ui->asking != ASKING_QUESTION) {
		ui->question.wanted = false;
		return;
	}
	close_question(ui);
	term_forget_input(ui->term);
	ui_say_text(ui, "\n");
	go_on(ui);
}
