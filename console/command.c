/* SPDX-License-Identifier: Apache-2.0 */
#include "console/command.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

static const struct command table[] = {
    {"catalog", "", "what this agent can collect, and what you may", cmd_catalog, false},
    {"collect", "[PROFILE | NAME...] [hours=N] [priority=N] [names=HOST,HOST] [unit=UNIT]",
     "collect into the bundle; profiles are quick, system, network, full (default)", cmd_collect,
     true},
    {"request", "SCOPE...", "ask the customer for more", cmd_request, true},
    {"status", "", "who, what is allowed, how long, where the bundle lies", cmd_status, false},
    {"end", "", "end the session and finish the bundle", cmd_end, false},
    {"help", "", "this list", cmd_help, false},
};

const struct command *command_at(size_t i)
{
	return i < sizeof table / sizeof table[0] ? &table[i] : NULL;
}

/* Takes the next word out of *at, which is cut up in place. NULL for a quote without its end. */
static const char *next_word(char **at)
{
	char *to = *at, *from = *at;
	const char *word = to;
	bool quoted = false;

	while (*from && (quoted || (*from != ' ' && *from != '\t'))) {
		if (*from == '"')
			quoted = !quoted;
		else
			*to++ = *from;
		from++;
	}
	*at = *from ? from + 1 : from;
	*to = '\0';
	return quoted ? NULL : word;
}

int command_split(const char *text, struct command_line *out, char why[COMMAND_WHY_MAX])
{
	size_t n = strcspn(text, "\r\n");
	char *at = out->text;

	out->count = 0;
	if (n > COMMAND_LINE_MAX) {
		snprintf(why, COMMAND_WHY_MAX, "a command has at most %d bytes", COMMAND_LINE_MAX);
		return AS_E_TOO_BIG;
	}
	memcpy(out->text, text, n);
	out->text[n] = '\0';
	for (;;) {
		at += strspn(at, " \t");
		if (!*at || *at == '#')
			return 0;

		const char *word = out->count < COMMAND_WORDS_MAX ? next_word(&at) : NULL;
		if (!word) {
			snprintf(why, COMMAND_WHY_MAX,
				 out->count < COMMAND_WORDS_MAX ? "a quote is not closed"
								: "a command has at most 64 words");
			out->count = 0;
			return AS_EBADMSG;
		}
		out->words[out->count++] = word;
	}
}

const struct command *command_find(const struct command_line *line, char why[COMMAND_WHY_MAX])
{
	char name[64];

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (strcmp(table[i].name, line->words[0]) == 0)
			return &table[i];
	text_line(line->words[0], strlen(line->words[0]), name, sizeof name);
	snprintf(why, COMMAND_WHY_MAX,
		 "%s: no such command; known are catalog, collect, request, status, end, help",
		 name);
	return NULL;
}
