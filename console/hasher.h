/* SPDX-License-Identifier: Apache-2.0
 *
 * SHA-256 in a thread beside the one that receives and writes: of a fast transfer it would be the
 * longest stage otherwise. One piece at a time is in work; the thread comes with the first one.
 */
#ifndef AS_CONSOLE_HASHER_H
#define AS_CONSOLE_HASHER_H

#include <stddef.h>
#include <stdint.h>

struct sha256_stream;
struct hasher;

struct hasher *hasher_new(void);    /* NULL when memory is short */
void hasher_free(struct hasher *h); /* waits for what is in work */

/* Adds n bytes at block, which is on the heap and taken, to s: nobody may use s until
 * hasher_wait(). Waits for the piece before, and gives back its block, or NULL at first. Where
 * there can be no thread it is done at once. A failure shows in sha256_stream_get(). */
uint8_t *hasher_add(struct hasher *h, struct sha256_stream *s, uint8_t *block, size_t n);

/* Nothing is in work any more. */
void hasher_wait(struct hasher *h);

#endif
