/* SPDX-License-Identifier: Apache-2.0 */
#include_next <fcntl.h>
#ifndef AS_WIN_FILES_FCNTL_H
#define AS_WIN_FILES_FCNTL_H

/* What below.h takes; none of them is one of the run-time's. */
#define O_PATH	    0x10000000
#define O_DIRECTORY 0x20000000
#define O_NOFOLLOW  0x40000000

#define AT_SYMLINK_NOFOLLOW 0x100

#endif
