/* SPDX-License-Identifier: Apache-2.0
 *
 * Paths of the customer's computer as its system writes them: "/srv/app", or "C:\Logs" where there
 * are drives. Only the granted folder stands on the wire in this form; what is below it has '/'
 * between its parts everywhere. Pure.
 */
#ifndef AS_WIRE_HOST_PATH_H
#define AS_WIRE_HOST_PATH_H

#include <stdbool.h>
#include <stddef.h>

/* "C:\..." or "c:/...". In such a path a backslash is a separator, and never a part of a name. */
bool host_path_is_drive(const char *path);

/* Absolute, without "..". With a drive besides: no name that Windows reads as something else than
 * that name: a stream ("a:b"), a device ("NUL.txt"), a pattern, one with a dot or blank at its end.
 */
bool host_path_is_plain(const char *path);

/* One part of such a path, as above. */
bool host_path_is_windows_name(const char *name, size_t n);

/* The folder and n bytes of what lies below it, any bytes, in the folder's form. Cut to cap;
 * returns out. */
char *host_path_join(const char *root, const void *below, size_t n, char *out, size_t cap);

/* text_escape(), but that the separators of a path with a drive stay as they are. */
size_t host_path_escape(const char *path, char *out, size_t cap);

#endif
