/* SPDX-License-Identifier: Apache-2.0
 *
 * Hops inside a WebSocket, and what a hop says when somebody else answers than its relay.
 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "proto/base/err.h"
#include "tests/support/ends.h"

static struct ends e;
static struct peer client = {.role = RELAY_ROLE_AGENT}, server = {.role = RELAY_ROLE_RELAY};

static struct carrier *websocket(void)
{
	static const struct hostport at = {"relay.example", "443"};
	static const uint8_t key[16] = {7};

	return carrier_client(&at, "/", NULL, key);
}

static void open_pair(void)
{
	ends_init(&e);
	ends_pair_in(&e, &client, &server, websocket());
	ENDS_UNTIL(&e, client.heard[RELAY_HELLO] && server.heard[RELAY_HELLO]);
	cr_assert(server.carried);
	cr_assert_str_empty(server.forwarded);
}

static void both_gone(void)
{
	ENDS_UNTIL(&e, client.gone && server.gone);
	cr_assert(client.gone_count == 1 && server.gone_count == 1);
	ends_done(&e);
}

Test(hop_carried, carries_frames_both_ways_and_says_goodbye)
{
	uint8_t big[RELAY_FRAME_PAYLOAD_MAX];

	memset(big, 0x5a, sizeof big);
	open_pair();
	cr_assert_eq(hop_send_data(client.hop, "hello", 5), 0);
	cr_assert_eq(hop_send_data(server.hop, big, sizeof big), 0);
	ENDS_UNTIL(&e, server.bytes == 5 && client.bytes == sizeof big);
	cr_assert_eq(client.digest, ends_digest(0, big, sizeof big));
	hop_close(client.hop, AS_E_DENIED);
	both_gone();
	cr_assert_eq(server.why, 0, "a proper end");
	cr_assert_not(client.failed || server.failed);
}

#define STREAM_BYTES (8u << 20)

static uint64_t poured;

static void pour(struct peer *p)
{
	static uint8_t bytes[RELAY_FRAME_PAYLOAD_MAX];

	while (p->hop && poured < STREAM_BYTES && hop_queued(p->hop) < HOP_HIGH) {
		memset(bytes, (int)(poured / sizeof bytes), sizeof bytes);
		cr_assert_eq(hop_send_data(p->hop, bytes, sizeof bytes), 0);
		poured += sizeof bytes;
	}
}

/* Both directions: only a client's bytes are masked. */
Test(hop_carried, a_paused_reader_stops_the_sender_and_loses_nothing)
{
	struct peer *ways[][2] = {{&client, &server}, {&server, &client}};

	open_pair();
	for (int i = 0; i < 2; i++) {
		struct peer *from = ways[i][0], *to = ways[i][1];

		poured = 0;
		from->on_low = pour;
		hop_pause(to->hop);
		pour(from);
		cr_assert_lt(poured, STREAM_BYTES, "the queue is bounded");
		hop_resume(to->hop);
		ENDS_UNTIL(&e, to->bytes >= STREAM_BYTES);
		cr_assert_eq(to->bytes, poured);
	}
	hop_close(server.hop, 0);
	both_gone();
}

Test(hop_carried, may_be_closed_at_every_moment)
{
	for (int turns = 0;; turns++) {
		bool ready;

		client = (struct peer){.role = RELAY_ROLE_AGENT};
		server = (struct peer){.role = RELAY_ROLE_RELAY};
		ends_init(&e);
		ends_pair_in(&e, &client, &server, websocket());
		for (int i = 0; i < turns; i++)
			ends_step(&e);
		ready = client.heard[RELAY_HELLO] && server.heard[RELAY_HELLO];
		hop_close(client.hop, AS_E_DENIED);
		hop_close(client.hop, 0);
		both_gone();
		if (ready)
			break;
	}
}

/* ---- somebody else answers ---- */

static uv_tcp_t *other;
static const char *other_says;

static void on_other_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	static char bytes[4096];

	(void)h;
	(void)suggested;
	*buf = uv_buf_init(bytes, sizeof bytes);
}

static void on_other_closed(uv_handle_t *h)
{
	free(h);
}

static void on_other_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	(void)buf;
	if (n > 0 && other_says) {
		uv_buf_t out = uv_buf_init((char *)other_says, (unsigned)strlen(other_says));

		cr_assert_gt(uv_try_write(s, &out, 1), 0);
	}
	if ((n < 0 || !other_says) && !uv_is_closing((uv_handle_t *)s))
		uv_close((uv_handle_t *)s, on_other_closed);
}

/* The answer to whatever comes; NULL: hangs up. */
static struct report answered(const char *text, struct carrier *carrier)
{
	uv_tcp_t *a;

	client = (struct peer){.role = RELAY_ROLE_AGENT};
	ends_tcp_pair(&e, &a, &other);
	other_says = text;
	uv_read_start((uv_stream_t *)other, on_other_alloc, on_other_read);
	cr_assert_eq(hop_open_in(e.hops, a, tls_client(e.agent_ctx, "127.0.0.1"), carrier,
				 &ends_events, &client, &client.hop),
		     0);
	ENDS_UNTIL(&e, client.gone);
	cr_assert(client.failed);
	return client.failure;
}

Test(hop_report, knows_a_web_page_in_place_of_tls)
{
	ends_init(&e);

	struct report r =
	    answered("HTTP/1.1 302 Found\r\nLocation: http://login.example/x\r\n\r\n", NULL);
	cr_assert_eq(r.step, REPORT_TLS);
	cr_assert_eq(r.why, REPORT_LOGIN_PAGE);
	cr_assert_str_eq(r.who, "http://login.example/x");
	r = answered("HTTP/1.1 400 Bad Request\r\n\r\nThe plain HTTP request was sent to HTTPS",
		     NULL);
	cr_assert_eq(r.why, REPORT_LOGIN_PAGE);
	ends_done(&e);
}

Test(hop_report, knows_who_hangs_up_and_who_talks_nonsense)
{
	ends_init(&e);
	cr_assert_eq(answered(NULL, NULL).why, REPORT_TLS_CUT);

	struct report r = answered("SSH-2.0-OpenSSH_9.2\r\n", NULL);
	cr_assert_eq(r.why, REPORT_TLS_FAILED);
	cr_assert(r.who[0]);
	ends_done(&e);
}

Test(hop_report, knows_who_does_not_upgrade)
{
	ends_init(&e);

	struct report r = answered("HTTP/1.1 403 Forbidden\r\n\r\n", websocket());
	cr_assert_eq(r.step, REPORT_UPGRADE);
	cr_assert_eq(r.why, REPORT_UPGRADE_REFUSED);
	cr_assert_eq(r.status, 403);
	r = answered(NULL, websocket());
	cr_assert_eq(r.step, REPORT_UPGRADE);
	cr_assert_eq(r.why, REPORT_TLS_CUT);
	ends_done(&e);
}

/* The server shows a certificate of another CA for this host; the client asks for name. */
static struct report shown(const char *host, const char *name, int64_t from, int64_t to)
{
	int64_t now = (int64_t)time(NULL);
	struct pki_spec spec = pki_relay_spec("Acme", host, now), ca = pki_ca_spec("Corp", now);
	struct pki rogue, leaf;
	SSL_CTX *ctx;
	uv_tcp_t *a, *b;
	bool ours = from != 0;

	client = (struct peer){.role = RELAY_ROLE_AGENT};
	server = (struct peer){.role = RELAY_ROLE_RELAY};
	strcpy(ca.name, "Corp Inspection");
	if (ours)
		spec.not_before = now + from, spec.not_after = now + to;
	pki_make(&ca, NULL, &rogue);
	pki_make(&spec, ours ? &e.ca : &rogue, &leaf);
	cr_assert_eq(
	    outer_server_ctx(ends_pem(leaf.pem), ends_pem(leaf.key_pem), ends_pem(e.ca.pem), &ctx),
	    0);
	ends_tcp_pair(&e, &a, &b);
	cr_assert_eq(
	    hop_open(e.hops, a, tls_client(e.agent_ctx, name), &ends_events, &client, &client.hop),
	    0);
	cr_assert_eq(hop_open(e.hops, b, tls_server(ctx), &ends_events, &server, &server.hop), 0);
	ENDS_UNTIL(&e, client.gone && server.gone);
	outer_ctx_free(ctx);
	pki_done(&rogue);
	pki_done(&leaf);
	cr_assert(client.failed);
	return client.failure;
}

Test(hop_report, tells_inspection_from_another_server)
{
	ends_init(&e);

	struct report r = shown("127.0.0.1", "127.0.0.1", 0, 0);
	cr_assert_eq(r.step, REPORT_TLS);
	cr_assert_eq(r.why, REPORT_INSPECTED);
	cr_assert_str_eq(r.issuer, "Corp Inspection");
	r = shown("portal.example", "127.0.0.1", 0, 0);
	cr_assert_eq(r.why, REPORT_OTHER_SERVER);
	cr_assert(strstr(r.who, "portal.example"), "%s", r.who);
	r = shown("127.0.0.1", "127.0.0.1", -7200, -3600);
	cr_assert_eq(r.why, REPORT_CERT_TIME);
	ends_done(&e);
}

static void refuse_at_once(struct peer *p)
{
	hop_send(p->hop,
		 &(struct relay_frame){.type = RELAY_ERROR, .error_code = err_to_wire(AS_E_RATE)});
}

static void close_on_error(struct peer *p, const struct relay_frame *f)
{
	if (f->type == RELAY_ERROR)
		hop_close(p->hop, err_from_wire(f->error_code));
}

Test(hop_report, knows_the_relays_own_no)
{
	ends_init(&e);
	server.role = 0;
	server.on_ready = refuse_at_once;
	client.on_frame = close_on_error;
	ends_pair(&e, &client, &server);
	ENDS_UNTIL(&e, client.gone && server.gone);
	cr_assert_eq(client.failure.step, REPORT_RELAY);
	cr_assert_eq(client.failure.why, REPORT_RELAY_SAYS);
	cr_assert_eq(client.failure.err, AS_E_RATE);
	ends_done(&e);
}
