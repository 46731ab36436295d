/* SPDX-License-Identifier: Apache-2.0
 *
 * get PATH... [--continue] [--compress]: files and folders of the customer's computer, into the
 * bundle.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/connect_args.h"
#include "console/get.h"
#include "console/place.h"
#include "console/session_priv.h"
#include "console/words.h"
#include "proto/base/err.h"
#include "proto/wire/host_path.h"

enum { OPT_CONTINUE, OPT_COMPRESS };
static const struct word_option options[] = {{"continue", 0, false}, {"compress", 0, false}};

static int add(struct session *s, const char *path, struct get_one *all, size_t *count, char *why)
{
	static struct asks asks; /* too big for a stack */
	static const as_OpenArgs none;
	char whole[PLACE_PATH_MAX + 1], reason[PLACE_WHY_MAX];
	int err;

	if (*count == GET_PATHS_MAX) {
		snprintf(why, ASK_WHY_MAX, "at most %d paths", GET_PATHS_MAX);
		return AS_EFULL;
	}
	asks.count = 0;
	err = ask_add_path(&asks, s, path, NULL, "get", &none, why);
	if (err == 0)
		err = place_tidy(path, whole, reason);
	if (err < 0)
		return err;
	all[*count].ask = asks.at[0];
	host_path_escape(whole, all[*count].source, sizeof all[*count].source);
	++*count;
	return 0;
}

static int read_words(struct words *w, struct session *s, struct get_wish *wish,
		      struct get_one *all, char *why)
{
	const char *value;
	int got;

	while ((got = words_next(w, &value, why)) != WORDS_END) {
		int err = got == WORDS_PLAIN ? add(s, value, all, &wish->count, why) : 0;

		if (got == WORDS_BAD)
			return AS_EBADMSG;
		if (err < 0)
			return err;
		wish->go_on |= got == OPT_CONTINUE;
		wish->packs |= got == OPT_COMPRESS;
	}
	return wish->count > 0 ? 0 : AS_EBADMSG;
}

int cmd_get(struct session *s, int argc, const char *const argv[])
{
	struct get_one *all = calloc(GET_PATHS_MAX, sizeof *all);
	struct words w = {.argc = argc,
			  .argv = argv,
			  .options = options,
			  .options_count = sizeof options / sizeof options[0]};
	struct get_wish wish = {.line = s->line, .out_dir = s->setup.args->out, .all = all};
	char why[ASK_WHY_MAX] = "get needs a path: get /srv/app/app.log";
	struct job *job = NULL;
	int err = all ? read_words(&w, s, &wish, all, why) : UV_ENOMEM;
	bool refused = all && err < 0;

	if (err == 0)
		err = get_start(&s->jobs, &wish, &job);
	free(all);
	if (refused)
		return session_refuse(s, why);
	return err < 0 ? session_fault(s, err) : session_began(s, job);
}
