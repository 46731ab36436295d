/* SPDX-License-Identifier: Apache-2.0 */
#include_next <limits.h>
#ifndef AS_WIN_FILES_LIMITS_H
#define AS_WIN_FILES_LIMITS_H

/* In UTF-8: a name has 255 characters of UTF-16, of three bytes at most. */
#undef NAME_MAX
#undef PATH_MAX
#define NAME_MAX 765
#define PATH_MAX 4096

#endif
