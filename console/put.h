/* SPDX-License-Identifier: Apache-2.0
 *
 * The job behind `put`: one file of the engineer's, into the folder that the customer named. It is
 * read as fast as the agent takes it; the agent's END says whether it is stored.
 *
 *   ASKED -> RUNNING (OPEN_OK, then credit) -> all is written, FIN -> the agent's END
 */
#ifndef AS_CONSOLE_PUT_H
#define AS_CONSOLE_PUT_H

#include "console/ask.h"
#include "console/job.h"

struct put_wish {
	const char *line; /* as it was typed */
	const char *path; /* of the file here */
	const struct ask *ask;
	int fd; /* of it, open for reading; taken */
	uint64_t size;
};

/* AS_E_QUOTA while too many jobs run, -ENOMEM: the descriptor is closed then, too. */
int put_start(struct jobs *js, const struct put_wish *w, struct job **out);

#endif
