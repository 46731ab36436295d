/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "agent/probe/http.h"
#include "proto/base/err.h"

static const char sample[] = "HTTP/1.1 301 Moved Permanently\r\n"
			     "Date: today\r\n"
			     "server:  nginx/1.22\r\n"
			     "Location: https://www.example/\r\n"
			     "\r\n";

static int decode(const char *text, struct http_head *h)
{
	return http_head_decode(text, strlen(text), h);
}

Test(probe_http, reads_the_head_of_an_answer)
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

Test(probe_http, waits_for_the_whole_head)
{
	struct http_head h = {.status = 7};

	for (size_t cut = 0; cut < sizeof(sample) - 1; cut++)
		cr_assert_eq(http_head_decode(sample, cut, &h), AS_ESHORT, "cut at %zu", cut);
	cr_assert_eq(h.status, 7);
}

Test(probe_http, does_not_mind_a_body_or_plain_line_ends)
{
	struct http_head h;

	cr_assert_eq(decode("HTTP/1.0 200 OK\n\n<html>\033", &h), 0);
	cr_assert_eq(h.status, 200);
	cr_assert_eq(decode("HTTP/1.1 204\r\n\r\n", &h), 0);
	cr_assert_str_eq(h.reason, "");
}

Test(probe_http, refuses_what_is_not_http)
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

Test(probe_http, gives_up_a_head_without_end)
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

Test(probe_http, shows_nothing_that_a_terminal_would_obey)
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

Test(probe_http, asks_for_the_host)
{
	char buf[HTTP_REQUEST_MAX];
	int n = http_request("www.example:8080", buf, sizeof(buf));

	cr_assert_gt(n, 0);
	cr_assert_eq((size_t)n, strlen(buf));
	cr_assert_eq(strncmp(buf, "HEAD / HTTP/1.1\r\nHost: www.example:8080\r\n", 41), 0);
	cr_assert_str_eq(buf + n - 4, "\r\n\r\n");
	cr_assert_eq(http_request("www.example", buf, 20), AS_EFULL);
}
