/* SPDX-License-Identifier: Apache-2.0
 *
 * Files to send, the same ones every time.
 */
#ifndef AS_TESTS_MAKE_FILE_H
#define AS_TESTS_MAKE_FILE_H

#include <stdint.h>

#include "tests/bench/scene.h"

/* Bytes that nothing compresses. */
void make_random(struct scene *s, const char *path, uint64_t bytes);

/* Lines as a busy server's syslog has them; gzip -6 makes them about 9 times smaller. */
void make_syslog(struct scene *s, const char *path, uint64_t bytes);

#endif
