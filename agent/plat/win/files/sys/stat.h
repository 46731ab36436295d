/* SPDX-License-Identifier: Apache-2.0
 *
 * Files as the rest of the world sees them, for those collectors whose code is the same on both
 * systems: descriptors, struct stat, errno. Their names and paths are opened by below.c alone. The
 * other headers of this folder lead here.
 */
#include_next <sys/stat.h>
#ifndef AS_WIN_FILES_STAT_H
#define AS_WIN_FILES_STAT_H

#include <stdint.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

#ifndef S_IFLNK
#define S_IFLNK	   0xA000
#define S_ISLNK(m) (((m)&S_IFMT) == S_IFLNK)
#endif
#ifndef S_ISSOCK
#define S_ISSOCK(m) (((m)&S_IFMT) == 0xC000)
#endif

struct files_stat {
	uint32_t st_dev, st_uid, st_gid, st_nlink;
	uint64_t st_ino;
	mode_t st_mode;
	off_t st_size, st_blocks;
	struct timespec st_mtim;
};

int files_fstat(int fd, struct files_stat *st);
/* The entry itself, never what it leads to: flags are not looked at. */
int files_fstatat(int folder, const char *name, struct files_stat *st, int flags);

#undef stat
#undef fstat
#define stat		       files_stat
#define fstat(fd, st)	       files_fstat(fd, st)
#define fstatat(at, n, st, fl) files_fstatat(at, n, st, fl)
#define st_mtime	       st_mtim.tv_sec
#define ino_t		       uint64_t

#endif
