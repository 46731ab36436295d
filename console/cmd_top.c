/* SPDX-License-Identifier: Apache-2.0
 *
 * top [--for TIME] [--samples N] [--no-save]: what the customer's computer is doing.
 */
#include <stdio.h>

#include "console/bundle.h"
#include "console/live_words.h"
#include "console/session_priv.h"
#include "console/top.h"
#include "proto/base/err.h"

#define SAMPLES_MAX 1000000u

enum { OPT_FOR, OPT_SAMPLES, OPT_NO_SAVE };
static const struct word_option options[] = {
    {"for", 0, true}, {"samples", 0, true}, {"no-save", 0, false}};

static int take(int option, const char *value, struct top_wish *w, char *why)
{
	if (option == OPT_FOR)
		return live_word_for(value, &w->for_s, why);
	if (option == OPT_NO_SAVE)
		w->keep = false;
	else if (words_number(value, SAMPLES_MAX, &w->samples_max) < 0 || w->samples_max == 0) {
		snprintf(why, WORDS_WHY_MAX,
			 "--samples: the number of samples after which it ends");
		return WORDS_BAD;
	}
	return 0;
}

static int read_words(struct words *w, struct top_wish *wish, char *why)
{
	const char *value;
	int got;

	while ((got = words_next(w, &value, why)) != WORDS_END) {
		if (got == WORDS_PLAIN)
			snprintf(why, WORDS_WHY_MAX, "%.60s: this takes options only", value);
		if (got < 0 || take(got, value, wish, why) < 0)
			return AS_EBADMSG;
	}
	return 0;
}

int cmd_top(struct session *s, int argc, const char *const argv[])
{
	static const as_OpenArgs none;
	static struct asks asks; /* too big for a stack; copied by the job */
	struct words w = {.argc = argc,
			  .argv = argv,
			  .options = options,
			  .options_count = sizeof options / sizeof options[0]};
	struct top_wish wish = {.line = s->line,
				.host = bundle_manifest(s->bundle)->host,
				.keep = true,
				.full_screen = !s->background};
	char why[ASK_WHY_MAX];
	struct job *job;

	asks.count = 0;

	int err = read_words(&w, &wish, why);
	if (err == 0)
		err = ask_add(&asks, s, "top", &none, why);
	if (err < 0)
		return session_refuse(s, why);
	err = top_start(&s->jobs, &wish, &asks.at[0], &job);
	return err < 0 ? session_fault(s, err) : session_began(s, job);
}
