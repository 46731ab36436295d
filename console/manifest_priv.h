/* SPDX-License-Identifier: Apache-2.0
 *
 * What the two directions of manifest.json share: the keys of one item, and growing lists.
 */
#ifndef AS_CONSOLE_MANIFEST_PRIV_H
#define AS_CONSOLE_MANIFEST_PRIV_H

#include "console/manifest.h"

/* The key under which an item's source stands says what kind of source it is. */
static inline const char *manifest_kind_key(enum item_source kind)
{
	switch (kind) {
	case ITEM_FROM_COMMAND:
		return "command";
	case ITEM_FROM_FILE:
		return "path";
	default:
		return "api";
	}
}

/* Takes over a grant's signed bytes as they are: hex digits. */
int manifest_signed(struct manifest *m, struct manifest_grant *g, const char *hex);

#endif
