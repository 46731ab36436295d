/* SPDX-License-Identifier: Apache-2.0
 *
 * From one connection to the next: what the peer has not got goes out again, in its order, and
 * nothing else does (PROTOCOL.md section 9). The peer's table is first checked as a whole against
 * what we sent and what it had acknowledged, and only then used: a false one changes nothing.
 */
#include "proto/e2e/mux_priv.h"

#include <string.h>

#include "proto/base/err.h"

/* ---- what is kept of messages ---- */

static uint32_t frame_stream(const uint8_t *frame)
{
	return (uint32_t)frame[4] << 24 | (uint32_t)frame[5] << 16 | (uint32_t)frame[6] << 8 |
	       frame[7];
}

static bool is_own(const uint8_t *frame)
{
	return frame[3] == MUX_FIN || frame[3] == MUX_RESET;
}

/* The peer has our FIN, and so everything before it. */
static void on_fin_arrived(struct mux *m, uint32_t id)
{
	struct mux_stream *s = mux_find(m, id);

	if (!s || s->dead || !s->fin_out)
		return;
	s->fin_acked = true;
	mux_stream_forget(m, s, s->out.end);
	mux_stream_settle(m, s);
}

void mux_forget_controls(struct mux *m, uint64_t n)
{
	for (; n > 0; n--) {
		const uint8_t *frame = buf_head(&m->control);
		size_t size = (size_t)mux_frame_size(frame, m->control_sent);

		if (is_own(frame))
			m->own -= size;
		if (frame[3] == MUX_FIN)
			on_fin_arrived(m, frame_stream(frame));
		buf_consume(&m->control, size);
		m->control_sent -= size;
		m->seq_acked++;
	}
}

/* What was sent and did not arrive waits again, in front. A FIN becomes due again with its
 * stream, behind the data; its mark goes. */
static void requeue_controls(struct mux *m)
{
	uint8_t *start;
	size_t to = 0;

	if (m->control_sent == 0)
		return;
	start = m->control.data + m->control.head;
	for (size_t from = 0; from < m->control_sent;) {
		uint8_t *frame = start + from;
		size_t size = (size_t)mux_frame_size(frame, m->control_sent - from);
		struct mux_stream *s = NULL;

		if (frame[3] == MUX_FIN) {
			s = mux_find(m, frame_stream(frame));
			m->own -= size;
			if (s)
				s->fin_out = false;
		} else {
			memmove(start + to, frame, size);
			to += size;
		}
		from += size;
	}
	if (m->control.len > m->control_sent)
		memmove(start + to, start + m->control_sent, m->control.len - m->control_sent);
	m->control.len -= m->control_sent - to;
	m->control_sent = 0;
	m->seq_out = m->seq_acked;
}

/* ---- the lost connection ---- */

void mux_suspend(struct mux *m)
{
	m->phase = MUX_SUSPENDED; /* perhaps once more: a handshake may be lost half way */
	m->said_resumed = false;
	m->held_len = 0;
	if (m->unproved) { /* whoever that was */
		m->err = 0;
		m->end_received = m->unproved = false;
	}
	m->ping_due = m->pong_due = false;
	m->early_in = m->early_in_bytes = 0;
	m->early_out = m->early_out_bytes = 0;
	m->end_sent = m->end_sent || (m->end_queued && m->hand.len > 0);
	buf_done(&m->hand);
}

bool mux_is_suspended(const struct mux *m)
{
	return m->phase == MUX_SUSPENDED;
}

int mux_resume_table(const struct mux *m, uint8_t *buf, size_t cap)
{
	struct mux_table t = {
	    .controls = m->seq_in,
	    .session_received = m->received,
	    .session_max = m->granted,
	};

	for (size_t i = 0; i < m->count; i++) {
		const struct mux_stream *s = m->streams[i];

		if (s->dead)
			continue; /* our RESET says so, too */
		t.entries[t.n++] = (struct mux_table_entry){
		    .stream = s->id,
		    .received = s->received,
		    .consumed = s->consumed,
		    .max = s->granted,
		    .flags = s->fin_in ? MUX_TABLE_FIN : 0,
		};
	}
	return mux_table_encode(&t, buf, cap);
}

/* ---- the peer's table: is it possible? ---- */

static bool totals_are_possible(const struct mux *m, const struct mux_table *t)
{
	return t->controls >= m->seq_acked && t->controls <= m->seq_out &&
	       t->session_received <= m->sent && t->session_max >= m->may_send &&
	       t->session_received >= m->may_send - MUX_SESSION_WINDOW &&
	       t->session_max - t->session_received <= MUX_SESSION_WINDOW;
}

/* Notes which streams' FIN is among the first n messages that are kept. */
static void note_fins(struct mux *m, uint64_t n)
{
	const uint8_t *frame = buf_head(&m->control);

	for (size_t i = 0; i < m->count; i++)
		m->streams[i]->fin_told = m->streams[i]->fin_acked;
	for (; n > 0; n--) {
		struct mux_stream *s =
		    frame[3] == MUX_FIN ? mux_find(m, frame_stream(frame)) : NULL;

		if (s)
			s->fin_told = true;
		frame += mux_frame_size(frame, MUX_HEADER);
	}
}

static bool entry_is_possible(const struct mux *m, const struct mux_table_entry *e)
{
	const struct mux_stream *s = mux_find(m, e->stream);

	if (!s && e->stream > m->last_id) /* its OPEN was lost */
		return m->role == MUX_AGENT && e->received == 0 && e->flags == 0;
	if (!s || s->dead)
		return true;
	if (e->received < s->out.base || e->received > s->peak)
		return false;
	if (((e->flags & MUX_TABLE_FIN) != 0) != s->fin_told)
		return false;
	if (s->fin_told && e->received != s->peak)
		return false;
	return e->max >= s->may_send && e->max - e->consumed <= MUX_WINDOW_MAX;
}

static bool table_is_possible(struct mux *m, const struct mux_table *t)
{
	if (!totals_are_possible(m, t))
		return false;
	note_fins(m, t->controls - m->seq_acked);
	for (size_t i = 0; i < t->n; i++)
		if (!entry_is_possible(m, &t->entries[i]))
			return false;
	return true;
}

/* ---- the peer's table: use it ---- */

static const struct mux_table_entry *find_entry(const struct mux_table *t, uint32_t stream)
{
	for (size_t i = 0; i < t->n; i++)
		if (t->entries[i].stream == stream)
			return &t->entries[i];
	return NULL;
}

static void rewind_stream(struct mux *m, struct mux_stream *s, const struct mux_table_entry *e)
{
	if (s->dead || s->fin_acked)
		return;
	if (!e) {
		s->muted = s->sends;
		return;
	}
	mux_stream_forget(m, s, e->received);
	s->sent = e->received;
	if (e->max > s->may_send) {
		s->may_send = e->max;
		s->sends = true;
	}
}

static void use_table(struct mux *m, const struct mux_table *t)
{
	mux_forget_controls(m, t->controls - m->seq_acked);
	requeue_controls(m);
	for (size_t i = 0; i < m->count; i++)
		rewind_stream(m, m->streams[i], find_entry(t, m->streams[i]->id));
	m->sent = t->session_received;
	m->may_send = t->session_max;
}

int mux_resume(struct mux *m, const uint8_t *table, size_t n)
{
	struct mux_table t;

	if (m->err != 0)
		return m->err;
	if (m->phase != MUX_SUSPENDED || !m->authed || m->end_sent || m->end_received)
		return AS_ESTATE;
	if (mux_table_decode(table, n, &t) < 0 || !table_is_possible(m, &t)) {
		mux_fail(m, AS_E_RESUME, 0, "the other side's account of the session");
		m->unproved = false; /* it was proved before: final */
		return m->err;
	}
	use_table(m, &t);

	/* Ours is on its way to the peer, or there. */
	m->seq_told = m->seq_in;
	m->untold_bytes = 0;
	m->ack_due = false;
	m->phase = m->role == MUX_AGENT && !m->said_resumed ? MUX_HELD : MUX_FLOWING;
	return 0;
}
