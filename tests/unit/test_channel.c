/* SPDX-License-Identifier: Apache-2.0
 *
 * Agent and console joined in memory: what one hands out is fed to the other, piece by piece.
 */
#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/base/err.h"
#include "proto/e2e/channel.h"
#include "proto/wire/messages.h"
#include "tests/support/pki.h"

#define WHOLE SIZE_MAX
#define ALPN  "assent-e2e/1"

struct end {
	struct channel *ch;
	int opens, ends, end_code;
	int messages, fins, bad_fins, resets, pongs;
	int err;    /* of channel_feed() */
	int end_on; /* end the channel from inside this message */
	uint64_t got;
	size_t pieces, largest;
};

static struct end agent, console;
static SSL_CTX *agent_ctx, *console_ctx;

static void on_open(void *owner)
{
	((struct end *)owner)->opens++;
}

static void on_end(int code, void *owner)
{
	struct end *e = owner;

	e->ends++;
	e->end_code = code;
}

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	struct end *e = owner;

	(void)p;
	(void)n;
	cr_assert_eq(e->opens, 1);
	e->messages++;
	if (type == e->end_on)
		channel_end(e->ch, AS_E_REVOKED);
	return 0;
}

static int on_data(uint32_t stream, const uint8_t *p, size_t n, void *owner)
{
	struct end *e = owner;

	(void)p;
	e->got += n;
	mux_consumed(channel_mux(e->ch), stream, n);
	return 0;
}

static void on_fin(uint32_t stream, bool ok, void *owner)
{
	struct end *e = owner;

	(void)stream;
	e->fins++;
	e->bad_fins += !ok;
}

static void on_reset(uint32_t stream, int code, void *owner)
{
	(void)stream;
	(void)code;
	((struct end *)owner)->resets++;
}

static void on_pong(uint64_t token, void *owner)
{
	(void)token;
	((struct end *)owner)->pongs++;
}

static const struct channel_events events = {
    .mux = {.on_message = on_message,
	    .on_data = on_data,
	    .on_fin = on_fin,
	    .on_reset = on_reset,
	    .on_pong = on_pong},
    .on_open = on_open,
    .on_end = on_end,
};

static void start(void)
{
	struct pki_spec spec = pki_relay_spec("Acme", "agent.test", (int64_t)time(NULL));
	struct pki key;

	pki_make(&spec, NULL, &key);
	agent_ctx = tls_context(true, ALPN);
	console_ctx = tls_context(false, ALPN);
	SSL_CTX_use_certificate(agent_ctx, key.cert);
	SSL_CTX_use_PrivateKey(agent_ctx, key.key);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(console_ctx), key.cert);
	SSL_CTX_set_verify(console_ctx, SSL_VERIFY_PEER, NULL);
	pki_done(&key);
	agent.ch = channel_new(true, agent_ctx, &events, &agent);
	console.ch = channel_new(false, console_ctx, &events, &console);
	cr_assert(agent.ch && console.ch);
}

static void stop(void)
{
	channel_free(agent.ch);
	channel_free(console.ch);
	SSL_CTX_free(agent_ctx);
	SSL_CTX_free(console_ctx);
}

/* One piece from one to the other, fed `step` bytes at a time from a block that is then gone. */
static bool carry(struct end *from, struct end *to, size_t step)
{
	const uint8_t *p, *again;
	size_t n, same;

	cr_assert_eq(channel_next_out(from->ch, 1, &p, &n), 0);
	if (n == 0)
		return false;
	cr_assert_eq(channel_next_out(from->ch, 1, &again, &same), 0);
	cr_assert(p == again && n == same, "asked twice, the same bytes");
	from->pieces++;
	if (n > from->largest)
		from->largest = n;
	for (size_t at = 0; at < n; at += step) {
		size_t part = n - at < step ? n - at : step;
		uint8_t *copy = malloc(part);

		memcpy(copy, p + at, part);
		to->err = channel_feed(to->ch, copy, part, 0);
		free(copy);
	}
	channel_out_done(from->ch, n);
	return true;
}

static void settle(size_t step)
{
	while ((int)carry(&agent, &console, step) + (int)carry(&console, &agent, step) > 0)
		;
}

static void opened(void)
{
	start();
	settle(WHOLE);
	cr_assert(agent.opens == 1 && console.opens == 1);
	mux_set_authed(channel_mux(agent.ch));
	mux_set_authed(channel_mux(console.ch));
}

static uint32_t open_stream(void)
{
	as_Open msg = {.op_id = 1, .first_credit = MUX_WINDOW_FIRST};
	uint8_t buf[64];

	cr_assert_eq(mux_stream_open(channel_mux(console.ch), &msg.stream), 0);
	int n = msg_encode(MSG_OPEN, &msg, buf, sizeof buf);
	cr_assert_eq(mux_send(channel_mux(console.ch), MUX_OPEN, buf, (size_t)n), 0);
	settle(WHOLE);
	return msg.stream;
}

static void stream_bytes(uint32_t id, size_t n, size_t step)
{
	static const uint8_t zeros[50000];

	while (n > 0) {
		size_t part = n < sizeof zeros ? n : sizeof zeros;
		int took = mux_stream_write(channel_mux(agent.ch), id, zeros, part);

		cr_assert_geq(took, 0);
		n -= (size_t)took;
		settle(step);
	}
	cr_assert_eq(mux_stream_finish(channel_mux(agent.ch), id), 0);
	settle(step);
}

TestSuite(channel, .init = opened, .fini = stop);
TestSuite(channel_start, .init = start, .fini = stop);

Test(channel_start, opens_whatever_the_cut_and_carries_messages)
{
	settle(1);
	cr_assert_eq(agent.opens, 1);
	cr_assert_eq(console.opens, 1);
	cr_assert_eq(mux_send(channel_mux(agent.ch), MUX_HELLO, "h", 1), 0);
	cr_assert_eq(mux_send(channel_mux(console.ch), MUX_HELLO, "h", 1), 0);
	settle(1);
	cr_assert_eq(agent.messages, 1);
	cr_assert_eq(console.messages, 1);
}

Test(channel_start, a_message_sent_before_the_handshake_waits_for_it)
{
	cr_assert_eq(mux_send(channel_mux(agent.ch), MUX_HELLO, "h", 1), 0);
	settle(WHOLE);
	cr_assert_eq(console.messages, 1);
}

Test(channel, streams_arrive_and_a_frame_is_one_record)
{
	uint32_t id = open_stream();

	stream_bytes(id, 2u << 20, WHOLE);
	cr_assert_eq(console.got, 2u << 20);
	cr_assert_eq(console.fins, 1);
	cr_assert_eq(console.bad_fins, 0);
	cr_assert_eq(agent.largest, MUX_FRAME_MAX + 22);
}

Test(channel, does_not_care_how_bytes_are_cut)
{
	uint32_t id = open_stream();

	stream_bytes(id, 40000, 1);
	cr_assert_eq(console.got, 40000);
	cr_assert_eq(console.fins, 1);
}

Test(channel, one_call_makes_one_frame)
{
	uint32_t id = open_stream();
	static const uint8_t zeros[50000];

	agent.pieces = 0;
	cr_assert_eq(mux_stream_write(channel_mux(agent.ch), id, zeros, sizeof zeros),
		     sizeof zeros);
	cr_assert(carry(&agent, &console, WHOLE));
	cr_assert_eq(console.got, MUX_PAYLOAD_MAX);
	mux_ping(channel_mux(agent.ch), 1);
	cr_assert(carry(&agent, &console, WHOLE));
	cr_assert_eq(console.got, MUX_PAYLOAD_MAX, "the ping went first");
	settle(WHOLE);
	cr_assert_eq(agent.pongs, 1);
}

Test(channel, an_end_is_told_once_with_its_code)
{
	uint32_t id = open_stream();

	mux_stream_write(channel_mux(agent.ch), id, "left behind", 11);
	cr_assert_eq(mux_send(channel_mux(agent.ch), MUX_REVOKED, "", 0), 0);
	channel_end(agent.ch, AS_E_REVOKED);
	channel_end(agent.ch, AS_E_INTERNAL);
	cr_assert_not(channel_is_finished(agent.ch));
	settle(WHOLE);
	cr_assert(channel_is_finished(agent.ch));
	cr_assert_eq(console.messages, 1, "what waited goes first");
	cr_assert_eq(console.got, 0, "but no data");
	cr_assert_eq(console.ends, 1);
	cr_assert_eq(console.end_code, AS_E_REVOKED);
	cr_assert_eq(console.err, 0);
	cr_assert_eq(channel_feed_end(console.ch), 0);
	cr_assert_eq(channel_feed(console.ch, (const uint8_t *)"late", 4, 0), 0, "ignored");
}

Test(channel, both_may_end_at_the_same_time)
{
	channel_end(agent.ch, 0);
	channel_end(console.ch, 0);
	settle(WHOLE);
	cr_assert_eq(agent.ends, 1);
	cr_assert_eq(console.ends, 1);
	cr_assert_eq(console.end_code, 0);
	cr_assert(channel_is_finished(agent.ch) && channel_is_finished(console.ch));
}

Test(channel, may_be_ended_from_inside_a_callback)
{
	agent.end_on = MUX_AUDIT_MARK;
	cr_assert_eq(mux_send(channel_mux(console.ch), MUX_AUDIT_MARK, "", 0), 0);
	settle(WHOLE);
	cr_assert_eq(console.ends, 1);
	cr_assert_eq(console.end_code, AS_E_REVOKED);
}

Test(channel, a_goodbye_without_end_is_truncation)
{
	cr_assert_eq(tls_finish(channel_tls(agent.ch)), 0);
	settle(WHOLE);
	cr_assert_eq(console.err, AS_E_TRUNCATED);
	cr_assert_eq(console.ends, 0);
	cr_assert_eq(channel_feed_end(console.ch), AS_E_TRUNCATED);
}

Test(channel, a_lost_connection_is_truncation)
{
	cr_assert_eq(channel_feed_end(console.ch), AS_E_TRUNCATED);
	cr_assert_eq(channel_feed(console.ch, (const uint8_t *)"x", 1, 0), AS_E_TRUNCATED);
}

Test(channel_start, ending_before_the_handshake_just_closes)
{
	channel_end(agent.ch, AS_E_TIMEOUT);
	cr_assert(channel_is_finished(agent.ch));
	channel_end(console.ch, AS_E_TIMEOUT);
	cr_assert_not(channel_is_finished(console.ch), "its hello is still to go");
	settle(WHOLE);
	cr_assert(channel_is_finished(console.ch));
}

Test(channel, a_broken_rule_ends_the_channel_and_the_peer_can_be_told)
{
	uint8_t header[MUX_HEADER];

	mux_frame_header(MUX_GRANT, 0, 0, header); /* not the console's to send */
	cr_assert_eq(tls_write(channel_tls(console.ch), header, sizeof header), 0);
	carry(&console, &agent, WHOLE);
	cr_assert_eq(agent.err, AS_E_PROTOCOL);
	cr_assert_eq(channel_feed(agent.ch, (const uint8_t *)"x", 1, 0), AS_E_PROTOCOL);
	channel_end(agent.ch, agent.err);
	settle(WHOLE);
	cr_assert_eq(console.ends, 1);
	cr_assert_eq(console.end_code, AS_E_PROTOCOL);
}

Test(channel, frames_behind_an_end_are_ignored)
{
	uint8_t two[2 * MUX_HEADER];

	mux_frame_header(MUX_END, 0, 0, two);
	mux_frame_header(MUX_HELLO, 0, 0, two + MUX_HEADER);
	cr_assert_eq(tls_write(channel_tls(console.ch), two, sizeof two), 0);
	carry(&console, &agent, WHOLE);
	cr_assert_eq(agent.err, 0);
	cr_assert_eq(agent.ends, 1);
	cr_assert_eq(agent.messages, 0);
}

Test(channel, a_malformed_end_is_an_error)
{
	uint8_t frame[MUX_HEADER + 2] = {[MUX_HEADER] = 0xff, 0xff};

	mux_frame_header(MUX_END, 0, 2, frame);
	cr_assert_eq(tls_write(channel_tls(console.ch), frame, sizeof frame), 0);
	carry(&console, &agent, WHOLE);
	cr_assert_eq(agent.err, AS_E_PROTOCOL);
	cr_assert_eq(agent.ends, 0);
}

Test(channel, a_changed_byte_ends_the_channel_and_the_alert_still_goes_out)
{
	const uint8_t *p;
	uint8_t bad[256];
	size_t n;

	mux_ping(channel_mux(console.ch), 1);
	cr_assert_eq(channel_next_out(console.ch, 1, &p, &n), 0);
	cr_assert_leq(n, sizeof bad);
	memcpy(bad, p, n);
	bad[n - 1] ^= 1;
	cr_assert_eq(channel_feed(agent.ch, bad, n, 0), AS_E_TLS);
	cr_assert_eq(channel_next_out(agent.ch, 1, &p, &n), 0);
	cr_assert_gt(n, 0);
	channel_end(agent.ch, AS_E_TLS);
	channel_out_done(agent.ch, n);
	cr_assert_eq(channel_next_out(agent.ch, 1, &p, &n), 0);
	cr_assert_eq(n, 0);
	cr_assert(channel_is_finished(agent.ch));
}

Test(channel_start, bytes_that_are_no_tls_are_refused)
{
	cr_assert_eq(channel_feed(agent.ch, (const uint8_t *)"GET / HTTP/1.0\r\n\r\n", 18, 0),
		     AS_E_TLS);
	cr_assert_eq(agent.opens, 0);
}
