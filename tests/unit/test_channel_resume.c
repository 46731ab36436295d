/* SPDX-License-Identifier: Apache-2.0
 *
 * A channel and its successive connections, with real TLS and the real proof: agent and console
 * joined in memory by a line that is cut.
 */
#include <criterion/criterion.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/base/err.h"
#include "proto/e2e/channel.h"
#include "proto/e2e/inner.h"
#include "proto/e2e/resume.h"
#include "proto/wire/messages.h"
#include "proto/wire/mux_table.h"
#include "tests/support/pki.h"

#define WHOLE	SIZE_MAX
#define SESSION "a session's id .." /* its first 16 bytes */
#define ENDLESS SIZE_MAX

struct end {
	struct channel *ch;
	struct resume proof;
	int opens, ends, end_code, resumes, refused, fins, bad_fins;
	uint64_t marks, marks_sent, got;
	uint8_t sum;
	int err;
	bool break_mac;
};

static struct end agent, console;
static SSL_CTX *agent_ctx, *console_ctx;
static size_t line; /* bytes that still pass before it is cut */
static uint64_t now;

/* ---- what the owners do ---- */

static void send_hello(struct end *e)
{
	cr_assert_eq(mux_send(channel_mux(e->ch), MUX_HELLO, "h", 1), 0);
}

static void binding(struct end *e, uint8_t out[INNER_BINDING_LEN])
{
	cr_assert_eq(inner_binding(channel_tls(e->ch), out), 0);
}

static void send_proof(struct end *e, uint8_t type)
{
	static as_Resume msg;
	uint8_t exporter[INNER_BINDING_LEN], table[MUX_TABLE_LEN_MAX], buf[as_Resume_size];
	int len = mux_resume_table(channel_mux(e->ch), table, sizeof table);

	memcpy(msg.session_id, SESSION, 16);
	memcpy(msg.table.bytes, table, (size_t)len);
	msg.table.size = (pb_size_t)len;
	msg.n = e->proof.n;
	binding(e, exporter);
	cr_assert_eq(resume_mac(&e->proof, e == &agent ? RESUME_AGENT : RESUME_CONSOLE, exporter,
				msg.session_id, table, (size_t)len, msg.mac),
		     0);
	msg.mac[0] ^= e->break_mac;
	len = msg_encode(MSG_RESUME, &msg, buf, sizeof buf);
	cr_assert_gt(len, 0);
	cr_assert_eq(mux_send(channel_mux(e->ch), type, buf, (size_t)len), 0);
}

static int take_proof(struct end *e, const uint8_t *p, size_t n)
{
	static as_Resume msg;
	uint8_t exporter[INNER_BINDING_LEN];

	binding(e, exporter);
	cr_assert_eq(msg_decode(MSG_RESUME, p, n, &msg), 0);

	int err =
	    resume_check(&e->proof, e == &agent ? RESUME_CONSOLE : RESUME_AGENT, exporter,
			 (const uint8_t *)SESSION, msg.n, msg.table.bytes, msg.table.size, msg.mac);
	if (err < 0 && e == &agent) { /* counted; the next connection may do better */
		e->refused++;
		return 0;
	}
	if (err == 0)
		err = mux_resume(channel_mux(e->ch), msg.table.bytes, msg.table.size);
	if (err < 0)
		return err;
	e->resumes++;
	if (e == &agent)
		send_proof(e, MUX_RESUMED);
	cr_assert_eq(resume_next(&e->proof, exporter), 0);
	return 0;
}

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	struct end *e = owner;

	switch (type) {
	case MUX_HELLO:
		if (e == &console && mux_is_suspended(channel_mux(e->ch))) {
			send_hello(e);
			send_proof(e, MUX_RESUME);
		}
		return 0;
	case MUX_RESUME:
	case MUX_RESUMED:
		return take_proof(e, p, n);
	case MUX_AUDIT_MARK:
		cr_assert_eq(n, 8);
		cr_assert_eq(memcmp(p, &e->marks, 8), 0, "out of order, lost or doubled");
		e->marks++;
		return 0;
	default:
		return 0;
	}
}

static int on_data(uint32_t stream, const uint8_t *p, size_t n, void *owner)
{
	struct end *e = owner;

	for (size_t i = 0; i < n; i++)
		cr_assert_eq(p[i], (uint8_t)((e->got + i) * 7 + (e->got + i) / 1000));
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

static void on_open(void *owner)
{
	struct end *e = owner;

	e->opens++;
	if (e == &agent && mux_is_suspended(channel_mux(e->ch)))
		send_hello(e);
}

static void on_end(int code, void *owner)
{
	struct end *e = owner;

	e->ends++;
	e->end_code = code;
}

static const struct channel_events events = {
    .mux = {.on_message = on_message, .on_data = on_data, .on_fin = on_fin},
    .on_open = on_open,
    .on_end = on_end,
};

/* ---- the line ---- */

static bool carry(struct end *from, struct end *to)
{
	const uint8_t *p;
	size_t n;

	cr_assert_eq(channel_next_out(from->ch, 1, &p, &n), 0);
	if (n == 0 || line == 0)
		return false;

	size_t part = n < line ? n : line;
	uint8_t *copy = malloc(part);

	memcpy(copy, p, part);
	if (to->err == 0)
		to->err = channel_feed(to->ch, copy, part, now += 10);
	free(copy);
	channel_out_done(from->ch, n);
	if (line != ENDLESS)
		line -= part;
	return true;
}

static void settle(void)
{
	while ((int)carry(&agent, &console) + (int)carry(&console, &agent) > 0)
		;
}

static void cut(void)
{
	channel_suspend(agent.ch);
	channel_suspend(console.ch);
	agent.err = console.err = 0;
}

static void connect_again(size_t bytes)
{
	line = bytes;
	cr_assert_eq(channel_resume(agent.ch, agent_ctx), 0);
	cr_assert_eq(channel_resume(console.ch, console_ctx), 0);
	settle();
}

static void start(void)
{
	struct pki_spec spec = pki_relay_spec("Acme", "agent.test", (int64_t)time(NULL));
	struct secret key = {.len = 32, .bytes = {1, 2, 3}};
	struct pki pair;

	pki_make(&spec, NULL, &pair);
	agent_ctx = tls_context(true, INNER_ALPN);
	console_ctx = tls_context(false, INNER_ALPN);
	SSL_CTX_use_certificate(agent_ctx, pair.cert);
	SSL_CTX_use_PrivateKey(agent_ctx, pair.key);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(console_ctx), pair.cert);
	SSL_CTX_set_verify(console_ctx, SSL_VERIFY_PEER, NULL);
	pki_done(&pair);
	line = ENDLESS;
	memset(&agent, 0, sizeof agent);
	memset(&console, 0, sizeof console);
	resume_init(&agent.proof, &key);
	resume_init(&console.proof, &key);
	agent.ch = channel_new(true, agent_ctx, &events, &agent);
	console.ch = channel_new(false, console_ctx, &events, &console);
	settle();
	cr_assert(agent.opens == 1 && console.opens == 1);
	mux_set_authed(channel_mux(agent.ch));
	mux_set_authed(channel_mux(console.ch));
}

static void stop(void)
{
	channel_free(agent.ch);
	channel_free(console.ch);
	resume_done(&agent.proof);
	resume_done(&console.proof);
	SSL_CTX_free(agent_ctx);
	SSL_CTX_free(console_ctx);
}

static void mark(struct end *from)
{
	now += 10;
	cr_assert_eq(mux_send(channel_mux(from->ch), MUX_AUDIT_MARK, &from->marks_sent, 8), 0);
	from->marks_sent++;
}

static uint32_t open_stream(void)
{
	as_Open msg = {.op_id = 1, .first_credit = MUX_WINDOW_FIRST};
	uint8_t buf[64];

	cr_assert_eq(mux_stream_open(channel_mux(console.ch), &msg.stream), 0);
	int n = msg_encode(MSG_OPEN, &msg, buf, sizeof buf);
	cr_assert_eq(mux_send(channel_mux(console.ch), MUX_OPEN, buf, (size_t)n), 0);
	return msg.stream;
}

static uint64_t offer(uint32_t id, uint64_t at, uint64_t all)
{
	static uint8_t buf[MUX_QUEUE_MAX];
	size_t n = all - at < sizeof buf ? (size_t)(all - at) : sizeof buf;

	for (size_t i = 0; i < n; i++)
		buf[i] = (uint8_t)((at + i) * 7 + (at + i) / 1000);

	int took = mux_stream_write(channel_mux(agent.ch), id, buf, n);
	cr_assert_geq(took, 0);
	return at + (uint64_t)took;
}

TestSuite(channel_resume, .init = start, .fini = stop);
TestSuite(channel_cut);

/* ---- a session over many connections ---- */

Test(channel_resume, a_stream_goes_on_over_many_connections)
{
	uint32_t id = open_stream();
	uint64_t all = 3u << 20, at = 0;
	int cuts = 0;

	settle();

	for (size_t bytes = 100000; at < all || console.got < all; bytes += 7777) {
		line = bytes;
		while (line > 0 && (at < all || console.got < all)) {
			uint64_t before = at + console.got;

			at = offer(id, at, all);
			settle();
			if (at + console.got == before)
				break;
		}
		mark(&agent);
		mark(&console);
		cut();
		connect_again(ENDLESS);
		cuts++;
		cr_assert_eq(console.resumes, cuts);
		cr_assert_eq(agent.resumes, cuts);
	}
	cr_assert_gt(cuts, 5);
	cr_assert_eq(mux_stream_finish(channel_mux(agent.ch), id), 0);
	settle();
	cr_assert(console.fins == 1 && console.bad_fins == 0 && console.got == all);
	cr_assert(agent.marks == console.marks_sent && console.marks == agent.marks_sent);
	cr_assert_eq(console.opens, cuts + 1);
}

/* Everything at once, cut after so many bytes, in the resume or behind it; then to the end. */
static size_t play(size_t first, size_t second)
{
	start();
	line = first;

	uint32_t id = open_stream();
	mark(&agent);
	mark(&console);
	settle();
	if (line == 0)
		cut(), connect_again(second);
	if (line == 0)
		cut(), connect_again(ENDLESS);
	offer(id, 0, 3000);
	cr_assert_eq(mux_stream_finish(channel_mux(agent.ch), id), 0);
	mark(&agent);
	mark(&console);
	settle();
	if (line == 0)
		cut(), connect_again(second);
	if (line == 0)
		cut(), connect_again(ENDLESS);
	cr_assert(agent.err == 0 && console.err == 0, "cut at %zu and %zu: %d %d", first, second,
		  agent.err, console.err);
	cr_assert(console.got == 3000 && console.fins == 1 && console.bad_fins == 0,
		  "cut at %zu and %zu", first, second);
	cr_assert(agent.marks == 2 && console.marks == 2);
	stop();
	return first - line;
}

Test(channel_cut, anywhere_in_the_stream_of_bytes_nothing_is_lost)
{
	size_t all = play(1u << 20, ENDLESS);

	cr_assert_gt(all, 3000);
	for (size_t at = 0; at <= all; at += 61)
		play(at, ENDLESS);
}

Test(channel_cut, anywhere_in_the_handshake_of_a_resume_it_can_be_begun_again)
{
	for (size_t second = 0; second < 6000; second += 43)
		play(1100, second);
}

/* ---- what ends it ---- */

Test(channel_resume, a_wrong_proof_ends_the_attempt_and_not_the_session)
{
	mark(&agent);
	cut();
	console.break_mac = true;
	connect_again(ENDLESS);
	cr_assert_eq(agent.refused, 1);
	cr_assert_eq(agent.resumes + console.resumes + (int)console.marks, 0);
	cut();
	console.break_mac = false;
	connect_again(ENDLESS);
	cr_assert_eq(console.resumes, 1);
	cr_assert_eq(console.marks, 1);
}

Test(channel_resume, an_agent_that_cannot_prove_itself_is_not_believed)
{
	mark(&agent);
	cut();
	agent.break_mac = true;
	connect_again(ENDLESS);
	cr_assert_eq(console.err, AS_E_RESUME);
	cr_assert_eq(console.marks, 0);
	cut();
	agent.break_mac = false;
	connect_again(ENDLESS);
	cr_assert_eq(console.marks, 1);
}

Test(channel_resume, garbage_on_the_line_costs_only_the_connection)
{
	static const uint8_t garbage[64] = {0x17, 3, 3, 0, 30, 1, 2, 3};

	mark(&agent);
	cr_assert_eq(channel_feed(agent.ch, garbage, sizeof garbage, 0), AS_E_TLS);
	cr_assert_eq(channel_feed_end(console.ch), AS_E_TRUNCATED);
	cut();
	connect_again(ENDLESS);
	cr_assert_eq(console.resumes, 1);
	cr_assert_eq(console.marks, 1);
}

Test(channel_resume, nothing_passes_while_it_is_suspended)
{
	const uint8_t *p;
	size_t n = 1;

	mark(&agent);
	cut();
	cut();
	cr_assert(channel_is_suspended(agent.ch));
	cr_assert_null(channel_tls(agent.ch));
	cr_assert_eq(channel_next_out(agent.ch, 1, &p, &n), 0);
	cr_assert_eq(n, 0);
	channel_out_done(agent.ch, 0);
	cr_assert_eq(channel_feed(agent.ch, (const uint8_t *)"x", 1, 0), AS_ESTATE);
	mark(&agent);
	connect_again(ENDLESS);
	cr_assert_not(channel_is_suspended(agent.ch));
	cr_assert_eq(channel_resume(agent.ch, agent_ctx), AS_ESTATE, "it is there");
	cr_assert_eq(console.marks, 2);
}

Test(channel_resume, who_has_ended_does_not_come_back)
{
	channel_end(agent.ch, AS_E_REVOKED);
	settle();
	cr_assert_eq(console.ends, 1);
	cut();
	cr_assert(channel_is_finished(agent.ch));
	cr_assert_eq(channel_resume(agent.ch, agent_ctx), AS_ESTATE);
	cr_assert_eq(channel_resume(console.ch, console_ctx), AS_ESTATE);
}

Test(channel_resume, ending_while_suspended_just_ends)
{
	cut();
	channel_end(agent.ch, AS_E_REVOKED);
	cr_assert(channel_is_finished(agent.ch));
	cr_assert_eq(channel_resume(agent.ch, agent_ctx), AS_ESTATE);
}

Test(channel_resume, an_end_during_the_handshake_is_told)
{
	mark(&agent);
	cut();
	cr_assert_eq(channel_resume(agent.ch, agent_ctx), 0);
	cr_assert_eq(channel_resume(console.ch, console_ctx), 0);
	while (agent.opens < 2)
		carry(&console, &agent), carry(&agent, &console);
	channel_end(agent.ch, AS_E_RESUME);
	settle();
	cr_assert_eq(console.ends, 1);
	cr_assert_eq(console.end_code, AS_E_RESUME);
	cr_assert(channel_is_finished(agent.ch));
	cr_assert_eq(console.marks, 0);
	cut();
	cr_assert_eq(channel_resume(console.ch, console_ctx), 0, "it was not proved who said it");
}

Test(channel_resume, a_broken_rule_is_not_forgiven_by_a_new_connection)
{
	uint8_t header[MUX_HEADER];

	mux_frame_header(MUX_GRANT, 0, 0, header); /* not the console's to send */
	cr_assert_eq(tls_write(channel_tls(console.ch), header, sizeof header), 0);
	carry(&console, &agent);
	cr_assert_eq(agent.err, AS_E_PROTOCOL);
	cut();
	cr_assert_eq(channel_resume(agent.ch, agent_ctx), AS_E_PROTOCOL);
	cr_assert(channel_is_suspended(agent.ch));
}

Test(channel_resume, is_not_for_who_never_proved_the_code)
{
	struct channel *ch = channel_new(true, agent_ctx, &events, &agent);

	channel_suspend(ch);
	cr_assert_eq(channel_resume(ch, agent_ctx), AS_ESTATE);
	channel_free(ch);
}
