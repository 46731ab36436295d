/* SPDX-License-Identifier: Apache-2.0
 *
 * Being told that a followed file, or the folder that its name stands in, has changed: by
 * inotify(7). Where nobody tells, the watch is blind, and its owner looks for himself every
 * WATCH_BLIND_MS. What exactly has happened is never believed: the owner looks.
 */
#ifndef AS_AGENT_COLLECT_WATCH_H
#define AS_AGENT_COLLECT_WATCH_H

#include <stdbool.h>

#include "agent/collect/follow.h"
#include "agent/collect/live.h"

#define WATCH_BLIND_MS 1000

struct watch {
	int notify;
	bool blind; /* of some file or folder */
};

void watch_begin(struct watch *w);
void watch_end(struct watch *w);

/* Forgets all of them. */
void watch_anew(struct watch *w);
/* The file, what has its name now, and its folder. */
void watch_add(struct watch *w, const struct follow *f);

/* Was anything told since the last time? */
bool watch_took(struct watch *w);

/* Until something is told (not while paused), the reader takes what waits for it, or ms passed. */
void watch_wait(struct watch *w, const struct live *l, bool paused, int ms);

#endif
