/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/units.h"

#include <stdbool.h>
#include <string.h>

/* As systemd.unit(5) has them. A name becomes an argument of a tool, so nothing else passes. */
#define UNIT_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789:_.\\@-"

static bool is_unit(const char *word, size_t n)
{
	return n > 0 && n <= UNIT_NAME_MAX && memchr(word, '.', n) != NULL &&
	       strspn(word, UNIT_LETTERS) >= n;
}

const char *units_next(const char *text, char name[UNIT_NAME_MAX + 1])
{
	while (*text) {
		const char *word = text + strspn(text, " \t");
		size_t n = strcspn(word, " \t\n");

		text = word + strcspn(word, "\n");
		text += *text == '\n';
		if (!is_unit(word, n))
			continue;
		memcpy(name, word, n);
		name[n] = '\0';
		return text;
	}
	return NULL;
}
