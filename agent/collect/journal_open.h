/* SPDX-License-Identifier: Apache-2.0
 *
 * This computer's journal, if there is one that we may read.
 */
#ifndef AS_AGENT_COLLECT_JOURNAL_OPEN_H
#define AS_AGENT_COLLECT_JOURNAL_OPEN_H

#include "agent/collect/journal_api.h"

struct journal {
	struct journal_api api;
	struct sd_journal *j;	  /* api.close() it */
	unsigned files, readable; /* of its files, how many we may read */
	char why[128];		  /* it cannot be opened */
};

/* 0, or AS_EUNAVAIL with why. */
int journal_open(struct journal *out);

#endif
