/* SPDX-License-Identifier: Apache-2.0
 *
 * Records out: collected bytes become DATA records, whole lines as far as possible, so that
 * redaction sees lines and a cut falls between them; records are counted against the cap,
 * compressed when asked, and written in blocks.
 *
 * Nothing here waits for the customer's system and nothing is kept but one record and one
 * block, so a collector's output may be of any size.
 */
#include "agent/collect/sink_priv.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "agent/collect/name.h"
#include "agent/collect/redact.h"
#include "agent/plat/plat.h"
#include "proto/base/clock.h"
#include "proto/base/err.h"
#include "proto/base/text.h"

#define PRINT_ROOM 1024 /* most lines fit; longer ones take memory for the call */
#define PRINT_MAX  65536

/* ---- to the reader ---- */

static int write_some(int fd, const uint8_t *p, size_t n, size_t *written)
{
	ssize_t did = write(fd, p, n);

	if (did >= 0) {
		*written = (size_t)did;
		return 0;
	}
	if (errno == EAGAIN) {
		plat_wait_writable(fd);
	} else if (errno != EINTR) {
		return -errno;
	}
	*written = 0;
	return 0;
}

static int write_all(struct sink *s, const uint8_t *p, size_t n)
{
	uint64_t before = clock_mono_ms();
	int err = 0;

	while (n > 0 && err == 0) {
		size_t did = 0;

		err = write_some(s->fd, p, n, &did);
		p += did;
		n -= did;
	}
	s->stalled_ms += clock_mono_ms() - before;
	return err;
}

static int write_block(struct sink *s)
{
	int err = write_all(s, s->out, s->out_len);

	s->out_len = 0;
	return err;
}

/* Into the compressor; full blocks go out. flush: Z_NO_FLUSH, or Z_FINISH at the end. */
static int squeeze(struct sink *s, const uint8_t *p, size_t n, int flush)
{
	s->z.next_in = (Bytef *)(uintptr_t)p; /* zlib forgot the const */
	s->z.avail_in = (uInt)n;
	for (;;) {
		s->z.next_out = s->out + s->out_len;
		s->z.avail_out = (uInt)(SINK_OUT - s->out_len);

		int did = deflate(&s->z, flush);
		s->out_len = SINK_OUT - s->z.avail_out;
		if (did == Z_STREAM_ERROR)
			return AS_E_INTERNAL;
		if (flush == Z_FINISH ? did == Z_STREAM_END : s->z.avail_out > 0)
			return flush == Z_FINISH ? write_block(s) : 0;

		int err = write_block(s);
		if (err < 0)
			return err;
	}
}

int sink_emit(struct sink *s, const uint8_t *p, size_t n)
{
	s->raw += n;
	return s->comp ? squeeze(s, p, n, Z_NO_FLUSH) : write_all(s, p, n);
}

/* ---- records ---- */

uint64_t sink_room(const struct sink *s)
{
	uint64_t used = s->raw + s->pending + ITEM_HEADER + SINK_TAIL;

	return used < s->raw_max ? s->raw_max - used : 0;
}

int sink_send_record(struct sink *s, const struct item *it)
{
	uint8_t buf[ITEM_LONG_MAX];
	int n = item_encode(it, buf, sizeof buf);

	return n < 0 ? n : sink_emit(s, buf, (size_t)n);
}

/* Bytes up to and with the last newline; 0 when there is none. */
static size_t whole_lines(const uint8_t *p, size_t n)
{
	while (n > 0 && p[n - 1] != '\n')
		n--;
	return n;
}

int sink_send_pending(struct sink *s, size_t n)
{
	if (n == 0)
		return 0;
	s->redactions += redact_text(s->record + ITEM_HEADER, n);
	item_data_header(n, s->record);

	int err = sink_emit(s, s->record, ITEM_HEADER + n);
	s->pending -= n;
	memmove(s->record + ITEM_HEADER, s->record + ITEM_HEADER + n, s->pending);
	return err;
}

static int end_file(struct sink *s, enum item_state state, bool truncated, const char *why)
{
	struct item it = {.type = ITEM_FILE_END};

	if (!s->in_file)
		return 0;

	int err = sink_send_pending(s, s->pending);
	it.file_end.state = state;
	it.file_end.truncated = truncated;
	it.file_end.redactions = s->redactions;
	text_line(why, strlen(why), it.file_end.why, sizeof it.file_end.why);
	if (err == 0)
		err = sink_send_record(s, &it);
	s->in_file = false;
	s->redactions = 0;
	if (state == ITEM_UNAVAILABLE)
		memcpy(s->gap, it.file_end.why, sizeof s->gap);
	if (state == ITEM_PARTIAL || state == ITEM_TIMEOUT || state == ITEM_FAILED)
		s->incomplete++;
	return err;
}

/* The cap is reached: what there is ends at a line, and nothing more comes. */
int sink_overflow(struct sink *s)
{
	char size[TEXT_SIZE_MAX], why[ITEM_WHY_MAX + 1];
	size_t whole = whole_lines(s->record + ITEM_HEADER, s->pending);

	if (whole > 0)
		s->pending = whole;
	snprintf(why, sizeof why, "cut: this item may send %s", text_size(s->raw_max, size));

	int err = end_file(s, ITEM_PARTIAL, true, why);
	return err < 0 ? err : AS_E_TOO_BIG;
}

static int put(struct sink *s, const uint8_t *p, size_t n)
{
	while (n > 0) {
		size_t take = SINK_RECORD - s->pending;
		uint64_t left = sink_room(s);

		if (take > n)
			take = n;
		if (take > left)
			take = (size_t)left;
		if (take > 0)
			memcpy(s->record + ITEM_HEADER + s->pending, p, take);
		s->pending += take;
		p += take;
		n -= take;
		if (n > 0 && sink_room(s) == 0)
			return sink_overflow(s);
		if (s->pending < SINK_RECORD)
			continue;

		size_t whole = whole_lines(s->record + ITEM_HEADER, s->pending);
		int err = sink_send_pending(s, whole > 0 ? whole : s->pending);
		if (err < 0)
			return err;
	}
	return 0;
}

/* Facts and notes between the data of a file keep their place in the stream. */
static int put_record(struct sink *s, const struct item *it)
{
	bool is_long = it->type == ITEM_ENTRY || it->type == ITEM_LINE;

	if (sink_room(s) < (is_long ? ITEM_LONG_MAX : ITEM_RECORD_MAX))
		return sink_overflow(s);

	int err = sink_send_pending(s, s->pending);
	return err < 0 ? err : sink_send_record(s, it);
}

/* ---- the collector's side: lock, first error sticks ---- */

int sink_enter(struct sink *s)
{
	pthread_mutex_lock(&s->lock);
	return s->err;
}

int sink_leave(struct sink *s, int err)
{
	if (s->err == 0)
		s->err = err;
	err = s->err;
	pthread_mutex_unlock(&s->lock);
	return err;
}

int sink_file_begin(struct sink *s, const char *name, enum item_source kind, const char *source)
{
	struct item it = {.type = ITEM_FILE};

	item_name_make(name, it.file.name);
	it.file.source_kind = kind;
	text_line(source, strlen(source), it.file.source, sizeof it.file.source);

	int err = sink_enter(s);
	if (err == 0)
		err = end_file(s, ITEM_OK, false, "");
	if (err == 0)
		err = put_record(s, &it);
	if (err == 0)
		s->in_file = true;
	return sink_leave(s, err);
}

int sink_write(struct sink *s, const void *p, size_t n)
{
	int err = sink_enter(s);

	if (err == 0)
		err = s->in_file ? put(s, p, n) : AS_ESTATE;
	return sink_leave(s, err);
}

int sink_record(struct sink *s, const struct item *it)
{
	int err = sink_enter(s);

	return sink_leave(s, err == 0 ? put_record(s, it) : err);
}

int sink_printf(struct sink *s, const char *fmt, ...)
{
	char room_here[PRINT_ROOM], *text = room_here;
	va_list ap;

	va_start(ap, fmt);
	int n = vsnprintf(room_here, sizeof room_here, fmt, ap);
	va_end(ap);
	if (n < 0 || n > PRINT_MAX)
		return AS_E_TOO_BIG;
	if ((size_t)n >= sizeof room_here) {
		text = malloc((size_t)n + 1);
		if (!text)
			return -ENOMEM;
		va_start(ap, fmt);
		vsnprintf(text, (size_t)n + 1, fmt, ap);
		va_end(ap);
	}

	int err = sink_write(s, text, (size_t)n);
	if (text != room_here)
		free(text);
	return err;
}

int sink_file_end(struct sink *s, enum item_state state, bool truncated, const char *why)
{
	int err = sink_enter(s);

	if (err == 0)
		err = end_file(s, state, truncated, why);
	return sink_leave(s, err);
}

int sink_fact(struct sink *s, const char *key, const char *fmt, ...)
{
	struct item it = {.type = ITEM_FACT};
	char value[2 * ITEM_VALUE_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(value, sizeof value, fmt, ap);
	va_end(ap);
	snprintf(it.fact.key, sizeof it.fact.key, "%s", key);
	text_line(value, strlen(value), it.fact.value, sizeof it.fact.value);

	int err = sink_enter(s);
	if (err == 0)
		err = put_record(s, &it);
	return sink_leave(s, err);
}

int sink_note(struct sink *s, const char *fmt, ...)
{
	struct item it = {.type = ITEM_NOTE};
	char text[2 * ITEM_WHY_MAX];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	text_line(text, strlen(text), it.note.text, sizeof it.note.text);

	int err = sink_enter(s);
	memcpy(s->said, it.note.text, sizeof s->said);
	if (err == 0)
		err = put_record(s, &it);
	return sink_leave(s, err);
}

int sink_hand_over(struct sink *s)
{
	s->handed_over = true;
	return s->fd;
}

/* ---- for tool.c, copy.c and watchdog.c ---- */

void sink_cut_line(struct sink *s)
{
	pthread_mutex_lock(&s->lock);
	s->pending = whole_lines(s->record + ITEM_HEADER, s->pending);
	pthread_mutex_unlock(&s->lock);
}

void sink_set_tool(struct sink *s, pid_t group)
{
	pthread_mutex_lock(&s->lock);
	s->tool = group;
	pthread_mutex_unlock(&s->lock);
}

uint64_t sink_stalled_ms(struct sink *s)
{
	pthread_mutex_lock(&s->lock);
	uint64_t ms = s->stalled_ms;
	pthread_mutex_unlock(&s->lock);
	return ms;
}

uint64_t sink_left_locked(const struct sink *s)
{
	uint64_t end = s->start_ms + s->deadline_ms + s->stalled_ms, now = clock_mono_ms();

	return now < end ? end - now : 0;
}

/* ---- life ---- */

int sink_new(struct sink **out, const struct sink_options *o)
{
	struct sink *s = calloc(1, sizeof *s);
	pthread_condattr_t attr;

	if (!s)
		return -ENOMEM;
	if (o->comp && deflateInit(&s->z, SINK_COMP) != Z_OK) {
		free(s);
		return -ENOMEM;
	}
	s->fd = o->fd;
	s->comp = o->comp;
	s->deadline_ms = o->deadline_ms;
	s->raw_max = o->output_max;
	s->start_ms = clock_mono_ms();
	pthread_mutex_init(&s->lock, NULL);
	pthread_condattr_init(&attr);
	/* Where only the wall clock can be waited by, a jump of it costs one look at the time. */
	s->clock = pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) == 0 ? CLOCK_MONOTONIC
									  : CLOCK_REALTIME;
	pthread_cond_init(&s->stop, &attr);
	pthread_condattr_destroy(&attr);
	*out = s;
	return 0;
}

void sink_free(struct sink *s)
{
	if (!s)
		return;
	if (s->comp)
		deflateEnd(&s->z);
	pack_free(s->pack);
	pthread_cond_destroy(&s->stop);
	pthread_mutex_destroy(&s->lock);
	free(s);
}

enum item_state sink_said(const struct sink *s)
{
	return s->end_state;
}

int sink_finish_locked(struct sink *s, enum item_state state, const char *why)
{
	struct item it = {.type = ITEM_END};

	if (s->err != 0 && s->err != AS_E_TOO_BIG)
		return s->err; /* our reader is gone */
	if (state == ITEM_OK && s->err == AS_E_TOO_BIG) {
		state = ITEM_PARTIAL;
		why = "more than this item may send";
	}

	int err = end_file(s, state == ITEM_OK ? ITEM_OK : ITEM_PARTIAL, false, why);
	if (state == ITEM_OK && s->incomplete > 0) {
		state = ITEM_PARTIAL;
		why = "not every file is complete";
	}
	if (state == ITEM_UNAVAILABLE && s->gap[0])
		why = s->gap; /* says more than that it is not available */
	it.end.state = s->end_state = state;
	it.end.duration_ms = (uint32_t)(clock_mono_ms() - s->start_ms);
	text_line(why, strlen(why), it.end.why, sizeof it.end.why);
	if (err == 0)
		err = sink_send_record(s, &it);
	if (err == 0 && s->comp)
		err = squeeze(s, NULL, 0, Z_FINISH);
	s->err = err == 0 ? AS_ESTATE : err; /* nothing comes after END */
	s->stopping = true;		     /* and no deadline */
	return err;
}

int sink_finish(struct sink *s, enum item_state state, const char *why)
{
	pthread_mutex_lock(&s->lock);
	int err = sink_finish_locked(s, state, why);
	pthread_mutex_unlock(&s->lock);
	return err;
}
