/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/live.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/collect/redact.h"
#include "agent/plat/plat.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

struct batch {
	struct batch *next;
	size_t len, sent;
	/* of the customer's lines: that would be missing without it; or, of those that tell, that
	 * are missing */
	uint64_t lines, dropped_bytes;
	bool keep, tells;
	uint8_t bytes[];
};

struct live {
	int fd;
	struct batch *first, *last; /* closed, the oldest first */
	size_t queued;
	uint64_t start_ms;
	bool gone; /* the reader */
	/* thrown away and not told yet */
	uint64_t dropped_lines, dropped_bytes;
	uint64_t given_up; /* as we have said */

	/* the open batch */
	uint8_t open[LIVE_BATCH_BYTES + ITEM_LONG_MAX + ITEM_HEADER + ITEM_BATCH];
	size_t len;
	uint64_t lines, since_ms;
	bool keep;
};

struct live *live_new(int fd)
{
	struct live *l = calloc(1, sizeof *l);

	if (!l || plat_outlet_begin(fd) < 0) {
		free(l);
		return NULL;
	}
	l->fd = fd;
	l->start_ms = clock_mono_ms();
	return l;
}

void live_free(struct live *l)
{
	if (!l)
		return;
	while (l->first) {
		struct batch *b = l->first;

		l->first = b->next;
		free(b);
	}
	free(l);
}

/* ---- batches ---- */

/* A record is at least its header, so what is missing may be one multiple more. */
static size_t padding(size_t len)
{
	size_t missing = (ITEM_BATCH - len % ITEM_BATCH) % ITEM_BATCH;

	return missing > 0 && missing < ITEM_HEADER ? missing + ITEM_BATCH : missing;
}

static void pad(struct live *l)
{
	size_t n = padding(l->len);

	if (n == 0)
		return;

	struct item it = {.type = ITEM_PAD, .pad = {n - ITEM_HEADER}};
	int did = item_encode(&it, l->open + l->len, sizeof l->open - l->len);

	l->len += did > 0 ? (size_t)did : 0;
}

/* The oldest that nobody has begun to read and nobody must have; the others wait. */
static bool drop_one(struct live *l)
{
	struct batch **at = &l->first, *before = NULL;

	for (struct batch *b = l->first; b; before = b, at = &b->next, b = b->next) {
		if (b->sent > 0 || b->keep)
			continue;
		*at = b->next;
		if (l->last == b)
			l->last = before;
		l->queued -= b->len;
		l->dropped_lines += b->lines;
		l->dropped_bytes += b->len;
		free(b);
		return true;
	}
	return false;
}

static int append(struct live *l, struct batch *b)
{
	while (l->queued + b->len > LIVE_QUEUE_MAX && drop_one(l))
		;
	if (l->last)
		l->last->next = b;
	else
		l->first = b;
	l->last = b;
	l->queued += b->len;
	return 0;
}

static int close_batch(struct live *l)
{
	struct batch *b;

	if (l->len == 0)
		return 0;
	pad(l);
	b = malloc(sizeof *b + l->len);
	if (!b)
		return -ENOMEM;
	*b = (struct batch){.len = l->len, .lines = l->lines, .keep = l->keep};
	memcpy(b->bytes, l->open, l->len);
	l->len = 0;
	l->lines = 0;
	l->keep = false;
	return append(l, b);
}

int live_put(struct live *l, const struct item *it, uint64_t now_ms)
{
	int n, err = 0;

	/* What must not be lost does not share a batch with what may be. */
	if (l->len > 0 && (it->type == ITEM_SOURCE) != l->keep)
		err = close_batch(l);
	n = err < 0 ? err : item_encode(it, l->open + l->len, ITEM_LONG_MAX);
	if (n < 0)
		return n;
	if (l->len == 0)
		l->since_ms = now_ms;
	l->len += (size_t)n;
	l->keep = it->type == ITEM_SOURCE;
	l->lines += it->type == ITEM_LINE;
	return l->len >= LIVE_BATCH_BYTES ? close_batch(l) : 0;
}

int live_line(struct live *l, uint8_t source, uint64_t time_us, const void *text, size_t n,
	      uint64_t now_ms)
{
	static uint8_t copy[ITEM_LINE_MAX]; /* not to be cleared for each line; one thread */
	struct item it = {.type = ITEM_LINE,
			  .line = {.source = source,
				   .cut = n > ITEM_LINE_MAX,
				   .time = time_us,
				   .text = copy,
				   .len = n < ITEM_LINE_MAX ? n : ITEM_LINE_MAX}};

	memcpy(copy, text, it.line.len);
	redact_text(copy, it.line.len);
	return live_put(l, &it, now_ms);
}

int live_note(struct live *l, uint64_t now_ms, const char *fmt, ...)
{
	struct item it = {.type = ITEM_NOTE};
	char text[2 * ITEM_WHY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	text_line(text, strlen(text), it.note.text, sizeof it.note.text);
	return live_put(l, &it, now_ms);
}

int live_given_up(struct live *l, uint64_t lines, uint64_t now_ms)
{
	if (lines == 0 || lines < 2 * l->given_up)
		return 0;
	l->given_up = lines;
	return live_note(l, now_ms, "lines on which the pattern took too long: %llu",
			 (unsigned long long)lines);
}

/* ---- to the reader ---- */

/* Where what was thrown away would stand: behind what the reader has begun to read and what is
 * always kept, before all the others. */
static struct batch **gap_of(struct live *l)
{
	struct batch **at = &l->first;

	while (*at && ((*at)->sent > 0 || ((*at)->keep && !(*at)->tells)))
		at = &(*at)->next;
	return at;
}

static int fill_told(struct batch *b)
{
	struct item it = {.type = ITEM_DROPPED, .dropped = {b->lines, b->dropped_bytes}};
	int n = item_encode(&it, b->bytes, ITEM_BATCH);
	struct item pad = {.type = ITEM_PAD, .pad = {ITEM_BATCH - (size_t)n - ITEM_HEADER}};

	return n + item_encode(&pad, b->bytes + n, ITEM_BATCH - (size_t)n) == ITEM_BATCH
		   ? 0
		   : AS_E_INTERNAL;
}

/* How much is missing, once, however long the reader keeps us waiting. */
static int tell_dropped(struct live *l)
{
	struct batch **at = gap_of(l), *b = *at;

	if (!b || !b->tells) {
		b = malloc(sizeof *b + ITEM_BATCH);
		if (!b)
			return -ENOMEM;
		*b = (struct batch){.len = ITEM_BATCH, .keep = true, .tells = true, .next = *at};
		*at = b;
		l->last = b->next ? l->last : b;
		l->queued += b->len;
	}
	b->lines += l->dropped_lines;
	b->dropped_bytes += l->dropped_bytes;
	l->dropped_lines = l->dropped_bytes = 0;
	return fill_told(b);
}

static int write_first(struct live *l, bool *full)
{
	struct batch *b = l->first;
	int64_t n = plat_outlet_write(l->fd, b->bytes + b->sent, b->len - b->sent);

	if (n == -EAGAIN) {
		*full = true;
		return 0;
	}
	if (n < 0) {
		l->gone = true;
		return (int)n;
	}
	b->sent += (size_t)n;
	if (b->sent < b->len)
		return 0;
	l->first = b->next;
	if (!l->first)
		l->last = NULL;
	l->queued -= b->len;
	free(b);
	return 0;
}

static int write_some(struct live *l)
{
	bool full = false;
	int err = l->dropped_bytes > 0 ? tell_dropped(l) : 0;

	while (err == 0 && l->first && !full)
		err = write_first(l, &full);
	return err;
}

int live_pump(struct live *l, uint64_t now_ms, bool now)
{
	int err = 0;

	if (l->len > 0 && (now || now_ms - l->since_ms >= LIVE_BATCH_MS))
		err = close_batch(l);
	return err < 0 ? err : write_some(l);
}

void live_dropped(struct live *l, uint64_t lines, uint64_t bytes)
{
	l->dropped_lines += lines;
	l->dropped_bytes += bytes;
}

bool live_wants_write(const struct live *l)
{
	return l->first != NULL;
}

int live_wait_ms(const struct live *l, uint64_t now_ms)
{
	uint64_t past = now_ms - l->since_ms;

	if (l->len == 0)
		return -1;
	return past >= LIVE_BATCH_MS ? 0 : (int)(LIVE_BATCH_MS - past);
}

void live_wait(const struct live *l, int ms)
{
	plat_outlet_wait(l->fd, live_wants_write(l), ms);
}

int live_output(const struct live *l)
{
	return l->fd;
}

size_t live_queued(const struct live *l)
{
	return l->queued;
}

int live_end(struct live *l, enum item_state state, const char *why, uint64_t now_ms)
{
	struct item it = {.type = ITEM_END,
			  .end = {.state = state, .duration_ms = (uint32_t)(now_ms - l->start_ms)}};
	int err = close_batch(l);

	text_line(why, strlen(why), it.end.why, sizeof it.end.why);
	/* nothing stands behind END: the batch is rounded up before it, and END is its own */
	int n = err < 0 ? err : item_encode(&it, l->open, ITEM_LONG_MAX);
	if (n < 0)
		return n;

	struct batch *b = malloc(sizeof *b + (size_t)n);
	if (!b)
		return -ENOMEM;
	*b = (struct batch){.len = (size_t)n, .keep = true};
	memcpy(b->bytes, l->open, (size_t)n);
	err = append(l, b);
	while (err == 0 && l->first) {
		err = write_some(l);
		if (err == 0 && l->first)
			live_wait(l, -1);
	}
	if (err == 0)
		err = plat_outlet_end(l->fd);
	return err < 0 ? err : (int)state;
}

int live_finish(struct live *l, int err, uint64_t now_ms)
{
	char why[ITEM_WHY_MAX + 1];

	if (err >= 0 || l->gone)
		return err;
	return live_end(l, ITEM_FAILED, err_text(err, why, sizeof why), now_ms);
}
