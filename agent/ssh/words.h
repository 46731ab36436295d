/* SPDX-License-Identifier: Apache-2.0
 *
 * What went wrong with a device, in words for the engineer. Pure: the library's message comes in,
 * whose text may be the device's own.
 */
#ifndef AS_AGENT_SSH_WORDS_H
#define AS_AGENT_SSH_WORDS_H

#include "proto/wire/item.h"

struct words {
	char why[ITEM_WHY_MAX + 1]; /* one line */
	/* When the two sides have no algorithm in common: who offered what. "" otherwise. */
	char theirs[ITEM_WHY_MAX + 1], ours[ITEM_WHY_MAX + 1];
};

/* legacy: old algorithms were offered already. */
void words_of_error(const char *error, bool legacy, struct words *out);

#endif
