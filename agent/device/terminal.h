/* SPDX-License-Identifier: Apache-2.0
 *
 * A device's terminal, for devices that run one command after the other in a shell of their own:
 * what of its output is a prompt, an echo or a pager, and what is the answer. Pure: bytes come in,
 * the answer comes out, and whoever owns the connection says when it has been quiet for a while.
 *
 *   terminal_begin() -> GREETING -> (two prompts that are alike) READY
 *   terminal_typed() -> BUSY -> (the prompt again) READY
 *
 * Text that merely looks like the prompt is not taken for one while more follows it: that is what
 * the quiet is for. The answer's bytes are handed on as they are; only echo, prompt and what a
 * pager drew are left out. A line is held back until it ends or is too long to be a prompt.
 */
#ifndef AS_AGENT_DEVICE_TERMINAL_H
#define AS_AGENT_DEVICE_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/device/catalogue.h"

#define TERMINAL_LINE_MAX   512
#define TERMINAL_PROMPT_MAX 128
#define TERMINAL_PAGES_MAX  2000 /* a pager that goes on for ever */
#define TERMINAL_GREETS_MAX 4	 /* prompts that are never the same twice */

enum terminal_state { TERMINAL_GREETING, TERMINAL_READY, TERMINAL_BUSY };

/* What to do now that it is quiet. */
enum terminal_wants {
	TERMINAL_WAIT,	/* nothing: it is still at work, or says nothing */
	TERMINAL_ENTER, /* press Enter: is this the prompt? */
	TERMINAL_SPACE, /* press the space bar: a pager waits */
	TERMINAL_DONE,	/* the prompt is there: READY */
	TERMINAL_LOST,	/* it will never be usable: no prompt, or a pager without end */
};

/* Negative stops the feeding and is handed back. */
typedef int (*terminal_text)(const uint8_t *p, size_t n, void *arg);

struct terminal {
	const struct catalogue *c;
	terminal_text on_text;
	void *arg;
	enum terminal_state state;
	char prompt[TERMINAL_PROMPT_MAX + 1]; /* as it was learned; "" for not yet */
	char typed[CATALOGUE_COMMAND_LEN + 1];
	uint8_t line[TERMINAL_LINE_MAX]; /* the one that has not ended */
	size_t len;
	bool echo_due;	/* the next whole line may be what we typed */
	bool drawn;	/* a pager's words stood on this line before */
	bool long_line; /* its beginning has been handed on */
	unsigned pages, greets;
};

void terminal_begin(struct terminal *t, const struct catalogue *c, terminal_text on_text,
		    void *arg);
int terminal_feed(struct terminal *t, const uint8_t *p, size_t n);

/* Nothing has come for a while. */
enum terminal_wants terminal_quiet(struct terminal *t);

/* READY -> BUSY: this was typed, without its Enter. */
void terminal_typed(struct terminal *t, const char *command);

/* The connection has ended, or nobody waits any longer: what is held back is handed on. */
int terminal_end(struct terminal *t);

#endif
