/* SPDX-License-Identifier: Apache-2.0
 *
 * The commands of -c and --batch, read and checked before anybody is bothered.
 */
#ifndef AS_CONSOLE_SCRIPT_H
#define AS_CONSOLE_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>

struct connect_args;

#define SCRIPT_FILE_MAX	 (1u << 20)
#define SCRIPT_LINES_MAX 4096
#define SCRIPT_WHY_MAX	 480

struct script {
	char *text; /* of the batch file; ours. Its lines are cut apart in place */
	const char *lines[SCRIPT_LINES_MAX];
	size_t count, next;
};

/* AS_EBADMSG for a line that names no command, AS_E_TOO_BIG, -errno; why: one line. */
int script_load(const struct connect_args *args, struct script *out, char why[SCRIPT_WHY_MAX]);
void script_done(struct script *s);

/* In order; NULL after the last. */
const char *script_next(struct script *s);

#endif
