/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames from the peer. Everything here is checked against the peer's role, our grants and
 * the limits of PROTOCOL.md section 9. Reading never waits for writing: what must be answered
 * sets a flag that mux_out.c turns into one frame.
 */
#include "proto/e2e/mux_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/messages.h"

int mux_fail(struct mux *m, int err, uint32_t stream, const char *fmt, ...)
{
	va_list args;
	int n = 0;

	if (m->err != 0)
		return m->err;
	m->err = err;
	m->unproved = m->phase == MUX_SUSPENDED;
	m->blamed = stream;
	if (stream != 0)
		n = snprintf(m->why, sizeof m->why, "stream %u: ", (unsigned)stream);
	va_start(args, fmt);
	vsnprintf(m->why + n, sizeof m->why - (size_t)n, fmt, args);
	va_end(args);
	return err;
}

/* ---- limits on how often ---- */

static bool bucket_take(struct mux_bucket *b, uint64_t now)
{
	uint64_t full = b->burst * UINT64_C(1000);
	uint64_t passed = now > b->at_ms ? now - b->at_ms : 0;

	if (passed > full)
		passed = full; /* so that the product stays small */
	b->level += passed * b->rate;
	if (b->level > full)
		b->level = full;
	if (now > b->at_ms)
		b->at_ms = now;
	if (b->level < 1000)
		return false;
	b->level -= 1000;
	return true;
}

static int count_control(struct mux *m, const char *what)
{
	if (bucket_take(&m->controls, m->now))
		return 0;
	return mux_fail(m, AS_E_RATE, 0, "too many control frames, the last was %s", what);
}

/* What may come before the code is proved, or after a lost connection before RESUME: few messages,
 * no streams. */
static bool is_early(const struct mux *m)
{
	return !m->authed || m->phase == MUX_SUSPENDED;
}

static int check_phase(struct mux *m, const struct mux_frame *f)
{
	bool proves = f->type == MUX_RESUME || f->type == MUX_RESUMED;
	bool suspended = m->authed && m->phase == MUX_SUSPENDED;

	if (proves && !suspended)
		return mux_fail(m, AS_E_PROTOCOL, 0, "a resume when nothing was lost");
	if (suspended && !proves && f->type != MUX_HELLO && f->type != MUX_END)
		return mux_fail(m, AS_E_PROTOCOL, f->stream, "frame type 0x%02x before the resume",
				f->type);
	return 0;
}

static int check_early(struct mux *m, const struct mux_frame *f)
{
	if (!is_early(m))
		return 0;
	if (f->stream != 0 || f->type == MUX_ACK || f->type == MUX_OPEN || f->type == MUX_CREDIT ||
	    f->type == MUX_SCREDIT)
		return mux_fail(m, AS_E_PROTOCOL, f->stream,
				"frame type 0x%02x before the code was proved", f->type);
	m->early_in++;
	m->early_in_bytes += MUX_HEADER + f->len;
	if (m->early_in > MUX_UNAUTHED_FRAMES || m->early_in_bytes > MUX_UNAUTHED_BYTES)
		return mux_fail(m, AS_E_PROTOCOL, 0, "too much before the %s",
				m->authed ? "resume" : "code was proved");
	return 0;
}

/* ---- streams ---- */

/* *out is NULL for a stream that was opened once and is forgotten. */
static int find_known(struct mux *m, uint32_t id, struct mux_stream **out)
{
	*out = mux_find(m, id);
	if (!*out && (id % 2 == 0 || id > m->last_id))
		return mux_fail(m, AS_E_PROTOCOL, id, "never opened");
	return 0;
}

static int on_data(struct mux *m, const struct mux_frame *f)
{
	struct mux_stream *s;
	int err = find_known(m, f->stream, &s);

	if (err < 0)
		return err;
	if (f->len > m->granted - m->received)
		return mux_fail(m, AS_E_PROTOCOL, f->stream, "more data than the session's window");
	m->received += f->len;
	if (!s || s->dead) {
		mux_session_consume(m, f->len);
		return 0;
	}
	if (!s->receives || s->fin_in)
		return mux_fail(m, AS_E_PROTOCOL, f->stream, "data that nobody asked for");
	if (f->len > s->granted - s->received)
		return mux_fail(m, AS_E_PROTOCOL, f->stream, "more data than its window");

	if (s->consumed < s->received)
		s->hit_limit = false; /* the consumer is behind, not the window too small */
	s->received += f->len;
	if (s->received == s->granted)
		s->hit_limit = true;
	if (mux_sum_add(s->sum_in, f->payload, f->len) < 0)
		return mux_fail(m, AS_E_INTERNAL, f->stream, "its sum failed");
	if (!m->ev->on_data) {
		mux_consumed(m, f->stream, f->len);
		return 0;
	}
	err = m->ev->on_data(f->stream, f->payload, f->len, m->owner);
	return err < 0 ? mux_fail(m, err, f->stream, "refused by the consumer") : 0;
}

static int on_fin(struct mux *m, const struct mux_frame *f)
{
	struct mux_fin fin;
	struct mux_stream *s;
	uint8_t sum[MUX_SUM_LEN];
	int err = find_known(m, f->stream, &s);

	if (err < 0)
		return err;
	if (mux_fin_decode(f->payload, f->len, &fin) < 0)
		return mux_fail(m, AS_E_PROTOCOL, f->stream, "malformed FIN");
	if (!s || s->dead)
		return 0;
	if (!s->receives || s->fin_in)
		return mux_fail(m, AS_E_PROTOCOL, f->stream, "ended twice");
	if (mux_sum_get(s->sum_in, sum) < 0)
		return mux_fail(m, AS_E_INTERNAL, f->stream, "its sum failed");

	bool ok = fin.final == s->received && memcmp(sum, fin.sum, sizeof sum) == 0;
	s->fin_in = true;
	s->credit_due = false;
	mux_stream_settle(m, s); /* s may be gone */
	if (m->ev->on_fin)
		m->ev->on_fin(f->stream, ok, m->owner);
	return 0;
}

static int on_reset(struct mux *m, const struct mux_frame *f)
{
	struct mux_stream *s;
	uint32_t code;
	int err = find_known(m, f->stream, &s);

	if (err < 0)
		return err;
	if (mux_u32_decode(f->payload, f->len, &code) < 0)
		return mux_fail(m, AS_E_PROTOCOL, f->stream, "malformed RESET");
	if (!bucket_take(&m->resets, m->now))
		return mux_fail(m, AS_E_RATE, f->stream, "too many resets");
	if (!s || s->dead)
		return 0;

	/* Ended in our direction already: what we hold of it is whole, only ours to send is over.
	 */
	bool tell = mux_stream_is_open(s) && !s->left;
	mux_stream_kill(m, s);
	mux_stream_settle(m, s); /* s may be gone */
	if (tell && m->ev->on_reset)
		m->ev->on_reset(f->stream, err_from_wire(code), m->owner);
	return 0;
}

/* ---- credit ---- */

/* The grant must fit what we sent, so that free CREDITs cannot be more than our data pays for. */
static bool credit_is_sound(const struct mux_stream *s, const struct mux_credit *c)
{
	return c->consumed <= s->sent && c->max - c->consumed <= MUX_WINDOW_MAX;
}

static int on_credit(struct mux *m, const struct mux_frame *f)
{
	struct mux_credit c;
	struct mux_stream *s;

	if (mux_credit_decode(f->payload, f->len, &c) < 0)
		return mux_fail(m, AS_E_PROTOCOL, 0, "malformed CREDIT");

	int err = find_known(m, c.stream, &s);
	if (err < 0)
		return err;
	if (!s || s->dead || c.max <= s->may_send) {
		m->ignored_credits++;
		return count_control(m, "CREDIT");
	}
	if (!credit_is_sound(s, &c))
		return mux_fail(m, AS_E_PROTOCOL, c.stream, "credit for data that was never sent");

	uint64_t raise = c.max - s->may_send;
	if (c.consumed > s->out.base)
		mux_stream_forget(m, s, c.consumed);
	s->may_send = c.max;
	s->sends = true;
	return raise >= MUX_CREDIT_WORTH ? 0 : count_control(m, "CREDIT");
}

static int on_scredit(struct mux *m, const struct mux_frame *f)
{
	uint64_t granted;

	if (mux_u64_decode(f->payload, f->len, &granted) < 0)
		return mux_fail(m, AS_E_PROTOCOL, 0, "malformed SCREDIT");
	if (granted <= m->may_send) {
		m->ignored_credits++;
		return count_control(m, "SCREDIT");
	}
	if (granted - m->sent > MUX_SESSION_WINDOW)
		return mux_fail(m, AS_E_PROTOCOL, 0, "session credit for data that was never sent");

	uint64_t raise = granted - m->may_send;
	m->may_send = granted;
	return raise >= MUX_CREDIT_WORTH ? 0 : count_control(m, "SCREDIT");
}

/* ---- messages ---- */

/* Acknowledged in batches, and at once where the peer keeps much for it: a whole stream. */
static void count_sequenced(struct mux *m, const struct mux_frame *f)
{
	m->seq_in++;
	m->untold_bytes += MUX_HEADER + f->len;
	if (f->type == MUX_FIN || m->seq_in - m->seq_told >= MUX_ACK_MESSAGES ||
	    m->untold_bytes >= MUX_ACK_BYTES)
		m->ack_due = true;
}

/* One that tells something new is paid by what we sent. */
static int on_ack(struct mux *m, const struct mux_frame *f)
{
	uint64_t n;

	if (mux_u64_decode(f->payload, f->len, &n) < 0)
		return mux_fail(m, AS_E_PROTOCOL, 0, "malformed ACK");
	if (n > m->seq_out)
		return mux_fail(m, AS_E_PROTOCOL, 0, "ACK for messages that were never sent");
	if (n <= m->seq_acked)
		return count_control(m, "ACK");
	mux_forget_controls(m, n - m->seq_acked);
	return 0;
}

static int on_ping(struct mux *m, const struct mux_frame *f)
{
	uint64_t token;

	if (mux_u64_decode(f->payload, f->len, &token) < 0)
		return mux_fail(m, AS_E_PROTOCOL, 0, "malformed PING or PONG");
	if (f->type == MUX_PING) {
		m->pong_due = true;
		m->pong = token;
	} else if (m->ev->on_pong) {
		m->ev->on_pong(token, m->owner);
	}
	return 0;
}

static int accept_open(struct mux *m, const struct mux_frame *f)
{
	as_Open msg;

	if (!bucket_take(&m->opens, m->now))
		return mux_fail(m, AS_E_RATE, 0, "too many streams opened in a short time");
	if (msg_decode(MSG_OPEN, f->payload, f->len, &msg) < 0)
		return mux_fail(m, AS_E_PROTOCOL, 0, "malformed OPEN");
	if (msg.stream % 2 == 0 || msg.stream <= m->last_id)
		return mux_fail(m, AS_E_PROTOCOL, msg.stream,
				"its number is even or was used before");
	if (msg.first_credit > MUX_WINDOW_MAX)
		return mux_fail(m, AS_E_PROTOCOL, msg.stream, "too large a first credit");
	if (m->count >= MUX_ENTRIES_MAX || mux_streams(m) >= MUX_STREAMS_MAX)
		return mux_fail(m, AS_E_QUOTA, msg.stream, "too many open streams");

	struct mux_stream *s = mux_stream_add(m, msg.stream);
	if (!s)
		return mux_fail(m, AS_E_INTERNAL, msg.stream, "no memory");
	s->sends = true;
	s->may_send = msg.first_credit;
	return 0;
}

/* After the owner has seen a refusal nothing of the stream is left. */
static int forget_refused(struct mux *m, const struct mux_frame *f)
{
	as_OpenErr msg;

	if (msg_decode(MSG_OPEN_ERR, f->payload, f->len, &msg) < 0)
		return mux_fail(m, AS_E_PROTOCOL, 0, "malformed OPEN_ERR");
	mux_stream_drop(m, msg.stream);
	return 0;
}

static int on_message(struct mux *m, const struct mux_frame *f)
{
	int err = f->type == MUX_OPEN ? accept_open(m, f) : 0;

	if (err < 0)
		return err;
	if (f->type == MUX_END) {
		m->end_received = true;
		m->unproved = m->phase == MUX_SUSPENDED;
	}
	if (m->ev->on_message)
		err = m->ev->on_message(f->type, f->payload, f->len, m->owner);
	if (err < 0)
		return mux_fail(m, err, 0, "message type 0x%02x was refused", f->type);
	return f->type == MUX_OPEN_ERR ? forget_refused(m, f) : 0;
}

/* ---- frames ---- */

static int dispatch(struct mux *m, const struct mux_frame *f)
{
	switch (f->type) {
	case MUX_DATA:
		return on_data(m, f);
	case MUX_FIN:
		return on_fin(m, f);
	case MUX_RESET:
		return on_reset(m, f);
	case MUX_CREDIT:
		return on_credit(m, f);
	case MUX_SCREDIT:
		return on_scredit(m, f);
	case MUX_PING:
	case MUX_PONG:
		return on_ping(m, f);
	case MUX_ACK:
		return on_ack(m, f);
	default:
		return on_message(m, f);
	}
}

/* DATA is limited by its windows, useful credit and ACK by what we sent; all else by tokens. */
static bool costs_token(uint8_t type)
{
	return type != MUX_DATA && type != MUX_CREDIT && type != MUX_SCREDIT && type != MUX_ACK;
}

static int on_frame(struct mux *m, const uint8_t *p, size_t n)
{
	enum mux_role peer = m->role == MUX_AGENT ? MUX_CONSOLE : MUX_AGENT;
	struct mux_frame f;
	int err = mux_frame_decode(p, n, &f);

	if (err < 0)
		return mux_fail(m, AS_E_PROTOCOL, 0, "malformed frame");
	if (m->end_received)
		return mux_fail(m, AS_E_PROTOCOL, 0, "frames after END");
	err = check_phase(m, &f);
	if (err == 0)
		err = check_early(m, &f);
	if (err == 0 && costs_token(f.type))
		err = count_control(m, "a message");
	if (err < 0)
		return err;
	if (mux_frame_is_sequenced(f.type))
		count_sequenced(m, &f);
	if (!mux_may_send(peer, f.type)) {
		bool known = f.type <= MUX_ACK || f.type == MUX_CATALOG;

		return known ? mux_fail(m, AS_E_PROTOCOL, f.stream,
					"type 0x%02x from the wrong side", f.type)
			     : 0;
	}
	return dispatch(m, &f);
}

/* Adds to the frame that is held. *took bytes of p are used; > 0 when the frame is whole. */
static int hold(struct mux *m, const uint8_t *p, size_t n, size_t *took)
{
	size_t want =
	    m->held_len < MUX_HEADER ? MUX_HEADER : (size_t)mux_frame_size(m->held, m->held_len);
	size_t part = want - m->held_len;

	if (part > n)
		part = n;
	memcpy(m->held + m->held_len, p, part);
	m->held_len += part;
	*took = part;

	int size = mux_frame_size(m->held, m->held_len);
	return size < 0 || m->held_len == (size_t)size ? size : 0;
}

int mux_feed(struct mux *m, const uint8_t *p, size_t n, uint64_t now_ms)
{
	m->now = now_ms;
	while (n > 0 && m->err == 0) {
		const uint8_t *frame = p;
		size_t took;
		int size = m->held_len == 0 ? mux_frame_size(p, n) : 0;

		if (size > 0 && (size_t)size <= n) {
			took = (size_t)size; /* whole in the caller's bytes: no copy */
		} else if (size >= 0) {
			frame = m->held;
			size = hold(m, p, n, &took);
		}
		if (size < 0)
			return mux_fail(m, size, 0, "a frame is longer than its type may be");
		p += took;
		n -= took;
		if (size > 0) {
			m->held_len = 0;
			(void)on_frame(m, frame, (size_t)size); /* its error is m->err */
		}
	}
	return m->err;
}
