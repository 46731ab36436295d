/* SPDX-License-Identifier: Apache-2.0
 *
 * A hop whose peer is none: whoever it is speaks TLS, or not even that, and sends what it likes,
 * cut as it likes. And what a hop's own bytes look like on the wire.
 */
#include <criterion/criterion.h>
#include <criterion/parameterized.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "tests/support/ends.h"

static struct ends e;
static struct peer server = {.role = RELAY_ROLE_RELAY};

static const uint8_t block[RELAY_FRAME_PAYLOAD_MAX];

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

static struct raw *raw_pair(void)
{
	struct raw *r = calloc(1, sizeof *r);
	uv_tcp_t *in;
	size_t got;

	ends_init(&e);
	ends_tcp_pair(&e, &r->tcp, &in);
	cr_assert_eq(
	    hop_open(e.hops, in, tls_server(e.server_ctx), &ends_events, &server, &server.hop), 0);
	r->tls = tls_client(e.agent_ctx, "127.0.0.1");
	r->tcp->data = r;
	uv_read_start((uv_stream_t *)r->tcp, raw_alloc, raw_read);
	cr_assert_eq(tls_read(r->tls, r->plain, 1, &got), 0);
	return r;
}

static struct raw *raw_open(void)
{
	struct raw *r = raw_pair();

	raw_flush(r);
	ENDS_UNTIL(&e, server.ready);
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
static void raw_until_gone(struct raw *r)
{
	ENDS_UNTIL(&e, server.gone || r->ended);
	raw_close(r);
	ENDS_UNTIL(&e, server.gone);
}

static void raw_end(struct raw *r)
{
	if (r->tls)
		raw_close(r);
	ENDS_UNTIL(&e, server.gone);
	ends_done(&e);
	free(r);
}

Test(hop_raw, an_end_without_goodbye_is_truncation)
{
	struct raw *r = raw_open();
	raw_hello(r);
	ENDS_UNTIL(&e, server.heard[RELAY_HELLO]);
	raw_close(r);
	ENDS_UNTIL(&e, server.gone);
	cr_assert(server.why == AS_E_TRUNCATED || server.why == UV_ECONNRESET);
	raw_end(r);
}

Test(hop_raw, an_end_in_the_handshake_is_truncation)
{
	struct raw *r = raw_pair();
	raw_close(r);
	ENDS_UNTIL(&e, server.gone);
	cr_assert_eq(server.why, AS_E_TRUNCATED);
	cr_assert_not(server.ready);
	raw_end(r);
}

Test(hop_raw, garbage_instead_of_tls_ends_it)
{
	struct raw *r = raw_pair();
	uv_buf_t junk = uv_buf_init((char *)"GET / HTTP/1.0\r\n\r\n", 18);
	cr_assert_eq(uv_try_write((uv_stream_t *)r->tcp, &junk, 1), 18);
	raw_until_gone(r);
	cr_assert_eq(server.why, AS_E_TLS);
	raw_end(r);
}

struct bad_bytes {
	char what[40]; /* no pointers: each case runs in its own process */
	bool hello_first;
	uint8_t bytes[16];
	size_t n, pad; /* zeros after the bytes */
	int why;
};

ParameterizedTestParameters(hop_raw, ends_on_bytes_that_break_the_protocol)
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
	    {"SEALED to one who takes none",
	     true,
	     {RELAY_SEALED, 0, 0, 4, 0, 0, 1},
	     7,
	     1,
	     AS_E_PROTOCOL},
	    {"too much before HELLO",
	     false,
	     {RELAY_DATA, 0, 0x3f, 0xfc},
	     4,
	     HOP_HELLO_MAX,
	     AS_E_PROTOCOL},
	};

	return cr_make_param_array(struct bad_bytes, cases, sizeof cases / sizeof cases[0]);
}

ParameterizedTest(struct bad_bytes *bad, hop_raw, ends_on_bytes_that_break_the_protocol)
{
	uint8_t bytes[16 + HOP_HELLO_MAX] = {0};

	struct raw *r = raw_open();
	if (bad->hello_first)
		raw_hello(r);
	memcpy(bytes, bad->bytes, bad->n);
	raw_send(r, bytes, bad->n + bad->pad);
	raw_until_gone(r);
	cr_assert_eq(server.why, bad->why, "%s: %d", bad->what, server.why);
	cr_assert_eq(server.heard[RELAY_DATA] + server.heard[RELAY_JOIN], 0, "%s", bad->what);
	raw_end(r);
}

Test(hop_raw, frames_may_be_cut_anywhere)
{
	const struct relay_frame join = {.type = RELAY_JOIN, .join_id = 77};
	const struct relay_frame data = {.type = RELAY_DATA, .data = {block, 9000}};
	uint8_t bytes[16 + 9100];

	struct raw *r = raw_open();
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
	raw_end(r);
}

Test(hop_raw, many_pings_in_one_read_get_one_pong_with_the_last_token)
{
	uint8_t bytes[2000];
	size_t at = 0;
	struct relay_frame pong;

	struct raw *r = raw_open();
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
	raw_end(r);
}

Test(hop_raw, a_full_data_frame_is_one_tls_record)
{
	struct relay_frame last;
	unsigned int full = 0;

	struct raw *r = raw_open();
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
	raw_end(r);
}

/* ---- SEALED ---- */

static void announce(uint32_t n, uint8_t out[RELAY_FRAME_HEADER + 4])
{
	const struct relay_frame f = {.type = RELAY_SEALED, .sealed_len = n};

	cr_assert_eq(relay_frame_encode(&f, out, RELAY_FRAME_HEADER + 4), RELAY_FRAME_HEADER + 4);
}

static void raw_plain(struct raw *r, const uint8_t *p, size_t n)
{
	uv_buf_t buf = uv_buf_init((char *)p, (unsigned int)n);

	cr_assert_eq(uv_try_write((uv_stream_t *)r->tcp, &buf, 1), (int)n);
}

static const struct relay_frame hello_of_taker = {
    .type = RELAY_HELLO, .hello = {RELAY_ROLE_AGENT, 1, 1, RELAY_TAKES_SEALED}};

static struct raw *raw_open_to_taker(void)
{
	server.features = RELAY_TAKES_SEALED;

	struct raw *r = raw_open();
	raw_send_frame(r, &hello_of_taker);
	ENDS_UNTIL(&e, server.heard[RELAY_HELLO]);
	return r;
}

Test(hop_raw, a_run_of_one_who_takes_none_breaks_the_protocol)
{
	uint8_t head[RELAY_FRAME_HEADER + 4];

	server.features = RELAY_TAKES_SEALED;

	struct raw *r = raw_open();
	raw_hello(r);
	announce(100, head);
	raw_send(r, head, sizeof head);
	raw_until_gone(r);
	cr_assert_eq(server.why, AS_E_PROTOCOL);
	raw_end(r);
}

Test(hop_raw, a_run_comes_between_two_frames_however_it_is_cut)
{
	static const size_t steps[] = {1, 5, 6, 4096, 30001, 70000};
	static uint8_t records[70000];
	uint8_t head[RELAY_FRAME_HEADER + 4];
	uint32_t digest = 0;

	struct raw *r = raw_open_to_taker();
	ends_records(records, sizeof records);
	announce(sizeof records, head);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		uint64_t before = server.bytes;

		raw_send(r, head, sizeof head);
		for (size_t at = 0; at < sizeof records; at += steps[i]) {
			size_t left = sizeof records - at;

			raw_plain(r, records + at, left < steps[i] ? left : steps[i]);
			if (steps[i] > 6 || at < 20)
				ends_step(&e); /* so that it is read in such pieces */
		}
		raw_send_frame(r, &(struct relay_frame){.type = RELAY_DATA, .data = {block, 7}});
		ENDS_UNTIL(&e, server.bytes == before + sizeof records + 7);
		digest = ends_digest(ends_digest(digest, records, sizeof records), block, 7);
		cr_assert_eq(server.digest, digest, "%zu bytes at a time", steps[i]);
	}
	hop_close(server.hop, 0);
	ENDS_UNTIL(&e, r->ended);
	raw_end(r);
}

Test(hop_raw, what_stands_behind_an_announcement_in_its_record_breaks_the_protocol)
{
	uint8_t bytes[2 * (RELAY_FRAME_HEADER + 4)];

	struct raw *r = raw_open_to_taker();
	announce(100, bytes);
	announce(100, bytes + sizeof bytes / 2);
	raw_send(r, bytes, sizeof bytes);
	raw_until_gone(r);
	cr_assert_eq(server.why, AS_E_PROTOCOL);
	raw_end(r);
}

Test(hop_raw, a_run_of_anything_but_encrypted_records_breaks_the_protocol)
{
	uint8_t head[RELAY_FRAME_HEADER + 4];

	for (int i = 0; i < 3; i++) {
		uint8_t bytes[100];

		server = (struct peer){.role = RELAY_ROLE_RELAY};

		struct raw *r = raw_open_to_taker();
		ends_records(bytes, sizeof bytes);
		bytes[0] = i == 0 ? 'G' : i == 1 ? 0x16 : bytes[0];
		bytes[4] = i == 2 ? 99 : bytes[4]; /* it ends within a record */
		announce(sizeof bytes, head);
		raw_send(r, head, sizeof head);
		raw_plain(r, bytes, sizeof bytes);
		raw_until_gone(r);
		cr_assert_eq(server.why, AS_E_PROTOCOL, "%d", i);
		cr_assert_eq(server.heard[RELAY_SEALED], 0);
		raw_end(r);
	}
}

/* TCP ends where more was promised. */
static void raw_shut(struct raw *r)
{
	uv_shutdown_t shut;

	uv_shutdown(&shut, (uv_stream_t *)r->tcp, NULL);
	raw_until_gone(r);
	cr_assert_eq(server.why, AS_E_TRUNCATED);
	raw_end(r);
}

Test(hop_raw, an_end_within_a_run_is_truncation)
{
	uint8_t head[RELAY_FRAME_HEADER + 4], bytes[100];

	struct raw *r = raw_open_to_taker();
	ends_records(bytes, sizeof bytes);
	announce(sizeof bytes, head);
	raw_send(r, head, sizeof head);
	raw_plain(r, bytes, sizeof bytes - 1);
	raw_shut(r);
}

/* The goodbye of TLS may not stand where records were promised. */
Test(hop_raw, a_goodbye_within_a_run_is_none)
{
	uint8_t head[RELAY_FRAME_HEADER + 4];

	struct raw *r = raw_open_to_taker();
	announce(RELAY_SEALED_MAX, head);
	raw_send(r, head, sizeof head);
	tls_finish(r->tls);
	raw_flush(r);
	raw_shut(r);
}

Test(hop_raw, records_of_a_run_are_on_the_wire_as_they_are)
{
	static uint8_t records[40000];
	struct relay_frame last;

	server.features = RELAY_TAKES_SEALED;

	struct raw *r = raw_open();
	raw_send_frame(r, &hello_of_taker);
	ENDS_UNTIL(&e, server.heard[RELAY_HELLO] && raw_count(r, RELAY_HELLO, &last) == 1);
	ends_records(records, sizeof records);

	size_t from = r->seen_len;
	cr_assert_eq(hop_send_records(server.hop, records, sizeof records), 0);
	ENDS_UNTIL(&e, r->seen_len - from >= 5 + 8 + 17 + sizeof records);
	cr_assert_eq(r->seen_len - from, 5 + 8 + 17 + sizeof records, "an announcement more");
	cr_assert_eq(memcmp(r->seen + r->seen_len - sizeof records, records, sizeof records), 0);
	cr_assert_eq(raw_count(r, RELAY_SEALED, &last), 1);
	cr_assert_eq(last.sealed_len, sizeof records);
	hop_close(server.hop, 0);
	ENDS_UNTIL(&e, r->ended);
	raw_end(r);
}

Test(hop_raw, waits_for_the_other_sides_end_so_that_no_reset_takes_its_last_words)
{
	struct raw *r = raw_open();
	hop_close(server.hop, AS_E_RATE);
	ENDS_UNTIL(&e, r->ended);
	cr_assert_not(server.gone);
	raw_close(r);
	ENDS_UNTIL(&e, server.gone);
	cr_assert_eq(server.why, AS_E_RATE);
	raw_end(r);
}
