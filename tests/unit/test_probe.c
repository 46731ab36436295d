/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "agent/collect/probe.h"

Test(probe, reads_one_block_after_the_other)
{
	const char *at = "target: relay.example:7443\n"
			 "  tcp      192.0.2.7: connected (3 ms)\n"
			 "result: tcp 3 ms, tls 1.3 9 ms\n"
			 "target: b.example\n"
			 "result: name not found\n"
			 "target: c.example\n"
			 "  name     cut";
	struct probe_block b;

	cr_assert(probe_next(&at, &b));
	cr_assert_str_eq(b.title, "relay.example:7443");
	cr_assert_str_eq(b.result, "tcp 3 ms, tls 1.3 9 ms");
	cr_assert(probe_next(&at, &b));
	cr_assert_str_eq(b.title, "b.example");
	cr_assert_str_eq(b.result, "name not found");
	cr_assert_not(probe_next(&at, &b), "a block without its result is none");
	cr_assert_str_eq(b.title, "b.example", "and nothing is touched");
}

Test(probe, finds_nothing_in_no_text)
{
	const char *at = "";
	struct probe_block b;

	cr_assert_not(probe_next(&at, &b));
	at = "result: no line end";
	cr_assert_not(probe_next(&at, &b));
}

Test(probe, cuts_lines_that_are_too_long)
{
	char text[2000];
	const char *at = text;
	struct probe_block b;

	memset(text, 'x', sizeof(text));
	memcpy(text, "target: ", 8);
	text[1000] = '\n';
	memcpy(text + 1001, "result: ", 8);
	text[1998] = '\n';
	text[1999] = '\0';
	cr_assert(probe_next(&at, &b));
	cr_assert_eq(strlen(b.title), PROBE_TITLE_MAX);
	cr_assert_eq(strlen(b.result), PROBE_RESULT_MAX);
}

Test(probe, knows_which_targets_have_a_name)
{
	char name[32];

	cr_assert(probe_name("relay.example:7443", name, sizeof(name)));
	cr_assert_str_eq(name, "relay.example");
	cr_assert(probe_name("https://www.example:8443", name, sizeof(name)));
	cr_assert_str_eq(name, "www.example");
	cr_assert(probe_name("printer", name, sizeof(name)));

	static const char *const none[] = {
	    "",		 ":443",	"192.0.2.1:443",
	    "[::1]:443", "2001:db8::1", "a-name-that-is-longer-than-the-room.example"};
	for (size_t i = 0; i < sizeof(none) / sizeof(none[0]); i++)
		cr_assert_not(probe_name(none[i], name, sizeof(name)), "%s", none[i]);
}
