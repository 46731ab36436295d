/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AS_WIN_POSIX_RANDOM_H
#define AS_WIN_POSIX_RANDOM_H

#include <sys/types.h>

ssize_t getrandom(void *p, size_t n, unsigned flags);

#endif
