/* SPDX-License-Identifier: Apache-2.0
 *
 * The options that all live views of lines have in common.
 */
#ifndef AS_CONSOLE_LIVE_WORDS_H
#define AS_CONSOLE_LIVE_WORDS_H

#include "console/live.h"
#include "console/words.h"

#define LIVE_OPTIONS                                                                           \
	{"lines", 0, true}, {"last", 0, true}, {"grep", 0, true}, {"ignore-case", 'i', false}, \
	    {"for", 0, true}, {"time", 0, false},                                              \
	{                                                                                      \
		"no-save", 0, false                                                            \
	}
enum live_option {
	LIVE_LINES,
	LIVE_LAST,
	LIVE_GREP,
	LIVE_CASE,
	LIVE_FOR,
	LIVE_TIME,
	LIVE_NO_SAVE,
	LIVE_OPTION_COUNT, /* others begin here */
};

/* How all of them are told in 'help'. */
#define LIVE_HELP "[--grep RE] [-i] [--last N] [--for TIME] [--lines N] [--time] [--no-save]"

/* One option with its value. WORDS_BAD with one line in why. */
int live_word(int option, const char *value, struct live_wish *w, as_OpenArgs *args,
	      char why[WORDS_WHY_MAX]);

/* After the last one: with few lines wanted, those are the last ones. */
void live_words_end(const struct live_wish *w, as_OpenArgs *args);

/* --for of any command. */
int live_word_for(const char *value, uint32_t *seconds, char why[WORDS_WHY_MAX]);

#endif
