/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AS_WIN_TOOL_H
#define AS_WIN_TOOL_H

#include <stddef.h>

/* One string out of argv, that the program's start-up code makes the same argv of. Pure. */
int tool_command_line(const char *const argv[], char *out, size_t cap);

#endif
