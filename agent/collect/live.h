/* SPDX-License-Identifier: Apache-2.0
 *
 * What a live view sends: records in batches. A batch is closed LIVE_BATCH_MS after its first
 * record, or when it is full, and rounded up to a multiple of ITEM_BATCH, so that neither time nor
 * length tells much about one line (PROTOCOL.md section 6). It is never compressed.
 *
 * Nothing here waits: what the reader does not take stays in a queue of at most LIVE_QUEUE_MAX
 * bytes, and when that is full the oldest whole batches are thrown away and counted. So a view
 * shows what happens now, says what is missing, and never lags without end.
 *
 * The owner waits with live_wait(), or polls for live_output() when live_wants_write(), wakes after
 * live_wait_ms(), and calls live_pump(). Time comes in as an argument.
 */
#ifndef AS_AGENT_COLLECT_LIVE_H
#define AS_AGENT_COLLECT_LIVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/base/log.h"
#include "proto/wire/item.h"

#define LIVE_BATCH_MS	 250
#define LIVE_BATCH_BYTES (30u * ITEM_BATCH) /* closed earlier when it holds so much */
#define LIVE_QUEUE_MAX	 (1u << 20)

struct live;

/* fd: made non-blocking; stays the caller's. NULL when there is no memory, or that fails. */
struct live *live_new(int fd);
void live_free(struct live *l);

/* Every record of item.h but DATA and PAD. SOURCE is never thrown away. Lines pass the redaction
 * hook. 0 or -ENOMEM. */
int live_put(struct live *l, const struct item *it, uint64_t now_ms);
int live_line(struct live *l, uint8_t source, uint64_t time_us, const void *text, size_t n,
	      uint64_t now_ms);
int live_note(struct live *l, uint64_t now_ms, const char *fmt, ...) AS_PRINTF(3, 4);

/* How many lines were left out until now because the pattern took too long (match.h): said at the
 * first, and ever more seldom. */
int live_given_up(struct live *l, uint64_t lines, uint64_t now_ms);

/* Closes the batch when its time has come, or now, and writes what the reader takes. Negative: the
 * reader is gone. */
int live_pump(struct live *l, uint64_t now_ms, bool now);

bool live_wants_write(const struct live *l);
int live_wait_ms(const struct live *l, uint64_t now_ms); /* -1: nothing to wake up for */

int live_output(const struct live *l); /* the descriptor */

/* Until the reader takes what waits for it, or ms have passed; -1: without end. */
void live_wait(const struct live *l, int ms);

/* Bytes that wait for the reader. */
size_t live_queued(const struct live *l);

/* So many lines, of so many bytes, were passed over before they came here. */
void live_dropped(struct live *l, uint64_t lines, uint64_t bytes);

/* END, behind everything, and waits until the reader has taken it. The state, or negative. */
int live_end(struct live *l, enum item_state state, const char *why, uint64_t now_ms);

/* What a view came back with: a state is handed on, an error becomes one, said in END. Negative
 * when the reader is gone. */
int live_finish(struct live *l, int err, uint64_t now_ms);

#endif
