/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "agent/collect/resolv.h"

static struct resolv parse(const char *text)
{
	struct resolv r = {0};

	resolv_parse(text, strlen(text), &r);
	return r;
}

Test(resolv, finds_the_servers_in_their_order)
{
	struct resolv r = parse("# made by hand\n"
				"search example.org\n"
				"nameserver 192.0.2.53\n"
				"nameserver\tfe80::1%eth0  # the router\r\n"
				"options edns0\n"
				"nameserver 2001:db8::53");

	cr_assert_eq(r.count, 3u);
	cr_assert_str_eq(r.at[0], "192.0.2.53");
	cr_assert_str_eq(r.at[1], "fe80::1%eth0");
	cr_assert_str_eq(r.at[2], "2001:db8::53");
}

Test(resolv, passes_over_what_is_no_server)
{
	static const char *const texts[] = {
	    "",
	    "nameserver",
	    "nameserver \n",
	    "nameservers 192.0.2.1",
	    "#nameserver 192.0.2.1",
	    "nameserver dns.example.org",
	    "nameserver --help",
	    "nameserver 192.0.2.1;x",
	    "nameserver fe80::1%",
	    "nameserver fe80::1%a b\033",
	};

	for (size_t i = 0; i + 1 < sizeof(texts) / sizeof(texts[0]); i++)
		cr_assert_eq(parse(texts[i]).count, 0u, "%s", texts[i]);
}

Test(resolv, lists_a_server_once)
{
	struct resolv r = parse("nameserver 127.0.0.53\n");

	resolv_parse("nameserver 127.0.0.53\nnameserver 192.0.2.53\n", 44, &r);
	cr_assert_eq(r.count, 2u);
}

Test(resolv, keeps_no_more_than_its_limits)
{
	char text[1024] = "", line[200];
	struct resolv r;

	for (int i = 1; i <= RESOLV_SERVERS_MAX + 3; i++) {
		snprintf(line, sizeof(line), "nameserver 192.0.2.%d\n", i);
		strcat(text, line);
	}
	r = parse(text);
	cr_assert_eq(r.count, (size_t)RESOLV_SERVERS_MAX);

	memset(line, '1', sizeof(line));
	memcpy(line, "nameserver ", 11);
	line[11 + RESOLV_ADDR_LEN + 1] = '\0';
	cr_assert_eq(parse(line).count, 0u);
	line[11 + RESOLV_ADDR_LEN] = '\0';
	cr_assert_eq(parse(line).count, 1u);
}

Test(resolv, takes_a_nul_byte_for_no_end_of_text)
{
	struct resolv r = {0};

	resolv_parse("nameserver 192.0.2.1\0x\n", 23, &r);
	cr_assert_eq(r.count, 0u);
}
