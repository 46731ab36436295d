/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/socks5.h"

static uint8_t out[SOCKS5_OUT_MAX];

Test(socks5, greets_with_what_it_can)
{
	cr_assert_eq(socks5_greeting(false, out, sizeof out), 3);
	cr_assert_arr_eq(out, "\x05\x01\x00", 3);
	cr_assert_eq(socks5_greeting(true, out, sizeof out), 4);
	cr_assert_arr_eq(out, "\x05\x02\x00\x02", 4);
	cr_assert_eq(socks5_greeting(true, out, 3), AS_EFULL);
}

Test(socks5, gives_the_name_to_the_proxy)
{
	struct socks5_target t = {.host = "relay.example", .port = 443};

	cr_assert_eq(socks5_connect(&t, out, sizeof out), 4 + 1 + 13 + 2);
	cr_assert_arr_eq(out, "\x05\x01\x00\x03\x0drelay.example\x01\xbb", 20);
}

Test(socks5, gives_an_address_as_one)
{
	struct socks5_target v4 = {.address = {192, 0, 2, 1}, .address_len = 4, .port = 80};
	struct socks5_target v6 = {.address = {0x20, 1, 0xd, 0xb8}, .address_len = 16, .port = 1};

	cr_assert_eq(socks5_connect(&v4, out, sizeof out), 10);
	cr_assert_arr_eq(out, "\x05\x01\x00\x01\xc0\x00\x02\x01\x00\x50", 10);
	cr_assert_eq(socks5_connect(&v6, out, sizeof out), 22);
	cr_assert_arr_eq(out, "\x05\x01\x00\x04\x20\x01\x0d\xb8", 8);
}

Test(socks5, sends_user_and_password)
{
	char long_name[SOCKS5_NAME_MAX + 2];

	cr_assert_eq(socks5_user("ada", "pw", out, sizeof out), 8);
	cr_assert_arr_eq(out,
			 "\x01\x03"
			 "ada\x02pw",
			 8);
	cr_assert_eq(socks5_user("", "pw", out, sizeof out), AS_E_TOO_BIG);
	memset(long_name, 'x', sizeof long_name - 1);
	long_name[sizeof long_name - 1] = '\0';
	cr_assert_eq(socks5_user("ada", long_name, out, sizeof out), AS_E_TOO_BIG);
	cr_assert_eq(socks5_user("ada", long_name + 1, out, sizeof out), 6 + SOCKS5_NAME_MAX);
}

Test(socks5, reads_the_short_answers)
{
	uint8_t method = 7;
	bool yes = false;

	cr_assert_eq(socks5_method((const uint8_t *)"\x05", 1, &method), 0);
	cr_assert_eq(socks5_method((const uint8_t *)"\x05\x02", 2, &method), 2);
	cr_assert_eq(method, SOCKS5_USER);
	cr_assert_eq(socks5_method((const uint8_t *)"HTTP", 4, &method), AS_E_PROTOCOL);
	cr_assert_eq(socks5_user_reply((const uint8_t *)"\x01", 1, &yes), 0);
	cr_assert_eq(socks5_user_reply((const uint8_t *)"\x01\x00", 2, &yes), 2);
	cr_assert(yes);
	cr_assert_eq(socks5_user_reply((const uint8_t *)"\x01\xff", 2, &yes), 2);
	cr_assert_not(yes);
	cr_assert_eq(socks5_user_reply((const uint8_t *)"\x04\x00", 2, &yes), AS_E_PROTOCOL);
}

Test(socks5, reads_the_answer_whole_or_not_at_all)
{
	static const struct {
		const char *bytes;
		size_t n;
		uint8_t reply;
	} good[] = {
	    {"\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", 10, 0},
	    {"\x05\x00\x00\x04"
	     "0123456789abcdef"
	     "\x00\x01",
	     22, 0},
	    {"\x05\x00\x00\x03\x04host\x00\x01", 11, 0},
	    {"\x05\x02\x00\x01\x00\x00\x00\x00\x00\x00", 10, 2},
	};
	uint8_t reply = 99;

	for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
		const uint8_t *p = (const uint8_t *)good[i].bytes;

		for (size_t cut = 0; cut < good[i].n; cut++)
			cr_assert_eq(socks5_reply(p, cut, &reply), 0, "%zu cut at %zu", i, cut);
		cr_assert_eq(socks5_reply(p, good[i].n, &reply), (int)good[i].n);
		cr_assert_eq(reply, good[i].reply);
	}
	cr_assert_eq(socks5_reply((const uint8_t *)"\x04\x00\x00\x01\x00", 5, &reply),
		     AS_E_PROTOCOL);
	cr_assert_eq(socks5_reply((const uint8_t *)"\x05\x00\x00\x09\x00", 5, &reply),
		     AS_E_PROTOCOL);
	cr_assert_eq(socks5_reply((const uint8_t *)"\x05\x05\x00\x00\x00", 5, &reply), 4);
	cr_assert_eq(reply, 5);
}

Test(socks5, has_a_text_for_every_answer)
{
	for (unsigned i = 0; i < 256; i++)
		cr_assert(socks5_reply_text((uint8_t)i)[0]);
}
