/* SPDX-License-Identifier: Apache-2.0 */
#include <ctype.h>

#include "proto/base/text.h"

static bool is_same(char a, char b, bool any_case)
{
	return a == b || (any_case && tolower((unsigned char)a) == tolower((unsigned char)b));
}

bool text_glob(const char *pattern, size_t n, const char *text, bool any_case)
{
	const char *p = pattern, *end = pattern + n;
	const char *star = NULL,
		   *again = NULL; /* behind the last star, and where what it took ends */

	while (*text) {
		if (p < end && *p == '*') {
			star = ++p;
			again = text;
		} else if (p < end && is_same(*p, *text, any_case)) {
			p++;
			text++;
		} else if (star) {
			p = star;
			text = ++again;
		} else {
			return false;
		}
	}
	while (p < end && *p == '*')
		p++;
	return p == end;
}
