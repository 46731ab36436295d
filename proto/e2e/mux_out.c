/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames for the peer, one at a time and chosen at the last moment. The order: answers and
 * control messages, RESETs, credit, and only then data, the streams taking turns. While the
 * connection is lost, or not yet resumed, only the messages of the handshake.
 *
 * What is sequenced is kept in m->control when it goes out. RESET and FIN are added to it
 * only when no message waits there, so they stand in the order in which they were sent.
 */
#include "proto/e2e/mux_priv.h"

#include <assert.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/cursor.h"

#define OWN_FRAME_MAX (MUX_HEADER + 4)

static int frame(uint8_t *buf, uint8_t type, uint32_t stream, const void *p, size_t n)
{
	mux_frame_header(type, stream, n, buf);
	memcpy(buf + MUX_HEADER, p, n);
	return (int)(MUX_HEADER + n);
}

static int frame_u64(uint8_t *buf, uint8_t type, uint64_t v)
{
	uint8_t p[8];
	struct writer w = writer_over(p, sizeof p);

	writer_u64(&w, v);
	return frame(buf, type, 0, p, sizeof p);
}

/* ---- control ---- */

static int next_of_handshake(struct mux *m, uint8_t *buf)
{
	const uint8_t *head = buf_head(&m->hand);
	int size = m->hand.len > 0 ? mux_frame_size(head, m->hand.len) : 0;

	if (size <= 0)
		return size;
	memcpy(buf, head, (size_t)size);
	buf_consume(&m->hand, (size_t)size);
	m->end_sent = m->end_sent || buf[3] == MUX_END;
	return size;
}

static bool ack_is_due(const struct mux *m)
{
	return m->ack_due && m->authed;
}

/* ACK goes before OPEN: the peer must have forgotten what has ended before it takes more. */
static int next_answer(struct mux *m, uint8_t *buf)
{
	if (ack_is_due(m)) {
		m->ack_due = false;
		m->untold_bytes = 0;
		m->seq_told = m->seq_in;
		return frame_u64(buf, MUX_ACK, m->seq_in);
	}
	if (m->pong_due) {
		m->pong_due = false;
		return frame_u64(buf, MUX_PONG, m->pong);
	}
	if (m->ping_due) {
		m->ping_due = false;
		return frame_u64(buf, MUX_PING, m->ping);
	}
	return 0;
}

static int next_message(struct mux *m, uint8_t *buf)
{
	size_t waits = m->control.len - m->control_sent;
	if (waits == 0)
		return 0;

	const uint8_t *next = buf_head(&m->control) + m->control_sent;
	int size = mux_frame_size(next, waits);

	if (size <= 0)
		return size;
	memcpy(buf, next, (size_t)size);
	if (buf[3] == MUX_END) {
		m->end_sent = true; /* the last, and never sent again */
	} else {
		m->control_sent += (size_t)size;
		m->seq_out++;
	}
	return size;
}

/* A peer that acknowledges nothing gets no more of them. */
static bool has_room_for_own(const struct mux *m)
{
	return m->own + OWN_FRAME_MAX <= MUX_OWN_MAX;
}

/* RESET whole, FIN without its payload. */
static int keep_own(struct mux *m, const uint8_t *p, size_t n)
{
	if (buf_append(&m->control, p, n) < 0)
		return AS_E_INTERNAL;
	m->own += n;
	m->control_sent += n;
	m->seq_out++;
	return 0;
}

static int next_reset(struct mux *m, uint8_t *buf)
{
	for (size_t i = 0; i < m->count; i++) {
		struct mux_stream *s = m->streams[i];
		uint8_t p[4];
		struct writer w = writer_over(p, sizeof p);

		if (!s->reset_due || !has_room_for_own(m))
			continue;
		writer_u32(&w, s->reset_code);

		int size = frame(buf, MUX_RESET, s->id, p, sizeof p);
		if (keep_own(m, buf, (size_t)size) < 0)
			return AS_E_INTERNAL;
		s->reset_due = false;
		mux_stream_settle(m, s);
		return size;
	}
	return 0;
}

/* With the session's credit the peer may send more; so it must learn what of each stream it needs
 * to keep no longer, or it ends up keeping too much (MUX_KEPT_MAX). */
static void tell_consumed(struct mux *m)
{
	for (size_t i = 0; i < m->count; i++) {
		struct mux_stream *s = m->streams[i];

		if (s->receives && !s->fin_in && !s->dead &&
		    s->consumed - s->told >= MUX_CREDIT_WORTH)
			s->credit_due = true;
	}
}

/* Not what is behind: it would only hold more. */
static bool wants_larger(const struct mux *m, const struct mux_stream *s)
{
	return mux_stream_is_quick(m, s) && s->consumed == s->received &&
	       s->window < MUX_WINDOW_QUICK && s->window < s->window_max;
}

static int next_credit(struct mux *m, uint8_t *buf)
{
	if (m->scredit_due) {
		m->scredit_due = false;
		m->granted = m->consumed + MUX_SESSION_WINDOW;
		tell_consumed(m);
		return frame_u64(buf, MUX_SCREDIT, m->granted);
	}
	for (size_t i = 0; i < m->count; i++) {
		struct mux_stream *s = m->streams[i];
		uint8_t p[MUX_CREDIT_LEN];

		if (!s->credit_due)
			continue;
		s->credit_due = false;
		if (wants_larger(m, s))
			s->window *= 2;
		s->granted = s->consumed + s->window;
		s->told_ms = m->now;
		s->told = s->consumed;

		struct mux_credit c = {.stream = s->id, .consumed = s->consumed, .max = s->granted};
		mux_credit_encode(&c, p);
		return frame(buf, MUX_CREDIT, 0, p, sizeof p);
	}
	return 0;
}

/* ---- data ---- */

static size_t sendable(const struct mux *m, const struct mux_stream *s)
{
	uint64_t n = s->muted ? 0 : s->out.end - s->sent;
	uint64_t again = s->peak - s->sent;

	if (n > again + (MUX_KEPT_MAX - m->kept))
		n = again + (MUX_KEPT_MAX - m->kept);
	if (n > s->may_send - s->sent)
		n = s->may_send - s->sent;
	if (n > m->may_send - m->sent)
		n = m->may_send - m->sent;
	return n > MUX_PAYLOAD_MAX ? MUX_PAYLOAD_MAX : (size_t)n;
}

static bool may_fin(const struct mux *m, const struct mux_stream *s)
{
	return !s->dead && !s->muted && s->finishing && !s->fin_out && s->sent == s->out.end &&
	       has_room_for_own(m);
}

/* The next n bytes as a frame, if possible where they are: not when the owner is called, who may
 * throw them away. */
static uint8_t *data_frame(struct mux *m, struct mux_stream *s, size_t *n, uint8_t *buf)
{
	uint8_t *at = mux_bytes_frame(&s->out, s->sent, n);

	if (at && !s->wants_room)
		return m->frame = at;
	mux_bytes_read(&s->out, s->sent, buf + MUX_HEADER, *n);
	return buf;
}

static int send_data(struct mux *m, struct mux_stream *s, size_t n, uint8_t *buf)
{
	uint8_t *at = data_frame(m, s, &n, buf), *data = at + MUX_HEADER;
	size_t again = s->peak - s->sent < n ? (size_t)(s->peak - s->sent) : n;
	int size = (int)(MUX_HEADER + n);

	mux_frame_header(MUX_DATA, s->id, n, at);
	if (n > again && mux_sum_add(s->sum_out, data + again, n - again) < 0)
		return AS_E_INTERNAL; /* over each byte once */
	s->sent += n;
	m->sent += n;
	s->peak += n - again;
	m->kept += n - again;
	if (s->wants_room && s->out.end - s->peak <= MUX_QUEUE_MAX / 2) {
		s->wants_room = false;
		if (m->ev->on_room)
			m->ev->on_room(s->id, m->owner); /* s may be gone */
	}
	return size;
}

static int send_fin(struct mux *m, struct mux_stream *s, uint8_t *buf)
{
	struct mux_fin fin = {.final = s->sent};
	uint8_t p[MUX_FIN_LEN];

	if (s->sum_out) {
		if (mux_sum_get(s->sum_out, s->fin_sum) < 0)
			return AS_E_INTERNAL;
		mux_sum_free(s->sum_out);
		s->sum_out = NULL;
	}
	memcpy(fin.sum, s->fin_sum, sizeof fin.sum);
	mux_fin_encode(&fin, p);

	mux_frame_header(MUX_FIN, s->id, 0, buf); /* the mark */
	if (keep_own(m, buf, MUX_HEADER) < 0)
		return AS_E_INTERNAL;

	int size = frame(buf, MUX_FIN, s->id, p, sizeof p);
	s->fin_out = true;
	mux_stream_settle(m, s);
	return size;
}

static int next_data(struct mux *m, uint8_t *buf)
{
	for (size_t i = 0; i < m->count; i++) {
		size_t at = (m->turn + i) % m->count;
		struct mux_stream *s = m->streams[at];
		size_t n = sendable(m, s);

		if (n == 0 && !may_fin(m, s))
			continue;
		m->turn = at + 1;
		return n > 0 ? send_data(m, s, n, buf) : send_fin(m, s, buf);
	}
	return 0;
}

/* ---- the door ---- */

int mux_next_at(struct mux *m, uint8_t *buf, size_t cap, const uint8_t **at)
{
	static int (*const order[])(struct mux *, uint8_t *) = {
	    next_of_handshake, next_answer, next_message, next_reset, next_credit, next_data,
	};
	size_t steps = m->phase == MUX_FLOWING ? sizeof order / sizeof order[0] : 1;
	int size = 0;

	assert(cap >= MUX_FRAME_MAX);
	(void)cap;
	m->frame = buf;
	for (size_t i = 0; i < steps && size == 0 && !m->end_sent; i++)
		size = order[i](m, buf);
	*at = m->frame;
	return size;
}

int mux_next(struct mux *m, uint8_t *buf, size_t cap)
{
	const uint8_t *at;
	int size = mux_next_at(m, buf, cap, &at);

	if (size > 0 && at != buf)
		memcpy(buf, at, (size_t)size);
	return size;
}

bool mux_has_output(const struct mux *m)
{
	bool any = m->hand.len > 0;

	if (m->phase != MUX_FLOWING)
		return any && !m->end_sent;
	any = any || ack_is_due(m) || m->pong_due || m->ping_due ||
	      m->control.len > m->control_sent || m->scredit_due;

	for (size_t i = 0; i < m->count && !any; i++) {
		const struct mux_stream *s = m->streams[i];

		any = (s->reset_due && has_room_for_own(m)) || s->credit_due ||
		      sendable(m, s) > 0 || may_fin(m, s);
	}
	return any && !m->end_sent;
}
