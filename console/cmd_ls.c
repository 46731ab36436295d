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

static int take_option(int option, const char *value, as_OpenArgs *common, void *owner, char *why)
{
	struct list_wish *wish = owner;

	(void)value;
	(void)why;
	if (option == OPT_DEEP)
		common->flags |= OPEN_FLAG_DEEP;
	else
		wish->keep = false;
	return 0;
}

static int start(struct session *s, int argc, const char *const argv[], const char *name)
{
	static struct asks asks; /* too big for a stack; copied by the job */
	struct list_wish wish = {.name = name, .line = s->line, .keep = true};
	struct ask_words words = {.options = options,
				  .options_count = sizeof options / sizeof options[0],
				  .files = name,
				  .option = take_option,
				  .owner = &wish};
	char why[ASK_WHY_MAX] = "a path is missing, like /srv/app";
	struct job *job;
	int err = ask_read(&asks, s, argc, argv, &words, why);

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
