/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "console/command.h"
#include "proto/base/err.h"

static char why[COMMAND_WHY_MAX];

Test(command, words_are_separated_by_blanks)
{
	struct command_line l;

	cr_assert_eq(command_split("  collect\tos  hours=2 \n", &l, why), 0);
	cr_assert_eq(l.count, 3);
	cr_assert_str_eq(l.words[0], "collect");
	cr_assert_str_eq(l.words[1], "os");
	cr_assert_str_eq(l.words[2], "hours=2");
}

Test(command, quotes_keep_blanks_together)
{
	struct command_line l;

	cr_assert_eq(command_split("request \"files:/var/my app\" x\"y z\"", &l, why), 0);
	cr_assert_eq(l.count, 3);
	cr_assert_str_eq(l.words[1], "files:/var/my app");
	cr_assert_str_eq(l.words[2], "xy z");
	cr_assert_eq(command_split("request \"files:/x", &l, why), AS_EBADMSG);
	cr_assert_eq(l.count, 0);
}

Test(command, blank_lines_and_comments_are_nothing)
{
	struct command_line l;

	cr_assert_eq(command_split("", &l, why), 0);
	cr_assert_eq(l.count, 0);
	cr_assert_eq(command_split("  # collect", &l, why), 0);
	cr_assert_eq(l.count, 0);
	cr_assert_eq(command_split("end # now", &l, why), 0);
	cr_assert_eq(l.count, 1);
}

Test(command, long_lines_and_many_words_are_refused)
{
	static char text[COMMAND_LINE_MAX + 2];
	struct command_line l;

	memset(text, 'x', COMMAND_LINE_MAX + 1);
	cr_assert_eq(command_split(text, &l, why), AS_E_TOO_BIG);
	text[COMMAND_LINE_MAX] = '\0';
	cr_assert_eq(command_split(text, &l, why), 0);
	for (size_t i = 0; i < COMMAND_LINE_MAX; i++)
		text[i] = i % 2 ? ' ' : 'x';
	cr_assert_eq(command_split(text, &l, why), AS_EBADMSG);
	text[2 * COMMAND_WORDS_MAX] = '\0';
	cr_assert_eq(command_split(text, &l, why), 0);
	cr_assert_eq(l.count, COMMAND_WORDS_MAX);
}

Test(command, an_ampersand_at_the_end_sends_it_behind)
{
	struct command_line l;

	cr_assert_eq(command_split("collect os & # now", &l, why), 0);
	cr_assert(l.background);
	cr_assert_eq(l.count, 2);
	cr_assert_eq(command_split("collect os", &l, why), 0);
	cr_assert_not(l.background, "each line has its own");
	cr_assert_eq(command_split("request \"&\"", &l, why), 0);
	cr_assert_not(l.background, "a quoted one is a word");
	cr_assert_eq(l.count, 2);
	cr_assert_eq(command_split("collect & os", &l, why), 0);
	cr_assert_not(l.background);
	cr_assert_eq(command_split(" & ", &l, why), AS_EBADMSG);
	cr_assert_eq(l.count, 0);
}

Test(command, what_is_done_at_once_cannot_go_behind)
{
	struct command_line l;

	command_split("collect &", &l, why);
	cr_assert(command_find(&l, why));
	command_split("status &", &l, why);
	cr_assert_null(command_find(&l, why));
	cr_assert(strstr(why, "status"));
}

Test(command, is_found_by_its_whole_name_only)
{
	struct command_line l;

	command_split("collect", &l, why);
	cr_assert_str_eq(command_find(&l, why)->name, "collect");
	command_split("coll", &l, why);
	cr_assert_null(command_find(&l, why));
	command_split("\033[31mred", &l, why);
	cr_assert_null(command_find(&l, why));
	cr_assert_null(strchr(why, '\033'), "what is printed is clean");
}

Test(command, only_what_asks_the_agent_waits_for_a_lost_connection)
{
	const struct command *c;

	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		cr_assert_eq(c->needs_agent, c->is_job || strcmp(c->name, "request") == 0, "%s",
			     c->name);
}
