/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "agent/probe/http.h"
#include "agent/probe/target.h"
#include "proto/base/err.h"

Test(probe_target, understands_the_usual_forms)
{
	static const struct {
		const char *text, *host, *back;
		uint16_t port;
		enum target_speaks speaks;
	} rows[] = {
	    {"www.example", "www.example", "www.example:443", 443, TARGET_HTTPS},
	    {"www.example:80", "www.example", "www.example:80", 80, TARGET_HTTP},
	    {"mail.example:993", "mail.example", "mail.example:993", 993, TARGET_TLS},
	    {"db.example:5432", "db.example", "db.example:5432", 5432, TARGET_TCP},
	    {"https://a.example:5000", "a.example", "a.example:5000", 5000, TARGET_HTTPS},
	    {"http://a.example", "a.example", "a.example:80", 80, TARGET_HTTP},
	    {"tls://a.example:7443", "a.example", "a.example:7443", 7443, TARGET_TLS},
	    {"tcp://a.example:443", "a.example", "a.example:443", 443, TARGET_TCP},
	    {"192.0.2.1:22", "192.0.2.1", "192.0.2.1:22", 22, TARGET_TCP},
	    {"[2001:db8::1]:443", "2001:db8::1", "[2001:db8::1]:443", 443, TARGET_HTTPS},
	    {"2001:db8::1", "2001:db8::1", "[2001:db8::1]:443", 443, TARGET_HTTPS},
	    {"fe80::1%eth0", "fe80::1%eth0", "[fe80::1%eth0]:443", 443, TARGET_HTTPS},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char text[TARGET_TEXT];
		struct target t;

		cr_assert_eq(target_parse(rows[i].text, 443, &t), 0, "%s", rows[i].text);
		cr_assert_str_eq(t.host, rows[i].host);
		cr_assert_eq(t.port, rows[i].port);
		cr_assert_eq(t.speaks, rows[i].speaks);
		cr_assert_str_eq(target_text(&t, text), rows[i].back);
	}
}

Test(probe_target, refuses_what_is_no_target)
{
	static const char *const texts[] = {
	    "",
	    ":443",
	    "host:",
	    "host:0",
	    "host:65536",
	    "host:1x",
	    "host:-1",
	    "-option",
	    "a b",
	    "a/b",
	    "https://a/b",
	    "https://",
	    "[::1",
	    "[::1]443",
	    "[::1]:",
	    "a\033b",
	    "a\nb",
	    "h\xc3\xb6st",
	    "a:443\n",
	    "$(id)",
	    "user@host",
	    "ftp://host/",
	    "[a b]:1",
	    "host:00443x",
	    "host:000443",
	};
	struct target t = {.port = 1};

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert_lt(target_parse(texts[i], 443, &t), 0, "%s", texts[i]);
	cr_assert_eq(t.port, 1, "a failure touches nothing");
}

Test(probe_target, has_a_longest_name)
{
	char text[TARGET_HOST_MAX + 2];
	struct target t;

	memset(text, 'a', sizeof(text));
	text[TARGET_HOST_MAX] = '\0';
	cr_assert_eq(target_parse(text, 443, &t), 0);
	text[TARGET_HOST_MAX] = 'a';
	text[TARGET_HOST_MAX + 1] = '\0';
	cr_assert_eq(target_parse(text, 443, &t), AS_E_TOO_BIG);
}

Test(probe_target, tells_addresses_from_names)
{
	struct target t;

	cr_assert_eq(target_parse("192.0.2.1", 443, &t), 0);
	cr_assert(target_is_address(&t));
	cr_assert_eq(target_parse("::1", 443, &t), 0);
	cr_assert(target_is_address(&t));
	cr_assert_eq(target_parse("192.0.2.example", 443, &t), 0);
	cr_assert_not(target_is_address(&t));
}

Test(probe_target, asks_for_the_host)
{
	char buf[HTTP_REQUEST_MAX];
	int n = http_request("www.example:8080", buf, sizeof(buf));

	cr_assert_gt(n, 0);
	cr_assert_eq((size_t)n, strlen(buf));
	cr_assert_eq(strncmp(buf, "HEAD / HTTP/1.1\r\nHost: www.example:8080\r\n", 41), 0);
	cr_assert_str_eq(buf + n - 4, "\r\n\r\n");
	cr_assert_eq(http_request("www.example", buf, 20), AS_EFULL);
}
