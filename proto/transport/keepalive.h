/* SPDX-License-Identifier: Apache-2.0
 *
 * When a quiet hop sends a PING and when it is dead (PROTOCOL.md section 9), as pure
 * arithmetic: time and randomness come in as arguments.
 */
#ifndef AS_TRANSPORT_KEEPALIVE_H
#define AS_TRANSPORT_KEEPALIVE_H

#include <stdbool.h>
#include <stdint.h>

struct keepalive {
	uint64_t heard_ms;  /* the other side's last byte */
	uint64_t pinged_ms; /* our last PING */
};

enum keepalive_action { KEEPALIVE_WAIT, KEEPALIVE_PING, KEEPALIVE_DEAD };

void keepalive_init(struct keepalive *k, uint64_t now_ms);

/* What to do now, and in *next_ms when to ask again. A hop that is not being read (paused)
 * cannot hear anybody: it only tells the other side that it lives. */
enum keepalive_action keepalive_tick(struct keepalive *k, uint64_t now_ms, bool paused,
				     uint32_t random, uint64_t *next_ms);

#endif
