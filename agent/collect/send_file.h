/* SPDX-License-Identifier: Apache-2.0
 *
 * The bytes of one open file into the sink, holes as holes.
 */
#ifndef AS_AGENT_COLLECT_SEND_FILE_H
#define AS_AGENT_COLLECT_SEND_FILE_H

#include <stdint.h>

struct sink;

struct sent {
	uint64_t bytes; /* that are in the sink now, holes included */
	int err;	/* -errno of the file; 0 */
};

/* From `from` up to `to` (the length it had when it was opened). r is filled whatever happens;
 * fewer bytes without an error: it has become shorter meanwhile. Negative: the sink refuses. */
int send_file(struct sink *s, int fd, uint64_t from, uint64_t to, struct sent *r);

#endif
