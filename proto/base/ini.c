/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/base/ini.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

/* Drops blanks at both ends of [*from, *to). */
static void trim(const char **from, const char **to)
{
	while (*from < *to && strchr(" \t\r", **from))
		++*from;
	while (*to > *from && strchr(" \t\r", (*to)[-1]))
		--*to;
}

static int copy(const char *from, const char *to, char *out, size_t cap)
{
	size_t n = (size_t)(to - from);

	if (n == 0 || n >= cap || !text_is_clean(from, n))
		return AS_EBADMSG;
	memcpy(out, from, n);
	out[n] = '\0';
	return 0;
}

static int parse_line(const char *from, const char *to, ini_entry on_entry, void *arg)
{
	char key[INI_VALUE_MAX], value[INI_VALUE_MAX];

	if (to - from > INI_LINE_MAX)
		return AS_EBADMSG;
	if (memchr(from, '\0', (size_t)(to - from)))
		return AS_EBADMSG;
	trim(&from, &to);
	if (from == to || *from == '#' || *from == ';')
		return 0;

	const char *eq = memchr(from, '=', (size_t)(to - from));
	if (!eq)
		return AS_EBADMSG;

	const char *key_end = eq, *value_start = eq + 1;
	trim(&from, &key_end);
	trim(&value_start, &to);
	if (copy(from, key_end, key, sizeof key) < 0)
		return AS_EBADMSG;
	if (value_start == to)
		value[0] = '\0';
	else if (copy(value_start, to, value, sizeof value) < 0)
		return AS_EBADMSG;
	return on_entry(key, value, arg);
}

int ini_parse(const char *text, size_t n, ini_entry on_entry, void *arg, int *line)
{
	const char *at = text, *end = text + n;

	*line = 0;
	while (at < end) {
		const char *nl = memchr(at, '\n', (size_t)(end - at));
		const char *stop = nl ? nl : end;

		++*line;
		int err = parse_line(at, stop, on_entry, arg);
		if (err < 0)
			return err;
		at = nl ? nl + 1 : end;
	}
	return 0;
}

int ini_load(const char *path, ini_entry on_entry, void *arg, int *line)
{
	*line = 0;

	FILE *f = fopen(path, "rb");
	if (!f)
		return -errno;

	char *text = malloc(INI_FILE_MAX + 1);
	size_t n = text ? fread(text, 1, INI_FILE_MAX + 1, f) : 0;
	int err = !text ? -ENOMEM : ferror(f) ? -EIO : n > INI_FILE_MAX ? AS_E_TOO_BIG : 0;

	if (err == 0)
		err = ini_parse(text, n, on_entry, arg, line);
	free(text);
	fclose(f);
	return err;
}
