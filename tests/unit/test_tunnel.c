/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said to a proxy, against proxies that are a few lines of text.
 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/transport/hash.h"
#include "proto/transport/tunnel.h"

static const uint8_t cnonce[PROXY_LOGIN_CNONCE] = {1, 2, 3};
static struct tunnel t;
static struct route way;

static void go(enum route_via via, const char *user, bool basic)
{
	way = (struct route){.proxy = {.via = via, .at = {"proxy", "3128"}},
			     .to = {"relay.example", "443"},
			     .basic = basic};
	if (user) {
		strcpy(way.proxy.user, user);
		strcpy(way.proxy.password, "Circle of Life");
	}
	tunnel_init(&t, &way, NULL);
	cr_assert_eq(tunnel_start(&t), TUNNEL_MORE);
}

static const char *sent(void)
{
	static char text[TUNNEL_OUT_MAX + 1];

	memcpy(text, t.out, t.out_len);
	text[t.out_len] = '\0';
	return text;
}

static enum tunnel_result hear_bytes(const char *p, size_t n)
{
	tunnel_sent(&t);
	return tunnel_feed(&t, p, n, cnonce);
}

static enum tunnel_result hear(const char *text)
{
	return hear_bytes(text, strlen(text));
}

static void again(void)
{
	cr_assert_eq(tunnel_start(&t), TUNNEL_MORE);
}

Test(tunnel, asks_for_the_relay_and_sends_no_password_unasked)
{
	go(ROUTE_HTTP, "ada", true);
	cr_assert_eq(strncmp(sent(),
			     "CONNECT relay.example:443 HTTP/1.1\r\n"
			     "Host: relay.example:443\r\n",
			     61),
		     0, "%s", sent());
	cr_assert_null(strstr(sent(), "Authorization"));
	cr_assert_eq(hear("HTTP/1.1 200 Connection established\r\nX: y\r\n\r\n"), TUNNEL_DONE);
}

Test(tunnel, takes_an_answer_however_it_is_cut)
{
	static const char text[] = "HTTP/1.0 200 OK\r\nVia: x\r\n\r\n";

	go(ROUTE_HTTP, NULL, false);
	for (size_t i = 0; i < sizeof text - 2; i++)
		cr_assert_eq(hear_bytes(text + i, 1), TUNNEL_MORE, "at %zu", i);
	cr_assert_eq(hear_bytes(text + sizeof text - 2, 1), TUNNEL_DONE);
}

Test(tunnel, logs_in_with_basic_where_that_is_allowed)
{
	char expected[64] = "Proxy-Authorization: Basic ";

	go(ROUTE_HTTP, "ada", true);
	cr_assert_eq(hear("HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=x\r\n\r\n"),
		     TUNNEL_ANEW);
	again();
	hash_base64("ada:Circle of Life", 18, expected + strlen(expected));
	cr_assert(strstr(sent(), expected), "%s", sent());
	cr_assert_eq(hear("HTTP/1.1 200 OK\r\n\r\n"), TUNNEL_DONE);
}

/* The value of name="..." in what was sent. */
static const char *parameter(const char *name)
{
	static char value[128];
	char start[32];

	snprintf(start, sizeof start, "%s=\"", name);

	const char *p = strstr(sent(), start);
	cr_assert_neq(p, NULL, "%s in %s", name, sent());
	p += strlen(start);
	snprintf(value, sizeof value, "%.*s", (int)strcspn(p, "\""), p);
	return value;
}

static const char *hex(enum hash h, const char *text)
{
	static char out[4][HASH_HEX_MAX + 1];
	static unsigned next;
	char *to = out[next++ % 4];

	cr_assert_eq(hash_hex(h, text, strlen(text), to), 0);
	return to;
}

/* RFC 7616 section 3.4.1, written down once more by hand. */
static void digest_is_right(enum hash h, bool sess)
{
	char a1[256], all[512], cn[64];
	const char *ha1 = hex(h, "ada:realm, x:Circle of Life");

	snprintf(cn, sizeof cn, "%s", parameter("cnonce"));
	if (sess) {
		snprintf(a1, sizeof a1, "%s:7ypf/xlj9XXwfDPEoM4URrv/xwf94BcC:%s", ha1, cn);
		ha1 = hex(h, a1);
	}
	snprintf(all, sizeof all, "%s:7ypf/xlj9XXwfDPEoM4URrv/xwf94BcC:00000001:%s:auth:%s", ha1,
		 cn, hex(h, "CONNECT:relay.example:443"));
	cr_assert_str_eq(parameter("response"), hex(h, all));
}

Test(tunnel, logs_in_with_digest)
{
	static const struct {
		const char *algorithm;
		enum hash h;
		bool sess;
	} rows[] = {{"MD5", HASH_MD5, false},
		    {"SHA-256", HASH_SHA256, false},
		    {"MD5-sess", HASH_MD5, true},
		    {"SHA-256-sess", HASH_SHA256, true}};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		char text[512];

		go(ROUTE_HTTP, "ada", false);
		snprintf(
		    text, sizeof text,
		    "HTTP/1.1 407 No\r\nProxy-Authenticate: Basic realm=b\r\n"
		    "proxy-authenticate: Digest realm=\"realm, x\", qop=\"auth\", algorithm=%s, "
		    "nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcC\", opaque=\"op\"\r\n\r\n",
		    rows[i].algorithm);
		cr_assert_eq(hear(text), TUNNEL_ANEW);
		again();
		digest_is_right(rows[i].h, rows[i].sess);
		cr_assert_str_eq(parameter("opaque"), "op");
		cr_assert_str_eq(parameter("uri"), "relay.example:443");
		cr_assert_null(strstr(sent(), "Basic"));
		cr_assert_null(strstr(sent(), "Circle"));
	}
}

static void fails(enum report_why why)
{
	cr_assert_eq(t.report.why, why);
	cr_assert_eq(t.report.step, REPORT_PROXY);
	cr_assert_lt(t.report.err, 0);
}

#define ASKS   "HTTP/1.1 407 No\r\nProxy-Authenticate: "
#define DIGEST ASKS "Digest realm=a, nonce=n, qop=auth\r\n\r\n"

Test(tunnel, says_why_it_cannot_log_in)
{
	go(ROUTE_HTTP, NULL, true);
	cr_assert_eq(hear(ASKS "Basic realm=x\r\n\r\n"), TUNNEL_FAILED);
	fails(REPORT_PROXY_ASKS);

	go(ROUTE_HTTP, "ada", false);
	cr_assert_eq(hear(ASKS "Basic realm=x\r\n\r\n"), TUNNEL_FAILED);
	fails(REPORT_PROXY_BASIC);

	go(ROUTE_HTTP, "ada", true);
	cr_assert_eq(hear(ASKS "Negotiate\r\nProxy-Authenticate: NTLM\r\n\r\n"), TUNNEL_FAILED);
	fails(REPORT_PROXY_SCHEMES);
	cr_assert_str_eq(t.report.who, "Negotiate, NTLM");

	go(ROUTE_HTTP, "ada", true);
	cr_assert_eq(hear(DIGEST), TUNNEL_ANEW);
	again();
	cr_assert_eq(hear(DIGEST), TUNNEL_FAILED);
	fails(REPORT_PROXY_PASSWORD);
}

Test(tunnel, tries_once_more_when_the_nonce_was_too_old)
{
	go(ROUTE_HTTP, "ada", false);
	cr_assert_eq(hear(DIGEST), TUNNEL_ANEW);
	again();
	cr_assert_eq(hear(ASKS "Digest realm=a, nonce=m, qop=auth, stale=true\r\n\r\n"),
		     TUNNEL_ANEW);
	again();
	cr_assert_str_eq(parameter("nonce"), "m");
	cr_assert_eq(hear(ASKS "Digest realm=a, nonce=o, qop=auth, stale=true\r\n\r\n"),
		     TUNNEL_FAILED);
	fails(REPORT_PROXY_PASSWORD);
}

Test(tunnel, tells_the_answers_apart)
{
	static const struct {
		const char *answer;
		enum report_why why;
		const char *who;
	} rows[] = {
	    {"HTTP/1.1 403 Forbidden by policy\r\n\r\n", REPORT_PROXY_FORBIDS,
	     "Forbidden by policy"},
	    {"HTTP/1.1 503 Service Unavailable\r\n\r\n", REPORT_PROXY_FAILS, "Service Unavailable"},
	    {"HTTP/1.1 302 Found\r\nLocation: http://login.example/\r\n\r\n", REPORT_LOGIN_PAGE,
	     "http://login.example/"},
	    {"HTTP/1.1 511 Log in\r\n\r\n", REPORT_LOGIN_PAGE, ""},
	    {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", REPORT_LOGIN_PAGE, ""},
	    {"HTTP/1.1 200 OK\r\n\r\nearly", REPORT_PROXY_IS_NONE, ""},
	    {"SSH-2.0-OpenSSH_9.2\r\n", REPORT_PROXY_IS_NONE, ""},
	    {"\x15\x03\x01", REPORT_PROXY_IS_NONE, ""},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		go(ROUTE_HTTP, NULL, false);
		cr_assert_eq(hear(rows[i].answer), TUNNEL_FAILED, "%s", rows[i].answer);
		fails(rows[i].why);
		cr_assert_str_eq(t.report.who, rows[i].who);
	}
}

Test(tunnel, knows_a_login_page)
{
	static const struct {
		const char *answer;
		enum report_why why;
	} rows[] = {
	    {"HTTP/1.1 302 Found\r\nLocation: http://login.hotel.example/\r\n\r\n",
	     REPORT_LOGIN_PAGE},
	    {"HTTP/1.1 511 Log in\r\n\r\n", REPORT_LOGIN_PAGE},
	    {"HTTP/1.1 301 Moved\r\nLocation: https://relay.example/\r\n\r\n", REPORT_NO_PAGE},
	    {"HTTP/1.1 302 Found\r\nLocation: /start\r\n\r\n", REPORT_NO_PAGE},
	    {"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>", REPORT_NO_PAGE},
	    {"SSH-2.0\r\n", REPORT_NO_PAGE},
	};

	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		way = (struct route){.carrier = ROUTE_PAGE, .to = {"relay.example", "80"}};
		tunnel_init(&t, &way, NULL);
		cr_assert_eq(tunnel_start(&t), TUNNEL_MORE);
		cr_assert(strstr(sent(), "GET / HTTP/1.1\r\nHost: relay.example\r\n"));
		cr_assert_eq(hear(rows[i].answer), TUNNEL_FAILED);
		cr_assert_eq(t.report.why, rows[i].why, "%s", rows[i].answer);
	}
}

Test(tunnel, reads_only_so_much_of_an_answer)
{
	static char text[HTTP_HEAD_MAX + 10];

	memset(text, 'x', sizeof text);
	memcpy(text, "HTTP/1.1 200 OK\r\nX: ", 20);
	go(ROUTE_HTTP, NULL, false);
	cr_assert_eq(hear_bytes(text, HTTP_HEAD_MAX - 1), TUNNEL_MORE);
	cr_assert_eq(hear_bytes(text, 1), TUNNEL_FAILED);
	fails(REPORT_PROXY_IS_NONE);
	/* a long page behind a 407 is no reason to give up */
	go(ROUTE_HTTP, "ada", false);
	memcpy(text, DIGEST, sizeof DIGEST - 1);
	cr_assert_eq(hear_bytes(text, sizeof text), TUNNEL_ANEW);
}

Test(tunnel, speaks_socks_and_leaves_the_name_to_the_proxy)
{
	go(ROUTE_SOCKS5, NULL, false);
	cr_assert_eq(t.out_len, 3);
	cr_assert_eq(hear_bytes("\x05\x00", 2), TUNNEL_MORE);
	cr_assert_arr_eq(t.out, "\x05\x01\x00\x03\x0drelay.example\x01\xbb", 20);
	cr_assert_eq(hear_bytes("\x05\x00\x00\x01", 4), TUNNEL_MORE);
	cr_assert_eq(hear_bytes("\x00\x00\x00\x00\x00\x00", 6), TUNNEL_DONE);
}

Test(tunnel, logs_in_at_a_socks_proxy_only_when_it_asks)
{
	go(ROUTE_SOCKS5, "ada", false);
	cr_assert_eq(t.out_len, 4);
	cr_assert_eq(hear_bytes("\x05\x02", 2), TUNNEL_MORE);
	cr_assert_arr_eq(t.out,
			 "\x01\x03"
			 "ada\x0e"
			 "Circle of Life",
			 20);
	cr_assert_eq(hear_bytes("\x01\x00", 2), TUNNEL_MORE);
	cr_assert_eq(t.out[0], 5);
	cr_assert_eq(hear_bytes("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10), TUNNEL_DONE);
}

Test(tunnel, says_why_socks_failed)
{
	go(ROUTE_SOCKS5, NULL, false);
	cr_assert_eq(hear_bytes("\x05\xff", 2), TUNNEL_FAILED);
	fails(REPORT_PROXY_ASKS);
	go(ROUTE_SOCKS5, "ada", false);
	hear_bytes("\x05\x02", 2);
	cr_assert_eq(hear_bytes("\x01\x01", 2), TUNNEL_FAILED);
	fails(REPORT_PROXY_PASSWORD);
	go(ROUTE_SOCKS5, "ada", false);
	hear_bytes("\x05\x02", 2);
	tunnel_sent(&t);
	cr_assert_eq(tunnel_end(&t), TUNNEL_FAILED);
	fails(REPORT_PROXY_PASSWORD);
	go(ROUTE_SOCKS5, NULL, false);
	hear_bytes("\x05\x00", 2);
	cr_assert_eq(hear_bytes("\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00", 10), TUNNEL_FAILED);
	fails(REPORT_PROXY_FORBIDS);
	go(ROUTE_SOCKS5, NULL, false);
	hear_bytes("\x05\x00", 2);
	cr_assert_eq(hear_bytes("\x05\x04\x00\x01\x00\x00\x00\x00\x00\x00", 10), TUNNEL_FAILED);
	fails(REPORT_PROXY_FAILS);
	go(ROUTE_SOCKS5, NULL, false);
	cr_assert_eq(hear("HTTP/1.1 400 Bad Request\r\n\r\n"), TUNNEL_FAILED);
	fails(REPORT_PROXY_IS_NONE);
}

/* ---- the login of the person at this computer ---- */

static char heard[64]; /* what the system's library was given last */
static char asked[128];
static int steps;

/* A library whose tokens are "one", "two", ...; NULL scheme: whatever is asked. */
static int fake_step(void *ctx, const char *scheme, const char *host, const uint8_t *in, size_t n,
		     uint8_t *out, size_t cap)
{
	static const char *const tokens[] = {"one", "two", "three", "four", "five", "six"};
	const char *only = ctx;

	snprintf(asked, sizeof asked, "%s %s", scheme, host);
	snprintf(heard, sizeof heard, "%.*s", (int)n, (const char *)in);
	if (only && strcmp(only, scheme) != 0)
		return AS_E_DENIED;
	cr_assert(steps < 6 && cap >= 5);
	memcpy(out, tokens[steps], strlen(tokens[steps]));
	return (int)strlen(tokens[steps++]);
}

static struct own_login own = {fake_step, NULL};

static void go_own(bool allowed)
{
	steps = 0;
	way = (struct route){
	    .proxy = {.via = ROUTE_HTTP, .at = {"proxy.example", "3128"}, .own_login = allowed},
	    .to = {"relay.example", "443"}};
	tunnel_init(&t, &way, &own);
	cr_assert_eq(tunnel_start(&t), TUNNEL_MORE);
	cr_assert_null(strstr(sent(), "Authorization"), "nobody has asked");
}

static void to_second_round(const char *offers)
{
	char text[256];

	go_own(true);
	snprintf(text, sizeof text, "HTTP/1.1 407 No\r\n%s\r\n\r\n", offers);
	cr_assert_eq(hear(text), TUNNEL_ANEW);
	again();
}

Test(tunnel, logs_the_person_in_on_one_connection)
{
	to_second_round("Proxy-Authenticate: NTLM");
	cr_assert(strstr(sent(), "\r\nProxy-Authorization: NTLM b25l\r\n"), "%s", sent());
	cr_assert_str_eq(asked, "NTLM proxy.example");
	/* "abc" */
	cr_assert_eq(hear("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM YWJj\r\n"
			  "Content-Length: 5\r\n\r\npa"),
		     TUNNEL_MORE);
	cr_assert_eq(t.out_len, 0, "the page is not over");
	cr_assert_eq(hear("ge!"), TUNNEL_MORE);
	cr_assert_str_eq(heard, "abc");
	cr_assert(strstr(sent(), "CONNECT relay.example:443 "), "%s", sent());
	cr_assert(strstr(sent(), "\r\nProxy-Authorization: NTLM dHdv\r\n"), "%s", sent());
	cr_assert_eq(hear("HTTP/1.1 200 Connected\r\n\r\n"), TUNNEL_DONE);
}

Test(tunnel, prefers_negotiate_and_falls_back)
{
	to_second_round("Proxy-Authenticate: NTLM\r\nProxy-Authenticate: Negotiate");
	cr_assert(strstr(sent(), "Authorization: Negotiate b25l\r\n"), "%s", sent());
	own.ctx = (void *)(uintptr_t) "NTLM";
	to_second_round("Proxy-Authenticate: Negotiate, NTLM");
	cr_assert(strstr(sent(), "Authorization: NTLM b25l\r\n"), "%s", sent());
	own.ctx = (void *)(uintptr_t) "Kerberos";
	go_own(true);
	cr_assert_eq(hear("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n"), TUNNEL_FAILED);
	cr_assert_eq(t.report.why, REPORT_PROXY_SCHEMES);
}

Test(tunnel, tells_nobody_else_who_the_person_is)
{
	go_own(false);
	cr_assert_eq(hear("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\n\r\n"), TUNNEL_FAILED);
	cr_assert_eq(t.report.why, REPORT_PROXY_SCHEMES);
	cr_assert_str_eq(t.report.who, "NTLM");
	cr_assert_eq(steps, 0, "the library was not even asked");
}

Test(tunnel, a_person_who_is_refused_is_not_offered_again)
{
	to_second_round("Proxy-Authenticate: NTLM");
	cr_assert_eq(
	    hear("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM\r\nContent-Length: 0\r\n\r\n"),
	    TUNNEL_FAILED);
	cr_assert_eq(t.report.why, REPORT_PROXY_LOGIN);
}

Test(tunnel, a_login_has_a_limited_number_of_rounds)
{
	static const char more[] =
	    "HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM YWJj\r\nContent-Length: 0\r\n\r\n";

	to_second_round("Proxy-Authenticate: NTLM");
	for (int i = 1; i < OWN_LOGIN_ROUNDS_MAX; i++)
		cr_assert_eq(hear(more), TUNNEL_MORE);
	cr_assert_eq(hear(more), TUNNEL_FAILED);
	cr_assert_eq(t.report.why, REPORT_PROXY_LOGIN);
}

Test(tunnel, a_token_that_cannot_be_read_ends_the_login)
{
	static const struct {
		const char *fields;
		enum report_why why;
	} bad[] = {
	    {"Proxy-Authenticate: NTLM YWJ\r\nContent-Length: 0", REPORT_PROXY_LOGIN},
	    {"Proxy-Authenticate: NTLM a=b\r\nContent-Length: 0", REPORT_PROXY_LOGIN},
	    {"Proxy-Authenticate: NTLM YWJj x\r\nContent-Length: 0", REPORT_PROXY_LOGIN},
	    {"Proxy-Authenticate: Negotiate YWJj\r\nContent-Length: 0", REPORT_PROXY_LOGIN},
	    {"Proxy-Authenticate: NTLM YWJj", REPORT_PROXY_IS_NONE},
	    {"Proxy-Authenticate: NTLM YWJj\r\nContent-Length: -1", REPORT_PROXY_IS_NONE},
	    {"Proxy-Authenticate: NTLM YWJj\r\nContent-Length: 65537", REPORT_PROXY_IS_NONE},
	    {"Proxy-Authenticate: NTLM YWJj\r\nContent-Length: 9999999", REPORT_PROXY_IS_NONE},
	    {"Proxy-Authenticate: NTLM YWJj\r\nTransfer-Encoding: chunked\r\nContent-Length: 0",
	     REPORT_PROXY_IS_NONE},
	};
	char text[256];

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		to_second_round("Proxy-Authenticate: NTLM");
		snprintf(text, sizeof text, "HTTP/1.1 407 No\r\n%s\r\n\r\n", bad[i].fields);
		cr_assert_eq(hear(text), TUNNEL_FAILED, "%s", bad[i].fields);
		cr_assert_eq(t.report.why, bad[i].why, "%s", bad[i].fields);
	}
	to_second_round("Proxy-Authenticate: NTLM");
	cr_assert_eq(hear("HTTP/1.1 407 No\r\nProxy-Authenticate: NTLM YWJj\r\n"
			  "Content-Length: 2\r\n\r\npage"),
		     TUNNEL_FAILED, "more than the page");
}
