/* SPDX-License-Identifier: Apache-2.0
 *
 * The words behind a command: options and all others. An option is typed as --key value,
 * --key=value, key=value or, where it has one, with its letter. Pure.
 */
#ifndef AS_CONSOLE_WORDS_H
#define AS_CONSOLE_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define WORDS_WHY_MAX 200

struct word_option {
	const char *name;
	char letter; /* 0: none */
	bool has_value;
};

struct words {
	int argc; /* filled by the caller, as a command gets them: argv[0] is skipped */
	const char *const *argv;
	const struct word_option *options;
	size_t options_count;
	int at;
	bool plain; /* behind "--" */
};

enum { WORDS_END = -1, WORDS_PLAIN = -2, WORDS_BAD = -3 };

/* The index of an option, with its value if it has one; WORDS_PLAIN with the word as value;
 * WORDS_END; WORDS_BAD with one line in why. */
int words_next(struct words *w, const char **value, char why[WORDS_WHY_MAX]);

/* "10M", "1k", "512": the units are 1024 and its powers, in either case, with or without "B" or
 * "iB" behind them. AS_EBADMSG. */
int words_size(const char *text, uint64_t *out);

/* "90s", "2h", "7d", "4w": seconds; at least one. AS_EBADMSG. */
int words_age(const char *text, uint64_t *out);

/* A whole number up to max. AS_EBADMSG. */
int words_number(const char *text, uint64_t max, uint64_t *out);

#endif
