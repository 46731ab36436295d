/* SPDX-License-Identifier: Apache-2.0
 *
 * no prompt -> WRITING (the text is on its way to the terminal) -> LOCKED -> OPEN -> no prompt
 * no prompt -> QUESTION -> no prompt (ui_question.c)
 */
#include "agent/ui_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <errno.h>
#include <string.h>
#include <strings.h>

#include "agent/plat/plat.h"
#include "agent/session.h"
#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/base/text.h"

#define LOCK_MS	     (SESSION_LOCK_MS + 20) /* the session's clock must agree that it is over */
#define LIVE_COLUMNS 40 /* a terminal less wide or high than this gets no live rows */

bool ui_say(struct ui *ui, const char *p, size_t n)
{
	if (!ui->closing && term_write(ui->term, p, n) == 0)
		return true;
	ui->lost++;
	return false;
}

bool ui_say_text(struct ui *ui, const char *text)
{
	return ui_say(ui, text, strlen(text));
}

/* ---- the prompt ---- */

static const char ANSWER_LINE[] = "Type allow or deny: ";

static void say_answer_line(struct ui *ui)
{
	if (ui->asking == ASKING_OPEN)
		ui_say(ui, ANSWER_LINE, sizeof ANSWER_LINE - 1);
	else if (ui->asking == ASKING_QUESTION)
		ui_question_again(ui);
}

static void end_prompt(struct ui *ui)
{
	ui->asking = ASKING_NOTHING;
	uv_timer_stop(&ui->lock);
}

static void on_unlock(uv_timer_t *timer)
{
	struct ui *ui = timer->data;

	ui->asking = ASKING_OPEN;
	if (ui->window) {
		window_unlock(ui->window, ui->prompt_id);
		return;
	}
	term_forget_input(ui->term);
	ui_say_text(ui, "\n"); /* what was typed too early may stand on this line */
	say_answer_line(ui);
}

void ui_start_lock(struct ui *ui)
{
	ui->asking = ASKING_LOCKED;
	uv_update_time(ui->loop);
	ui->shown_at = uv_now(ui->loop);
	uv_timer_start(&ui->lock, on_unlock, ui->lock_ms, 0);
}

static bool say_consent(struct ui *ui)
{
	char text[CONSENT_TEXT_MAX];
	int n = consent_text(&ui->consent, ui->ticks, text, sizeof text);

	return n > 0 && ui_say(ui, text, (size_t)n);
}

static void write_prompt(struct ui *ui)
{
	char wait[96];

	snprintf(wait, sizeof wait, "Please read. The answer can be typed in %d seconds.\n",
		 SESSION_LOCK_MS / 1000);
	if (!ui_say_text(ui, "\n") || !say_consent(ui) || !ui_say_text(ui, wait))
		return;		       /* no room now: on_drained() tries again */
	if (term_is_drained(ui->term)) /* the terminal has taken the last byte */
		ui_start_lock(ui);
	else
		ui->shown_at = UINT64_MAX; /* written, and waiting for the terminal */
}

void ui_write_prompt(struct ui *ui)
{
	ui->prompt_waits = false;
	ui_erase_live(ui);
	end_prompt(ui);
	ui->asking = ASKING_WRITING;
	ui->shown_at = 0;
	if (ui->window)
		ui_window_prompt(ui);
	else
		write_prompt(ui);
}

void ui_show_prompt(struct ui *ui, uint32_t prompt_id, const struct consent *c)
{
	ui->prompt_id = prompt_id;
	ui->consent = *c;
	ui->ticks = consent_first_ticks(c);
	ui->prompt_waits = ui->asking == ASKING_QUESTION;
	if (!ui->prompt_waits)
		ui_write_prompt(ui);
}

void ui_cancel_prompt(struct ui *ui, const char *why)
{
	ui->prompt_waits = false;
	if (ui->asking == ASKING_NOTHING || ui->asking == ASKING_QUESTION)
		return;
	end_prompt(ui);
	if (ui->window)
		window_cancel_prompt(ui->window);
	else
		ui_say_text(ui, "\n");
	ui_message(ui, "The question is withdrawn: %s.", why);
	ui_catch_up(ui);
}

static void say_lines(struct ui *ui)
{
	char text[CONSENT_TEXT_MAX];
	int len = consent_lines(&ui->consent, ui->ticks, text, sizeof text);

	if (len > 0)
		ui_say(ui, text, (size_t)len);
	say_answer_line(ui);
}

static void toggle(struct ui *ui, unsigned long n)
{
	char text[200];

	if (consent_is_impossible(&ui->consent, n - 1)) {
		ui_say_text(ui, CONSENT_IMPOSSIBLE "\n");
		say_answer_line(ui);
		return;
	}
	if (consent_lacks_folder(&ui->consent, n - 1)) {
		snprintf(text, sizeof text,
			 "First choose the folder: type its full name, such as %s, and press "
			 "Enter.\n",
			 plat_folder_example);
		ui_say_text(ui, text);
		say_answer_line(ui);
		return;
	}
	ui->ticks ^= 1u << (n - 1);
	say_lines(ui);
}

static void say_bad_folder(struct ui *ui, int err)
{
	char text[300];

	snprintf(text, sizeof text,
		 "This folder is for the system or for settings of programs, where a new file "
		 "could do harm. Please choose another one, such as %s. Nothing was changed.\n",
		 plat_folder_example);
	ui_say_text(ui, err == -EPERM ? text
				      : "This is not a folder that you can write to. Nothing was "
					"changed.\n");
}

/* Where files may be put to: only he can say, and only while he is asked. */
static void choose_folder(struct ui *ui, const char *typed)
{
	struct consent *c = &ui->consent;
	char folder[SCOPE_TARGET_MAX + 1];
	size_t i = 0;
	int err = plat_writable_folder(typed, folder, sizeof folder);
	struct scope s = {.kind = SCOPE_PUT};

	while (i < c->asked_count && c->asked[i].kind != SCOPE_PUT)
		i++;
	if (err == 0)
		memcpy(s.target, folder, sizeof s.target);
	if (err == 0 && scope_check(&s) < 0)
		err = AS_E_SCOPE;
	if (err < 0) {
		say_bad_folder(ui, err);
		say_answer_line(ui);
		return;
	}
	memcpy(c->folder, folder, sizeof c->folder);
	ui->ticks |= 1u << i;
	say_lines(ui);
}

static bool may_choose_folder(const struct ui *ui)
{
	for (size_t i = 0; i < ui->consent.asked_count; i++)
		if (ui->consent.asked[i].kind == SCOPE_PUT &&
		    !consent_is_impossible(&ui->consent, i))
			return true;
	return false;
}

void ui_answer(struct ui *ui, bool allow)
{
	uint32_t shown_ms = (uint32_t)(uv_now(ui->loop) - ui->shown_at);

	end_prompt(ui);
	ui_catch_up(ui);
	if (allow)
		ui->ev->on_allow(ui->prompt_id, ui->ticks, ui->consent.folder, shown_ms, ui->owner);
	else
		ui->ev->on_deny(ui->prompt_id, ui->owner);
}

/* "list 2": the number, or 0. To read it is no answer, so it need not wait. */
static unsigned long list_line(const char *word)
{
	char *end;
	unsigned long n;

	if (strncasecmp(word, "list ", 5) != 0)
		return 0;
	n = strtoul(word + 5, &end, 10);
	return *end ? 0 : n;
}

static void answer(struct ui *ui, const char *word)
{
	char *end;
	unsigned long n = strtoul(word, &end, 10);
	bool is_number = word[0] >= '1' && word[0] <= '9' && *end == '\0';

	if (strcasecmp(word, "deny") == 0) {
		ui_answer(ui, false);
	} else if (list_line(word) > 0 && list_line(word) <= ui->consent.asked_count) {
		ui->ev->on_list(list_line(word) - 1, ui->owner);
	} else if (ui->asking != ASKING_OPEN) {
		ui_say_text(ui, "Not yet. Please read first. (deny and stop work at once.)\n");
	} else if (strcasecmp(word, "allow") == 0) {
		ui_answer(ui, true);
	} else if (is_number && n <= ui->consent.asked_count) {
		toggle(ui, n);
	} else if ((plat_path_is_absolute(word) || word[0] == '~') && may_choose_folder(ui)) {
		choose_folder(ui, word);
	} else {
		ui_say_text(ui,
			    "Please type the whole word allow or deny, or the number of a line.\n");
		say_answer_line(ui);
	}
}

/* ---- terminal events ---- */

static void trim(const char *line, char *out, size_t cap)
{
	line += strspn(line, " \t");

	size_t n = strlen(line);
	while (n > 0 && strchr(" \t", line[n - 1]))
		n--;
	snprintf(out, cap, "%.*s", (int)n, line);
}

static void on_line(const char *line, void *arg)
{
	struct ui *ui = arg;
	char word[TERM_LINE_MAX];

	if (ui->drawn > 0)
		ui->drawn++; /* the Enter key has moved the cursor down */
	trim(line, word, sizeof word);
	if (strcasecmp(word, "stop") == 0)
		ui->ev->on_stop(ui->owner);
	else if (ui->asking == ASKING_QUESTION)
		ui_question_answer(ui, line);
	else if (ui->asking != ASKING_NOTHING)
		answer(ui, word);
	else if (strncasecmp(word, "cancel", 6) == 0 && strchr(" \t", word[6])) /* or its end */
		ui_cancel(ui, word + 6 + strspn(word + 6, " \t"));
	else if (word[0])
		ui_message(ui, "To end, type stop and press Enter.");
	secret_wipe(word, sizeof word);
}

static void on_drained(void *arg)
{
	struct ui *ui = arg;

	if (ui->asking == ASKING_WRITING && ui->shown_at == UINT64_MAX)
		ui_start_lock(ui);
	else if (ui->asking == ASKING_WRITING)
		write_prompt(ui);
	if (ui->lost == 0)
		return;
	ui->lost = 0;
	if (ui->asking == ASKING_NOTHING)
		ui_message(ui, "Some lines could not be shown here; they are in the record.");
	else
		say_answer_line(ui);
}

static void on_closed(void *arg)
{
	struct ui *ui = arg;

	ui->ev->on_closed(ui->owner);
}

void ui_let_go(struct ui *ui)
{
	if (--ui->held > 0)
		return;

	const struct ui_events *ev = ui->ev;
	void *owner = ui->owner;

	free(ui);
	ev->on_gone(owner);
}

static void on_term_gone(void *arg)
{
	ui_let_go(arg);
}

static void on_timer_closed(uv_handle_t *h)
{
	ui_let_go(h->data);
}

static const struct term_events term_events = {
    .on_line = on_line,
    .on_drained = on_drained,
    .on_closed = on_closed,
    .on_gone = on_term_gone,
};

static bool can_redraw(const struct ui *ui)
{
	unsigned columns, rows;

	if (!ui->term)
		return false;
	term_size(ui->term, &columns, &rows);
	return term_can_redraw(ui->term) && columns >= LIVE_COLUMNS && rows >= 2 * UI_LIVE_ROWS;
}

/* fd -1: in a window. */
static int open_on(uv_loop_t *loop, int in_fd, int out_fd, unsigned lock_ms,
		   const struct ui_events *ev, void *owner, struct ui **out)
{
	struct ui *ui = calloc(1, sizeof *ui);

	if (!ui)
		return UV_ENOMEM;
	ui->loop = loop;
	ui->lock_ms = lock_ms;
	ui->ev = ev;
	ui->owner = owner;

	int err = in_fd < 0 ? window_open(loop, &ui_window_events, ui, &ui->window)
			    : term_open(loop, in_fd, out_fd, &term_events, ui, &ui->term);
	if (err < 0) {
		free(ui);
		return err;
	}
	uv_timer_init(loop, &ui->lock); /* cannot fail */
	uv_timer_init(loop, &ui->draw);
	ui->lock.data = ui->draw.data = ui;
	ui->held = 3;
	ui->fancy = can_redraw(ui);
	*out = ui;
	return 0;
}

int ui_open_on(uv_loop_t *loop, int in_fd, int out_fd, unsigned lock_ms, const struct ui_events *ev,
	       void *owner, struct ui **out)
{
	return open_on(loop, in_fd, out_fd, lock_ms, ev, owner, out);
}

int ui_open(uv_loop_t *loop, const struct ui_events *ev, void *owner, struct ui **out)
{
	bool window = window_is_preferred();
	int err = open_on(loop, window ? -1 : 0, window ? -1 : 1, LOCK_MS, ev, owner, out);

	if (err == AS_E_NO_CONSENT_UI)
		err = open_on(loop, window ? 0 : -1, window ? 1 : -1, LOCK_MS, ev, owner, out);
	return err;
}

bool ui_is_window(const struct ui *ui)
{
	return ui->window != NULL;
}

void ui_close(struct ui *ui)
{
	if (!ui || ui->closing)
		return;
	ui->closing = true;
	if (ui->window)
		window_close(ui->window);
	else
		term_close(ui->term);
	uv_close((uv_handle_t *)&ui->lock, on_timer_closed);
	uv_close((uv_handle_t *)&ui->draw, on_timer_closed);
}

/* ---- other lines ---- */

static void leave_answer_line(struct ui *ui)
{
	if (ui->asking == ASKING_OPEN || ui->asking == ASKING_QUESTION)
		ui_say_text(ui, "\n");
}

void ui_page(struct ui *ui, const char *text)
{
	ui_erase_live(ui);
	ui_say_text(ui, text);
	say_answer_line(ui);
	ui_draw_live(ui);
}

void ui_message(struct ui *ui, const char *fmt, ...)
{
	char raw[UI_LINE_MAX], line[UI_LINE_MAX];
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(raw, sizeof raw - 1, fmt, ap);
	va_end(ap);
	if (n < 0)
		return;

	size_t len = text_line(raw, strlen(raw), line, sizeof line - 1);
	if (ui->window) {
		window_line(ui->window, line);
		return;
	}
	line[len++] = '\n';
	ui_erase_live(ui);
	leave_answer_line(ui);
	ui_say(ui, line, len);
	say_answer_line(ui);
	ui_draw_live(ui);
}

void ui_show_code(struct ui *ui, const char *code, unsigned minutes)
{
	if (ui->window) {
		window_code(ui->window, code, minutes);
		return;
	}
	ui_message(ui, "Your code: %s", code);
	ui_message(
	    ui, "Read it to your support engineer. It is valid for %u minutes and for one session.",
	    minutes);
	ui_message(ui, "Nothing is sent before you are asked. To end, type stop and press Enter.");
}

void ui_tell_how_to_end(struct ui *ui)
{
	if (ui->window)
		ui_message(ui, "To end at once, press Stop.");
	else
		ui_message(ui, "To end at once, type stop and press Enter (or press Ctrl-C).");
}

void ui_session_begin(struct ui *ui, const char *who, const char *ends_at)
{
	if (ui->window)
		window_session(ui->window);
	ui_message(ui, "%s may now read what you allowed, until %s.", who, ends_at);
	ui_tell_how_to_end(ui);
	if (!ui->window)
		ui_message(ui, "To end only one item, type cancel and the number before it, and "
			       "press Enter.");
}
