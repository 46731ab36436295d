/* SPDX-License-Identifier: Apache-2.0
 *
 * The agent's processes at one moment, each watched until it ends.
 */
#ifndef AS_TESTS_WATCH_H
#define AS_TESTS_WATCH_H

#include <poll.h>
#include <stdbool.h>
#include <stddef.h>

#include "tests/bench/scene.h"

struct watch {
	struct pollfd fds[SCENE_WATCH_MAX];
	bool collecting[SCENE_WATCH_MAX]; /* a collector or below one */
	size_t count;
};

/* Notes everything below the agent. False, and nothing is watched, while no collector runs. */
bool watch_collectors(struct scene *s, struct watch *w);

/* The moments of scene_now_ns(). */
struct watch_ends {
	uint64_t typed, collectors, agent, console;
	size_t watched; /* collectors and tools */
};

/* Types "stop" and waits until all of them and the console have ended. */
void watch_stop(struct scene *s, struct watch *w, struct watch_ends *t);

#endif
