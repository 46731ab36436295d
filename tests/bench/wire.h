/* SPDX-License-Identifier: Apache-2.0
 *
 * A wire of a given length to one of the scene's servers, which counts and can be cut
 * (tests/support/delay.c).
 */
#ifndef AS_TESTS_WIRE_H
#define AS_TESTS_WIRE_H

#include <stdint.h>

#include "tests/bench/scene.h"

#define WIRE_WHOLE 0

struct wire {
	struct pty p;
	char address[64]; /* where it begins */
};

/* to: HOST:PORT. cut_at: bytes one way, then all its connections break, once; WIRE_WHOLE: never. */
void wire_lay(struct scene *s, struct wire *w, const char *to, unsigned delay_ms, uint64_t cut_at);
/* Bytes until now: from those who connect, and back. */
void wire_carried(struct scene *s, struct wire *w, uint64_t *there, uint64_t *back);
void wire_take_up(struct wire *w);

#endif
