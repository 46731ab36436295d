/* SPDX-License-Identifier: Apache-2.0
 *
 * A WebSocket between two engines in memory, whole and cut to bytes, and what strangers say in its
 * place.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/transport/carrier.h"
#include "proto/wire/http_head.h"

static const struct hostport to = {"relay.example", "443"};
static const uint8_t key[16] = "the sample nonce";

struct heard {
	char text[1 << 16];
	size_t n;
	int end; /* what carrier_read() said last */
};

static void read_all(struct carrier *c, struct heard *h)
{
	const uint8_t *p;
	size_t n;

	do {
		h->end = carrier_read(c, &p, &n);
		cr_assert_leq(h->n + n, sizeof h->text);
		if (n > 0)
			memcpy(h->text + h->n, p, n);
		h->n += n;
	} while (n > 0);
}

/* What one has to say, in pieces of at most step bytes. True when there was something. */
static bool carry(struct carrier *from, struct carrier *into, struct heard *h, size_t step)
{
	size_t n;
	const uint8_t *p = carrier_out(from, &n);
	uint8_t *copy = malloc(n + 1);

	if (n > 0)
		memcpy(copy, p, n);
	carrier_out_done(from, n);
	for (size_t at = 0; at < n && h->end == 0; at += step) {
		cr_assert_eq(carrier_feed(into, copy + at, step < n - at ? step : n - at), 0);
		read_all(into, h);
	}
	free(copy);
	return n > 0;
}

static struct carrier *client, *server;
static struct heard at_client, at_server;

static void settle(size_t step)
{
	bool moved = true;
	while (moved) { /* both ways in each round */
		moved = carry(client, server, &at_server, step);
		moved = carry(server, client, &at_client, step) || moved;
	}
}

static void open_both(size_t step)
{
	at_client.n = at_server.n = 0;
	at_client.end = at_server.end = 0;
	client = carrier_client(&to, "/assent", NULL, key);
	server = carrier_server();
	cr_assert(client && server);
	settle(step);
	cr_assert(carrier_is_open(client) && carrier_is_open(server));
}

static void close_both(void)
{
	carrier_free(client);
	carrier_free(server);
}

Test(carrier, carries_bytes_both_ways_however_they_are_cut)
{
	static const size_t steps[] = {1, 2, 3, 7, 125, 1000, SIZE_MAX};
	static uint8_t bytes[CARRIER_FRAME_MAX];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
		open_both(steps[i]);
		cr_assert_eq(carrier_put(client, bytes, sizeof bytes), 0);
		cr_assert_eq(carrier_put(client, bytes, 1), 0);
		cr_assert_eq(carrier_put(server, bytes, 126), 0);
		cr_assert_eq(carrier_put(server, bytes, 125), 0);
		settle(steps[i]);
		cr_assert_eq(at_server.n, sizeof bytes + 1);
		cr_assert_arr_eq(at_server.text, bytes, sizeof bytes);
		cr_assert_eq(at_client.n, 251);
		cr_assert_arr_eq(at_client.text + 126, bytes, 125);
		close_both();
	}
}

Test(carrier, says_goodbye)
{
	open_both(SIZE_MAX);
	cr_assert_eq(carrier_put(client, "last", 4), 0);
	cr_assert_eq(carrier_end(client), 0);
	cr_assert_eq(carrier_put(client, "x", 1), AS_ESTATE);
	settle(SIZE_MAX);
	cr_assert_eq(at_server.n, 4);
	cr_assert_eq(at_server.end, CARRIER_END);
	close_both();
}

Test(carrier, an_end_without_goodbye_is_truncation)
{
	open_both(SIZE_MAX);
	carrier_feed_end(server);
	read_all(server, &at_server);
	cr_assert_eq(at_server.end, AS_E_TRUNCATED);
	close_both();
}

/* ---- strangers ---- */

static int say(struct carrier *c, const char *p, size_t n, struct heard *h)
{
	uint8_t *copy = malloc(n + 1);

	memcpy(copy, p, n);
	h->n = 0;
	cr_assert_eq(carrier_feed(c, copy, n), 0);
	read_all(c, h);
	free(copy);
	return h->end;
}

#define GET	"GET /x HTTP/1.1\r\nHost: relay\r\n"
#define UPGRADE "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"
#define KEY	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static const char *answer_of(struct carrier *c)
{
	static char text[1024];
	size_t n;
	const uint8_t *p = carrier_out(c, &n);

	cr_assert_lt(n, sizeof text);
	memcpy(text, p, n);
	text[n] = '\0';
	return text;
}

Test(carrier, answers_the_request_of_the_standard)
{
	static const char request[] = GET UPGRADE VERSION KEY "\r\n\x82\x81"
							      "abcd"
							      "\x09";

	server = carrier_server();
	cr_assert_eq(say(server, request, sizeof request - 1, &at_server), 0);
	cr_assert(carrier_is_open(server));
	cr_assert(
	    strstr(answer_of(server), "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"));
	cr_assert(at_server.n == 1 && at_server.text[0] == ('a' ^ 9),
		  "what stands behind the head");
	carrier_free(server);
}

Test(carrier, refuses_what_is_no_upgrade)
{
	static const struct {
		const char *request, *status;
	} bad[] = {
	    {GET "\r\n", "426"},
	    {GET UPGRADE KEY "\r\n", "426"},
	    {GET UPGRADE "Sec-WebSocket-Version: 8\r\n" KEY "\r\n", "426"},
	    {GET "Upgrade: websocket\r\n" VERSION KEY "\r\n", "426"},
	    {"GET /x HTTP/1.0\r\n" UPGRADE VERSION KEY "\r\n", "426"},
	    {"POST /x HTTP/1.1\r\n" UPGRADE VERSION KEY "\r\n", "426"},
	    {GET UPGRADE VERSION "\r\n", "400"},
	    {GET UPGRADE VERSION "Sec-WebSocket-Key: short\r\n\r\n", "400"},
	    {GET UPGRADE VERSION KEY "Origin: https://evil.example\r\n\r\n", "403"},
	    {"GARBAGE\r\n\r\n", "400"},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		server = carrier_server();
		cr_assert_lt(say(server, bad[i].request, strlen(bad[i].request), &at_server), 0);
		cr_assert_not(carrier_is_open(server));
		cr_assert(strstr(answer_of(server), bad[i].status), "%s: %s", bad[i].request,
			  answer_of(server));
		carrier_free(server);
	}
}

Test(carrier, gives_up_a_head_without_end)
{
	static char text[HTTP_HEAD_MAX];

	memset(text, 'x', sizeof text);
	memcpy(text, GET, sizeof GET - 1);
	server = carrier_server();
	cr_assert_lt(say(server, text, sizeof text, &at_server), 0);
	carrier_free(server);
}

Test(carrier, knows_who_was_forwarded)
{
	static const struct {
		const char *fields, *forwarded;
	} rows[] = {
	    {"", ""},
	    {"X-Forwarded-For: 192.0.2.1\r\n", "192.0.2.1"},
	    {"X-Forwarded-For: 10.0.0.1, 2001:db8::1 \r\n", "2001:db8::1"},
	    {"x-forwarded-for: a\r\nX-Forwarded-For: b,c\r\n", "c"},
	    {"X-Forwarded-For: a,\r\n", ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[512];
		int n =
		    snprintf(text, sizeof text, GET UPGRADE VERSION KEY "%s\r\n", rows[i].fields);

		server = carrier_server();
		cr_assert_eq(say(server, text, (size_t)n, &at_server), 0);
		cr_assert_str_eq(carrier_forwarded(server), rows[i].forwarded);
		carrier_free(server);
	}
}

static struct report client_hears(const char *answer)
{
	struct report r = {.step = REPORT_DONE};

	client = carrier_client(&to, "/x", NULL, key);
	cr_assert(strstr(answer_of(client), "GET /x HTTP/1.1\r\nHost: relay.example:443\r\n"));
	cr_assert_lt(say(client, answer, strlen(answer), &at_client), 0, "%s", answer);
	carrier_report(client, &r);
	carrier_free(client);
	cr_assert_eq(r.step, REPORT_UPGRADE);
	return r;
}

Test(carrier, a_client_says_what_it_was_answered)
{
	struct report r = client_hears("HTTP/1.1 404 Not Found\r\n\r\n");

	cr_assert_eq(r.why, REPORT_UPGRADE_REFUSED);
	cr_assert_eq(r.status, 404);
	r = client_hears("HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n");
	cr_assert_eq(r.why, REPORT_LOGIN_PAGE);
	cr_assert_str_eq(r.who, "http://login.example/");
	r = client_hears("SSH-2.0-OpenSSH\r\n");
	cr_assert_eq(r.why, REPORT_UPGRADE_REFUSED);
	r = client_hears("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: "
			 "Upgrade\r\nSec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n\r\n");
	cr_assert_eq(r.why, REPORT_UPGRADE_REFUSED, "an answer to another key");
}

Test(carrier, ends_when_frames_break_the_rules)
{
	static const struct {
		const char *what, *bytes;
		size_t n;
	} bad[] = {
	    {"not masked", "\x82\x01x", 3},
	    {"text",
	     "\x81\x80"
	     "abcd",
	     6},
	    {"a continuation of nothing",
	     "\x80\x80"
	     "abcd",
	     6},
	    {"a message in a message",
	     "\x02\x80"
	     "abcd"
	     "\x82\x80"
	     "abcd",
	     12},
	    {"a reserved bit",
	     "\xc2\x80"
	     "abcd",
	     6},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		open_both(SIZE_MAX);
		cr_assert_lt(say(server, bad[i].bytes, bad[i].n, &at_server), 0, "%s", bad[i].what);
		close_both();
	}
	open_both(SIZE_MAX);
	cr_assert_lt(say(client,
			 "\x82\x81"
			 "abcd"
			 "x",
			 7, &at_client),
		     0, "masked by a server");
	close_both();
}

Test(carrier, takes_a_message_in_fragments_and_answers_pings_between_them)
{
	size_t n;

	open_both(SIZE_MAX);
	cr_assert_eq(say(client,
			 "\x02\x02"
			 "ab"
			 "\x89\x02"
			 "hi"
			 "\x80\x01"
			 "c",
			 11, &at_client),
		     0);
	cr_assert_eq(at_client.n, 3);
	cr_assert_arr_eq(at_client.text, "abc", 3);

	const uint8_t *p = carrier_out(client, &n);
	cr_assert(n == 8 && p[0] == 0x8a && p[1] == 0x82, "a masked pong");
	cr_assert((p[6] ^ p[2]) == 'h' && (p[7] ^ p[3]) == 'i');
	close_both();
}

Test(carrier, a_flood_of_pings_makes_no_flood_of_pongs)
{
	static char pings[64 << 10];
	size_t n;

	for (size_t i = 0; i + 2 <= sizeof pings; i += 2)
		memcpy(pings + i, "\x89\x00", 2);
	open_both(SIZE_MAX);
	for (int i = 0; i < 8; i++)
		cr_assert_eq(say(client, pings, sizeof pings, &at_client), 0);
	carrier_out(client, &n);
	cr_assert_lt(n, CARRIER_FRAME_MAX + 64);
	close_both();
}
