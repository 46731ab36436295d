/* SPDX-License-Identifier: Apache-2.0 */
#include_next <unistd.h>
#ifndef AS_WIN_FILES_UNISTD_H
#define AS_WIN_FILES_UNISTD_H

#include <sys/types.h>

#define SEEK_DATA 3
#define SEEK_HOLE 4

ssize_t files_pread(int fd, void *out, size_t n, off_t at);
off_t files_lseek(int fd, off_t at, int whence);
/* Where a link leads is not read: 0 bytes of it. */
ssize_t files_readlinkat(int folder, const char *name, char *out, size_t cap);

#undef lseek
#define pread(fd, p, n, at)	  files_pread(fd, p, n, at)
#define lseek(fd, at, how)	  files_lseek(fd, at, how)
#define readlinkat(at, n, p, cap) files_readlinkat(at, n, p, cap)

#endif
