/* SPDX-License-Identifier: Apache-2.0
 *
 * One `collect` at work: opens a stream per item, at most COLLECT_AT_ONCE at a time, unpacks
 * and decodes what comes and hands it to the bundle. An item that goes wrong costs itself and
 * nothing else.
 *
 *   WAITING -> ASKED (OPEN sent) -> RUNNING (OPEN_OK) -> DONE      any but DONE -> DONE
 *
 * Credit is given back only for what was written: a slow disk slows the agent down, and no
 * more than the streams' windows is ever on its way. Memory: per running item one decoder,
 * one zlib state and the bundle's small buffers; nothing grows with what arrives.
 */
#ifndef AS_CONSOLE_COLLECT_H
#define AS_CONSOLE_COLLECT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "console/catalog.h"
#include "console/events.h"
#include "proto/wire/item.h"

struct bundle;
struct bundle_item;
struct mux;
struct unpack;

#define COLLECT_AT_ONCE	  4
#define COLLECT_REPORT_MS 1000 /* between two "running" events of one item with --json */

enum take_phase { TAKE_WAITING, TAKE_ASKED, TAKE_RUNNING, TAKE_DONE };

struct take {
	const as_CatalogEntry *entry;
	struct bundle_item *item; /* while not DONE */
	struct unpack *unpack;	  /* NULL when the stream is not compressed */
	struct item_decoder decoder;
	enum take_phase phase;
	uint32_t stream;
	uint64_t began_ms, reported_ms, reported_bytes;
	char why[ITEM_WHY_MAX + 1]; /* of the END record */
	bool by_name;
};

struct collect {
	struct events *ev;
	struct bundle *bundle;
	struct mux *mux;
	uint64_t bytes_max; /* of one unpacked stream */
	struct take takes[CATALOG_MAX];
	size_t count, running, finished;
	as_OpenArgs args;
	bool incomplete; /* sticky: some item of this session failed or is partial */
};

void collect_init(struct collect *c, struct events *ev);
void collect_done(struct collect *c);

/* denied: entries the customer has not allowed are listed as such and not asked for. AS_ESTATE
 * while another collect is at work. The catalog behind s must stay as it is until idle. */
int collect_start(struct collect *c, const struct selection *s,
		  bool (*is_allowed)(enum scope_kind kind, void *owner), void *owner);
bool collect_is_idle(const struct collect *c);

/* OPEN_OK, OPEN_ERR. Negative: the agent broke the protocol. */
int collect_message(struct collect *c, uint8_t type, const uint8_t *p, size_t n);
int collect_data(struct collect *c, uint32_t stream, const uint8_t *p, size_t n);
void collect_fin(struct collect *c, uint32_t stream, bool ok);
void collect_reset(struct collect *c, uint32_t stream, int code);

/* The session is over or the engineer has had enough: every item that is not done is kept with
 * what has arrived. */
void collect_abort(struct collect *c, const char *why);

/* Live lines, and "running" events with --json. A few times a second. */
void collect_tick(struct collect *c);

#endif
