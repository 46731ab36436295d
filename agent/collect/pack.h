/* SPDX-License-Identifier: Apache-2.0
 *
 * Packing a file's bytes piece by piece (PACKED of wire/item.h), where that is worth it: bytes that
 * do not become smaller are sent as they are, and it is tried less and less often.
 */
#ifndef AS_AGENT_COLLECT_PACK_H
#define AS_AGENT_COLLECT_PACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACK_PIECE (256u << 10) /* at once */

struct pack;

struct pack *pack_new(void); /* NULL when memory is short */
void pack_free(struct pack *p);

/* Is it time to try? Counts a piece that is sent without. */
bool pack_is_due(struct pack *p);

/* n <= PACK_PIECE bytes as one frame; *out points into p. 0 when it is not worth it. */
size_t pack_try(struct pack *p, const void *in, size_t n, const uint8_t **out);

/* Nothing but zeros? */
bool pack_is_zero(const uint8_t *p, size_t n);

#endif
