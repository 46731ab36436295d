/* SPDX-License-Identifier: Apache-2.0
 *
 * Configuration files: "key = value" lines, "# comment" or "; comment" lines, blank
 * lines. No sections, no quotes, no continuation, no inclusion: what is written is what
 * counts. Blanks around key and value are dropped.
 */
#ifndef AS_BASE_INI_H
#define AS_BASE_INI_H

#include <stddef.h>

#define INI_FILE_MAX  65536
#define INI_LINE_MAX  1024
#define INI_VALUE_MAX 512

/* Called once per entry, in order. Return 0 to go on; a negative value stops and is
 * handed back. key and value are ours and end with the call. */
typedef int (*ini_entry)(const char *key, const char *value, void *arg);

/* AS_EBADMSG or the callback's error, with *line (from 1) set to where it happened. */
int ini_parse(const char *text, size_t n, ini_entry on_entry, void *arg, int *line);

/* The same for a file of at most INI_FILE_MAX bytes; -errno when it cannot be read
 * (then *line is 0). */
int ini_load(const char *path, ini_entry on_entry, void *arg, int *line);

#endif
