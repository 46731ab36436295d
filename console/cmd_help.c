/* SPDX-License-Identifier: Apache-2.0
 *
 * help: the commands of a session.
 */
#include <stdio.h>

#include "console/command.h"

int cmd_help(struct session *s, int argc, const char *const argv[])
{
	const struct command *c;

	(void)argc;
	(void)argv;
	if (s->ev->json)
		return SESSION_DONE;
	screen_begin(&s->ev->screen);
	for (size_t i = 0; (c = command_at(i)) != NULL; i++)
		fprintf(s->ev->out, "  %s %s\n          %s\n", c->name, c->arguments, c->text);
	screen_end(&s->ev->screen);
	return SESSION_DONE;
}
