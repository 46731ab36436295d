/* SPDX-License-Identifier: Apache-2.0
 *
 * One line per item. On a capable terminal the items that are running stand at the bottom, drawn
 * anew when they change; everything else scrolls by above them. On a plain one only final lines
 * are printed. While a question is on the screen nothing is drawn.
 */
#include "agent/ui_priv.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/text.h"

#define DRAW_MS 100

static void describe(const struct ui_row *r, size_t what_max, char *out, size_t cap)
{
	char size[TEXT_SIZE_MAX], what[sizeof r->what];

	text_line(r->what, strlen(r->what), what, what_max < sizeof what ? what_max : sizeof what);
	snprintf(out, cap, "%3u  %s - %s, %u.%u s, %s\n", r->number, what,
		 text_size(r->bytes, size), r->elapsed_ms / 1000, r->elapsed_ms / 100 % 10,
		 r->state);
}

/* Live rows are repainted soon, so one that the terminal does not take is no loss. */
static bool paint(struct ui *ui, const char *text)
{
	return !ui->closing && term_write(ui->term, text, strlen(text)) == 0;
}

void ui_erase_live(struct ui *ui)
{
	char up[32];
	unsigned columns, rows;

	if (ui->drawn == 0)
		return;
	term_size(ui->term, &columns, &rows);
	snprintf(up, sizeof up, "\r\033[%uA\033[J", ui->drawn);
	if (ui->drawn >= rows || paint(ui, up))
		ui->drawn = 0;
}

void ui_draw_live(struct ui *ui)
{
	char line[UI_LINE_MAX];
	unsigned columns, rows;

	ui->dirty = false;
	if (!ui->fancy || ui->asking != ASKING_NOTHING || ui->drawn > 0)
		return;
	term_size(ui->term, &columns, &rows);
	for (size_t i = 0; i < ui->row_count && i < UI_LIVE_ROWS; i++) {
		describe(&ui->rows[i], columns > 60 ? columns - 40 : 20, line, sizeof line);
		if (paint(ui, line))
			ui->drawn++;
	}
	if (ui->row_count > UI_LIVE_ROWS) {
		snprintf(line, sizeof line, "  ... and %zu more\n", ui->row_count - UI_LIVE_ROWS);
		if (paint(ui, line))
			ui->drawn++;
	}
}

static void on_draw(uv_timer_t *timer)
{
	struct ui *ui = timer->data;

	if (!ui->dirty || ui->asking != ASKING_NOTHING)
		return;
	ui_erase_live(ui);
	ui_draw_live(ui);
}

static void draw_soon(struct ui *ui)
{
	if (!ui->fancy || ui->dirty)
		return;
	ui->dirty = true;
	uv_timer_start(&ui->draw, on_draw, DRAW_MS, 0);
}

static void print_final(struct ui *ui, const struct ui_row *r)
{
	char line[UI_LINE_MAX];

	describe(r, sizeof r->what, line, sizeof line);
	ui_say_text(ui, line);
}

static void drop_row(struct ui *ui, size_t i)
{
	memmove(&ui->rows[i], &ui->rows[i + 1], (--ui->row_count - i) * sizeof ui->rows[0]);
}

void ui_catch_up(struct ui *ui)
{
	for (size_t i = 0; i < ui->row_count;) {
		if (!ui->rows[i].done) {
			i++;
			continue;
		}
		print_final(ui, &ui->rows[i]);
		drop_row(ui, i);
	}
	ui_question_show(ui);
	ui_draw_live(ui);
}

/* "cancel 3": the customer has enough of one item. */
void ui_cancel(struct ui *ui, const char *number)
{
	char *end;
	unsigned long n = strtoul(number, &end, 10);

	for (size_t i = 0; i < ui->row_count; i++) {
		if (end == number || *end || ui->rows[i].number != n || ui->rows[i].done)
			continue;
		ui->ev->on_cancel(ui->rows[i].id, ui->owner);
		return;
	}
	ui_message(ui,
		   "No item with this number is running. The number stands in front of its line: "
		   "type cancel and the number.");
}

static struct ui_row *find_row(struct ui *ui, uint32_t id)
{
	for (size_t i = 0; i < ui->row_count; i++)
		if (ui->rows[i].id == id && !ui->rows[i].done)
			return &ui->rows[i];
	return NULL;
}

static void fill(struct ui_row *r, const struct ui_item *item)
{
	r->id = item->id;
	r->number = item->number;
	text_line(item->what, strlen(item->what), r->what, sizeof r->what);
	text_line(item->state, strlen(item->state), r->state, sizeof r->state);
	r->bytes = item->bytes;
	r->elapsed_ms = item->elapsed_ms;
	r->done = item->done;
}

void ui_item(struct ui *ui, const struct ui_item *item)
{
	if (ui->window) {
		ui_window_item(ui, item);
		return;
	}

	struct ui_row *r = find_row(ui, item->id), spare;

	if (!r && ui->row_count < UI_ITEMS_MAX)
		r = &ui->rows[ui->row_count++];
	if (!r)
		r = &spare;
	fill(r, item);

	if (!item->done || ui->asking != ASKING_NOTHING) {
		draw_soon(ui);
		return;
	}
	ui_erase_live(ui);
	print_final(ui, r);
	if (r != &spare)
		drop_row(ui, (size_t)(r - ui->rows));
	ui_draw_live(ui);
}
