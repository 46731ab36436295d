/* SPDX-License-Identifier: Apache-2.0
 *
 * The prompt: line editing, history and completion by libedit, on the program's loop. There is
 * one terminal and so one prompt; libedit keeps its state in globals, and so does this file.
 *
 * While a command is at work there is no prompt and nothing is read; what is typed waits in the
 * terminal. Whoever prints while the prompt stands goes through the screen, which takes the
 * prompt away and puts it back. libedit writes to the terminal itself, so it has to wait until what
 * was printed before has left: repl_drained().
 *
 * Life: repl_open() (after keys_open()) -> repl_ask() -> on_line() ... -> repl_close().
 */
#ifndef AS_CONSOLE_REPL_H
#define AS_CONSOLE_REPL_H

#include <stdbool.h>
#include <stddef.h>

struct outlet;
struct screen;

struct repl_events {
	void (*on_line)(const char *line, void *owner); /* ends with the call */
	void (*on_eof)(void *owner);			/* Ctrl-D on an empty line */
	/* The i-th word that may be completed behind a command; NULL after the last. */
	const char *(*word)(size_t i, void *owner);
};

#define REPL_HISTORY_MAX 500

/* screen prints through the outlet. */
void repl_open(struct screen *screen, struct outlet *outlet, const struct repl_events *ev,
	       void *owner);

/* Shows the prompt and waits for one line. */
void repl_ask(void);

/* The outlet may have become idle. */
void repl_drained(void);

/* The terminal is given back as it was. Harmless when it was never opened. */
void repl_close(void);

#endif
