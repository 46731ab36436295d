/* SPDX-License-Identifier: Apache-2.0
 *
 * What this agent can collect, as its CATALOG says, and what a `collect` command wants of it.
 * Pure.
 */
#ifndef AS_CONSOLE_CATALOG_H
#define AS_CONSOLE_CATALOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/device.h"
#include "proto/wire/messages.h"

#define CATALOG_MAX	 80 /* entries of one CATALOG */
#define CATALOG_WHY_MAX	 160
#define CATALOG_PROFILES 4 /* quick, system, network, full; bit i of CatalogEntry.profiles */

/* NULL for a number that is none. */
const char *catalog_profile_name(size_t i);

/* NULL when there is none of that name. */
const as_CatalogEntry *catalog_find(const as_Catalog *c, const char *name);

/* "3" or "err" as it goes on the wire: plus one. AS_EBADMSG. */
int catalog_priority(const char *text, uint32_t *out);

/* One neighbouring device, for the entry of the same place. */
struct selection_device {
	char target[SCOPE_TARGET_MAX + 1];    /* of the right, word for word */
	char type[DEVICE_TYPE_MAX + 1];	      /* that the engineer wants; "" for none */
	char label[SCOPE_TARGET_MAX + 1 + 8]; /* in the bundle and on the screen */
};

/* What `collect` asks for. Entries point into the catalog. */
struct selection {
	const as_CatalogEntry *entries[CATALOG_MAX];
	bool by_name[CATALOG_MAX]; /* asked for by its own name, not through a profile */
	size_t count;
	as_OpenArgs args;
	const struct selection_device *devices; /* for `device`: one for each entry; else NULL */
};

/* The words behind `collect`: a profile, item names, hours=N, priority=N or its name,
 * names=HOST,HOST, unit=UNIT. No name at all is the profile full. What has a command of its own is
 * not collected. AS_E_OP_UNKNOWN or AS_EBADMSG
 * with one line in why. */
int catalog_select(const as_Catalog *c, size_t n, const char *const words[], struct selection *out,
		   char why[CATALOG_WHY_MAX]);

#endif
