/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/http_head.h"

static const char sample[] = "HTTP/1.1 301 Moved Permanently\r\n"
			     "Date: today\r\n"
			     "server:  nginx/1.22\r\n"
			     "Location: https://www.example/\r\n"
			     "\r\n";

static int decode(const char *text, struct http_head *h)
{
	return http_head_decode(text, strlen(text), h);
}

Test(http_head, reads_the_head_of_an_answer)
{
	struct http_head h;

	cr_assert_eq(decode(sample, &h), 0);
	cr_assert_eq(h.major, 1);
	cr_assert_eq(h.minor, 1);
	cr_assert_eq(h.status, 301);
	cr_assert_str_eq(h.reason, "Moved Permanently");
	cr_assert_str_eq(h.server, "nginx/1.22");
	cr_assert_str_eq(h.location, "https://www.example/");
}

Test(http_head, waits_for_the_whole_head)
{
	struct http_head h = {.status = 7};

	for (size_t cut = 0; cut < sizeof(sample) - 1; cut++)
		cr_assert_eq(http_head_decode(sample, cut, &h), AS_ESHORT, "cut at %zu", cut);
	cr_assert_eq(h.status, 7);
}

Test(http_head, does_not_mind_a_body_or_plain_line_ends)
{
	struct http_head h;

	cr_assert_eq(decode("HTTP/1.0 200 OK\n\n<html>\033", &h), 0);
	cr_assert_eq(h.status, 200);
	cr_assert_eq(decode("HTTP/1.1 204\r\n\r\n", &h), 0);
	cr_assert_str_eq(h.reason, "");
}

Test(http_head, refuses_what_is_not_http)
{
	static const char *const texts[] = {
	    "SSH-2.0-OpenSSH_9.2",     "220 mail.example ESMTP\r\n", "H\n",
	    "HTTP/1.1\r\n\r\n",	       "HTTP/1.1 20 OK\r\n\r\n",     "HTTP/1.1 2000 OK\r\n\r\n",
	    "HTTP/x.1 200 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",    "HTTP/1.1 600 OK\r\n\r\n",
	    "HTTP/11 200 OK\r\n\r\n",  "HTTP/1.1  200 OK\r\n\r\n",
	};
	struct http_head h;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert_eq(decode(texts[i], &h), AS_EBADMSG, "%s", texts[i]);
}

Test(http_head, gives_up_a_head_without_end)
{
	char *text = malloc(HTTP_HEAD_MAX + 1);
	struct http_head h;

	memset(text, 'x', HTTP_HEAD_MAX + 1);
	memcpy(text, "HTTP/1.1 200 OK\r\n", 17);
	cr_assert_eq(http_head_decode(text, HTTP_HEAD_MAX - 1, &h), AS_ESHORT);
	cr_assert_eq(http_head_decode(text, HTTP_HEAD_MAX, &h), AS_E_TOO_BIG);
	cr_assert_eq(http_head_decode(text, HTTP_HEAD_MAX + 1, &h), AS_E_TOO_BIG);
	free(text);
}

Test(http_head, shows_nothing_that_a_terminal_would_obey)
{
	struct http_head h;

	cr_assert_eq(decode("HTTP/1.1 200 \033]0;x\007\r\nServer: \x9b"
			    "2J\r\n\r\n",
			    &h),
		     0);
	cr_assert_null(strchr(h.reason, '\033'));
	cr_assert_null(strchr(h.reason, '\007'));
	cr_assert_null(strchr(h.server, '\x9b'));
}

Test(http_head, knows_where_it_ends)
{
	struct http_head h;

	cr_assert_eq(decode("HTTP/1.1 200 OK\r\n\r\nmore", &h), 0);
	cr_assert_eq(h.size, 19);
}

Test(http_head, finds_fields_and_their_words)
{
	static const char head[] =
	    "GET / HTTP/1.1\r\nConnection: keep-alive, upgrade\r\n"
	    "X-Forwarded-For:  192.0.2.1 \r\nconnection: other\r\n\r\nHost: no";
	const char *value;
	size_t len;

	cr_assert(http_field(head, sizeof head - 1, "x-forwarded-for", 0, &value, &len));
	cr_assert(len == 9 && memcmp(value, "192.0.2.1", 9) == 0);
	cr_assert_not(http_field(head, sizeof head - 1, "x-forwarded-for", 1, &value, &len));
	cr_assert(http_field(head, sizeof head - 1, "Connection", 1, &value, &len));
	cr_assert(len == 5 && memcmp(value, "other", 5) == 0);
	cr_assert_not(http_field(head, sizeof head - 1, "Host", 0, &value, &len), "behind the end");
	cr_assert(http_has_token(head, sizeof head - 1, "Connection", "Upgrade"));
	cr_assert(http_has_token(head, sizeof head - 1, "Connection", "other"));
	cr_assert_not(http_has_token(head, sizeof head - 1, "Connection", "keep"));
}

Test(http_head, reads_a_request)
{
	static const char text[] = "GET /assent?x=1 HTTP/1.1\r\nHost: relay\r\n\r\n";
	static const char *const bad[] = {"get / HTTP/1.1\r\n\r\n",
					  "GET  HTTP/1.1\r\n\r\n",
					  "GET /\r\n\r\n",
					  "GET / HTTP/11\r\n\r\n",
					  "GET / x HTTP/1.1\r\n\r\n",
					  "\026\003\001",
					  "ABCDEFGHIJKLMNOP / HTTP/1.1\r\n\r\n",
					  "GET /\033 HTTP/1.1\r\n\r\n"};
	struct http_request_head r;

	cr_assert_eq(http_request_decode(text, sizeof text - 1, &r), 0);
	cr_assert_str_eq(r.method, "GET");
	cr_assert(r.major == 1 && r.minor == 1 && r.size == sizeof text - 1);
	for (size_t cut = 0; cut < sizeof text - 1; cut++)
		cr_assert_eq(http_request_decode(text, cut, &r), AS_ESHORT, "cut at %zu", cut);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(http_request_decode(bad[i], strlen(bad[i]), &r), AS_EBADMSG, "%s",
			     bad[i]);
}
