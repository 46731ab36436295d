/* SPDX-License-Identifier: Apache-2.0
 *
 * The sum over a stream that its FIN carries. TLS protects every byte against everybody else; this
 * sum finds a fault of our own: a byte lost or doubled where a session went on after a lost
 * connection. SHA-256 is what every peer has; XXH3 (128 bits, in 32 bytes filled up with zeros)
 * costs a twentieth of it and is used where both sides say so (FEATURE_FAST_SUM).
 */
#ifndef AS_E2E_MUX_SUM_H
#define AS_E2E_MUX_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/wire/mux_frame.h"

#define MUX_SUM_LEN MUX_FIN_SUM_LEN

struct mux_sum;

struct mux_sum *mux_sum_new(bool fast); /* NULL when memory is short */
void mux_sum_free(struct mux_sum *s);

/* 0 or AS_E_INTERNAL. Nothing is added after the sum was asked for. */
int mux_sum_add(struct mux_sum *s, const void *p, size_t n);
int mux_sum_get(struct mux_sum *s, uint8_t out[MUX_SUM_LEN]);

#endif
