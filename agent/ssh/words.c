/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/ssh/words.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"

#define NO_MATCH "no match for method "
#define KIND_MAX 40
#define LIST_MAX 80 /* of the device's offer, in the line; the whole stands in a note */

/* "kex error : no match for method KIND: server [a,b], client [c,d]" */
static bool read_mismatch(const char *error, bool legacy, struct words *out)
{
	const char *kind = strstr(error, NO_MATCH);
	const char *server = kind ? strstr(kind, "server [") : NULL;
	const char *client = server ? strstr(server, "client [") : NULL;

	if (!server) /* where theirs is too long for the library's message, ours is missing */
		return false;
	kind += strlen(NO_MATCH);
	server += strlen("server [");
	client = client ? client + strlen("client [") : "others";

	size_t kind_len = strcspn(kind, ":"), offers = strcspn(server, "]");
	snprintf(out->why, sizeof out->why,
		 "no common algorithm (%.*s): the device offers only %.*s%s%s",
		 (int)(kind_len < KIND_MAX ? kind_len : KIND_MAX), kind,
		 (int)(offers < LIST_MAX ? offers : LIST_MAX), server,
		 offers < LIST_MAX ? "" : "...",
		 legacy ? "" : "; --legacy allows old ones, and the customer is told");
	snprintf(out->theirs, sizeof out->theirs, "the device offers %.*s", (int)offers, server);
	snprintf(out->ours, sizeof out->ours, "this program takes %.*s", (int)strcspn(client, "]"),
		 client);
	return true;
}

static const struct {
	const char *part, *why;
} known[] = {
    {"Connection refused", "the device refuses the connection"},
    {"Connection reset", "the device closed the connection"},
    {"disconnected", "the device closed the connection"},
    {"Socket error", "the connection to the device broke"},
    {"Remote host closed connection", "the device closed the connection"},
    {"Timeout", "the device does not answer"},
    {"Too large banner", "what answers is not an SSH server, or greets without end"},
    {"banner", "what answers is not an SSH server"},
    {"Failed to get protocol version", "what answers is not an SSH server"},
    {"read_packet", "the device sends what is no SSH"},
};

static void clean(char *text)
{
	char copy[ITEM_WHY_MAX + 1];

	text_line(text, strlen(text), copy, sizeof copy);
	memcpy(text, copy, sizeof copy);
}

void words_of_error(const char *error, bool legacy, struct words *out)
{
	*out = (struct words){0};
	if (read_mismatch(error, legacy, out)) {
		clean(out->why);
		clean(out->theirs);
		clean(out->ours);
		return;
	}
	for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
		if (!strstr(error, known[i].part))
			continue;
		snprintf(out->why, sizeof out->why, "%s", known[i].why);
		return;
	}
	snprintf(out->why, sizeof out->why, "SSH: %.180s", error[0] ? error : "no reason given");
	clean(out->why);
}
