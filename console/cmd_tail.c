/* SPDX-License-Identifier: Apache-2.0
 *
 * tail PATH... [options of live_words.h]: log files, or files below a granted folder, as they grow.
 */
#include "console/live_words.h"
#include "console/session_priv.h"
#include "proto/base/err.h"

static const struct word_option options[] = {LIVE_OPTIONS};

/* Options first, then paths: what is common must be complete. */
static int read_words(struct words *w, bool paths, const struct session *s, struct live_wish *wish,
		      as_OpenArgs *common, struct asks *asks, char *why)
{
	const char *value;
	int got;

	while ((got = words_next(w, &value, why)) != WORDS_END) {
		int err = 0;

		if (got == WORDS_BAD)
			return AS_EBADMSG;
		if (got >= 0 && !paths && live_word(got, value, wish, common, why) < 0)
			return AS_EBADMSG;
		if (got == WORDS_PLAIN && paths)
			err = ask_add_path(asks, s, value, "tail", "tail_files", common, why);
		if (err < 0)
			return err;
	}
	return 0;
}

int cmd_tail(struct session *s, int argc, const char *const argv[])
{
	static struct asks asks; /* too big for a stack; copied by the job */
	static as_OpenArgs common;
	struct words w = {.argc = argc,
			  .argv = argv,
			  .options = options,
			  .options_count = sizeof options / sizeof options[0]};
	struct words again = w;
	struct live_wish wish = {.name = "tail", .line = s->line, .keep = true};
	char why[ASK_WHY_MAX] = "tail needs a path: tail /var/log/syslog";
	struct job *job;

	asks.count = 0;
	common = (as_OpenArgs){0};

	int err = read_words(&w, false, s, &wish, &common, &asks, why);
	live_words_end(&wish, &common);
	if (err == 0)
		err = read_words(&again, true, s, &wish, &common, &asks, why);
	if (err < 0 || asks.count == 0)
		return session_refuse(s, why);
	err = live_start(&s->jobs, &wish, &asks, &job);
	return err < 0 ? session_fault(s, err) : session_began(s, job);
}
