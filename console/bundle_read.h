/* SPDX-License-Identifier: Apache-2.0
 *
 * Reading a bundle where it lies: a folder, or the .tar.gz that `bundle pack` made. Nothing is
 * ever extracted. Whoever sent the bundle is a stranger: what is neither file nor folder, a name
 * a bundle may not hold, too many entries, too many bytes (holes are bytes) or bytes that grew
 * too much when they were decompressed (holes did not) end the reading.
 */
#ifndef AS_CONSOLE_BUNDLE_READ_H
#define AS_CONSOLE_BUNDLE_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/manifest.h"

#define BUNDLE_READ_ENTRIES_MAX (MANIFEST_ITEMS_MAX + 64u) /* the bundle's own files are few */
#define BUNDLE_READ_BYTES_MAX	(16ull << 30)
#define BUNDLE_READ_RATIO_MAX	200u	   /* decompressed bytes per byte of the .tar.gz ... */
#define BUNDLE_READ_RATIO_FROM	(1u << 20) /* ... beyond this many */
#define BUNDLE_WHY_MAX		512

struct bundle_file {
	const char *name; /* relative to the bundle's folder; passes item_name_check() */
	uint64_t size;
	void *reader; /* bundle_file_read()'s own */
};

/* Called for every regular file: a folder's in the order of their names, a .tar.gz's as they
 * come. 0 goes on, anything else stops and is handed back. */
typedef int (*bundle_on_file)(struct bundle_file *f, void *arg);

/* why: one line when a negative value is returned by the walk itself, else "". AS_EBADMSG,
 * AS_E_TOO_BIG, AS_E_TRUNCATED, -errno. */
int bundle_walk(const char *path, bundle_on_file on_file, void *arg, char why[BUNDLE_WHY_MAX]);

/* The same over a .tar.gz in memory. */
int bundle_walk_packed(const void *p, size_t n, bundle_on_file on_file, void *arg,
		       char why[BUNDLE_WHY_MAX]);

/* Inside the callback: bytes read, 0 at the end, or an error to hand back. */
long bundle_file_read(struct bundle_file *f, void *p, size_t n);

/* The next bytes at or behind from that are no hole, in a folder's file that has not been read
 * yet: 1; 0 when only a hole is left; AS_ESTATE where nobody knows. */
int bundle_file_extent(struct bundle_file *f, uint64_t from, uint64_t *start, uint64_t *end);

/* A whole file of at most max bytes; *out is the caller's to free. AS_E_TOO_BIG */
int bundle_file_load(struct bundle_file *f, size_t max, char **out, size_t *n);

/* The manifest of a bundle. */
int bundle_load(const char *path, struct manifest *out, char why[BUNDLE_WHY_MAX]);

/* Is it the packed form? By its first bytes, not by its name. */
bool bundle_is_packed(const char *path);

#endif
