/* SPDX-License-Identifier: Apache-2.0 */
#include "console/command.h"

#include <stdio.h>
#include <string.h>

#include "console/live_words.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define DEVICE_TYPES "cisco-ios, generic, junos, linux, openwrt, routeros"

static const struct command table[] = {
    {"catalog", "", "what this agent can collect, and what you may", cmd_catalog, false, false},
    {"collect", "[PROFILE | NAME...] [hours=N] [priority=N] [names=HOST,HOST] [unit=UNIT]",
     "collect into the bundle; profiles are quick, system, network, full (default)", cmd_collect,
     true, true},
    {"tail", "PATH... " LIVE_HELP,
     "log files and granted files as they grow; q, Enter or Ctrl-C ends it", cmd_tail, true, true},
    {"journal", "[--unit U] [--priority P] " LIVE_HELP, "the journal as it comes", cmd_journal,
     true, true},
    {"eventlog", "[--unit CHANNEL] [--priority P] " LIVE_HELP,
     "the event log of Windows as it comes", cmd_eventlog, true, true},
    {"top", "[--for TIME] [--samples N] [--no-save]",
     "processors, memory, disks, network and processes, once a second; ? shows its keys", cmd_top,
     true, true},
    {"ls", "[-R] PATH... [--no-save]", "a granted folder; -R: and all below it", cmd_ls, true,
     true},
    {"stat", "PATH... [--no-save]", "one file or folder", cmd_stat, true, true},
    {"find",
     "PATH... [--name GLOB] [--size +10M|-1k|N] [--newer 2h] [--older 7d] [--type f,d,l] "
     "[--content RE] [-i] [--max N] [--no-save]",
     "files below a granted folder by name, size, age and content", cmd_find, true, true},
    {"get", "PATH... [--continue] [--compress]",
     "files and folders (as .tar) into the bundle; --continue goes on where it was cut, --compress "
     "is for slow links",
     cmd_get, true, true},
    {"put", "LOCALFILE [NAME] [--into FOLDER]",
     "a file of yours into the folder that the customer named", cmd_put, true, true},
    {"device", "[USER@HOST[:PORT]... [--type TYPE] [--config] [--legacy]]",
     "what neighbouring devices say, over SSH; the customer logs in. Types: " DEVICE_TYPES,
     cmd_device, true, true},
    {"request", "SCOPE...", "ask the customer for more", cmd_request, true, false},
    {"jobs", "", "what is at work, in front and behind ('&' at the end of a line)", cmd_jobs, false,
     false},
    {"cancel", "ID", "end one job", cmd_cancel, false, false},
    {"wait", "[ID]", "wait for a job, or for all that end by themselves", cmd_wait, false, false},
    {"status", "", "who, what is allowed, how long, what is at work, where the bundle lies",
     cmd_status, false, false},
    {"end", "", "end the session and finish the bundle", cmd_end, false, false},
    {"help", "", "this list", cmd_help, false, false},
};

const struct command *command_at(size_t i)
{
	return i < sizeof table / sizeof table[0] ? &table[i] : NULL;
}

/* Takes the next word out of *at, which is cut up in place. NULL for a quote without its end. */
static const char *next_word(char **at, bool *was_quoted)
{
	char *to = *at, *from = *at;
	const char *word = to;
	bool quoted = false;

	*was_quoted = false;
	while (*from && (quoted || (*from != ' ' && *from != '\t'))) {
		if (*from == '"') {
			quoted = !quoted;
			*was_quoted = true;
		} else {
			*to++ = *from;
		}
		from++;
	}
	*at = *from ? from + 1 : from;
	*to = '\0';
	return quoted ? NULL : word;
}

static int no_words(struct command_line *out, const char *what, char *why)
{
	out->count = 0;
	snprintf(why, COMMAND_WHY_MAX, "%s", what);
	return AS_EBADMSG;
}

static int take_background(struct command_line *out, bool was_quoted, char *why)
{
	if (out->count == 0 || was_quoted || strcmp(out->words[out->count - 1], "&") != 0)
		return 0;
	out->background = true;
	return --out->count > 0 ? 0 : no_words(out, "there is no command before the &", why);
}

int command_split(const char *text, struct command_line *out, char why[COMMAND_WHY_MAX])
{
	size_t n = strcspn(text, "\r\n");
	char *at = out->text;
	bool was_quoted = false;

	out->count = 0;
	out->background = false;
	if (n > COMMAND_LINE_MAX) {
		snprintf(why, COMMAND_WHY_MAX, "a command has at most %d bytes", COMMAND_LINE_MAX);
		return AS_E_TOO_BIG;
	}
	memcpy(out->text, text, n);
	out->text[n] = '\0';
	for (;;) {
		at += strspn(at, " \t");
		if (!*at || *at == '#')
			return take_background(out, was_quoted, why);
		if (out->count == COMMAND_WORDS_MAX)
			return no_words(out, "a command has at most 64 words", why);

		const char *word = next_word(&at, &was_quoted);
		if (!word)
			return no_words(out, "a quote is not closed", why);
		out->words[out->count++] = word;
	}
}

static const struct command *check(const struct command *c, const struct command_line *line,
				   char *why)
{
	if (!line->background || c->is_job)
		return c;
	snprintf(why, COMMAND_WHY_MAX, "%s: this is done at once; leave out the &", c->name);
	return NULL;
}

const struct command *command_find(const struct command_line *line, char why[COMMAND_WHY_MAX])
{
	char name[40];
	size_t n;

	for (size_t i = 0; i < sizeof table / sizeof table[0]; i++)
		if (strcmp(table[i].name, line->words[0]) == 0)
			return check(&table[i], line, why);
	text_line(line->words[0], strlen(line->words[0]), name, sizeof name);
	n = (size_t)snprintf(why, COMMAND_WHY_MAX, "%s: no such command; known are", name);
	for (size_t i = 0; i < sizeof table / sizeof table[0] && n < COMMAND_WHY_MAX; i++)
		n += (size_t)snprintf(why + n, COMMAND_WHY_MAX - n, "%s %s", i ? "," : "",
				      table[i].name);
	return NULL;
}
