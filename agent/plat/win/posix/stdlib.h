/* SPDX-License-Identifier: Apache-2.0 */
#include_next <stdlib.h>
#ifndef AS_WIN_POSIX_STDLIB_H
#define AS_WIN_POSIX_STDLIB_H

/* Nothing of Windows' resolver is set by a variable. */
#define setenv(name, value, over) ((void)(name), (void)(value), (void)(over))

#endif
