/* SPDX-License-Identifier: Apache-2.0
 *
 * What a command wants of the agent: the operations to open, each with its catalogue entry and its
 * arguments. Paths are sorted here into as few operations as their rights and MSG_PATHS_MAX allow.
 */
#ifndef AS_CONSOLE_ASK_H
#define AS_CONSOLE_ASK_H

#include <stddef.h>

#include "console/words.h"
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

/* The words of a command that takes options and paths, for ask_add_path(). */
struct ask_words {
	const struct word_option *options;
	size_t options_count;
	const char *logs, *files;
	/* One option, for what all paths have in common. AS_EBADMSG with one line in why. */
	int (*option)(int option, const char *value, as_OpenArgs *common, void *owner, char *why);
	/* Every option was told, and the first path comes. May be NULL. */
	void (*all_told)(as_OpenArgs *common, void *owner);
	void *owner;
};

/* Fills a; without any path it stays empty and why is left as it was. */
int ask_read(struct asks *a, const struct session *s, int argc, const char *const argv[],
	     const struct ask_words *w, char why[ASK_WHY_MAX]);

#endif
