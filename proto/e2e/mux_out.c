/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames for the peer, one at a time and chosen at the last moment. The order: answers and
 * control messages, RESETs, credit, and only then data, the streams taking turns.
 */
#include "proto/e2e/mux_priv.h"

#include <assert.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/cursor.h"

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

static int next_answer(struct mux *m, uint8_t *buf)
{
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
	const uint8_t *head = buf_head(&m->control);
	int size = m->control.len > 0 ? mux_frame_size(head, m->control.len) : 0;

	if (size <= 0)
		return size;
	memcpy(buf, head, (size_t)size);
	buf_consume(&m->control, (size_t)size);
	m->end_sent = m->end_queued && m->control.len == 0; /* END is always the last */
	return size;
}

static int next_reset(struct mux *m, uint8_t *buf)
{
	for (size_t i = 0; i < m->count; i++) {
		struct mux_stream *s = m->streams[i];
		uint8_t p[4];
		struct writer w = writer_over(p, sizeof p);

		if (!s->reset_due)
			continue;
		writer_u32(&w, s->reset_code);

		int size = frame(buf, MUX_RESET, s->id, p, sizeof p);
		s->reset_due = false;
		mux_stream_settle(m, s);
		return size;
	}
	return 0;
}

static int next_credit(struct mux *m, uint8_t *buf)
{
	if (m->scredit_due) {
		m->scredit_due = false;
		m->granted = m->consumed + MUX_SESSION_WINDOW;
		return frame_u64(buf, MUX_SCREDIT, m->granted);
	}
	for (size_t i = 0; i < m->count; i++) {
		struct mux_stream *s = m->streams[i];
		uint8_t p[MUX_CREDIT_LEN];

		if (!s->credit_due)
			continue;
		s->credit_due = false;
		s->granted = s->consumed + s->window;

		struct mux_credit c = {.stream = s->id, .consumed = s->consumed, .max = s->granted};
		mux_credit_encode(&c, p);
		return frame(buf, MUX_CREDIT, 0, p, sizeof p);
	}
	return 0;
}

/* ---- data ---- */

static size_t sendable(const struct mux *m, const struct mux_stream *s)
{
	uint64_t n = s->queue.len;

	if (n > s->may_send - s->sent)
		n = s->may_send - s->sent;
	if (n > m->may_send - m->sent)
		n = m->may_send - m->sent;
	return n > MUX_PAYLOAD_MAX ? MUX_PAYLOAD_MAX : (size_t)n;
}

static bool may_fin(const struct mux_stream *s)
{
	return !s->dead && s->finishing && !s->fin_out && s->queue.len == 0;
}

static int send_data(struct mux *m, struct mux_stream *s, size_t n, uint8_t *buf)
{
	int size = frame(buf, MUX_DATA, s->id, buf_head(&s->queue), n);

	if (EVP_DigestUpdate(s->hash_out, buf_head(&s->queue), n) != 1)
		return AS_E_INTERNAL;
	buf_consume(&s->queue, n);
	s->sent += n;
	m->sent += n;
	if (s->wants_room && s->queue.len <= MUX_QUEUE_MAX / 2) {
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

	if (EVP_DigestFinal_ex(s->hash_out, fin.sha256, NULL) != 1)
		return AS_E_INTERNAL;
	mux_fin_encode(&fin, p);

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

		if (n == 0 && !may_fin(s))
			continue;
		m->turn = at + 1;
		return n > 0 ? send_data(m, s, n, buf) : send_fin(m, s, buf);
	}
	return 0;
}

/* ---- the door ---- */

int mux_next(struct mux *m, uint8_t *buf, size_t cap)
{
	static int (*const order[])(struct mux *, uint8_t *) = {
	    next_answer, next_message, next_reset, next_credit, next_data,
	};
	int size = 0;

	assert(cap >= MUX_FRAME_MAX);
	(void)cap;
	for (size_t i = 0; i < sizeof order / sizeof order[0] && size == 0 && !m->end_sent; i++)
		size = order[i](m, buf);
	return size;
}

bool mux_has_output(const struct mux *m)
{
	bool any = m->pong_due || m->ping_due || m->control.len > 0 || m->scredit_due;

	for (size_t i = 0; i < m->count && !any; i++) {
		const struct mux_stream *s = m->streams[i];

		any = s->reset_due || s->credit_due || sendable(m, s) > 0 || may_fin(s);
	}
	return any && !m->end_sent;
}
