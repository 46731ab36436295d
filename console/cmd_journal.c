/* SPDX-License-Identifier: Apache-2.0
 *
 * journal and eventlog: what the customer's system logs, as it comes.
 */
#include <stdio.h>
#include <string.h>

#include "console/live_words.h"
#include "console/session_priv.h"
#include "proto/base/err.h"

enum { OPT_UNIT = LIVE_OPTION_COUNT, OPT_PRIORITY };
static const struct word_option options[] = {
    LIVE_OPTIONS,
    {"unit", 0, true},
    {"priority", 0, true},
};

static int take_own(int option, const char *value, as_OpenArgs *args, char *why)
{
	if (option == OPT_PRIORITY && catalog_priority(value, &args->priority) < 0) {
		snprintf(why, WORDS_WHY_MAX, "--priority: 0 to 7, or emerg ... debug");
		return AS_EBADMSG;
	}
	if (option == OPT_UNIT && strlen(value) >= sizeof args->unit) {
		snprintf(why, WORDS_WHY_MAX, "--unit: that name is too long");
		return AS_EBADMSG;
	}
	if (option == OPT_UNIT)
		memcpy(args->unit, value, strlen(value) + 1);
	return 0;
}

static int read_words(struct words *w, struct live_wish *wish, as_OpenArgs *args, char *why)
{
	const char *value;
	int got;

	while ((got = words_next(w, &value, why)) != WORDS_END) {
		int err = 0;

		if (got == WORDS_PLAIN)
			snprintf(why, WORDS_WHY_MAX, "%.60s: this takes options only", value);
		if (got < 0)
			return AS_EBADMSG;
		if (got >= LIVE_OPTION_COUNT)
			err = take_own(got, value, args, why);
		else
			err = live_word(got, value, wish, args, why);
		if (err < 0)
			return AS_EBADMSG;
	}
	live_words_end(wish, args);
	return 0;
}

static int start(struct session *s, int argc, const char *const argv[], const char *name,
		 const char *operation)
{
	static struct asks asks;
	static as_OpenArgs args;
	struct words w = {.argc = argc,
			  .argv = argv,
			  .options = options,
			  .options_count = sizeof options / sizeof options[0]};
	struct live_wish wish = {.name = name, .line = s->line, .keep = true};
	char why[ASK_WHY_MAX];
	struct job *job;

	asks.count = 0;
	args = (as_OpenArgs){0};

	int err = read_words(&w, &wish, &args, why);
	if (err == 0)
		err = ask_add(&asks, s, operation, &args, why);
	if (err < 0)
		return session_refuse(s, why);
	err = live_start(&s->jobs, &wish, &asks, &job);
	return err < 0 ? session_fault(s, err) : session_began(s, job);
}

int cmd_journal(struct session *s, int argc, const char *const argv[])
{
	return start(s, argc, argv, "journal", "journal_live");
}

int cmd_eventlog(struct session *s, int argc, const char *const argv[])
{
	return start(s, argc, argv, "eventlog", "eventlog_live");
}
