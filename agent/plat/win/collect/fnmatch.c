/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/plat/win/files/fnmatch.h"

#include <ctype.h>
#include <stdbool.h>
#include <stddef.h>

static int fold(char c, int flags)
{
	int v = (unsigned char)c;

	return flags & FNM_CASEFOLD && v < 0x80 ? tolower(v) : v;
}

/* "[a-z]": whether c is one of them; *end: behind the bracket. A bracket that is never closed is
 * itself. */
static bool in_set(const char *p, char c, int flags, const char **end)
{
	bool negated = p[1] == '!' || p[1] == '^', found = false;
	const char *at = p + 1 + negated, *first = at;

	for (; *at && (*at != ']' || at == first); at++) {
		char low = *at, high = low;

		if (at[1] == '-' && at[2] && at[2] != ']') {
			high = at[2];
			at += 2;
		}
		found = found ||
			(fold(c, flags) >= fold(low, flags) && fold(c, flags) <= fold(high, flags));
	}
	if (!*at) {
		*end = p + 1;
		return c == '[';
	}
	*end = at + 1;
	return found != negated;
}

/* One byte of the text against what p begins with; NULL when it does not match. */
static const char *one(const char *p, char c, int flags)
{
	const char *end;

	if (*p == '?')
		return p + 1;
	if (*p == '[')
		return in_set(p, c, flags, &end) ? end : NULL;
	if (*p == '\\' && p[1])
		p++;
	return *p && fold(*p, flags) == fold(c, flags) ? p + 1 : NULL;
}

int fnmatch(const char *pattern, const char *text, int flags)
{
	const char *star = NULL, *from = NULL; /* the last '*', and where what it took ends */

	while (*text) {
		const char *next;

		if (*pattern == '*') {
			star = ++pattern;
			from = text;
		} else if ((next = one(pattern, *text, flags)) != NULL) {
			pattern = next;
			text++;
		} else if (star) {
			pattern = star;
			text = ++from;
		} else {
			return FNM_NOMATCH;
		}
	}
	while (*pattern == '*')
		pattern++;
	return *pattern ? FNM_NOMATCH : 0;
}
