/* SPDX-License-Identifier: Apache-2.0
 *
 * One file or folder as a record: what `ls -l` would say of it.
 */
#ifndef AS_AGENT_COLLECT_ENTRY_H
#define AS_AGENT_COLLECT_ENTRY_H

#include <sys/stat.h>

struct sink;

/* name: relative to the root, any bytes, at most ITEM_PATH_MAX of them. folder and part: where the
 * entry stands, to read where a link points. */
int entry_put(struct sink *s, const char *name, const struct stat *st, int folder,
	      const char *part);

/* One of ITEM_ENTRY_TYPES. */
char entry_type(mode_t mode);

#endif
