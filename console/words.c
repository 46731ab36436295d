/* SPDX-License-Identifier: Apache-2.0 */
#include "console/words.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

#define DIGITS_MAX 18 /* fewer than overflow */

static int bad(char *why, const char *word, const char *what)
{
	char clean[80];

	text_line(word, strlen(word), clean, sizeof clean);
	snprintf(why, WORDS_WHY_MAX, "%s: %s", clean, what);
	return WORDS_BAD;
}

static int find(const struct words *w, const char *name, size_t n)
{
	for (size_t i = 0; i < w->options_count; i++)
		if (strlen(w->options[i].name) == n && memcmp(w->options[i].name, name, n) == 0)
			return (int)i;
	return WORDS_END;
}

static int find_letter(const struct words *w, const char *word)
{
	for (size_t i = 0; word[1] && !word[2] && i < w->options_count; i++)
		if (w->options[i].letter == word[1])
			return (int)i;
	return WORDS_END;
}

static int with_value(struct words *w, int option, const char *equals, const char **value,
		      char *why)
{
	const char *word = w->argv[w->at - 1];

	*value = equals ? equals + 1 : NULL;
	if (!w->options[option].has_value)
		return equals ? bad(why, word, "this takes no value") : option;
	if (!equals && w->at < w->argc)
		*value = w->argv[w->at++];
	return *value && (*value)[0] ? option : bad(why, word, "a value is missing");
}

int words_next(struct words *w, const char **value, char why[WORDS_WHY_MAX])
{
	if (w->at == 0)
		w->at = 1;
	if (w->at >= w->argc)
		return WORDS_END;

	const char *word = w->argv[w->at++];
	const char *equals = strchr(word, '=');
	size_t dashes = w->plain ? 0 : strspn(word, "-");
	int option = WORDS_END;

	*value = word;
	if (!text_is_clean(word, strlen(word)))
		return bad(why, word, "only printable text; other bytes are typed as \\xNN");
	if (dashes == 2 && !word[2]) {
		w->plain = true;
		return words_next(w, value, why);
	}
	if (dashes == 2)
		option = find(w, word + 2, equals ? (size_t)(equals - word) - 2 : strlen(word) - 2);
	else if (dashes == 1)
		option = find_letter(w, word);
	else if (equals && !w->plain)
		option = find(w, word, (size_t)(equals - word));
	if (option >= 0)
		return with_value(w, option, equals, value, why);
	return dashes > 0 ? bad(why, word, "no such option; 'help' lists them") : WORDS_PLAIN;
}

/* ---- values ---- */

/* *rest: behind the digits. */
static int take_digits(const char *text, uint64_t *out, const char **rest)
{
	size_t n = strspn(text, "0123456789");

	if (n == 0 || n > DIGITS_MAX)
		return AS_EBADMSG;
	*out = strtoull(text, NULL, 10);
	*rest = text + n;
	return 0;
}

int words_number(const char *text, uint64_t max, uint64_t *out)
{
	const char *rest;
	uint64_t v;

	if (take_digits(text, &v, &rest) < 0 || *rest || v > max)
		return AS_EBADMSG;
	*out = v;
	return 0;
}

int words_size(const char *text, uint64_t *out)
{
	static const char units[] = "kmgt";
	const char *rest, *unit = NULL;
	uint64_t v;

	if (take_digits(text, &v, &rest) < 0)
		return AS_EBADMSG;
	if (*rest)
		unit = strchr(units, *rest | 0x20);
	for (const char *u = units; unit && u <= unit; u++) {
		if (v > UINT64_MAX / 2048)
			return AS_EBADMSG;
		v *= 1024;
	}
	rest += unit != NULL;
	if (unit && rest[0] == 'i' && (rest[1] | 0x20) == 'b')
		rest++;
	rest += (*rest | 0x20) == 'b';
	if (*rest)
		return AS_EBADMSG;
	*out = v;
	return 0;
}

int words_age(const char *text, uint64_t *out)
{
	static const struct {
		char unit;
		uint32_t seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}, {'w', 604800}};
	const char *rest;
	uint64_t v;

	if (take_digits(text, &v, &rest) < 0 || v == 0 || v > UINT32_MAX || !rest[0] || rest[1])
		return AS_EBADMSG;
	for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
		if (units[i].unit != rest[0])
			continue;
		*out = v * units[i].seconds;
		return 0;
	}
	return AS_EBADMSG;
}
