/* SPDX-License-Identifier: Apache-2.0
 *
 * tail PATH... [options of live_words.h]: log files, or files below a granted folder, as they grow.
 */
#include "console/live_words.h"
#include "console/session_priv.h"
#include "proto/base/err.h"

static const struct word_option options[] = {LIVE_OPTIONS};

static int take_option(int option, const char *value, as_OpenArgs *common, void *owner, char *why)
{
	return live_word(option, value, owner, common, why) < 0 ? AS_EBADMSG : 0;
}

static void end_options(as_OpenArgs *common, void *owner)
{
	live_words_end(owner, common);
}

int cmd_tail(struct session *s, int argc, const char *const argv[])
{
	static struct asks asks; /* too big for a stack; copied by the job */
	struct live_wish wish = {.name = "tail", .line = s->line, .keep = true};
	struct ask_words words = {.options = options,
				  .options_count = sizeof options / sizeof options[0],
				  .logs = "tail",
				  .files = "tail_files",
				  .option = take_option,
				  .all_told = end_options,
				  .owner = &wish};
	char why[ASK_WHY_MAX] = "tail needs a path: tail /var/log/syslog";
	struct job *job;
	int err = ask_read(&asks, s, argc, argv, &words, why);

	if (err < 0 || asks.count == 0)
		return session_refuse(s, why);
	err = live_start(&s->jobs, &wish, &asks, &job);
	return err < 0 ? session_fault(s, err) : session_began(s, job);
}
