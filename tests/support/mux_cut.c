/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/mux_cut.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/cursor.h"
#include "proto/wire/messages.h"
#include "proto/wire/mux_table.h"

/* So that there is always room for the answer to an OPEN. */
#define SAY_AHEAD      30
#define SAY_LONG_AHEAD 10
#define SAY_LONG       1000

#define must(what) must_be((what), #what, __LINE__)

static void must_be(bool ok, const char *what, int line)
{
	if (ok)
		return;
	fprintf(stderr, "mux_cut.c:%d: not true: %s\n", line, what);
	abort();
}

/* ---- streams and what is in them ---- */

uint32_t cut_id(size_t i)
{
	return (uint32_t)(2 * i + 1);
}

static struct cut_stream *stream(struct cut_end *e, uint32_t id)
{
	must(id % 2 == 1 && id / 2 < CUT_STREAMS_MAX);
	return &e->streams[id / 2];
}

static bool is_refused(uint32_t id)
{
	return id / 2 % 8 == 7;
}

static bool is_listening(uint32_t id)
{
	return id / 2 % 2 == 0;
}

static uint8_t byte_at(int from, uint32_t id, uint64_t at)
{
	return (uint8_t)(at * 7 + (at >> 8) * 13 + (at >> 16) + id * 31 + (unsigned)from * 101);
}

/* The same, several at once: within 256 bytes they are multiples of 7. Fewer than *n may be. */
static const uint8_t *bytes_at(int from, uint32_t id, uint64_t at, size_t *n)
{
	static uint8_t sevens[2 * 256];
	size_t left = 256 - at % 256;

	for (size_t i = 0; sevens[sizeof sevens - 1] == 0; i++)
		sevens[i] = (uint8_t)(i * 7);
	if (*n > left)
		*n = left;
	return sevens + (uint8_t)(byte_at(from, id, at) * 183); /* 183 * 7 is 1 */
}

static int role(const struct cut_end *e)
{
	return e == &e->world->end[CUT_AGENT] ? CUT_AGENT : CUT_CONSOLE;
}

static struct cut_end *other(struct cut_end *e)
{
	return &e->world->end[1 - role(e)];
}

/* Streams are opened one after the other, by the console. */
static size_t opened(const struct cut_world *w)
{
	size_t n = 0;

	while (n < CUT_STREAMS_MAX && w->end[CUT_CONSOLE].streams[n].known)
		n++;
	return n;
}

/* ---- events ---- */

static void send_table(struct cut_end *e, uint8_t type)
{
	uint8_t table[MUX_TABLE_LEN_MAX];
	int n = mux_resume_table(e->mux, table, sizeof table);

	must(n > 0);
	must(mux_send(e->mux, type, table, (size_t)n) == 0);
}

/* Either order is right; each is used. */
static void answer_resume(struct cut_end *e)
{
	bool first = e->world->cuts % 2 == 0;

	e->answer_due = false;
	if (first)
		send_table(e, MUX_RESUMED);
	must(mux_resume(e->mux, e->table, e->table_len) == 0);
	if (!first)
		send_table(e, MUX_RESUMED);
}

static void on_open(struct cut_end *e, const uint8_t *p, size_t n)
{
	as_Open open;
	as_OpenOk ok = {0};
	uint8_t buf[as_OpenOk_size];

	must(msg_decode(MSG_OPEN, p, n, &open) == 0);

	struct cut_stream *s = stream(e, open.stream);

	must(!s->known);
	s->known = true;
	ok.stream = open.stream;
	if (is_refused(open.stream)) {
		s->refused = true;
		must(mux_stream_refuse(e->mux, open.stream, AS_E_SCOPE) == 0);
		return;
	}
	must(mux_send(e->mux, MUX_OPEN_OK, buf,
		      (size_t)msg_encode(MSG_OPEN_OK, &ok, buf, sizeof buf)) == 0);
	if (is_listening(open.stream)) {
		s->listens = true;
		must(mux_stream_listen(e->mux, open.stream) == 0);
	}
}

static void on_opened(struct cut_end *e, uint8_t type, const uint8_t *p, size_t n)
{
	as_OpenOk ok;
	as_OpenErr err;
	bool refused = type == MUX_OPEN_ERR;

	must(msg_decode(refused ? MSG_OPEN_ERR : MSG_OPEN_OK, p, n,
			refused ? (void *)&err : (void *)&ok) == 0);

	struct cut_stream *s = stream(e, refused ? err.stream : ok.stream);

	must(!s->got_answer && s->got == 0);
	must(refused == is_refused(refused ? err.stream : ok.stream));
	s->got_answer = true;
	s->refused = refused;
}

static void on_numbered(struct cut_end *e, const uint8_t *p, size_t n)
{
	struct cursor c = cursor_over(p, n);

	must(cursor_u64(&c) == e->heard);
	for (size_t i = 8; i < n; i++)
		must(p[i] == (uint8_t)(e->heard + i));
	e->heard++;
}

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	struct cut_end *e = owner;

	switch (type) {
	case MUX_HELLO:
		if (role(e) == CUT_CONSOLE) {
			must(mux_send(e->mux, MUX_HELLO, "hello", 5) == 0);
			send_table(e, MUX_RESUME);
		}
		break;
	case MUX_RESUME:
		memcpy(e->table, p, n);
		e->table_len = n;
		e->answer_due = true;
		if (e->world->cuts % 3 == 0)
			answer_resume(e); /* else later, from outside */
		break;
	case MUX_RESUMED:
		must(mux_resume(e->mux, p, n) == 0);
		e->world->resumes++;
		break;
	case MUX_OPEN:
		on_open(e, p, n);
		break;
	case MUX_OPEN_OK:
	case MUX_OPEN_ERR:
		on_opened(e, type, p, n);
		break;
	case MUX_AUDIT_MARK:
		on_numbered(e, p, n);
		break;
	default:
		break;
	}
	return 0;
}

static int on_data(uint32_t id, const uint8_t *p, size_t n, void *owner)
{
	struct cut_end *e = owner;
	struct cut_stream *s = stream(e, id);

	must(s->known && !s->got_fin && !s->got_reset && !s->reset && !s->refused);
	must(role(e) == CUT_AGENT || s->got_answer);
	for (size_t i = 0, part; i < n; i += part) {
		part = n - i;

		const uint8_t *right = bytes_at(1 - role(e), id, s->got + i, &part);
		must(memcmp(p + i, right, part) == 0);
	}
	s->got += n;
	must(s->got <= stream(other(e), id)->wrote);
	if (e->hoards)
		s->held += n;
	else
		mux_consumed(e->mux, id, n);
	return 0;
}

static void on_fin(uint32_t id, bool ok, void *owner)
{
	struct cut_end *e = owner;
	struct cut_stream *s = stream(e, id);

	must(ok && s->known && !s->got_fin && !s->got_reset && !s->reset);
	must(stream(other(e), id)->finished && s->got == stream(other(e), id)->wrote);
	s->got_fin = true;
}

static void on_reset(uint32_t id, int code, void *owner)
{
	struct cut_end *e = owner;
	struct cut_stream *s = stream(e, id);

	must(code == AS_E_QUOTA && !s->got_reset && stream(other(e), id)->reset);
	s->got_reset = true;
	s->held = 0;
}

static const struct mux_events events = {
    .on_message = on_message,
    .on_data = on_data,
    .on_fin = on_fin,
    .on_reset = on_reset,
};

/* ---- life ---- */

void cut_start(struct cut_world *w)
{
	w->now = w->cuts = w->resumes = 0;
	for (int i = 0; i < 2; i++) {
		struct cut_end *e = &w->end[i];

		memset(e, 0, offsetof(struct cut_end, pipe)); /* the pipe is large */
		e->world = w;
		e->mux = mux_new(i == CUT_AGENT ? MUX_AGENT : MUX_CONSOLE, &events, e);
		must(e->mux != NULL);
		mux_set_authed(e->mux);
	}
}

void cut_stop(struct cut_world *w)
{
	mux_free(w->end[CUT_AGENT].mux);
	mux_free(w->end[CUT_CONSOLE].mux);
}

/* ---- what the owners do ---- */

uint32_t cut_open(struct cut_world *w)
{
	struct cut_end *e = &w->end[CUT_CONSOLE];
	as_Open open = {.op_id = 1, .first_credit = MUX_WINDOW_FIRST};
	uint8_t buf[64];
	size_t used = opened(w);

	if (used == CUT_STREAMS_MAX || mux_stream_open(e->mux, &open.stream) < 0)
		return 0;
	w->now += 25;
	must(open.stream == cut_id(used));
	stream(e, open.stream)->known = true;
	must(mux_send(e->mux, MUX_OPEN, buf,
		      (size_t)msg_encode(MSG_OPEN, &open, buf, sizeof buf)) == 0);
	return open.stream;
}

void cut_write(struct cut_world *w, int end, uint32_t id, size_t n)
{
	static uint8_t bytes[MUX_QUEUE_MAX];
	struct cut_end *e = &w->end[end];
	struct cut_stream *s = stream(e, id);

	if (n > sizeof bytes)
		n = sizeof bytes;
	for (size_t i = 0, part; i < n; i += part) {
		part = n - i;

		const uint8_t *next = bytes_at(end, id, s->wrote + i, &part);
		memcpy(bytes + i, next, part);
	}

	int took = mux_stream_write(e->mux, id, bytes, n);
	if (took > 0)
		s->wrote += (uint64_t)took;
}

void cut_finish(struct cut_world *w, int end, uint32_t id)
{
	struct cut_end *e = &w->end[end];

	if (mux_stream_finish(e->mux, id) == 0)
		stream(e, id)->finished = true;
}

void cut_reset(struct cut_world *w, int end, uint32_t id)
{
	struct cut_end *e = &w->end[end];
	struct cut_stream *s = stream(e, id);

	if (mux_stream_reset(e->mux, id, AS_E_QUOTA) < 0)
		return;
	w->now += 100;
	s->reset = true;
	s->held = 0;
}

void cut_say(struct cut_world *w, int end, size_t n)
{
	static uint8_t p[MUX_CONTROL_MAX];
	struct cut_end *e = &w->end[end];
	struct writer head = writer_over(p, sizeof p);

	if (e->said - other(e)->heard >= (n > SAY_LONG ? SAY_LONG_AHEAD : SAY_AHEAD))
		return;
	w->now += 5;
	n = n < 8 ? 8 : n > sizeof p ? sizeof p : n;
	writer_u64(&head, e->said);
	for (size_t i = 8; i < n; i++)
		p[i] = (uint8_t)(e->said + i);
	if (mux_send(e->mux, MUX_AUDIT_MARK, p, n) == 0)
		e->said++;
}

void cut_consume(struct cut_world *w, int end, uint32_t id, size_t n)
{
	struct cut_end *e = &w->end[end];
	struct cut_stream *s = stream(e, id);

	if (n > s->held)
		n = (size_t)s->held;
	s->held -= n;
	mux_consumed(e->mux, id, n);
}

/* ---- the connection ---- */

static void check_bounds(const struct cut_end *e)
{
	struct mux_stat stat;
	uint64_t kept = 0;

	for (size_t i = 0, n = opened(e->world); i < n; i++) {
		if (!mux_stream_stat(e->mux, cut_id(i), &stat))
			continue;
		kept += stat.kept;
		must(stat.kept <= MUX_WINDOW_MAX && stat.queued <= MUX_QUEUE_MAX);
		must(stat.sent + stat.queued == e->streams[i].wrote || e->streams[i].reset ||
		     e->streams[i].got_reset);
	}
	must(kept <= MUX_KEPT_MAX);
}

size_t cut_produce(struct cut_world *w, int end, size_t frames)
{
	struct cut_end *e = &w->end[end];
	size_t made = 0;

	if (e->answer_due)
		answer_resume(e);
	if (e->pipe_len == 0)
		e->pipe_at = 0;
	while (made < frames && e->pipe_at + e->pipe_len + MUX_FRAME_MAX <= sizeof e->pipe) {
		bool any = mux_has_output(e->mux);
		uint8_t *to = e->pipe + e->pipe_at + e->pipe_len;
		int n = mux_next(e->mux, to, MUX_FRAME_MAX);

		must(n >= 0 && any == (n > 0));
		if (n == 0)
			break;
		e->wire += (uint64_t)n;
		if (to[3] == MUX_DATA)
			e->data_out += (uint64_t)n - MUX_HEADER;
		e->pipe_len += (size_t)n;
		made++;
	}
	check_bounds(e);
	return made;
}

size_t cut_deliver(struct cut_world *w, int end, size_t bytes)
{
	struct cut_end *e = &w->end[end], *to = other(e);
	size_t n = e->pipe_len < bytes ? e->pipe_len : bytes;

	if (n == 0)
		return 0;
	if (to->gone) {
		e->pipe_len = 0;
		return 0;
	}
	w->now += 10;

	int err = mux_feed(to->mux, e->pipe + e->pipe_at, n, w->now);
	if (err != 0)
		fprintf(stderr, "error %d: %s\n", err, mux_why(to->mux));
	must(err == 0);
	e->pipe_at += n;
	e->pipe_len -= n;
	return n;
}

void cut_lose(struct cut_world *w, int end)
{
	struct cut_end *e = &w->end[end];

	mux_suspend(e->mux);
	e->answer_due = false;
	e->gone = true;
	other(e)->pipe_len = 0; /* nobody reads it any more */
}

void cut_reconnect(struct cut_world *w)
{
	w->cuts++;
	w->now += 1000;
	for (int i = 0; i < 2; i++)
		cut_lose(w, i);
	w->end[0].gone = w->end[1].gone = false;
	must(mux_send(w->end[CUT_AGENT].mux, MUX_HELLO, "hello", 5) == 0);
}

void cut_settle(struct cut_world *w)
{
	size_t moved = 1;

	while (moved > 0) {
		moved = 0;
		for (int i = 0; i < 2; i++) {
			moved += cut_produce(w, i, 4);
			moved += cut_deliver(w, i, CUT_PIPE_MAX);
		}
	}
}

/* ---- the end ---- */

static void consume_all(struct cut_world *w)
{
	for (int i = 0; i < 2; i++) {
		w->end[i].hoards = false;
		for (size_t k = 0, n = opened(w); k < n; k++)
			cut_consume(w, i, cut_id(k), SIZE_MAX);
	}
}

static void finish_all(struct cut_world *w)
{
	for (size_t k = 0, n = opened(w); k < n; k++) {
		cut_finish(w, CUT_AGENT, cut_id(k));
		cut_finish(w, CUT_CONSOLE, cut_id(k));
	}
}

static void check_stream(const struct cut_world *w, size_t k)
{
	const struct cut_stream *a = &w->end[CUT_AGENT].streams[k];
	const struct cut_stream *c = &w->end[CUT_CONSOLE].streams[k];

	must(a->known == c->known);
	if (!c->known || a->reset || c->reset)
		return;
	must(a->refused == c->refused && c->got_answer && !a->got_reset && !c->got_reset);
	if (a->refused)
		return;
	must(a->finished && c->got_fin && c->got == a->wrote);
	must(c->finished == a->listens && a->got_fin == a->listens && a->got == c->wrote);
}

void cut_finale(struct cut_world *w)
{
	if (w->end[CUT_AGENT].gone || w->end[CUT_CONSOLE].gone)
		cut_reconnect(w);
	consume_all(w);
	cut_settle(w);
	must(!mux_is_suspended(w->end[CUT_AGENT].mux) &&
	     !mux_is_suspended(w->end[CUT_CONSOLE].mux));
	finish_all(w);
	cut_settle(w);
	for (int i = 0; i < 2; i++) {
		must(w->end[i].heard == w->end[1 - i].said);
		must(mux_streams(w->end[i].mux) == 0);
	}
	for (size_t k = 0; k < CUT_STREAMS_MAX; k++)
		check_stream(w, k);
}
