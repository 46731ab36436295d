/* SPDX-License-Identifier: Apache-2.0 */
#include "console/repl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <editline/readline.h>

#include "console/command.h"
#include "console/screen.h"

#define PROMPT "assent> "

static struct repl {
	uv_poll_t poll;
	struct screen *screen;
	const struct repl_events *ev;
	void *owner;
	char *line; /* typed, not yet handed on; libedit allocated it */
	bool open, asking, got_line, got_eof;
} repl;

/* ---- completion ---- */

/* Commands for the first word; for later ones profiles, settings, and what the owner knows. */
static const char *candidate(bool first, size_t i)
{
	static const char *const fixed[] = {
	    "quick",   "full",	  "system", "network",	 "logs",   "metrics",
	    "capture", "files:/", "hours=", "priority=", "names=", "unit=",
	};
	const size_t fixed_count = sizeof fixed / sizeof fixed[0];
	const struct command *c;

	if (first)
		return (c = command_at(i)) != NULL ? c->name : NULL;
	return i < fixed_count ? fixed[i] : repl.ev->word(i - fixed_count, repl.owner);
}

static bool completing_first;

static char *next_match(const char *text, int state)
{
	static size_t at;
	const char *word;

	if (state == 0)
		at = 0;
	while ((word = candidate(completing_first, at)) != NULL) {
		at++;
		if (strncmp(word, text, strlen(text)) == 0)
			return strdup(word);
	}
	return NULL;
}

static char **complete(const char *text, int start, int end)
{
	(void)end;
	completing_first = strspn(rl_line_buffer, " \t") >= (size_t)start;
	rl_attempted_completion_over = 1; /* never file names */
	return rl_completion_matches(text, next_match);
}

/* ---- the prompt ---- */

static void on_typed(char *line)
{
	repl.line = line;
	repl.got_line = line != NULL;
	repl.got_eof = line == NULL;
	rl_callback_handler_remove();
}

/* libedit is left before anything is done with the line: what a command does may ask again. */
static void on_readable(uv_poll_t *p, int status, int events)
{
	(void)p;
	(void)events;
	if (status < 0)
		on_typed(NULL);
	else
		rl_callback_read_char();
	if (!repl.got_line && !repl.got_eof)
		return;

	char *line = repl.line;
	bool eof = repl.got_eof;

	repl.line = NULL;
	repl.got_line = repl.got_eof = repl.asking = false;
	uv_poll_stop(&repl.poll);
	if (eof) {
		fputc('\n', repl.screen->out);
		repl.ev->on_eof(repl.owner);
		return;
	}
	if (line[strspn(line, " \t")])
		add_history(line);
	repl.ev->on_line(line, repl.owner);
	free(line);
}

static void hide(void *owner)
{
	struct repl *r = owner;

	if (r->asking) {
		fputs("\r\033[K", r->screen->out);
		fflush(r->screen->out); /* what follows may go to stderr */
	}
}

static void show(void *owner)
{
	struct repl *r = owner;

	if (r->asking)
		rl_forced_update_display();
}

int repl_open(uv_loop_t *loop, struct screen *screen, const struct repl_events *ev, void *owner)
{
	if (!isatty(STDIN_FILENO))
		return UV_ENOTSUP;

	int err = uv_poll_init(loop, &repl.poll, STDIN_FILENO);
	if (err < 0)
		return err;
	repl.screen = screen;
	repl.ev = ev;
	repl.owner = owner;
	repl.open = true;
	screen->hide = hide;
	screen->show = show;
	screen->owner = &repl;
	rl_readline_name = "assent-console";
	rl_instream = stdin;
	rl_outstream = screen->out;
	rl_attempted_completion_function = complete;
	using_history();
	stifle_history(REPL_HISTORY_MAX);
	return 0;
}

void repl_ask(void)
{
	if (!repl.open || repl.asking)
		return;
	repl.asking = true;
	rl_callback_handler_install(PROMPT, on_typed);
	uv_poll_start(&repl.poll, UV_READABLE, on_readable);
}

static void on_poll_closed(uv_handle_t *h)
{
	(void)h;
	repl.ev->on_closed(repl.owner);
}

bool repl_close(void)
{
	if (!repl.open)
		return false;
	if (repl.asking) {
		rl_callback_handler_remove();
		fputc('\n', repl.screen->out);
		fflush(repl.screen->out);
	}
	repl.open = repl.asking = false;
	repl.screen->hide = repl.screen->show = NULL;
	uv_close((uv_handle_t *)&repl.poll, on_poll_closed);
	return true;
}
