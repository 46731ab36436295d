/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths of the customer's computer, as an engineer types them: absolute, with text_unescape()'s
 * escapes for bytes that cannot be typed; or with a drive letter, where a backslash is a separator
 * and the case of letters is not looked at. And which granted right covers one: the agent knows a
 * path only as a granted folder, word for word, and what is below it. Pure.
 */
#ifndef AS_CONSOLE_PLACE_H
#define AS_CONSOLE_PLACE_H

#include <stdbool.h>
#include <stddef.h>

#include "proto/wire/messages.h"
#include "proto/wire/scope.h"

#define PLACE_LOGS     "/var/log" /* what the right `logs` covers */
#define PLACE_PATH_MAX (SCOPE_TARGET_MAX + 1 + MSG_PATH_MAX)
#define PLACE_WHY_MAX  (SCOPE_TEXT_MAX + 160)

struct place {
	struct scope right;
	char path[PLACE_PATH_MAX + 1]; /* the whole path, tidied; any bytes */
	char below[MSG_PATH_MAX + 1];  /* the part below the right's folder; "" is that itself */
};

/* "//", "." and a '/' at the end go away; behind a drive every separator becomes '\'. AS_EBADMSG:
 * it is not absolute, has a "..", a NUL or too many bytes; why is one line. */
int place_tidy(const char *typed, char out[PLACE_PATH_MAX + 1], char why[PLACE_WHY_MAX]);

/* Finds the right for a path: `logs` when `logs` says so and it is below PLACE_LOGS, else the
 * narrowest granted folder. AS_EBADMSG; AS_E_SCOPE when nothing covers it: why says what to
 * request.
 */
int place_find(const char *typed, const struct scope *granted, size_t n, bool logs,
	       struct place *out, char why[PLACE_WHY_MAX]);

/* Adds it to the paths of an OPEN. AS_EFULL when there are MSG_PATHS_MAX. */
int place_add(const struct place *p, as_OpenArgs *args);

#endif
