/* SPDX-License-Identifier: Apache-2.0
 *
 * For formats that a program writes which is not ours (rpmbuild, wixl): a temporary folder of our
 * own, what the program reads and writes there, what it said.
 */
#ifndef AS_CONSOLE_PACKAGE_TOOL_H
#define AS_CONSOLE_PACKAGE_TOOL_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "console/package.h"

#define TOOL_PATH_MAX 512

int tool_write(const char *top, const char *name, const char *bytes, size_t n);
FILE *tool_create(const char *top, const char *name); /* NULL: errno says why */

/* Runs to its end in a small environment; its answer must not depend on who asks: no configuration
 * of the user, and time (of the package) as SOURCE_DATE_EPOCH. -ENOENT when it is not installed,
 * AS_E_OP_FAILED when it failed. */
int tool_run(const char *top, char *const argv[], int64_t time);

/* At most PACKAGE_BYTES_MAX. */
int tool_read(const char *path, struct package_made *out);

/* How such a format is made. */
struct tool_recipe {
	const char *tool;  /* "rpmbuild" */
	const char *where; /* how to get it, for an engineer who has not */
	int (*build)(const struct package *p, const char *top, struct package_made *out);
	bool silent; /* whatever it says is a fault: it warns of what it leaves out, and goes on */
};

/* In a folder of its own that is gone afterwards. 0, or negative with one line in why. */
int tool_package(const struct tool_recipe *r, const struct package *p, struct package_made *out,
		 char why[PACKAGE_WHY_MAX]);

#endif
