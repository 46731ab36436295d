/* SPDX-License-Identifier: Apache-2.0
 *
 * Command lines and the table of commands: what `help` prints, completion offers and a script
 * is checked against before anybody is bothered.
 */
#ifndef AS_CONSOLE_COMMAND_H
#define AS_CONSOLE_COMMAND_H

#include <stdbool.h>
#include <stddef.h>

#include "console/session_priv.h"

#define COMMAND_LINE_MAX  8192 /* a name of any bytes is typed with four characters for each */
#define COMMAND_WORDS_MAX 64
#define COMMAND_WHY_MAX	  320

struct command {
	const char *name, *arguments, *text;
	session_cmd run;
	bool needs_agent; /* waits while the connection is lost */
	bool is_job;	  /* may go on behind the next commands, with & */
};

/* The i-th command, or NULL. */
const struct command *command_at(size_t i);

struct command_line {
	char text[COMMAND_LINE_MAX + 1];
	const char *words[COMMAND_WORDS_MAX]; /* point into text */
	int count;			      /* 0 for a blank line or a # comment */
	bool background;		      /* it ended in a word of its own, & */
};

/* Words are separated by blanks; "double quotes" keep blanks together. AS_EBADMSG (quote not
 * closed, too many words, nothing before the &), AS_E_TOO_BIG, with one line in why. */
int command_split(const char *text, struct command_line *out, char why[COMMAND_WHY_MAX]);

/* The command a line names. NULL, with one line in why; also for one that is done at once and has
 * an
 * &. */
const struct command *command_find(const struct command_line *line, char why[COMMAND_WHY_MAX]);

#endif
