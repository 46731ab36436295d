/* SPDX-License-Identifier: Apache-2.0
 *
 * Inflating what an agent sent (PROTOCOL.md section 6, zlib format), as if it were meant to
 * hurt us: the output is limited in total and in its ratio to the input, comes in pieces
 * of at most UNPACK_STEP, and anything behind the end of the compressed stream is an error.
 * Memory is one zlib state and one step, whatever comes in.
 */
#ifndef AS_E2E_PACK_H
#define AS_E2E_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct unpack;

#define UNPACK_STEP	  (64u << 10)
#define UNPACK_TOTAL_MAX  (UINT64_C(16) << 30)
#define UNPACK_RATIO	  200u	     /* output per input byte ... */
#define UNPACK_RATIO_FREE (1u << 20) /* ... once there is more output than this */

/* p ends with the call. A negative value stops and is handed back by unpack_feed(). */
typedef int (*unpack_on)(const uint8_t *p, size_t n, void *owner);

/* limit: bytes of output granted; UNPACK_TOTAL_MAX holds in any case. NULL when memory is short. */
struct unpack *unpack_new(uint64_t limit, unpack_on on_bytes, void *owner);
void unpack_free(struct unpack *u);

/* Compressed bytes, cut anywhere; all that can be inflated is delivered before it returns.
 * AS_E_TOO_BIG (total or ratio), AS_EBADMSG (not zlib, damaged, bytes after the end), or the
 * callback's error. Final: every further call says the same. What was delivered before stays good.
 */
int unpack_feed(struct unpack *u, const uint8_t *p, size_t n);

/* No more input: 0 when the stream was complete, else AS_E_TRUNCATED, or the earlier error. */
int unpack_end(struct unpack *u);

uint64_t unpack_total(const struct unpack *u); /* bytes delivered */

#endif
