/* SPDX-License-Identifier: Apache-2.0 */
#include "console/live_words.h"

#include <stdio.h>
#include <string.h>

#include "console/connect_args.h"
#include "proto/base/err.h"

#define LINES_MAX    UINT64_C(1000000000000)
#define LAST_MAX     100000u
#define LAST_DEFAULT 10u /* of the agent */

static int bad(char *why, const char *what)
{
	snprintf(why, WORDS_WHY_MAX, "%s", what);
	return WORDS_BAD;
}

int live_word_for(const char *value, uint32_t *seconds, char why[WORDS_WHY_MAX])
{
	if (duration_parse(value, seconds) < 0)
		return bad(why, "--for: a time like 90s, 30m or 2h, at most 8h");
	return 0;
}

static int take_lines(const char *value, struct live_wish *w, char *why)
{
	if (words_number(value, LINES_MAX, &w->lines_max) < 0 || w->lines_max == 0)
		return bad(why, "--lines: the number of lines after which it ends");
	return 0;
}

static int take_last(const char *value, as_OpenArgs *args, char *why)
{
	uint64_t n;

	if (words_number(value, LAST_MAX, &n) < 0)
		return bad(why, "--last: how many of the last lines come first, at most 100000");
	args->lines = (uint32_t)n + 1; /* 0 on the wire is the agent's default */
	return 0;
}

static int take_pattern(const char *value, as_OpenArgs *args, char *why)
{
	if (strlen(value) >= sizeof args->pattern)
		return bad(why, "--grep: the pattern is too long");
	memcpy(args->pattern, value, strlen(value) + 1);
	return 0;
}

int live_word(int option, const char *value, struct live_wish *w, as_OpenArgs *args,
	      char why[WORDS_WHY_MAX])
{
	switch (option) {
	case LIVE_LINES:
		return take_lines(value, w, why);
	case LIVE_LAST:
		return take_last(value, args, why);
	case LIVE_GREP:
		return take_pattern(value, args, why);
	case LIVE_CASE:
		args->flags |= OPEN_FLAG_CASE;
		return 0;
	case LIVE_FOR:
		return live_word_for(value, &w->for_s, why);
	case LIVE_TIME:
		w->with_time = true;
		return 0;
	case LIVE_NO_SAVE:
		w->keep = false;
		return 0;
	default:
		return bad(why, "no such option");
	}
}

void live_words_end(const struct live_wish *w, as_OpenArgs *args)
{
	if (args->lines == 0 && w->lines_max > 0 && w->lines_max < LAST_DEFAULT)
		args->lines = (uint32_t)w->lines_max + 1;
}
