/* SPDX-License-Identifier: Apache-2.0
 *
 * For formats that a program writes which is not ours (rpmbuild, wixl): a temporary folder of our
 * own, what the program reads and writes there, what it said.
 */
#ifndef AS_CONSOLE_PACKAGE_TOOL_H
#define AS_CONSOLE_PACKAGE_TOOL_H

#include <stdint.h>
#include <stdio.h>

#include "console/package.h"

#define TOOL_PATH_MAX 512
#define TOOL_LINE_MAX 256
#define TOOL_TOP_MAX  64

int tool_folder(char top[TOOL_TOP_MAX], char why[PACKAGE_WHY_MAX]);
void tool_remove(const char *top); /* with everything in it */

int tool_write(const char *top, const char *name, const char *bytes, size_t n);
FILE *tool_create(const char *top, const char *name); /* NULL: errno says why */

/* Runs to its end in a small environment; its answer must not depend on who asks: no configuration
 * of the user, and time (of the package) as SOURCE_DATE_EPOCH. -ENOENT when it is not installed,
 * AS_E_OP_FAILED when it failed. */
int tool_run(const char *top, char *const argv[], int64_t time);

/* The last line of what it said, or "". */
void tool_words(const char *top, char out[TOOL_LINE_MAX]);

/* At most PACKAGE_BYTES_MAX. */
int tool_read(const char *path, struct package_made *out);

/* What the engineer is told when a step failed. tool: "rpmbuild"; where: how to get it. */
int tool_failed(int err, const char *words, const char *tool, const char *where,
		char why[PACKAGE_WHY_MAX]);

#endif
