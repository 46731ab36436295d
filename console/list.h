/* SPDX-License-Identifier: Apache-2.0
 *
 * What lies in the customer's granted folders: the job behind ls, stat and find. Shows entries and,
 * for find, the lines that matched in them; keeps what it showed in the bundle.
 */
#ifndef AS_CONSOLE_LIST_H
#define AS_CONSOLE_LIST_H

#include "console/ask.h"
#include "console/job.h"

#define LIST_MAX 200000u /* entries and lines of one command; more are not taken from any agent */

struct list_wish {
	const char *name; /* of the command; a literal */
	const char *line;
	bool matches;	 /* lines may come, too */
	bool empty_only; /* only what has no bytes: the wire cannot say it */
	uint64_t max;	 /* 0: LIST_MAX */
	bool keep;	 /* in the bundle */
};

/* AS_E_QUOTA while too many jobs run, -ENOMEM. */
int list_start(struct jobs *js, const struct list_wish *w, const struct asks *asks,
	       struct job **out);

#endif
