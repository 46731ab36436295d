/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/hostport.h"

Test(hostport, splits_host_and_port)
{
	static const struct {
		const char *text, *host, *port;
	} good[] = {
	    {"relay.example:443", "relay.example", "443"},
	    {"192.0.2.1:0", "192.0.2.1", "0"},
	    {"[2001:db8::1]:65535", "2001:db8::1", "65535"},
	};
	static const char *const bad[] = {
	    "",	      ":",	    "host",    "host:",		  "host:x",
	    ":443",   "host:65536", "host:-1", "2001:db8::1:443", "[::1]443",
	    "[]:443", "[::1:443",   "a b:443", "u@host:443",	  "host:123456"};
	char text[HOSTPORT_TEXT_MAX];
	struct hostport t;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		cr_assert_eq(hostport_split(good[i].text, &t), 0, "%s", good[i].text);
		cr_assert_str_eq(t.host, good[i].host);
		cr_assert_str_eq(t.port, good[i].port);
		cr_assert_str_eq(hostport_text(&t, text), good[i].text);
	}
	cr_assert_eq(hostport_number(&t), 65535);
	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(hostport_split(bad[i], &t), AS_ECONFIG, "%s", bad[i]);
}
