/* SPDX-License-Identifier: Apache-2.0 */
#include "console/repl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <editline/readline.h>

#include "console/command.h"
#include "console/keys.h"
#include "console/outlet.h"
#include "console/screen.h"

#define PROMPT "assent> "

static struct repl {
	struct screen *screen;
	struct outlet *outlet;
	const struct repl_events *ev;
	void *owner;
	char *line; /* typed, not yet handed on; libedit allocated it */
	bool open, got_line, got_eof;
	bool asking; /* the prompt stands */
	bool due;    /* it will, when the outlet is idle */
	bool hidden; /* it stands, and something was printed over it */
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

/* A key was shown while the prompt is hidden: what is printed next begins a line of its own. */
static void clear_echo(void)
{
	if (!repl.hidden)
		return;
	fputs("\r\033[K", repl.screen->out);
	fflush(repl.screen->out);
}

/* libedit is left before anything is done with the line: what a command does may ask again. */
static void on_readable(bool failed, void *owner)
{
	(void)owner;
	if (failed)
		on_typed(NULL);
	else
		rl_callback_read_char();
	if (!repl.got_line && !repl.got_eof) {
		clear_echo();
		return;
	}

	char *line = repl.line;
	bool eof = repl.got_eof;

	repl.line = NULL;
	repl.got_line = repl.got_eof = repl.asking = repl.hidden = false;
	keys_stop();
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

	if (r->asking && !r->hidden)
		fputs("\r\033[K", r->screen->out);
	r->hidden = r->asking;
}

static void show(void *owner)
{
	struct repl *r = owner;

	if (!r->asking || !r->hidden || !outlet_is_idle(r->outlet))
		return;
	r->hidden = false;
	rl_forced_update_display();
}

void repl_open(struct screen *screen, struct outlet *outlet, const struct repl_events *ev,
	       void *owner)
{
	repl.screen = screen;
	repl.outlet = outlet;
	repl.ev = ev;
	repl.owner = owner;
	repl.open = true;
	screen->hide = hide;
	screen->show = show;
	screen->owner = &repl;
	rl_readline_name = "assent-console";
	rl_instream = stdin;
	rl_outstream = stdout;
	rl_attempted_completion_function = complete;
	using_history();
	stifle_history(REPL_HISTORY_MAX);
}

void repl_ask(void)
{
	if (!repl.open || repl.asking)
		return;
	repl.due = !outlet_is_idle(repl.outlet);
	if (repl.due)
		return;
	repl.asking = true;
	rl_callback_handler_install(PROMPT, on_typed);
	keys_read(on_readable, NULL);
}

void repl_drained(void)
{
	if (!repl.open || !outlet_is_idle(repl.outlet))
		return;
	if (repl.due)
		repl_ask();
	else
		show(&repl);
}

void repl_close(void)
{
	if (!repl.open)
		return;
	if (repl.asking) {
		rl_callback_handler_remove();
		fputc('\n', repl.screen->out);
		fflush(repl.screen->out);
	}
	repl.open = repl.asking = repl.due = repl.hidden = false;
	repl.screen->hide = repl.screen->show = NULL;
	keys_stop();
}
