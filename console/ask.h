/* SPDX-License-Identifier: Apache-2.0
 *
 * What a command wants of the agent: the operations to open, each with its catalogue entry and its
 * arguments. Paths are sorted here into as few operations as their rights and MSG_PATHS_MAX allow.
 */
#ifndef AS_CONSOLE_ASK_H
#define AS_CONSOLE_ASK_H

#include <stddef.h>

#include "proto/wire/messages.h"

struct session;

#define ASKS_MAX    8
#define ASK_WHY_MAX 640

struct ask {
	as_CatalogEntry entry;
	as_OpenArgs args;
};

struct asks {
	struct ask at[ASKS_MAX];
	size_t count;
};

/* One operation more, with these arguments. All of these return 0, or AS_EBADMSG, AS_E_SCOPE,
 * AS_EUNAVAIL (this agent has no such operation) or AS_EFULL, with one line in why. */
int ask_add(struct asks *a, const struct session *s, const char *name, const as_OpenArgs *args,
	    char why[ASK_WHY_MAX]);

/* One path more, for the operation `files`, or, where the right `logs` covers it, `logs` (NULL:
 * never). args: what both have in common. */
int ask_add_path(struct asks *a, const struct session *s, const char *path, const char *logs,
		 const char *files, const as_OpenArgs *args, char why[ASK_WHY_MAX]);

#endif
