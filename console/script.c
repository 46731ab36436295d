/* SPDX-License-Identifier: Apache-2.0 */
#include "console/script.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#include "console/command.h"
#include "console/connect_args.h"
#include "proto/base/err.h"

static int read_file(const char *path, char **out)
{
	bool from_stdin = strcmp(path, "-") == 0;
	FILE *f = from_stdin ? stdin : fopen(path, "re");
	char *text = f ? malloc(SCRIPT_FILE_MAX + 1) : NULL;
	int err = !f ? -errno : !text ? -ENOMEM : 0;

	if (err == 0) {
		size_t n = fread(text, 1, SCRIPT_FILE_MAX + 1, f);

		err = ferror(f) ? -EIO : n > SCRIPT_FILE_MAX ? AS_E_TOO_BIG : 0;
		if (err == 0)
			text[n] = '\0';
	}
	if (f && !from_stdin)
		fclose(f);
	if (err < 0)
		free(text);
	else
		*out = text;
	return err;
}

static int add(struct script *s, const char *text, const char *from, char *why)
{
	struct command_line line;
	char problem[COMMAND_WHY_MAX];
	int err = command_split(text, &line, problem);

	if (err == 0 && line.count == 0)
		return 0;
	if (err == 0 && !command_find(&line, problem))
		err = AS_EBADMSG;
	if (err == 0 && s->count == SCRIPT_LINES_MAX) {
		snprintf(problem, sizeof problem, "at most %d commands", SCRIPT_LINES_MAX);
		err = AS_E_TOO_BIG;
	}
	if (err < 0)
		snprintf(why, SCRIPT_WHY_MAX, "%.120s: %s", from, problem);
	else
		s->lines[s->count++] = text;
	return err;
}

static int add_batch(struct script *s, const char *path, char *why)
{
	char text[128], *at;
	int err = read_file(path, &s->text);

	if (err < 0) {
		snprintf(why, SCRIPT_WHY_MAX, "--batch %.120s: %s", path,
			 err_text(err, text, sizeof text));
		return err;
	}
	for (at = s->text; err == 0 && *at;) {
		size_t n = strcspn(at, "\n");
		char *line = at;

		at += n + (at[n] == '\n');
		line[n] = '\0';
		err = add(s, line, path, why);
	}
	return err;
}

int script_load(const struct connect_args *args, struct script *out, char why[SCRIPT_WHY_MAX])
{
	int err = 0;

	*out = (struct script){0};
	for (size_t i = 0; err == 0 && i < args->commands_count; i++)
		err = add(out, args->commands[i], "-c", why);
	if (err == 0 && args->batch)
		err = add_batch(out, args->batch, why);
	if (err < 0)
		script_done(out);
	return err;
}

void script_done(struct script *s)
{
	free(s->text);
	s->text = NULL;
	s->count = s->next = 0;
}

const char *script_next(struct script *s)
{
	return s->next < s->count ? s->lines[s->next++] : NULL;
}
