/* SPDX-License-Identifier: Apache-2.0
 *
 * The job behind `get`: files of the customer's computer, one after the other, into the bundle. A
 * file that did not come whole stays there as partial, and a later `get --continue` goes on with
 * it (old_part.h).
 *
 *   for each path:  [CHECKING, with --continue] -> AT_WORK -> [SETTLING: the hash of holes] -> next
 */
#ifndef AS_CONSOLE_GET_H
#define AS_CONSOLE_GET_H

#include "console/ask.h"
#include "console/job.h"

#define GET_PATHS_MAX 64

/* One path: where to ask for it, and how it is called in the manifest. */
struct get_one {
	struct ask ask;
	char source[ITEM_SOURCE_MAX + 1]; /* the whole path, in text_escape()'s form */
};

struct get_wish {
	const char *line;    /* as it was typed */
	const char *out_dir; /* where other bundles lie */
	bool go_on;	     /* --continue */
	bool packs;	     /* --compress: the link is slower than the customer's processor */
	const struct get_one *all;
	size_t count;
};

/* AS_E_QUOTA while too many jobs run, -ENOMEM. */
int get_start(struct jobs *js, const struct get_wish *w, struct job **out);

#endif
