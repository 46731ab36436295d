/* SPDX-License-Identifier: Apache-2.0
 *
 * One walk over a bundle: what folder and archive have in common.
 */
#ifndef AS_CONSOLE_BUNDLE_READ_PRIV_H
#define AS_CONSOLE_BUNDLE_READ_PRIV_H

#include <locale.h>

#include "console/bundle_read.h"

struct walk {
	bundle_on_file on_file;
	void *arg;
	char *why; /* BUNDLE_WHY_MAX bytes */
	uint32_t entries;
	uint64_t bytes;
	long (*read)(struct walk *w, void *source, void *p, size_t n);
	int (*extent)(void *source, uint64_t from, uint64_t *start, uint64_t *end); /* or NULL */
};

struct walk_reader {
	struct walk *w;
	void *source; /* of w->read */
};

/* Writes the reason; returns err. */
int walk_fail(struct walk *w, int err, const char *name, const char *what);

int walk_count(struct walk *w); /* one more entry of any kind */

/* Checks the name and calls on_file. */
int walk_file(struct walk *w, const char *name, uint64_t size, void *source);

/* libarchive takes and gives names in the locale's encoding, and scripts run us with LC_ALL=C:
 * between these two the thread's encoding is UTF-8. */
locale_t walk_utf8_begin(void);
void walk_utf8_end(locale_t before);

int walk_dir(struct walk *w, int fd);
int walk_tar_fd(struct walk *w, int fd);
int walk_tar_memory(struct walk *w, const void *p, size_t n);

#endif
