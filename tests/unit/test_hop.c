/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
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

static void until_both_ready(struct ends *e, struct peer *client, struct peer *server)
{
	ENDS_UNTIL(e, (client->gone || client->heard[RELAY_HELLO]) &&
			  (server->gone || server->heard[RELAY_HELLO]));
}

static void until_both_gone(struct ends *e, struct peer *client, struct peer *server)
{
	ENDS_UNTIL(e, client->gone && server->gone);
	cr_assert_eq(client->gone_count, 1);
	cr_assert_eq(server->gone_count, 1);
}

Test(hop, carries_frames_both_ways_and_says_goodbye)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;
	uint8_t big[RELAY_FRAME_PAYLOAD_MAX];

	memset(big, 0x5a, sizeof big);
	ends_init(&e);
	ends_pair(&e, &client, &server);
	until_both_ready(&e, &client, &server);
	cr_assert_eq(server.last[RELAY_HELLO].hello.role, RELAY_ROLE_AGENT);

	cr_assert_eq(hop_send_data(client.hop, "hello", 5), 0);
	cr_assert_eq(hop_send_data(server.hop, big, sizeof big), 0);
	ENDS_UNTIL(&e, server.bytes == 5 && client.bytes == sizeof big);
	cr_assert_eq(server.digest, ends_digest(0, "hello", 5));
	cr_assert_eq(client.digest, ends_digest(0, big, sizeof big));

	hop_close(client.hop, AS_E_DENIED);
	until_both_gone(&e, &client, &server);
	cr_assert_eq(client.why, AS_E_DENIED);
	cr_assert_eq(server.why, 0, "the other side hears a proper end");
	ends_done(&e);
}

Test(hop, refuses_what_cannot_be_one_frame)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;
	static const uint8_t big[RELAY_FRAME_PAYLOAD_MAX + 1];

	ends_init(&e);
	ends_pair(&e, &client, &server);
	cr_assert_eq(hop_send_data(client.hop, "x", 1), AS_ESTATE, "not before on_ready()");
	until_both_ready(&e, &client, &server);
	cr_assert_eq(hop_send_data(client.hop, big, sizeof big), AS_E_TOO_BIG);
	cr_assert_eq(hop_send_data(client.hop, big, 0), AS_EBADMSG);
	hop_close(client.hop, 0);
	cr_assert_eq(hop_send_data(client.hop, "x", 1), AS_ESTATE);
	until_both_gone(&e, &client, &server);
	ends_done(&e);
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
	struct ends e;
	struct peer client = CLIENT, server = SERVER;

	ends_init(&e);
	ends_pair(&e, &client, &server);
	close_now(&client);
	close_now(&server);
	cr_assert_not(client.gone, "never from inside hop_close()");
	until_both_gone(&e, &client, &server);
	cr_assert_eq(client.why, AS_E_INTERNAL);
	cr_assert_eq(server.why, AS_E_INTERNAL);
	ends_done(&e);
}

Test(hop, may_be_closed_from_on_ready)
{
	for (int who = 0; who < 2; who++) {
		struct ends e;
		struct peer client = CLIENT, server = SERVER;

		*(who ? &client.on_ready : &server.on_ready) = close_now;
		ends_init(&e);
		ends_pair(&e, &client, &server);
		until_both_gone(&e, &client, &server);
		cr_assert_eq(who ? client.why : server.why, AS_E_INTERNAL);
		ends_done(&e);
	}
}

Test(hop, may_be_closed_from_on_frame_with_more_frames_behind_it)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;

	ends_init(&e);
	ends_pair(&e, &client, &server);
	until_both_ready(&e, &client, &server);
	server.on_frame = close_on_frame;
	for (int i = 0; i < 5; i++)
		cr_assert_eq(hop_send_data(client.hop, "abc", 3), 0);
	until_both_gone(&e, &client, &server);
	cr_assert_eq(server.heard[RELAY_DATA], 1, "nothing comes after hop_close()");
	cr_assert_eq(server.why, AS_E_INTERNAL);
	cr_assert_eq(client.why, 0);
	ends_done(&e);
}

static const uint8_t block[RELAY_FRAME_PAYLOAD_MAX];

static void fill(struct peer *p)
{
	while (hop_queued(p->hop) < HOP_HIGH)
		cr_assert_eq(hop_send_data(p->hop, block, sizeof block), 0);
}

Test(hop, may_be_closed_with_a_write_pending)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;

	ends_init(&e);
	ends_pair(&e, &client, &server);
	until_both_ready(&e, &client, &server);
	hop_pause(server.hop);
	fill(&client);
	hop_close(client.hop, AS_E_INTERNAL);
	ENDS_UNTIL(&e, client.gone); /* not held up by a reader that never reads */
	cr_assert_eq(client.why, AS_E_INTERNAL);
	hop_close(server.hop, AS_E_BUSY);
	until_both_gone(&e, &client, &server);
	cr_assert_eq(server.why, AS_E_BUSY);
	ends_done(&e);
}

Test(hop, sends_what_is_queued_before_it_closes)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;

	ends_init(&e);
	ends_pair(&e, &client, &server);
	until_both_ready(&e, &client, &server);
	fill(&client);

	uint64_t sent = 0;
	for (int i = 0; i < 8; i++, sent += sizeof block)
		cr_assert_eq(hop_send_data(client.hop, block, sizeof block), 0);
	hop_close(client.hop, 0);
	until_both_gone(&e, &client, &server);
	cr_assert_geq(server.bytes, sent + HOP_HIGH / 2);
	cr_assert_eq(server.bytes % sizeof block, 0);
	cr_assert_eq(server.why, 0);
	ends_done(&e);
}

Test(hop, may_be_aborted_at_once)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;

	ends_init(&e);
	ends_pair(&e, &client, &server);
	hop_abort(client.hop, AS_E_INTERNAL);
	until_both_gone(&e, &client, &server);
	cr_assert_eq(client.why, AS_E_INTERNAL);
	ends_done(&e);
}

static void close_on_low(struct peer *p)
{
	close_now(p);
}

Test(hop, may_be_closed_from_on_low)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;

	ends_init(&e);
	ends_pair(&e, &client, &server);
	until_both_ready(&e, &client, &server);
	client.on_low = close_on_low;
	hop_pause(server.hop);
	fill(&client);
	hop_resume(server.hop);
	until_both_gone(&e, &client, &server);
	cr_assert_eq(client.low, 1);
	cr_assert_eq(client.why, AS_E_INTERNAL);
	ends_done(&e);
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
static void until_full(struct ends *e, const struct source *s)
{
	for (uint64_t before = 0; s->sent > before;) {
		before = s->sent;
		uv_run(&e->loop, UV_RUN_NOWAIT);
	}
}

Test(hop, a_paused_reader_stops_the_sender_and_loses_nothing)
{
	struct ends e;
	struct source source = {0};
	struct peer client = {.role = RELAY_ROLE_AGENT, .on_low = pour, .arg = &source};
	struct peer server = SERVER;

	ends_init(&e);
	ends_pair(&e, &client, &server);
	until_both_ready(&e, &client, &server);
	hop_pause(server.hop);
	hop_pause(server.hop);
	pour(&client);
	until_full(&e, &source);
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
	until_both_gone(&e, &client, &server);
	ends_done(&e);
}

Test(hop, takes_back_what_the_kernel_holds_when_it_is_aborted)
{
	struct ends e;
	struct source source = {0};
	struct peer client = {.role = RELAY_ROLE_AGENT, .on_low = pour, .arg = &source};
	struct peer server = SERVER;

	ends_init(&e);
	ends_pair(&e, &client, &server);
	until_both_ready(&e, &client, &server);
	hop_pause(server.hop);
	pour(&client);
	until_full(&e, &source);

	uint64_t taken = source.sent - hop_queued(client.hop);
	hop_close(client.hop, AS_E_REVOKED);
	hop_abort(client.hop, AS_E_INTERNAL);
	hop_abort(client.hop, AS_E_INTERNAL);
	cr_assert_not(client.gone, "never from inside hop_abort()");
	ENDS_UNTIL(&e, client.gone);
	cr_assert_eq(client.why, AS_E_REVOKED, "the first reason stands");
	hop_resume(server.hop);
	until_both_gone(&e, &client, &server);
	cr_assert_lt(server.bytes + UNSENT_AT_LEAST, taken);
	ends_done(&e);
}

Test(hop, who_does_not_look_at_the_queue_is_refused_at_a_limit)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;
	int err;

	ends_init(&e);
	ends_pair(&e, &client, &server);
	until_both_ready(&e, &client, &server);
	hop_pause(server.hop);
	do
		err = hop_send_data(client.hop, block, sizeof block);
	while (err == 0);
	cr_assert_eq(err, AS_EFULL);
	cr_assert_leq(hop_queued(client.hop), TLS_OUT_MAX + HOP_READ_MAX);
	hop_close(client.hop, 0);
	hop_close(server.hop, 0);
	until_both_gone(&e, &client, &server);
	ends_done(&e);
}

Test(hop, what_is_sent_in_a_batch_waits_for_its_end)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;

	ends_init(&e);
	ends_pair(&e, &client, &server);
	until_both_ready(&e, &client, &server);
	cr_assert_eq(hop_queued(client.hop), 0);
	hop_batch_begin(client.hop);
	for (int i = 0; i < 3; i++)
		cr_assert_eq(hop_send_data(client.hop, "some", 4), 0);
	cr_assert_gt(hop_queued(client.hop), 12, "the kernel has nothing yet");
	hop_batch_end(client.hop);
	cr_assert_eq(hop_queued(client.hop), 0);
	ENDS_UNTIL(&e, server.heard[RELAY_DATA] == 3);
	hop_close(client.hop, 0);
	until_both_gone(&e, &client, &server);
	ends_done(&e);
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
	struct ends e;
	struct peer a = CLIENT, b = CLIENT, from_a = SERVER, to_b = SERVER;

	from_a.arg = &to_b;
	from_a.on_frame = pass_on;
	ends_init(&e);
	ends_pair(&e, &a, &from_a);
	ends_pair(&e, &b, &to_b);
	until_both_ready(&e, &a, &from_a);
	until_both_ready(&e, &b, &to_b);
	cr_assert_eq(hop_send_data(a.hop, "one", 3), 0);
	cr_assert_eq(hop_send_data(a.hop, block, sizeof block), 0);
	cr_assert_eq(hop_send_data(a.hop, "three", 5), 0);
	ENDS_UNTIL(&e, b.heard[RELAY_DATA] == 3);
	cr_assert_eq(b.digest, a.hop ? from_a.digest : 0);
	cr_assert_eq(b.bytes, 8 + sizeof block);
	hop_close(a.hop, 0);
	hop_close(b.hop, 0);
	until_both_gone(&e, &a, &from_a);
	until_both_gone(&e, &b, &to_b);
	ends_done(&e);
}

/* ---- a peer that is no hop ---- */

struct raw {
	uv_tcp_t *tcp;
	struct tls *tls;
	uint8_t in[65536];
	uint8_t plain[256 * 1024];
	size_t plain_len;
	uint8_t seen[512 * 1024]; /* the bytes of the network */
	size_t seen_len;
	bool ended;
};

static void raw_flush(struct raw *r)
{
	size_t n;
	const uint8_t *p = tls_out(r->tls, &n);

	while (n > 0) {
		uv_buf_t buf = uv_buf_init((char *)p, (unsigned int)n);
		int took = uv_try_write((uv_stream_t *)r->tcp, &buf, 1);

		if (took < 0)
			return; /* the hop has closed already; the test looks at its reason */
		tls_out_done(r->tls, (size_t)took);
		p = tls_out(r->tls, &n);
	}
}

static void raw_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
	struct raw *r = handle->data;

	(void)suggested;
	*buf = uv_buf_init((char *)r->in, sizeof r->in);
}

static void raw_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct raw *r = s->data;
	size_t got;

	if (n < 0)
		r->ended = true;
	if (n <= 0)
		return;
	cr_assert_leq(r->seen_len + (size_t)n, sizeof r->seen);
	memcpy(r->seen + r->seen_len, buf->base, (size_t)n);
	r->seen_len += (size_t)n;
	tls_feed(r->tls, buf->base, (size_t)n);
	while (tls_read(r->tls, r->plain + r->plain_len, sizeof r->plain - r->plain_len, &got) ==
		   0 &&
	       got > 0)
		r->plain_len += got;
	raw_flush(r);
}

static void on_raw_closed(uv_handle_t *handle)
{
	free(handle);
}

static struct raw *raw_pair(struct ends *e, struct peer *server)
{
	struct raw *r = calloc(1, sizeof *r);
	uv_tcp_t *in;
	size_t got;

	ends_tcp_pair(e, &r->tcp, &in);
	cr_assert_eq(
	    hop_open(e->hops, in, tls_server(e->server_ctx), &ends_events, server, &server->hop),
	    0);
	r->tls = tls_client(e->agent_ctx, "127.0.0.1");
	r->tcp->data = r;
	uv_read_start((uv_stream_t *)r->tcp, raw_alloc, raw_read);
	cr_assert_eq(tls_read(r->tls, r->plain, 1, &got), 0);
	return r;
}

static struct raw *raw_open(struct ends *e, struct peer *server)
{
	struct raw *r = raw_pair(e, server);

	raw_flush(r);
	ENDS_UNTIL(e, server->ready);
	return r;
}

static void raw_send(struct raw *r, const void *p, size_t n)
{
	cr_assert_eq(tls_write(r->tls, p, n), 0);
	raw_flush(r);
}

static void raw_send_frame(struct raw *r, const struct relay_frame *f)
{
	uint8_t bytes[RELAY_FRAME_MAX];
	int n = relay_frame_encode(f, bytes, sizeof bytes);

	cr_assert_gt(n, 0);
	raw_send(r, bytes, (size_t)n);
}

static void raw_hello(struct raw *r)
{
	raw_send_frame(
	    r, &(struct relay_frame){.type = RELAY_HELLO, .hello = {RELAY_ROLE_AGENT, 1, 1, 0}});
}

static void raw_close(struct raw *r)
{
	uv_close((uv_handle_t *)r->tcp, on_raw_closed);
	tls_free(r->tls);
	r->tls = NULL;
}

/* Frames of one type in what the raw peer has decrypted. */
static unsigned int raw_count(const struct raw *r, enum relay_frame_type type,
			      struct relay_frame *last)
{
	unsigned int count = 0;

	for (size_t at = 0; at + RELAY_FRAME_HEADER <= r->plain_len;) {
		int size = relay_frame_size(r->plain + at, r->plain_len - at);
		struct relay_frame f;

		cr_assert_gt(size, 0);
		if (at + (size_t)size > r->plain_len)
			break;
		cr_assert_eq(relay_frame_decode(r->plain + at, (size_t)size, &f), 0);
		if (f.type == type) {
			count++;
			*last = f;
		}
		at += (size_t)size;
	}
	return count;
}

/* A hop that closes waits for the other side's FIN. */
static void raw_until_gone(struct ends *e, struct raw *r, const struct peer *server)
{
	ENDS_UNTIL(e, server->gone || r->ended);
	raw_close(r);
	ENDS_UNTIL(e, server->gone);
}

static void raw_end(struct ends *e, struct raw *r)
{
	if (r->tls)
		raw_close(r);
	ends_done(e);
	free(r);
}

Test(hop, an_end_without_goodbye_is_truncation)
{
	struct ends e;
	struct peer server = SERVER;

	ends_init(&e);
	struct raw *r = raw_open(&e, &server);
	raw_hello(r);
	ENDS_UNTIL(&e, server.heard[RELAY_HELLO]);
	raw_close(r);
	ENDS_UNTIL(&e, server.gone);
	cr_assert(server.why == AS_E_TRUNCATED || server.why == UV_ECONNRESET);
	raw_end(&e, r);
}

Test(hop, an_end_in_the_handshake_is_truncation)
{
	struct ends e;
	struct peer server = SERVER;

	ends_init(&e);
	struct raw *r = raw_pair(&e, &server);
	raw_close(r);
	ENDS_UNTIL(&e, server.gone);
	cr_assert_eq(server.why, AS_E_TRUNCATED);
	cr_assert_not(server.ready);
	raw_end(&e, r);
}

Test(hop, garbage_instead_of_tls_ends_it)
{
	struct ends e;
	struct peer server = SERVER;

	ends_init(&e);
	struct raw *r = raw_pair(&e, &server);
	uv_buf_t junk = uv_buf_init((char *)"GET / HTTP/1.0\r\n\r\n", 18);
	cr_assert_eq(uv_try_write((uv_stream_t *)r->tcp, &junk, 1), 18);
	raw_until_gone(&e, r, &server);
	cr_assert_eq(server.why, AS_E_TLS);
	raw_end(&e, r);
}

struct bad_bytes {
	char what[40]; /* no pointers: each case runs in its own process */
	bool hello_first;
	uint8_t bytes[16];
	size_t n, pad; /* zeros after the bytes */
	int why;
};

ParameterizedTestParameters(hop, ends_on_bytes_that_break_the_protocol)
{
	static struct bad_bytes cases[] = {
	    {"an unknown type", true, {99, 0, 0, 0}, 4, 0, AS_E_PROTOCOL},
	    {"type zero", true, {0, 0, 0, 0}, 4, 0, AS_E_PROTOCOL},
	    {"DATA that is too long", true, {RELAY_DATA, 0, 0x3f, 0xfd}, 4, 0, AS_E_TOO_BIG},
	    {"a control frame that is too long", true, {RELAY_JOIN, 0, 1, 0}, 4, 0, AS_E_TOO_BIG},
	    {"empty DATA", true, {RELAY_DATA, 0, 0, 0}, 4, 0, AS_E_PROTOCOL},
	    {"JOIN cut short", true, {RELAY_JOIN, 0, 0, 2, 0, 1}, 6, 0, AS_E_PROTOCOL},
	    {"a second HELLO", true, {RELAY_HELLO, 0, 0, 7, 1, 1, 1}, 7, 4, AS_E_PROTOCOL},
	    {"DATA before HELLO", false, {RELAY_DATA, 0, 0, 1, 7}, 5, 0, AS_E_PROTOCOL},
	    {"PING before HELLO", false, {RELAY_PING, 0, 0, 8}, 4, 8, AS_E_PROTOCOL},
	    {"too much before HELLO",
	     false,
	     {RELAY_DATA, 0, 0x3f, 0xfc},
	     4,
	     HOP_HELLO_MAX,
	     AS_E_PROTOCOL},
	};

	return cr_make_param_array(struct bad_bytes, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct bad_bytes *bad, hop, ends_on_bytes_that_break_the_protocol)
{
	struct ends e;
	struct peer server = SERVER;
	uint8_t bytes[16 + HOP_HELLO_MAX] = {0};

	ends_init(&e);
	struct raw *r = raw_open(&e, &server);
	if (bad->hello_first)
		raw_hello(r);
	memcpy(bytes, bad->bytes, bad->n);
	raw_send(r, bytes, bad->n + bad->pad);
	raw_until_gone(&e, r, &server);
	cr_assert_eq(server.why, bad->why, "%s: %d", bad->what, server.why);
	cr_assert_eq(server.heard[RELAY_DATA] + server.heard[RELAY_JOIN], 0, "%s", bad->what);
	raw_end(&e, r);
}

Test(hop, frames_may_be_cut_anywhere)
{
	struct ends e;
	struct peer server = SERVER;
	const struct relay_frame join = {.type = RELAY_JOIN, .join_id = 77};
	const struct relay_frame data = {.type = RELAY_DATA, .data = {block, 9000}};
	uint8_t bytes[16 + 9100];

	ends_init(&e);
	struct raw *r = raw_open(&e, &server);
	raw_hello(r);

	int n = relay_frame_encode(&join, bytes, sizeof bytes);
	int m = relay_frame_encode(&data, bytes + n, sizeof bytes - (size_t)n);
	for (int cut = 0; cut <= n + 6; cut++) {
		if (cut > 0)
			raw_send(r, bytes, (size_t)cut);
		raw_send(r, bytes + cut, (size_t)(n + m - cut));
	}
	unsigned int want = (unsigned int)n + 7;
	ENDS_UNTIL(&e, server.gone || server.heard[RELAY_DATA] == want);
	cr_assert_eq(server.heard[RELAY_JOIN], want);
	cr_assert_eq(server.last[RELAY_JOIN].join_id, 77);
	cr_assert_eq(server.bytes, want * 9000u);
	hop_close(server.hop, 0);
	ENDS_UNTIL(&e, r->ended);
	raw_close(r);
	ENDS_UNTIL(&e, server.gone);
	raw_end(&e, r);
}

Test(hop, many_pings_in_one_read_get_one_pong_with_the_last_token)
{
	struct ends e;
	struct peer server = SERVER;
	uint8_t bytes[2000];
	size_t at = 0;
	struct relay_frame pong;

	ends_init(&e);
	struct raw *r = raw_open(&e, &server);
	raw_hello(r);
	for (uint64_t token = 1; token <= 100; token++) {
		struct relay_frame ping = {.type = RELAY_PING, .token = token};
		at += (size_t)relay_frame_encode(&ping, bytes + at, sizeof bytes - at);
	}
	raw_send(r, bytes, at);
	ENDS_UNTIL(&e, raw_count(r, RELAY_PONG, &pong) > 0);
	cr_assert_eq(raw_count(r, RELAY_PONG, &pong), 1);
	cr_assert_eq(pong.token, 100);
	cr_assert_eq(server.heard[RELAY_PING], 0, "the owner does not see them");
	cr_assert_eq(hop_send_data(server.hop, "x", 1), 0);
	ENDS_UNTIL(&e, raw_count(r, RELAY_DATA, &pong) == 1);
	cr_assert_eq(raw_count(r, RELAY_PONG, &pong), 1, "and it stays at one");
	raw_close(r);
	ENDS_UNTIL(&e, server.gone);
	raw_end(&e, r);
}

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
static void marking_pair(struct ends *e, struct peer *client, struct peer *server)
{
	static struct hop_events events;
	uv_tcp_t *a, *b;

	events = ends_events;
	events.on_pong = on_pong;
	ends_init(e);
	ends_tcp_pair(e, &a, &b);
	cr_assert_eq(hop_open(e->hops, a, tls_client(e->agent_ctx, "127.0.0.1"), &ends_events,
			      client, &client->hop),
		     0);
	cr_assert_eq(hop_open(e->hops, b, tls_server(e->server_ctx), &events, server, &server->hop),
		     0);
	until_both_ready(e, client, server);
}

Test(hop, a_mark_comes_back_behind_what_was_on_its_way)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;

	marking_pair(&e, &client, &server);
	cr_assert_eq(hop_mark(server.hop, HOP_MARK_MIN + 5), 0);
	cr_assert_eq(hop_send_data(client.hop, "earlier", 7), 0);
	ENDS_UNTIL(&e, marks.count == 1);
	cr_assert_eq(marks.token, HOP_MARK_MIN + 5);
	cr_assert_eq(marks.bytes, 7);
	cr_assert_eq(client.heard[RELAY_PING], 0, "the other owner does not see it");
	hop_close(client.hop, 0);
	until_both_gone(&e, &client, &server);
	ends_done(&e);
}

Test(hop, a_pong_that_answers_no_mark_is_not_told)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;

	marking_pair(&e, &client, &server);
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
	until_both_gone(&e, &client, &server);
	cr_assert_eq(marks.count, 1);
	ends_done(&e);
}

Test(hop, a_full_data_frame_is_one_tls_record)
{
	struct ends e;
	struct peer server = SERVER;
	struct relay_frame last;
	unsigned int full = 0;

	ends_init(&e);
	struct raw *r = raw_open(&e, &server);
	raw_hello(r);
	ENDS_UNTIL(&e, server.heard[RELAY_HELLO] && raw_count(r, RELAY_HELLO, &last) == 1);

	size_t from = r->seen_len;
	for (int i = 0; i < 6; i++)
		cr_assert_eq(hop_send_data(server.hop, block, sizeof block), 0);
	ENDS_UNTIL(&e, raw_count(r, RELAY_DATA, &last) == 6);
	for (size_t at = from; at < r->seen_len; full++) {
		size_t len = (size_t)r->seen[at + 3] << 8 | r->seen[at + 4];

		cr_assert_eq(len, RELAY_FRAME_MAX + 1 + 16, "content type and tag: %zu", len);
		at += 5 + len;
	}
	cr_assert_eq(full, 6);
	raw_close(r);
	ENDS_UNTIL(&e, server.gone);
	raw_end(&e, r);
}

Test(hop, last_words_arrive_although_we_were_still_talking)
{
	struct ends e;
	struct peer client = CLIENT, server = SERVER;

	ends_init(&e);
	ends_pair(&e, &client, &server);
	until_both_ready(&e, &client, &server);
	cr_assert_eq(hop_send_data(client.hop, block, sizeof block), 0); /* unread when it closes */
	cr_assert_eq(
	    hop_send(server.hop, &(struct relay_frame){.type = RELAY_ERROR, .error_code = 30}), 0);
	hop_close(server.hop, AS_E_RATE);
	until_both_gone(&e, &client, &server);
	cr_assert_eq(client.heard[RELAY_ERROR], 1);
	cr_assert_eq(client.last[RELAY_ERROR].error_code, 30);
	cr_assert_eq(client.why, 0);
	ends_done(&e);
}

Test(hop, waits_for_the_other_sides_end_so_that_no_reset_takes_its_last_words)
{
	struct ends e;
	struct peer server = SERVER;

	ends_init(&e);
	struct raw *r = raw_open(&e, &server);
	hop_close(server.hop, AS_E_RATE);
	ENDS_UNTIL(&e, r->ended);
	cr_assert_not(server.gone);
	raw_close(r);
	ENDS_UNTIL(&e, server.gone);
	cr_assert_eq(server.why, AS_E_RATE);
	raw_end(&e, r);
}
