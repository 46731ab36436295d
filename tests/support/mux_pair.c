/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/mux_pair.h"

#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/cursor.h"
#include "proto/wire/messages.h"

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	struct pair_end *e = owner;

	(void)p;
	(void)n;
	if (e->seen < SEEN_MAX)
		e->types[e->seen++] = type;
	return e->refuse;
}

static int on_data(uint32_t stream, const uint8_t *p, size_t n, void *owner)
{
	struct pair_end *e = owner;

	e->got += n;
	e->got_on[stream % 512] += n;
	for (size_t i = 0; i < n; i++)
		e->sum = (uint8_t)(e->sum * 31 + p[i]);
	if (e->drop_on_data == stream)
		mux_stream_drop(e->mux, stream);
	else if (e->reset_on_data == stream)
		mux_stream_reset(e->mux, stream, AS_E_QUOTA);
	else if (!e->hoards)
		mux_consumed(e->mux, stream, n);
	return e->refuse;
}

static void on_fin(uint32_t stream, bool ok, void *owner)
{
	struct pair_end *e = owner;

	(void)stream;
	e->fins++;
	e->bad_fins += !ok;
}

static void on_reset(uint32_t stream, int code, void *owner)
{
	struct pair_end *e = owner;

	(void)stream;
	e->resets++;
	e->reset_code = code;
}

static void on_room(uint32_t stream, void *owner)
{
	struct pair_end *e = owner;

	e->rooms++;
	e->last_room = stream;
}

static void on_pong(uint64_t token, void *owner)
{
	struct pair_end *e = owner;

	e->pongs++;
	e->last_pong = token;
}

static const struct mux_events events = {
    .on_message = on_message,
    .on_data = on_data,
    .on_fin = on_fin,
    .on_reset = on_reset,
    .on_room = on_room,
    .on_pong = on_pong,
};

struct pair_end agent, console;

void pair_start(void)
{
	memset(&agent, 0, sizeof agent);
	memset(&console, 0, sizeof console);
	agent.mux = mux_new(MUX_AGENT, &events, &agent);
	console.mux = mux_new(MUX_CONSOLE, &events, &console);
}

void pair_authed(void)
{
	pair_start();
	mux_set_authed(agent.mux);
	mux_set_authed(console.mux);
}

void pair_stop(void)
{
	mux_free(agent.mux);
	mux_free(console.mux);
}

int pair_carry_cut(struct pair_end *from, struct pair_end *to, int frames, size_t step)
{
	uint8_t buf[MUX_FRAME_MAX];
	int carried = 0;

	while (carried < frames) {
		bool said = mux_has_output(from->mux);
		int n = mux_next(from->mux, buf, sizeof buf);

		cr_assert_eq(said, n > 0, "mux_has_output() and mux_next() disagree");
		if (n == 0)
			break;
		carried++;
		for (size_t at = 0; at < (size_t)n; at += step) {
			size_t part = (size_t)n - at < step ? (size_t)n - at : step;

			cr_assert_eq(mux_feed(to->mux, buf + at, part, to->now), 0, "%s",
				     mux_why(to->mux));
		}
	}
	return carried;
}

int pair_carry(struct pair_end *from, struct pair_end *to, int frames)
{
	return pair_carry_cut(from, to, frames, MUX_FRAME_MAX);
}

void pair_settle(void)
{
	while (pair_carry(&agent, &console, 1) + pair_carry(&console, &agent, 1) > 0)
		;
}

size_t pair_make_open(uint32_t stream, uint64_t credit, uint8_t *out, size_t cap)
{
	as_Open msg = {.stream = stream, .op_id = 1, .first_credit = credit};
	int n = msg_encode(MSG_OPEN, &msg, out, cap);

	cr_assert_geq(n, 0);
	return (size_t)n;
}

uint32_t pair_open_stream(void)
{
	uint8_t buf[256];
	uint32_t id = 0;

	cr_assert_eq(mux_stream_open(console.mux, &id), 0);
	cr_assert_eq(mux_send(console.mux, MUX_OPEN, buf,
			      pair_make_open(id, MUX_WINDOW_FIRST, buf, sizeof buf)),
		     0);
	pair_settle();
	return id;
}

size_t pair_offer(struct pair_end *e, uint32_t id, uint64_t at, size_t n)
{
	static uint8_t buf[MUX_QUEUE_MAX];

	if (n > sizeof buf)
		n = sizeof buf;
	for (size_t i = 0; i < n; i++)
		buf[i] = (uint8_t)((at + i) * 7 + ((at + i) >> 9));

	int took = mux_stream_write(e->mux, id, buf, n);
	cr_assert_geq(took, 0);
	return (size_t)took;
}

void pair_write_all(struct pair_end *e, uint32_t id, uint64_t n)
{
	for (uint64_t at = 0; at < n; pair_settle()) {
		size_t took = pair_offer(e, id, at,
					 n - at > MUX_QUEUE_MAX ? MUX_QUEUE_MAX : (size_t)(n - at));

		cr_assert_gt(took, 0, "stuck at %llu", (unsigned long long)at);
		at += took;
	}
}

uint64_t pair_run_into_the_window(uint32_t id, uint64_t at)
{
	size_t took;

	do
		at += took = pair_offer(&agent, id, at, MUX_QUEUE_MAX);
	while (pair_carry(&agent, &console, 100) > 0 || took > 0);
	return at;
}

uint8_t pair_pattern_sum(uint64_t n)
{
	uint8_t sum = 0;

	for (uint64_t at = 0; at < n; at++)
		sum = (uint8_t)(sum * 31 + (uint8_t)(at * 7 + (at >> 9)));
	return sum;
}

int pair_feed(struct pair_end *e, uint8_t type, uint32_t stream, const void *p, size_t n)
{
	uint8_t buf[MUX_FRAME_MAX];

	mux_frame_header(type, stream, n, buf);
	if (n > 0)
		memcpy(buf + MUX_HEADER, p, n);
	return mux_feed(e->mux, buf, MUX_HEADER + n, e->now);
}

int pair_feed_open(struct pair_end *e, uint32_t id)
{
	uint8_t buf[256];

	return pair_feed(e, MUX_OPEN, 0, buf,
			 pair_make_open(id, MUX_WINDOW_FIRST, buf, sizeof buf));
}

int pair_feed_credit(struct pair_end *e, uint32_t id, uint64_t consumed, uint64_t max)
{
	struct mux_credit c = {.stream = id, .consumed = consumed, .max = max};
	uint8_t buf[MUX_CREDIT_LEN];

	mux_credit_encode(&c, buf);
	return pair_feed(e, MUX_CREDIT, 0, buf, sizeof buf);
}

int pair_feed_u64(struct pair_end *e, uint8_t type, uint64_t v)
{
	uint8_t buf[8];
	struct writer w = writer_over(buf, sizeof buf);

	writer_u64(&w, v);
	return pair_feed(e, type, 0, buf, sizeof buf);
}

int pair_feed_fin(struct pair_end *e, uint32_t id, uint64_t final)
{
	struct mux_fin fin = {.final = final};
	uint8_t buf[MUX_FIN_LEN];

	mux_fin_encode(&fin, buf);
	return pair_feed(e, MUX_FIN, id, buf, sizeof buf);
}

int pair_feed_reset(struct pair_end *e, uint32_t id, uint32_t code)
{
	uint8_t buf[4];
	struct writer w = writer_over(buf, sizeof buf);

	writer_u32(&w, code);
	return pair_feed(e, MUX_RESET, id, buf, sizeof buf);
}

int pair_feed_data(struct pair_end *e, uint32_t id, uint64_t n)
{
	static const uint8_t zeros[MUX_PAYLOAD_MAX];
	int err = 0;

	while (n > 0 && err == 0) {
		size_t part = n < sizeof zeros ? (size_t)n : sizeof zeros;

		err = pair_feed(e, MUX_DATA, id, zeros, part);
		n -= part;
	}
	return err;
}

uint8_t pair_next_type(struct pair_end *e, uint32_t *stream)
{
	uint8_t buf[MUX_FRAME_MAX];
	struct mux_frame f;
	int n = mux_next(e->mux, buf, sizeof buf);

	if (n == 0)
		return 0;
	cr_assert_eq(mux_frame_decode(buf, (size_t)n, &f), 0);
	if (stream)
		*stream = f.stream;
	return f.type;
}
