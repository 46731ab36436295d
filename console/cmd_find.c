/* SPDX-License-Identifier: Apache-2.0
 *
 * find PATH... [--name GLOB] [--size +10M|-1k|N] [--newer 2h] [--older 7d] [--type f,d,l]
 *              [--content RE] [-i] [--max N]: files below granted folders, by name, size, age and
 * content.
 */
#include <stdio.h>
#include <string.h>

#include "console/list.h"
#include "console/session_priv.h"
#include "console/words.h"
#include "proto/base/err.h"

enum {
	OPT_NAME,
	OPT_SIZE,
	OPT_NEWER,
	OPT_OLDER,
	OPT_TYPE,
	OPT_CONTENT,
	OPT_CASE,
	OPT_MAX,
	OPT_NO_SAVE
};
static const struct word_option options[] = {
    {"name", 0, true},		 {"size", 0, true}, {"newer", 0, true},
    {"older", 0, true},		 {"type", 0, true}, {"content", 0, true},
    {"ignore-case", 'i', false}, {"max", 0, true},  {"no-save", 0, false},
};

static int bad(char *why, const char *what)
{
	snprintf(why, ASK_WHY_MAX, "%s", what);
	return AS_EBADMSG;
}

static int take_text(const char *value, char *out, size_t cap, char *why)
{
	if (strlen(value) >= cap)
		return bad(why, "that pattern is too long");
	memcpy(out, value, strlen(value) + 1);
	return 0;
}

/* 0 as the upper end is "no limit" on the wire. */
static int take_size(const char *value, struct list_wish *w, as_OpenArgs *a, char *why)
{
	char sign = value[0] == '+' || value[0] == '-' ? value[0] : '=';
	uint64_t v;

	if (words_size(value + (sign != '='), &v) < 0)
		return bad(why, "--size: +10M for at least, -1k for at most, or exactly N");
	if (sign != '-')
		a->size_min = v;
	if (sign != '+')
		a->size_max = v > 0 ? v : 1;
	w->empty_only = sign != '+' && v == 0;
	return 0;
}

static int take_types(const char *value, as_OpenArgs *a, char *why)
{
	for (const char *at = value; *at; at++) {
		const char *type = strchr(ITEM_ENTRY_TYPES, *at);

		if (*at == ',')
			continue;
		if (!type)
			return bad(why, "--type: f, d, l, p, s, c, b, like f,d");
		a->types |= 1u << (type - ITEM_ENTRY_TYPES);
	}
	return a->types ? 0 : bad(why, "--type: f, d, l, p, s, c, b, like f,d");
}

static int take_age(const char *value, uint64_t *out, char *why)
{
	return words_age(value, out) < 0 ? bad(why, "an age is typed like 90s, 2h, 7d, 4w") : 0;
}

static int take_max(const char *value, struct list_wish *w, as_OpenArgs *a, char *why)
{
	if (words_number(value, LIST_MAX, &w->max) < 0 || w->max == 0)
		return bad(why, "--max: how many results at most, up to 200000");
	a->lines = (uint32_t)w->max + 1; /* 0 on the wire is the agent's default */
	return 0;
}

static int take_option(int option, const char *value, as_OpenArgs *a, void *owner, char *why)
{
	struct list_wish *w = owner;

	switch (option) {
	case OPT_NAME:
		return take_text(value, a->glob, sizeof a->glob, why);
	case OPT_CONTENT:
		return take_text(value, a->pattern, sizeof a->pattern, why);
	case OPT_SIZE:
		return take_size(value, w, a, why);
	case OPT_NEWER:
		return take_age(value, &a->newer_s, why);
	case OPT_OLDER:
		return take_age(value, &a->older_s, why);
	case OPT_TYPE:
		return take_types(value, a, why);
	case OPT_CASE:
		a->flags |= OPEN_FLAG_CASE;
		return 0;
	case OPT_MAX:
		return take_max(value, w, a, why);
	default:
		w->keep = false;
		return 0;
	}
}

static void end_options(as_OpenArgs *common, void *owner)
{
	struct list_wish *w = owner;

	w->matches = common->pattern[0] != '\0';
}

int cmd_find(struct session *s, int argc, const char *const argv[])
{
	static struct asks asks; /* too big for a stack; copied by the job */
	struct list_wish wish = {.name = "find", .line = s->line, .keep = true};
	struct ask_words words = {.options = options,
				  .options_count = sizeof options / sizeof options[0],
				  .files = "find",
				  .option = take_option,
				  .all_told = end_options,
				  .owner = &wish};
	char why[ASK_WHY_MAX] = "find needs a folder: find /srv/app --name *.log";
	struct job *job;
	int err = ask_read(&asks, s, argc, argv, &words, why);

	if (err < 0 || asks.count == 0)
		return session_refuse(s, why);
	err = list_start(&s->jobs, &wish, &asks, &job);
	return err < 0 ? session_fault(s, err) : session_began(s, job);
}
