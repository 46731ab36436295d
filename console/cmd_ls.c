/* SPDX-License-Identifier: Apache-2.0
 *
 * ls [-R] PATH... and stat PATH...: what lies in granted folders.
 */
#include "console/list.h"
#include "console/session_priv.h"
#include "console/words.h"
#include "proto/base/err.h"

enum { OPT_DEEP, OPT_NO_SAVE };
static const struct word_option options[] = {{"recursive", 'R', false}, {"no-save", 0, false}};

static int read_words(struct words *w, bool paths, const struct session *s, struct list_wish *wish,
		      as_OpenArgs *common, struct asks *asks, char *why)
{
	const char *value;
	int got;

	while ((got = words_next(w, &value, why)) != WORDS_END) {
		int err = 0;

		if (got == WORDS_BAD)
			return AS_EBADMSG;
		if (got == OPT_DEEP)
			common->flags |= OPEN_FLAG_DEEP;
		if (got == OPT_NO_SAVE)
			wish->keep = false;
		if (got == WORDS_PLAIN && paths)
			err = ask_add_path(asks, s, value, NULL, wish->name, common, why);
		if (err < 0)
			return err;
	}
	return 0;
}

static int start(struct session *s, int argc, const char *const argv[], const char *name)
{
	static struct asks asks; /* too big for a stack; copied by the job */
	static as_OpenArgs common;
	struct words w = {.argc = argc,
			  .argv = argv,
			  .options = options,
			  .options_count = sizeof options / sizeof options[0]};
	struct words again = w;
	struct list_wish wish = {.name = name, .line = s->line, .keep = true};
	char why[ASK_WHY_MAX] = "a path is missing, like /srv/app";
	struct job *job;

	asks.count = 0;
	common = (as_OpenArgs){0};

	int err = read_words(&w, false, s, &wish, &common, &asks, why);
	if (err == 0)
		err = read_words(&again, true, s, &wish, &common, &asks, why);
	if (err < 0 || asks.count == 0)
		return session_refuse(s, why);
	err = list_start(&s->jobs, &wish, &asks, &job);
	return err < 0 ? session_fault(s, err) : session_began(s, job);
}

int cmd_ls(struct session *s, int argc, const char *const argv[])
{
	return start(s, argc, argv, "ls");
}

int cmd_stat(struct session *s, int argc, const char *const argv[])
{
	return start(s, argc, argv, "stat");
}
