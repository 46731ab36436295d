/* SPDX-License-Identifier: Apache-2.0
 *
 * The conversation of ui.c in a window: what is said goes there in pieces, what is clicked comes
 * back and is judged here like a typed word.
 */
#include "agent/ui_priv.h"

#include <string.h>

#include "proto/base/text.h"

void ui_window_prompt(struct ui *ui)
{
	static struct consent_page page; /* 20 KiB; filled anew each time */
	struct window_prompt p = {
	    .id = ui->prompt_id,
	    .ticks = ui->ticks,
	    .right_count = ui->consent.asked_count,
	};

	consent_page(&ui->consent, &page);
	p.title = page.title;
	for (size_t i = 0; i < page.fact_count; i++) {
		p.facts[i].label = page.facts[i].label;
		p.facts[i].value = page.facts[i].value;
	}
	p.fact_count = page.fact_count;
	p.granted = page.granted;
	p.rights_head = page.rights_head;
	for (size_t i = 0; i < p.right_count; i++) {
		p.rights[i] = page.rights[i];
		if (consent_is_fixed(&ui->consent, i))
			p.fixed |= UINT32_C(1) << i;
	}
	p.notes = page.notes;
	p.warning = page.warning;
	p.question = page.question;
	window_prompt(ui->window, &p);
}

void ui_window_item(struct ui *ui, const struct ui_item *item)
{
	char what[sizeof ui->rows[0].what], state[sizeof ui->rows[0].state];

	text_line(item->what, strlen(item->what), what, sizeof what);
	text_line(item->state, strlen(item->state), state, sizeof state);
	window_item(ui->window, &(struct window_item){
				    .id = item->id,
				    .what = what,
				    .state = state,
				    .bytes = item->bytes,
				    .elapsed_ms = item->elapsed_ms,
				});
}

static void on_shown(uint32_t prompt_id, void *arg)
{
	struct ui *ui = arg;

	if (ui->asking == ASKING_WRITING && prompt_id == ui->prompt_id)
		ui_start_lock(ui);
}

/* A click on a window that is on its way out, or before the lock is open, is none. */
static void on_answer(uint32_t prompt_id, bool allow, uint32_t ticks, void *arg)
{
	struct ui *ui = arg;

	if (ui->asking == ASKING_NOTHING || prompt_id != ui->prompt_id)
		return;
	if (allow && ui->asking != ASKING_OPEN)
		return;
	ui->ticks = ticks & CONSENT_ALL(ui->consent.asked_count);
	for (size_t i = 0; i < ui->consent.asked_count; i++)
		if (consent_is_fixed(&ui->consent, i))
			ui->ticks &= ~(UINT32_C(1) << i);
	ui_answer(ui, allow);
}

static void on_cancel(uint32_t item, void *arg)
{
	struct ui *ui = arg;

	ui->ev->on_cancel(item, ui->owner);
}

static void on_stop(void *arg)
{
	struct ui *ui = arg;

	ui->ev->on_stop(ui->owner);
}

static void on_closed(void *arg)
{
	struct ui *ui = arg;

	ui->ev->on_closed(ui->owner);
}

static void on_gone(void *arg)
{
	struct ui *ui = arg;

	ui->window = NULL;
	ui_let_go(ui);
}

const struct window_events ui_window_events = {
    .on_shown = on_shown,
    .on_answer = on_answer,
    .on_cancel = on_cancel,
    .on_stop = on_stop,
    .on_closed = on_closed,
    .on_gone = on_gone,
};
