/* SPDX-License-Identifier: Apache-2.0
 *
 * What a live view or a list showed, kept in the bundle: one file assent_live/NAME-N.EXT, N
 * counting the uses of the command, and its entry in the manifest. Written in pieces, so that a
 * thousand lines are no thousand writes. A full disk costs the file; the view goes on.
 */
#ifndef AS_CONSOLE_SAVED_H
#define AS_CONSOLE_SAVED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/item.h"

struct bundle;
struct bundle_item;

#define SAVED_PIECE 65536

struct saved {
	struct bundle_item *item;
	bool to_file;
	bool truncated; /* set by the owner: it is known that something is missing */
	int err;	/* the bundle takes no more */
	uint64_t since_ms;
	uint64_t bytes;
	size_t len;
	char piece[SAVED_PIECE];
};

/* name: the command; ext: "log"; source: the command line; to_file: else it is only listed. -ENOMEM
 */
int saved_open(struct saved *s, struct bundle *b, const char *name, const char *ext,
	       const char *source, bool to_file);

void saved_put(struct saved *s, const void *p, size_t n);
void saved_flush(struct saved *s); /* after each piece of work, so that a crash loses little */

/* NOTE. */
void saved_note(struct saved *s, const char *text);

/* Harmless when it is not open. The state that the manifest has then. */
enum item_state saved_close(struct saved *s, enum item_state state, const char *why);

#endif
