/* SPDX-License-Identifier: Apache-2.0
 *
 * Lines as they are written on the customer's computer: the job behind tail, journal and eventlog.
 * Shows them, keeps them in the bundle as they came, and ends when the agent, a limit or the
 * engineer says so.
 *
 * A line is shown and stored before it counts as consumed; while nobody reads what is shown, no
 * more comes than one window, and the agent drops the rest and says how much.
 */
#ifndef AS_CONSOLE_LIVE_H
#define AS_CONSOLE_LIVE_H

#include "console/ask.h"
#include "console/job.h"

struct live_wish {
	const char *name; /* of the command; a literal */
	const char *line; /* as it was typed */
	uint32_t for_s;	  /* 0: no limit */
	uint64_t lines_max;
	bool with_time;
	bool keep; /* in the bundle */
};

/* AS_E_QUOTA while too many jobs run, -ENOMEM. */
int live_start(struct jobs *js, const struct live_wish *w, const struct asks *asks,
	       struct job **out);

#endif
