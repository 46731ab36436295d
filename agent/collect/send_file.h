/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of one open file into the sink, holes as holes.
 */
#ifndef AS_AGENT_COLLECT_SEND_FILE_H
#define AS_AGENT_COLLECT_SEND_FILE_H

#include <stdint.h>

#include "agent/collect/sink.h"

/* From `from` up to `to` (the length it had when it was opened), as sink_send(). r counts holes
 * with the bytes. */
int send_file(struct sink *s, int fd, uint64_t from, uint64_t to, struct sent *r);

/* All that can be read, at most max: for files whose size says nothing. */
int send_stream(struct sink *s, int fd, uint64_t max, struct sent *r);

#endif
