/* SPDX-License-Identifier: Apache-2.0 */
#include "console/ask.h"

#include <stdio.h>
#include <string.h>

#include "console/place.h"
#include "console/session_priv.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

_Static_assert(PLACE_WHY_MAX + 80 < ASK_WHY_MAX, "why has room for a path's reason");

/* What this agent has of that kind, so that an engineer need not guess. */
static int say_what_there_is(const struct session *s, const char *name, char *why)
{
	char os[40];
	size_t n, at;

	text_line(s->agree.agent_os, strlen(s->agree.agent_os), os, sizeof os);
	n = (size_t)snprintf(why, ASK_WHY_MAX, "this agent has no %s; it runs %s and has", name,
			     os);
	at = n;
	for (size_t i = 0; i < s->catalog.entries_count && n < ASK_WHY_MAX; i++)
		if (s->catalog.entries[i].flags & CATALOG_OWN)
			n += (size_t)snprintf(why + n, ASK_WHY_MAX - n, "%s %s", n > at ? "," : "",
					      s->catalog.entries[i].name);
	if (n == at)
		snprintf(why + n, ASK_WHY_MAX - n, " only what 'collect' takes");
	return AS_EUNAVAIL;
}

static int find(const struct session *s, const char *name, const as_CatalogEntry **out, char *why)
{
	const as_CatalogEntry *e = catalog_find(&s->catalog, name);

	if (!e || !(e->flags & CATALOG_OWN))
		return say_what_there_is(s, name, why);
	*out = e;
	return 0;
}

static int take(struct asks *a, const as_CatalogEntry *e, const as_OpenArgs *args, char *why)
{
	if (a->count == ASKS_MAX) {
		snprintf(why, ASK_WHY_MAX, "too many paths for one command");
		return AS_EFULL;
	}
	a->at[a->count].entry = *e;
	a->at[a->count++].args = *args;
	return 0;
}

int ask_add(struct asks *a, const struct session *s, const char *name, const as_OpenArgs *args,
	    char why[ASK_WHY_MAX])
{
	const as_CatalogEntry *e;
	char text[SCOPE_TEXT_MAX];
	int err = find(s, name, &e, why);

	if (err < 0)
		return err;
	if (!agree_allows(&s->agree, (enum scope_kind)e->scope)) {
		scope_text(&(struct scope){.kind = (enum scope_kind)e->scope}, text);
		snprintf(why, ASK_WHY_MAX,
			 "the customer has not agreed to that; ask with: request %s", text);
		return AS_E_SCOPE;
	}
	return take(a, e, args, why);
}

/* An operation that has room for one more path of that right. */
static struct ask *with_room(struct asks *a, const as_CatalogEntry *e, const struct place *p)
{
	for (size_t i = 0; i < a->count; i++)
		if (a->at[i].entry.op_id == e->op_id && a->at[i].args.paths_count < MSG_PATHS_MAX &&
		    strcmp(a->at[i].args.root, p->right.target) == 0)
			return &a->at[i];
	return NULL;
}

int ask_add_path(struct asks *a, const struct session *s, const char *path, const char *logs,
		 const char *files, const as_OpenArgs *args, char why[ASK_WHY_MAX])
{
	char reason[PLACE_WHY_MAX];
	const as_CatalogEntry *e;
	struct place p;
	struct ask *to;
	int err =
	    place_find(path, s->agree.scopes, s->agree.scopes_count, logs != NULL, &p, reason);

	if (err < 0) {
		snprintf(why, ASK_WHY_MAX, "%.60s: %s", path, reason);
		return err;
	}
	err = find(s, p.right.kind == SCOPE_LOGS ? logs : files, &e, why);
	if (err < 0)
		return err;
	to = with_room(a, e, &p);
	if (!to) {
		err = take(a, e, args, why);
		to = &a->at[a->count - 1];
	}
	return err < 0 ? err : place_add(&p, &to->args);
}

static int read_options(struct words *w, const struct ask_words *ask, as_OpenArgs *common,
			char *why)
{
	const char *value;
	int got, err = 0;

	while (err == 0 && (got = words_next(w, &value, why)) != WORDS_END) {
		if (got == WORDS_BAD)
			return AS_EBADMSG;
		if (got != WORDS_PLAIN)
			err = ask->option(got, value, common, ask->owner, why);
	}
	return err;
}

static int read_paths(struct words *w, const struct ask_words *ask, struct asks *a,
		      const struct session *s, const as_OpenArgs *common, char *why)
{
	const char *value;
	int got, err = 0;

	while (err == 0 && (got = words_next(w, &value, why)) != WORDS_END)
		if (got == WORDS_PLAIN)
			err = ask_add_path(a, s, value, ask->logs, ask->files, common, why);
	return err;
}

/* Options first, then paths: what is common must be complete. */
int ask_read(struct asks *a, const struct session *s, int argc, const char *const argv[],
	     const struct ask_words *w, char why[ASK_WHY_MAX])
{
	static as_OpenArgs common; /* too big for a stack; copied */
	struct words words = {
	    .argc = argc, .argv = argv, .options = w->options, .options_count = w->options_count};
	struct words again = words;
	int err;

	a->count = 0;
	common = (as_OpenArgs){0};
	err = read_options(&words, w, &common, why);
	if (err == 0 && w->all_told)
		w->all_told(&common, w->owner);
	return err < 0 ? err : read_paths(&again, w, a, s, &common, why);
}
