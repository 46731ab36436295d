/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/mux_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/messages.h"

#define END_ROOM (MUX_HEADER + as_End_size) /* kept free, so that END always fits */

/* Who may send it; a type that is not here is nobody's. */
enum { BY_AGENT = 1, BY_CONSOLE = 2, BY_BOTH = 3, OWN = 4 };
static const struct {
	uint8_t type, by;
} permits[] = {
    {MUX_HELLO, BY_BOTH},	 {MUX_PAKE_A, BY_CONSOLE},     {MUX_PAKE_B, BY_AGENT},
    {MUX_PAKE_CA, BY_CONSOLE},	 {MUX_PAKE_CB, BY_AGENT},      {MUX_SESSION_REQ, BY_CONSOLE},
    {MUX_PENDING, BY_AGENT},	 {MUX_GRANT, BY_AGENT},	       {MUX_DENY, BY_AGENT},
    {MUX_SCOPE_REQ, BY_CONSOLE}, {MUX_REVOKED, BY_AGENT},      {MUX_OPEN, BY_CONSOLE},
    {MUX_OPEN_OK, BY_AGENT},	 {MUX_OPEN_ERR, BY_AGENT},     {MUX_DATA, BY_BOTH | OWN},
    {MUX_CREDIT, BY_BOTH | OWN}, {MUX_SCREDIT, BY_BOTH | OWN}, {MUX_FIN, BY_BOTH | OWN},
    {MUX_RESET, BY_BOTH | OWN},	 {MUX_PING, BY_BOTH | OWN},    {MUX_PONG, BY_BOTH | OWN},
    {MUX_RESUME, BY_CONSOLE},	 {MUX_RESUMED, BY_AGENT},      {MUX_AUDIT_MARK, BY_BOTH},
    {MUX_END, BY_BOTH},		 {MUX_ACK, BY_BOTH | OWN},     {MUX_CATALOG, BY_AGENT},
};

static unsigned permit(uint8_t type)
{
	for (size_t i = 0; i < sizeof permits / sizeof permits[0]; i++)
		if (permits[i].type == type)
			return permits[i].by;
	return 0;
}

bool mux_may_send(enum mux_role role, uint8_t type)
{
	return (permit(type) & (role == MUX_AGENT ? BY_AGENT : BY_CONSOLE)) != 0;
}

bool mux_is_own(uint8_t type)
{
	return (permit(type) & OWN) != 0;
}

/* ---- life ---- */

static struct mux_bucket bucket(uint32_t burst, uint32_t rate)
{
	return (struct mux_bucket){.level = burst * UINT64_C(1000), .burst = burst, .rate = rate};
}

struct mux *mux_new(enum mux_role role, const struct mux_events *ev, void *owner)
{
	struct mux *m = calloc(1, sizeof *m);
	if (!m)
		return NULL;

	m->role = role;
	m->ev = ev;
	m->owner = owner;
	m->granted = m->may_send = MUX_SESSION_WINDOW;
	m->controls = bucket(MUX_CONTROL_BURST, MUX_CONTROL_RATE);
	m->opens = bucket(MUX_OPEN_BURST, MUX_OPEN_RATE);
	m->resets = bucket(MUX_RESET_BURST, MUX_RESET_RATE);
	buf_init(&m->control, MUX_CONTROL_QUEUE_MAX + MUX_OWN_MAX);
	buf_init(&m->hand, MUX_UNAUTHED_BYTES + END_ROOM);
	return m;
}

void mux_free(struct mux *m)
{
	if (!m)
		return;
	while (m->count > 0)
		mux_stream_remove(m, m->streams[m->count - 1]);
	buf_done(&m->control);
	buf_done(&m->hand);
	free(m);
}

void mux_set_authed(struct mux *m)
{
	m->authed = true;
}

/* ---- messages ---- */

/* The grant we keep and the one in our OPEN must be the same, or the peer runs into a limit
 * that it was never told. */
static bool open_is_right(const struct mux *m, const void *p, size_t n)
{
	as_Open msg;

	if (msg_decode(MSG_OPEN, p, n, &msg) < 0)
		return false;
	return msg.stream == m->last_id && mux_find(m, msg.stream) &&
	       msg.first_credit == MUX_WINDOW_FIRST;
}

/* RESUME is for who has lost something, RESUMED answers it. */
static bool is_in_phase(const struct mux *m, uint8_t type)
{
	if (type == MUX_RESUME)
		return m->authed && m->phase == MUX_SUSPENDED;
	if (type == MUX_RESUMED)
		return m->authed && m->phase != MUX_FLOWING && !m->said_resumed;
	return true;
}

/* What waits for a resume waits in our own queue; only what goes out at once is counted. */
static bool is_too_early(struct mux *m, uint8_t type, size_t n)
{
	bool waits = m->phase != MUX_FLOWING && mux_frame_is_sequenced(type);

	if ((m->authed && m->phase == MUX_FLOWING) || (m->authed && waits) || type == MUX_END)
		return false;
	m->early_out++;
	m->early_out_bytes += MUX_HEADER + n;
	return m->early_out > MUX_UNAUTHED_FRAMES || m->early_out_bytes > MUX_UNAUTHED_BYTES;
}

/* Messages of a handshake do not wait for those that wait for it, and have a room of their own. END
 * is the last of the messages, but it does not wait for a resume. */
static bool goes_first(const struct mux *m, uint8_t type)
{
	if (type == MUX_END)
		return m->phase != MUX_FLOWING;
	return !mux_frame_is_sequenced(type);
}

static int enqueue(struct mux *m, uint8_t type, const uint8_t *header, const void *p, size_t n)
{
	bool first = goes_first(m, type);
	struct buf *to = first ? &m->hand : &m->control;
	size_t used = first ? m->hand.len : m->control.len - m->own;
	size_t limit = first ? m->hand.limit : MUX_CONTROL_QUEUE_MAX;
	size_t size = MUX_HEADER + n + (type == MUX_END ? 0 : END_ROOM);

	if (size > limit - used)
		return AS_EFULL;

	uint8_t *at = buf_reserve(to, MUX_HEADER + n);
	if (!at)
		return -ENOMEM;
	memcpy(at, header, MUX_HEADER);
	if (n > 0)
		memcpy(at + MUX_HEADER, p, n);
	buf_commit(to, MUX_HEADER + n);
	return 0;
}

int mux_send(struct mux *m, uint8_t type, const void *p, size_t n)
{
	uint8_t header[MUX_HEADER];

	if (!mux_may_send(m->role, type) || mux_is_own(type) || m->end_queued ||
	    !is_in_phase(m, type))
		return AS_ESTATE;
	if (n > MUX_PAYLOAD_MAX)
		return AS_E_TOO_BIG;
	mux_frame_header(type, 0, n, header);

	int size = mux_frame_size(header, sizeof header);
	if (size < 0)
		return size;
	if (type == MUX_OPEN && !open_is_right(m, p, n))
		return AS_EBADMSG;
	if (is_too_early(m, type, n))
		return AS_ESTATE;

	int err = enqueue(m, type, header, p, n);
	if (err < 0)
		return err;
	m->end_queued = type == MUX_END;
	m->said_resumed = m->said_resumed || type == MUX_RESUMED;
	if (type == MUX_RESUMED && m->phase == MUX_HELD)
		m->phase = MUX_FLOWING;
	return 0;
}

void mux_ping(struct mux *m, uint64_t token)
{
	m->ping_due = true;
	m->ping = token;
}

/* ---- questions ---- */

size_t mux_streams(const struct mux *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->count; i++)
		n += mux_stream_is_open(m->streams[i]);
	return n;
}

uint64_t mux_ignored_credits(const struct mux *m)
{
	return m->ignored_credits;
}

void mux_set_fast_sum(struct mux *m)
{
	m->fast_sum = true;
}

bool mux_is_authed(const struct mux *m)
{
	return m->authed;
}

int mux_error(const struct mux *m)
{
	return m->err;
}

uint32_t mux_blamed(const struct mux *m)
{
	return m->blamed;
}

const char *mux_why(const struct mux *m)
{
	return m->why;
}
