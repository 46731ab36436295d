/* SPDX-License-Identifier: Apache-2.0
 *
 * Two hops over loopback: what is sent, what waits, and that either may be closed at every moment.
 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "tests/support/ends.h"

#define CLIENT                           \
	{                                \
		.role = RELAY_ROLE_AGENT \
	}
#define SERVER                           \
	{                                \
		.role = RELAY_ROLE_RELAY \
	}

static struct ends e;
static struct peer client = CLIENT, server = SERVER;

static void connect_pair(void)
{
	ends_init(&e);
	ends_pair(&e, &client, &server);
}

static void until_ready(const struct peer *a, const struct peer *b)
{
	ENDS_UNTIL(&e, (a->gone || a->heard[RELAY_HELLO]) && (b->gone || b->heard[RELAY_HELLO]));
}

static void open_pair(void)
{
	connect_pair();
	until_ready(&client, &server);
}

static void until_gone(const struct peer *a, const struct peer *b)
{
	ENDS_UNTIL(&e, a->gone && b->gone);
	cr_assert(a->gone_count == 1 && b->gone_count == 1);
}

static void both_gone(void)
{
	until_gone(&client, &server);
	ends_done(&e);
}

Test(hop, carries_frames_both_ways_and_says_goodbye)
{
	uint8_t big[RELAY_FRAME_PAYLOAD_MAX];

	memset(big, 0x5a, sizeof big);
	open_pair();
	cr_assert_eq(server.last[RELAY_HELLO].hello.role, RELAY_ROLE_AGENT);

	cr_assert_eq(hop_send_data(client.hop, "hello", 5), 0);
	cr_assert_eq(hop_send_data(server.hop, big, sizeof big), 0);
	ENDS_UNTIL(&e, server.bytes == 5 && client.bytes == sizeof big);
	cr_assert_eq(server.digest, ends_digest(0, "hello", 5));
	cr_assert_eq(client.digest, ends_digest(0, big, sizeof big));

	hop_close(client.hop, AS_E_DENIED);
	both_gone();
	cr_assert_eq(client.why, AS_E_DENIED);
	cr_assert_eq(server.why, 0, "the other side hears a proper end");
}

Test(hop, refuses_what_cannot_be_one_frame)
{
	static const uint8_t big[RELAY_FRAME_PAYLOAD_MAX + 1];

	connect_pair();
	cr_assert_eq(hop_send_data(client.hop, "x", 1), AS_ESTATE, "not before on_ready()");
	until_ready(&client, &server);
	cr_assert_eq(hop_send_data(client.hop, big, sizeof big), AS_E_TOO_BIG);
	cr_assert_eq(hop_send_data(client.hop, big, 0), AS_EBADMSG);
	hop_close(client.hop, 0);
	cr_assert_eq(hop_send_data(client.hop, "x", 1), AS_ESTATE);
	both_gone();
}

/* ---- closed at every moment ---- */

static void close_now(struct peer *p)
{
	hop_close(p->hop, AS_E_INTERNAL);
	hop_close(p->hop, AS_E_BUSY); /* the second has no effect */
}

static void close_on_frame(struct peer *p, const struct relay_frame *f)
{
	(void)f;
	close_now(p);
}

Test(hop, may_be_closed_at_once)
{
	connect_pair();
	close_now(&client);
	close_now(&server);
	cr_assert_not(client.gone, "never from inside hop_close()");
	both_gone();
	cr_assert_eq(client.why, AS_E_INTERNAL);
	cr_assert_eq(server.why, AS_E_INTERNAL);
}

Test(hop, may_be_closed_from_on_ready)
{
	for (int who = 0; who < 2; who++) {
		client = (struct peer)CLIENT;
		server = (struct peer)SERVER;
		*(who ? &client.on_ready : &server.on_ready) = close_now;
		connect_pair();
		both_gone();
		cr_assert_eq(who ? client.why : server.why, AS_E_INTERNAL);
	}
}

Test(hop, may_be_closed_from_on_frame_with_more_frames_behind_it)
{
	open_pair();
	server.on_frame = close_on_frame;
	for (int i = 0; i < 5; i++)
		cr_assert_eq(hop_send_data(client.hop, "abc", 3), 0);
	both_gone();
	cr_assert_eq(server.heard[RELAY_DATA], 1, "nothing comes after hop_close()");
	cr_assert_eq(server.why, AS_E_INTERNAL);
	cr_assert_eq(client.why, 0);
}

static const uint8_t block[RELAY_FRAME_PAYLOAD_MAX];

static void fill(struct peer *p)
{
	while (hop_queued(p->hop) < HOP_HIGH)
		cr_assert_eq(hop_send_data(p->hop, block, sizeof block), 0);
}

Test(hop, may_be_closed_with_a_write_pending)
{
	open_pair();
	hop_pause(server.hop);
	fill(&client);
	hop_close(client.hop, AS_E_INTERNAL);
	ENDS_UNTIL(&e, client.gone); /* not held up by a reader that never reads */
	cr_assert_eq(client.why, AS_E_INTERNAL);
	hop_close(server.hop, AS_E_BUSY);
	both_gone();
	cr_assert_eq(server.why, AS_E_BUSY);
}

Test(hop, sends_what_is_queued_before_it_closes)
{
	open_pair();
	fill(&client);

	uint64_t sent = 0;
	for (int i = 0; i < 8; i++, sent += sizeof block)
		cr_assert_eq(hop_send_data(client.hop, block, sizeof block), 0);
	hop_close(client.hop, 0);
	both_gone();
	cr_assert_geq(server.bytes, sent + HOP_HIGH / 2);
	cr_assert_eq(server.bytes % sizeof block, 0);
	cr_assert_eq(server.why, 0);
}

Test(hop, may_be_aborted_at_once)
{
	connect_pair();
	hop_abort(client.hop, AS_E_INTERNAL);
	both_gone();
	cr_assert_eq(client.why, AS_E_INTERNAL);
}

Test(hop, may_be_closed_from_on_low)
{
	open_pair();
	client.on_low = close_now;
	hop_pause(server.hop);
	fill(&client);
	hop_resume(server.hop);
	both_gone();
	cr_assert_eq(client.low, 1);
	cr_assert_eq(client.why, AS_E_INTERNAL);
}

/* ---- back-pressure ---- */

#define STREAM_BYTES	(8u << 20)
#define UNSENT_AT_LEAST (64u << 10) /* in the kernel when a reader stands still */

struct source {
	uint64_t sent;
	uint32_t digest;
	size_t most; /* ever queued */
};

static void pour(struct peer *p)
{
	struct source *s = p->arg;
	uint8_t bytes[RELAY_FRAME_PAYLOAD_MAX];

	while (s->sent < STREAM_BYTES && hop_queued(p->hop) < HOP_HIGH) {
		for (size_t i = 0; i < sizeof bytes; i++)
			bytes[i] = (uint8_t)((s->sent + i) * 31 >> 3);
		cr_assert_eq(hop_send_data(p->hop, bytes, sizeof bytes), 0);
		s->digest = ends_digest(s->digest, bytes, sizeof bytes);
		s->sent += sizeof bytes;
		if (hop_queued(p->hop) > s->most)
			s->most = hop_queued(p->hop);
	}
}

/* The kernel takes no more. */
static void until_full(const struct source *s)
{
	for (uint64_t before = 0; s->sent > before;) {
		before = s->sent;
		uv_run(&e.loop, UV_RUN_NOWAIT);
	}
}

Test(hop, a_paused_reader_stops_the_sender_and_loses_nothing)
{
	struct source source = {0};

	client.on_low = pour;
	client.arg = &source;
	open_pair();
	hop_pause(server.hop);
	hop_pause(server.hop);
	pour(&client);
	until_full(&source);
	cr_assert_geq(hop_queued(client.hop), HOP_LOW);
	cr_assert_lt(source.sent, STREAM_BYTES, "the sender was stopped");
	cr_assert_eq(server.bytes, 0);

	hop_resume(server.hop);
	hop_resume(server.hop);
	ENDS_UNTIL(&e, source.sent >= STREAM_BYTES && server.bytes == source.sent);
	cr_assert_eq(server.digest, source.digest);
	cr_assert_leq(source.most, HOP_HIGH + 2 * RELAY_FRAME_MAX, "memory is bounded");
	cr_assert_gt(client.low, 0);
	hop_close(client.hop, 0);
	both_gone();
}

Test(hop, takes_back_what_the_kernel_holds_when_it_is_aborted)
{
	struct source source = {0};

	client.on_low = pour;
	client.arg = &source;
	open_pair();
	hop_pause(server.hop);
	pour(&client);
	until_full(&source);

	uint64_t taken = source.sent - hop_queued(client.hop);
	hop_close(client.hop, AS_E_REVOKED);
	hop_abort(client.hop, AS_E_INTERNAL);
	hop_abort(client.hop, AS_E_INTERNAL);
	cr_assert_not(client.gone, "never from inside hop_abort()");
	ENDS_UNTIL(&e, client.gone);
	cr_assert_eq(client.why, AS_E_REVOKED, "the first reason stands");
	hop_resume(server.hop);
	both_gone();
	cr_assert_lt(server.bytes + UNSENT_AT_LEAST, taken);
}

Test(hop, who_does_not_look_at_the_queue_is_refused_at_a_limit)
{
	int err;

	open_pair();
	hop_pause(server.hop);
	do
		err = hop_send_data(client.hop, block, sizeof block);
	while (err == 0);
	cr_assert_eq(err, AS_EFULL);
	cr_assert_leq(hop_queued(client.hop), TLS_OUT_MAX + HOP_READ_MAX);
	hop_close(client.hop, 0);
	hop_close(server.hop, 0);
	both_gone();
}

Test(hop, what_is_sent_in_a_batch_waits_for_its_end)
{
	open_pair();
	cr_assert_eq(hop_queued(client.hop), 0);
	hop_batch_begin(client.hop);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(hop_send_data(client.hop, "some", 4), 0);
	cr_assert_gt(hop_queued(client.hop), 12, "the kernel has nothing yet");
	hop_batch_end(client.hop);
	cr_assert_eq(hop_queued(client.hop), 0);
	ENDS_UNTIL(&e, server.heard[RELAY_DATA] == 3);
	hop_close(client.hop, 0);
	both_gone();
}

/* ---- forwarding ---- */

static void pass_on(struct peer *p, const struct relay_frame *f)
{
	struct peer *to = p->arg;

	if (f->type == RELAY_DATA)
		cr_assert_eq(hop_forward(to->hop, f), 0);
}

Test(hop, forwards_a_frame_as_it_came)
{
	struct peer a = CLIENT, b = CLIENT, from_a = SERVER, to_b = SERVER;

	from_a.arg = &to_b;
	from_a.on_frame = pass_on;
	ends_init(&e);
	ends_pair(&e, &a, &from_a);
	ends_pair(&e, &b, &to_b);
	until_ready(&a, &from_a);
	until_ready(&b, &to_b);
	cr_assert_eq(hop_send_data(a.hop, "one", 3), 0);
	cr_assert_eq(hop_send_data(a.hop, block, sizeof block), 0);
	cr_assert_eq(hop_send_data(a.hop, "three", 5), 0);
	ENDS_UNTIL(&e, b.heard[RELAY_DATA] == 3);
	cr_assert_eq(b.digest, a.hop ? from_a.digest : 0);
	cr_assert_eq(b.bytes, 8 + sizeof block);
	hop_close(a.hop, 0);
	hop_close(b.hop, 0);
	until_gone(&a, &from_a);
	until_gone(&b, &to_b);
	ends_done(&e);
}

/* ---- marks, and last words ---- */

struct marks {
	unsigned int count;
	uint64_t token, bytes; /* bytes: of DATA before it */
};

static struct marks marks;

static void on_pong(struct hop *h, uint64_t token, void *owner)
{
	(void)h;
	marks = (struct marks){marks.count + 1, token, ((struct peer *)owner)->bytes};
}

/* Opens a pair whose server hears of marks. */
static void marking_pair(void)
{
	static struct hop_events events;
	uv_tcp_t *a, *b;

	events = ends_events;
	events.on_pong = on_pong;
	ends_init(&e);
	ends_tcp_pair(&e, &a, &b);
	cr_assert_eq(hop_open(e.hops, a, tls_client(e.agent_ctx, "127.0.0.1"), &ends_events,
			      &client, &client.hop),
		     0);
	cr_assert_eq(hop_open(e.hops, b, tls_server(e.server_ctx), &events, &server, &server.hop),
		     0);
	until_ready(&client, &server);
}

Test(hop, a_mark_comes_back_behind_what_was_on_its_way)
{
	marking_pair();
	cr_assert_eq(hop_mark(server.hop, HOP_MARK_MIN + 5), 0);
	cr_assert_eq(hop_send_data(client.hop, "earlier", 7), 0);
	ENDS_UNTIL(&e, marks.count == 1);
	cr_assert_eq(marks.token, HOP_MARK_MIN + 5);
	cr_assert_eq(marks.bytes, 7);
	cr_assert_eq(client.heard[RELAY_PING], 0, "the other owner does not see it");
	hop_close(client.hop, 0);
	both_gone();
}

Test(hop, a_pong_that_answers_no_mark_is_not_told)
{
	marking_pair();
	cr_assert_eq(hop_send(client.hop, &(struct relay_frame){.type = RELAY_PONG, .token = 0}),
		     0);
	cr_assert_eq(hop_mark(server.hop, HOP_MARK_MIN), 0);
	cr_assert_eq(hop_mark(server.hop, HOP_MARK_MIN + 1), 0);
	cr_assert_eq(
	    hop_send(client.hop, &(struct relay_frame){.type = RELAY_PONG, .token = HOP_MARK_MIN}),
	    0);
	ENDS_UNTIL(&e, marks.count == 1);
	cr_assert_eq(marks.token, HOP_MARK_MIN + 1, "the latest mark only");
	hop_close(client.hop, 0);
	both_gone();
	cr_assert_eq(marks.count, 1);
}

Test(hop, last_words_arrive_although_we_were_still_talking)
{
	open_pair();
	cr_assert_eq(hop_send_data(client.hop, block, sizeof block), 0); /* unread when it closes */
	cr_assert_eq(
	    hop_send(server.hop, &(struct relay_frame){.type = RELAY_ERROR, .error_code = 30}), 0);
	hop_close(server.hop, AS_E_RATE);
	both_gone();
	cr_assert_eq(client.heard[RELAY_ERROR], 1);
	cr_assert_eq(client.last[RELAY_ERROR].error_code, 30);
	cr_assert_eq(client.why, 0);
}
