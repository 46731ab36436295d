/* SPDX-License-Identifier: Apache-2.0
 *
 * The streams of a mux and what their owner does with them. A stream is in the table from OPEN
 * until both its directions are over, our RESET is out, the consumer has all its bytes and the
 * peer our FIN; an id that is not in the table but not above last_id is a forgotten one. For the
 * owner a stream is over when it only waits for the peer to have our FIN.
 */
#include "proto/e2e/mux_priv.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/messages.h"

/* ---- the table ---- */

struct mux_stream *mux_find(const struct mux *m, uint32_t id)
{
	for (size_t i = 0; i < m->count; i++)
		if (m->streams[i]->id == id)
			return m->streams[i];
	return NULL;
}

/* NULL for one that is over for its owner, too. */
static struct mux_stream *find_owned(const struct mux *m, uint32_t id)
{
	struct mux_stream *s = mux_find(m, id);

	return s && !s->left ? s : NULL;
}

static void stream_free(struct mux_stream *s)
{
	if (!s)
		return;
	mux_sum_free(s->sum_in);
	mux_sum_free(s->sum_out);
	mux_bytes_clear(&s->out);
	free(s);
}

struct mux_stream *mux_stream_add(struct mux *m, uint32_t id)
{
	assert(m->count < MUX_ENTRIES_MAX && id > m->last_id);

	struct mux_stream *s = calloc(1, sizeof *s);
	if (!s)
		return NULL;

	s->id = id;
	s->window = MUX_WINDOW_FIRST;
	s->window_max = MUX_WINDOW_MAX;
	s->sum_in = mux_sum_new(m->fast_sum);
	s->sum_out = mux_sum_new(m->fast_sum);
	if (!s->sum_in || !s->sum_out) {
		stream_free(s);
		return NULL;
	}
	m->streams[m->count++] = s;
	m->last_id = id;
	return s;
}

void mux_stream_remove(struct mux *m, struct mux_stream *s)
{
	size_t i = 0;

	while (m->streams[i] != s)
		i++;
	m->count--;
	memmove(&m->streams[i], &m->streams[i + 1], (m->count - i) * sizeof m->streams[0]);
	if (m->turn > i)
		m->turn--;
	m->kept -= (size_t)(s->peak - s->out.base);
	stream_free(s);
}

void mux_stream_forget(struct mux *m, struct mux_stream *s, uint64_t upto)
{
	m->kept -= (size_t)(upto - s->out.base);
	mux_bytes_forget(&s->out, upto);
}

void mux_stream_kill(struct mux *m, struct mux_stream *s)
{
	s->dead = true;
	s->credit_due = false;
	s->wants_room = false;
	m->kept -= (size_t)(s->peak - s->out.base);
	mux_bytes_clear(&s->out);
	s->sent = s->peak = s->out.end;
}

/* A RESET that waits keeps the stream open: OPEN overtakes it, and the peer must not see one
 * stream too many. */
bool mux_stream_is_open(const struct mux_stream *s)
{
	if (s->dead)
		return s->reset_due;
	return (s->receives && !s->fin_in) || (s->sends && !s->fin_out);
}

void mux_stream_settle(struct mux *m, struct mux_stream *s)
{
	if (mux_stream_is_open(s) || s->consumed != s->received)
		return;
	s->left = true;
	if (s->dead || !s->fin_out || s->fin_acked)
		mux_stream_remove(m, s);
}

/* The owner has done with the stream. What it had finished still arrives. */
static void let_go(struct mux *m, struct mux_stream *s)
{
	if (mux_stream_is_open(s) || !s->fin_out || s->fin_acked)
		mux_stream_kill(m, s);
	mux_session_consume(m, s->received - s->consumed);
	s->consumed = s->received;
}

/* ---- opening and closing ---- */

int mux_stream_open(struct mux *m, uint32_t *stream)
{
	if (m->role != MUX_CONSOLE || !m->authed || m->end_queued)
		return AS_ESTATE;
	if (m->count >= MUX_ENTRIES_MAX || mux_streams(m) >= MUX_STREAMS_MAX)
		return AS_E_QUOTA;

	struct mux_stream *s = mux_stream_add(m, m->last_id == 0 ? 1 : m->last_id + 2);
	if (!s)
		return -ENOMEM;
	s->receives = true;
	s->granted = s->window;
	*stream = s->id;
	return 0;
}

void mux_stream_limit_window(struct mux *m, uint32_t stream, uint32_t limit)
{
	struct mux_stream *s = find_owned(m, stream);

	if (s && limit < s->window_max)
		s->window_max = limit;
}

int mux_stream_refuse(struct mux *m, uint32_t stream, int err)
{
	as_OpenErr msg = {.stream = stream, .code = err_to_wire(err)};
	uint8_t buf[as_OpenErr_size];

	if (m->role != MUX_AGENT || !find_owned(m, stream))
		return AS_ESTATE;

	int n = msg_encode(MSG_OPEN_ERR, &msg, buf, sizeof buf);
	if (n < 0)
		return n;

	int sent = mux_send(m, MUX_OPEN_ERR, buf, (size_t)n);
	if (sent == 0)
		mux_stream_drop(m, stream);
	return sent;
}

int mux_stream_listen(struct mux *m, uint32_t stream)
{
	struct mux_stream *s = find_owned(m, stream);

	if (m->role != MUX_AGENT || !s || s->dead || s->finishing)
		return AS_ESTATE;
	if (!s->receives)
		s->receives = s->credit_due = true;
	return 0;
}

int mux_stream_finish(struct mux *m, uint32_t stream)
{
	struct mux_stream *s = find_owned(m, stream);

	if (!s || s->dead || !s->sends || s->finishing)
		return AS_ESTATE;
	s->finishing = true;
	s->wants_room = false;
	return 0;
}

int mux_stream_reset(struct mux *m, uint32_t stream, int err)
{
	struct mux_stream *s = find_owned(m, stream);

	if (!s || s->dead)
		return AS_ESTATE;

	bool tell = mux_stream_is_open(s);
	let_go(m, s);
	s->reset_due = tell;
	s->reset_code = err_to_wire(err);
	mux_stream_settle(m, s);
	return 0;
}

void mux_stream_drop(struct mux *m, uint32_t stream)
{
	struct mux_stream *s = find_owned(m, stream);
	if (!s)
		return;

	let_go(m, s);
	mux_stream_settle(m, s);
}

/* ---- bytes ---- */

int mux_stream_write(struct mux *m, uint32_t stream, const void *p, size_t n)
{
	struct mux_stream *s = find_owned(m, stream);

	if (!s || s->dead || !s->sends || s->finishing)
		return AS_ESTATE;

	size_t room = MUX_QUEUE_MAX - (size_t)(s->out.end - s->peak);
	s->wants_room = n > room;
	if (n > room)
		n = room;

	int err = mux_bytes_append(&s->out, p, n);
	return err < 0 ? err : (int)n;
}

void mux_session_consume(struct mux *m, uint64_t n)
{
	m->consumed += n;
	if (m->consumed + MUX_SESSION_WINDOW - m->granted >= MUX_SESSION_WINDOW / MUX_CREDIT_PART)
		m->scredit_due = true;
}

/* The peer stood still for want of credit while the consumer had nothing left to do: the
 * window is what limits the speed. The bigger one counts only once it is announced: granted
 * changes when the CREDIT goes out. */
static void tune(struct mux_stream *s)
{
	if (!s->hit_limit || s->consumed < s->received)
		return;
	s->hit_limit = false;
	if (s->window < s->window_max)
		s->window *= 2;
}

bool mux_stream_is_quick(const struct mux *m, const struct mux_stream *s)
{
	return s->told_ms > 0 && m->now - s->told_ms < MUX_QUICK_MS;
}

static uint64_t credit_step(const struct mux *m, const struct mux_stream *s)
{
	bool quick = mux_stream_is_quick(m, s);
	uint32_t part = s->window / (quick ? MUX_CREDIT_PART_QUICK : MUX_CREDIT_PART);

	return part > MUX_CREDIT_LEAST ? part : MUX_CREDIT_LEAST;
}

void mux_consumed(struct mux *m, uint32_t stream, size_t n)
{
	struct mux_stream *s = find_owned(m, stream);
	if (!s)
		return;

	if (n > s->received - s->consumed)
		n = (size_t)(s->received - s->consumed);
	s->consumed += n;
	mux_session_consume(m, n);
	if (s->receives && !s->dead && !s->fin_in) {
		tune(s);
		if (s->consumed + s->window - s->granted >= credit_step(m, s))
			s->credit_due = true;
	}
	mux_stream_settle(m, s);
}

bool mux_stream_stat(const struct mux *m, uint32_t stream, struct mux_stat *out)
{
	const struct mux_stream *s = find_owned(m, stream);
	if (!s)
		return false;

	*out = (struct mux_stat){
	    .received = s->received,
	    .consumed = s->consumed,
	    .sent = s->peak,
	    .may_send = s->may_send,
	    .queued = (size_t)(s->out.end - s->peak),
	    .kept = (size_t)(s->peak - s->out.base),
	    .window = s->window,
	};
	return true;
}
