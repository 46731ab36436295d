/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/device/terminal.h"

#include <stdio.h>
#include <string.h>

#define ESC 0x1b

void terminal_begin(struct terminal *t, const struct catalogue *c, terminal_text on_text, void *arg)
{
	*t = (struct terminal){.c = c, .on_text = on_text, .arg = arg};
}

/* ---- what a line looks like ---- */

/* Bytes of the control sequence at p, which begins with ESC. */
static size_t sequence(const uint8_t *p, size_t n)
{
	size_t i = 2;

	if (n < 2 || p[1] != '[')
		return n < 2 ? n : 2;
	while (i < n && (p[i] < 0x40 || p[i] > 0x7e))
		i++;
	return i < n ? i + 1 : n;
}

/* The line as a person sees it: what stands behind the last CR with something behind it, without
 * control sequences and without blanks at its ends. Any byte that is not plain ASCII becomes a '?'.
 */
static void look(const struct terminal *t, char out[TERMINAL_LINE_MAX + 1])
{
	bool home = false;
	size_t n = 0, i = 0;

	while (i < t->len) {
		uint8_t b = t->line[i];

		if (b == ESC) {
			i += sequence(t->line + i, t->len - i);
			continue;
		}
		i++;
		if (b == '\r' || b == '\b') {
			home = home || b == '\r';
			n -= b == '\b' && n > 0;
			continue;
		}
		if (home)
			n = 0;
		home = false;
		if (b != ' ' || n > 0)
			out[n++] = b >= ' ' && b <= '~' ? (char)b : '?';
	}
	while (n > 0 && out[n - 1] == ' ')
		n--;
	out[n] = '\0';
}

static bool is_pager(const struct terminal *t, const char *seen)
{
	for (size_t i = 0; i < t->c->more.count; i++)
		if (strstr(seen, t->c->more.at[i]))
			return true;
	return false;
}

static bool may_be_prompt(const struct terminal *t, const char *seen)
{
	size_t n = strlen(seen);

	return n > 0 && n <= TERMINAL_PROMPT_MAX && strchr(t->c->prompt, seen[n - 1]);
}

/* ---- what goes on ---- */

static int hand_on(struct terminal *t, size_t from)
{
	int err = 0;

	if (t->state == TERMINAL_BUSY && from < t->len)
		err = t->on_text(t->line + from, t->len - from, t->arg);
	t->len = 0;
	return err;
}

/* Behind a pager's words: how many bytes did it take to wipe them out? The CR of the line's own
 * end does not count. */
static size_t wiped(const struct terminal *t)
{
	size_t n = 0, i = 0;

	while (i < t->len) {
		if (t->line[i] == ESC)
			n = i += sequence(t->line + i, t->len - i);
		else if (t->line[i] == '\b' ||
			 (t->line[i] == '\r' && i + 1 < t->len && t->line[i + 1] != '\n'))
			n = ++i;
		else if (t->line[i] == ' ')
			i++;
		else
			break;
	}
	return n;
}

/* The whole line is there, with its '\n'. */
static int end_line(struct terminal *t)
{
	char seen[TERMINAL_LINE_MAX + 1];
	bool drawn = t->drawn, echo = t->echo_due && !t->long_line;

	t->drawn = t->long_line = false;
	if (echo) {
		t->echo_due = false;
		t->len -= 1; /* the '\n' is none of what a person sees */
		look(t, seen);
		t->len += 1;
		if (t->typed[0] ? strstr(seen, t->typed) != NULL : seen[0] == '\0') {
			t->len = 0;
			return 0;
		}
	}
	return hand_on(t, drawn ? wiped(t) : 0);
}

int terminal_feed(struct terminal *t, const uint8_t *p, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && err == 0; i++) {
		t->line[t->len++] = p[i];
		if (p[i] == '\n') {
			err = end_line(t);
		} else if (t->len == sizeof t->line) {
			t->long_line = true;
			t->echo_due = false;
			err = hand_on(t, 0);
		}
	}
	return err;
}

/* ---- quiet ---- */

static enum terminal_wants turn_page(struct terminal *t)
{
	if (++t->pages > TERMINAL_PAGES_MAX)
		return TERMINAL_LOST;
	t->len = 0;
	t->drawn = true;
	return TERMINAL_SPACE;
}

/* Two alike, one after the other, are the prompt. */
static enum terminal_wants learn(struct terminal *t, const char *seen)
{
	t->len = 0;
	if (strcmp(t->prompt, seen) == 0) {
		t->state = TERMINAL_READY;
		return TERMINAL_DONE;
	}
	snprintf(t->prompt, sizeof t->prompt, "%.*s", TERMINAL_PROMPT_MAX, seen);
	return ++t->greets > TERMINAL_GREETS_MAX ? TERMINAL_LOST : TERMINAL_ENTER;
}

enum terminal_wants terminal_quiet(struct terminal *t)
{
	char seen[TERMINAL_LINE_MAX + 1];

	if (t->state == TERMINAL_READY || t->long_line)
		return TERMINAL_WAIT;
	look(t, seen);
	if (is_pager(t, seen))
		return turn_page(t);
	if (t->state == TERMINAL_GREETING)
		return may_be_prompt(t, seen) ? learn(t, seen) : TERMINAL_WAIT;
	if (strcmp(seen, t->prompt) != 0)
		return TERMINAL_WAIT;
	t->len = 0;
	t->drawn = t->echo_due = false;
	t->state = TERMINAL_READY;
	return TERMINAL_DONE;
}

void terminal_typed(struct terminal *t, const char *command)
{
	snprintf(t->typed, sizeof t->typed, "%s", command);
	t->state = TERMINAL_BUSY;
	t->echo_due = true;
	t->len = 0;
	t->pages = 0;
}

int terminal_end(struct terminal *t)
{
	return hand_on(t, t->drawn ? wiped(t) : 0);
}
