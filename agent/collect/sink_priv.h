/* SPDX-License-Identifier: Apache-2.0
 *
 * The inside of a sink, for the files that make it up: sink.c (records, cap, compression),
 * sink_send.c (files as they are), tool.c (programs of the system), watchdog.c (the deadline).
 * Collectors see sink.h only.
 *
 * Everything in the struct is guarded by `lock`: the collector's thread and the watchdog both
 * come here. The lock is held for whole records, so the watchdog always finds the stream
 * between two of them. It is held while we wait for our reader, and never while we wait for
 * the customer's system.
 */
#ifndef AS_AGENT_COLLECT_SINK_PRIV_H
#define AS_AGENT_COLLECT_SINK_PRIV_H

#include <pthread.h>
#include <sys/types.h>
#include <time.h>
#include <zlib.h>

#include "agent/collect/pack.h"
#include "agent/collect/sink_life.h"

#define SINK_OUT    65536 /* the largest block we write */
#define SINK_RECORD 65536 /* of collected text that is held back until a line ends */
#define SINK_COMP   1	  /* zlib level: faster than any network it feeds */
/* What is kept free below the cap, so that the last FILE_END and END always fit. */
#define SINK_TAIL (2 * ITEM_RECORD_MAX)

struct sink {
	pthread_mutex_t lock;
	pthread_cond_t stop; /* wakes the watchdog */
	clockid_t clock;     /* that `stop` is waited for by */
	pthread_t watchdog;
	bool watched, stopping;

	int fd;	 /* the caller's */
	int err; /* the first error; every later call returns it */
	bool in_file;
	bool handed_over;	     /* to a live view */
	char gap[ITEM_WHY_MAX + 1];  /* why the last unavailable file is */
	char said[ITEM_WHY_MAX + 1]; /* the last note */
	enum item_state end_state;   /* what END said */
	unsigned incomplete; /* files that ended as partial, timeout or failed in the middle */

	uint64_t raw, raw_max; /* bytes of records so far, before compression */
	uint64_t start_ms;
	uint64_t stalled_ms; /* waited for our reader; does not count */
	uint32_t deadline_ms;
	pid_t tool; /* the process group that is running, 0 = none */

	/* The DATA record being filled. It is sent at the end of a line whenever it holds one. */
	uint8_t record[ITEM_HEADER + SINK_RECORD];
	size_t pending;
	uint32_t redactions; /* in the open file */

	struct pack *pack; /* NULL: nothing is packed */
	bool comp;
	z_stream z;
	uint8_t out[SINK_OUT];
	size_t out_len;
};

/* Around every call of a collector: takes the lock and says what error there was before; notes the
 * first error, gives the lock back, and returns what was first. */
int sink_enter(struct sink *s);
int sink_leave(struct sink *s, int err);

/* ---- with the lock held ---- */

/* Bytes that may still come before the cap; what to do when they do not suffice: ends the file, and
 * always an error. */
uint64_t sink_room(const struct sink *s);
int sink_overflow(struct sink *s);

/* Bytes of records, through the compressor or straight out. */
int sink_emit(struct sink *s, const uint8_t *p, size_t n);
int sink_send_record(struct sink *s, const struct item *it);

/* The first n bytes of the text that is held back; s->pending is all of it. */
int sink_send_pending(struct sink *s, size_t n);

/* sink_finish() with the lock held, for the watchdog. */
int sink_finish_locked(struct sink *s, enum item_state state, const char *why);

/* Milliseconds left of the run; 0 = the deadline is over. */
uint64_t sink_left_locked(const struct sink *s);

/* Drops the unfinished last line of the open file, as far as it has not been sent. */
void sink_cut_line(struct sink *s);

/* Names the process group the watchdog must kill; 0 = none. */
void sink_set_tool(struct sink *s, pid_t group);

int watchdog_start(struct sink *s);
void watchdog_stop(struct sink *s);

#endif
