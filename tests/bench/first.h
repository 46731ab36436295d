/* SPDX-License-Identifier: Apache-2.0
 *
 * Notices the first byte of diagnostics at the console: the console makes a folder inside the
 * bundle for the first file of the first item, and nothing else makes one there.
 */
#ifndef AS_TESTS_FIRST_H
#define AS_TESTS_FIRST_H

#include "tests/bench/scene.h"

struct first {
	int fd;	 /* of inotify */
	int out; /* watch on the folder that gets the bundle */
	char dir[SCENE_PATH_MAX];
};

/* To be called while the folder for bundles is still empty. */
void first_watch(struct scene *s, struct first *f);
/* Waits, then closes. The moment. */
uint64_t first_wait(struct scene *s, struct first *f);

#endif
