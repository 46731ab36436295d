/* SPDX-License-Identifier: Apache-2.0
 *
 * The beginning and the end of a sink, for programs that run collectors. Collectors see sink.h.
 */
#ifndef AS_AGENT_COLLECT_SINK_LIFE_H
#define AS_AGENT_COLLECT_SINK_LIFE_H

#include "agent/collect/sink.h"

struct sink_options {
	int fd;
	bool comp;
	uint32_t deadline_ms;
	uint64_t output_max;
};

/* The clock starts here. fd stays the caller's. */
int sink_new(struct sink **out, const struct sink_options *o);
void sink_free(struct sink *s);

/* Closes an open file, writes END and finishes the compression. A state of ok becomes partial when
 * a file is incomplete or the cap was reached. Returns an error only when the output could not be
 * written. */
int sink_finish(struct sink *s, enum item_state state, const char *why);

/* The state that END said. */
enum item_state sink_said(const struct sink *s);

/* Time that was spent on waiting for our reader, so far. */
uint64_t sink_stalled_ms(struct sink *s);

#endif
