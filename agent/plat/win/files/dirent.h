/* SPDX-License-Identifier: Apache-2.0 */
#ifndef AS_WIN_FILES_DIRENT_H
#define AS_WIN_FILES_DIRENT_H

#include <limits.h>

struct files_dirent {
	char d_name[NAME_MAX + 1];
};
struct files_dir;

struct files_dir *files_fdopendir(int fd); /* takes it */
const struct files_dirent *files_readdir(struct files_dir *d);
int files_closedir(struct files_dir *d);

#define DIR	      struct files_dir
#define dirent	      files_dirent
#define fdopendir(fd) files_fdopendir(fd)
#define readdir(d)    files_readdir(d)
#define closedir(d)   files_closedir(d)

#endif
