/* SPDX-License-Identifier: Apache-2.0
 *
 * One `collect` at work: an operation per item, at most COLLECT_AT_ONCE at a time; what they send
 * goes into the bundle. An item that goes wrong costs itself and nothing else. `device` is the same
 * with an item per device, all at once: most of their time they wait for the customer, and the
 * agent itself lets only so many connect.
 *
 *   WAITING -> AT_WORK -> DONE      WAITING -> DONE
 *
 * Credit is given back only for what was written: a slow disk slows the agent down, and no
 * more than the streams' windows is ever on its way. Memory: per running item one decoder,
 * one zlib state and the bundle's small buffers; nothing grows with what arrives.
 */
#ifndef AS_CONSOLE_COLLECT_H
#define AS_CONSOLE_COLLECT_H

#include "console/catalog.h"
#include "console/job.h"

#define COLLECT_AT_ONCE 4

/* Begins it, as a job. line: as it was typed. Entries the customer has not allowed are listed as
 * such and not asked for. AS_E_QUOTA while too many jobs run, -ENOMEM. */
int collect_start(struct jobs *js, const struct selection *s,
		  bool (*is_allowed)(enum scope_kind kind, void *owner), void *owner,
		  const char *line, struct job **out);

#endif
