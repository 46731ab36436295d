/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AS_WIN_POSIX_MALLOC_H
#define AS_WIN_POSIX_MALLOC_H

#include_next <malloc.h>

/* There is one heap anyway. */
#define M_ARENA_MAX	     0
#define mallopt(what, value) ((void)(what), (void)(value))

#endif
