/* SPDX-License-Identifier: Apache-2.0
 *
 * The job behind `top`: a sample a second, on a screen of its own, as text, or as objects; kept in
 * the bundle as one object a line.
 */
#ifndef AS_CONSOLE_TOP_H
#define AS_CONSOLE_TOP_H

#include "console/ask.h"
#include "console/job.h"

struct top_wish {
	const char *line; /* as it was typed */
	const char *host;
	uint32_t for_s;	      /* 0: no limit */
	uint64_t samples_max; /* 0: no limit */
	bool keep;	      /* in the bundle */
	bool full_screen;     /* when the terminal can do it */
};

/* AS_E_QUOTA while too many jobs run, -ENOMEM. */
int top_start(struct jobs *js, const struct top_wish *w, const struct ask *ask, struct job **out);

#endif
