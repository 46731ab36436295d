/* SPDX-License-Identifier: Apache-2.0
 *
 * Between old_part.c, which handles one old part, and old_part_beside.c, which looks through the
 * bundles that lie beside this one.
 */
#ifndef AS_CONSOLE_OLD_PART_PRIV_H
#define AS_CONSOLE_OLD_PART_PRIV_H

#include "console/old_part.h"

/* True when a bundle's folder, which is taken, has the part. */
bool old_part_try_folder(struct old_part *p, int folder, const char *name, const char *source);
void old_part_drop(struct old_part *p);

/* The newest of them first. */
bool old_part_find_beside(struct old_part *p, const char *out_dir, const char *source);

/* manifest.json below an open folder. */
int old_part_read_manifest(int folder, struct manifest *out);

#endif
