/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/name.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/text.h"

/* Longer parts than file systems take; the console writes these names to a disk. */
#define PART_MAX 200

/* One part of a path; may be cut. Returns the bytes put at out (0 for an empty part). */
static size_t part_make(const char *part, size_t n, char *out)
{
	char clean[PART_MAX + 1];

	if (n == 0 || (n == 1 && part[0] == '.'))
		return 0;
	n = text_line(part, n, clean, sizeof clean);
	if (n == 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		out[i] = strchr("\\:?*\"<>|", clean[i]) ? '_' : clean[i];
	if (out[0] == '-' || out[0] == '~')
		out[0] = '_';
	if (out[n - 1] == '.' || out[n - 1] == ' ')
		out[n - 1] = '_';
	return n;
}

void item_name_make(const char *path, char out[ITEM_NAME_MAX + 1])
{
	size_t len = 0;
	int depth = 0;

	for (;;) {
		char part[PART_MAX + 1];
		size_t in = strcspn(path, "/");
		size_t n = part_make(path, in, part);
		bool fits = depth < ITEM_DEPTH_MAX && len + n + 1 <= ITEM_NAME_MAX;

		if (n > 0 && fits) {
			if (len > 0)
				out[len++] = '/';
			memcpy(out + len, part, n);
			len += n;
			depth++;
		}
		if (path[in] == '\0')
			break;
		path += in + 1;
	}
	if (len == 0)
		out[len++] = '_';
	out[len] = '\0';
}

static bool is_kept(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       c == '_' || c == '-' || c == '.';
}

/* As sos does it: a run of anything else is one '_', a slash is a dot, the ends are trimmed. */
static size_t mangle(const char *text, char *out, size_t len, size_t cap)
{
	for (; *text && len + 1 < cap; text++) {
		if (*text == '/')
			out[len++] = '.';
		else if (is_kept(*text))
			out[len++] = *text;
		else if (len > 0 && out[len - 1] != '_')
			out[len++] = '_';
	}
	return len;
}

void item_name_command(const char *plugin, const char *const argv[], char out[ITEM_NAME_MAX + 1])
{
	char path[ITEM_NAME_MAX + PART_MAX], command[PART_MAX + 1];
	size_t len = 0;

	for (size_t i = 0; argv[i]; i++) {
		len = i > 0 ? mangle(" ", command, len, sizeof command) : len;
		len = mangle(argv[i], command, len, sizeof command);
	}
	while (len > 0 && strchr(" ._-", command[len - 1]))
		len--;
	command[len] = '\0';

	const char *first = command + strspn(command, " ._-");
	snprintf(path, sizeof path, "sos_commands/%.100s/%s", plugin, first);
	item_name_make(path, out);
}
