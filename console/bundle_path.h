/* SPDX-License-Identifier: Apache-2.0
 *
 * Names inside a bundle's folder. The names come from an agent or from a bundle somebody sent,
 * and the folder may be shared with others: every step goes from a folder that is already open to
 * the next one and never through a link, so nothing outside can be reached or made.
 */
#ifndef AS_CONSOLE_BUNDLE_PATH_H
#define AS_CONSOLE_BUNDLE_PATH_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "proto/wire/item.h"

#define BUNDLE_NAME_MAX 160 /* the folder's own name, NUL included */

/* "assent-HOST-YYYYMMDDTHHMMSSZ-SSSSSSSS": of host what is in [A-Za-z0-9.-] stays, anything else
 * becomes '-'. Returns out. */
const char *bundle_folder_name(const char *host, int64_t started, const uint8_t session_id[16],
			       char out[BUNDLE_NAME_MAX]);

/* `mkdir -p`; mode is that of the folders that are made. 0 when it is there already. -errno */
int bundle_make_dirs(const char *path, mode_t mode);

/* Makes a new file of mode 0600, open for reading and writing, and the folders above it. name
 * passed item_name_check(). Returns the descriptor; -EEXIST when something of that name is there,
 * other -errno. */
int bundle_create_file(int root, const char *name);

/* The same for a file that `place` brings: it gets the folder, open, and the last part of the name,
 * and returns what this returns. */
int bundle_place(int root, const char *name, int (*place)(int dir, const char *part, void *arg),
		 void *arg);

/* One that makes a new file, as bundle_create_file() does. arg is not used. */
int bundle_new_file(int dir, const char *part, void *arg);

/* The same without making folders: `use` is called where the file should be. */
int bundle_look(int root, const char *name, int (*use)(int dir, const char *part, void *arg),
		void *arg);

/* An existing file, below root and through no link. The descriptor, or -errno. */
int bundle_open_file(int root, const char *name, int flags);
int bundle_unlink_file(int root, const char *name);

/* Opens one part below an open folder, with O_NOFOLLOW. part has no slash. fd or -errno. */
int bundle_open_part(int dir, const char *part, int flags);

/* The n-th try (from 2) for a name that is taken: "var/log/syslog" gives "var/log/syslog.2".
 * AS_E_TOO_BIG when that would be too long. */
int bundle_next_name(const char *name, unsigned n, char out[ITEM_NAME_MAX + 1]);

#endif
