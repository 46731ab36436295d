/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <string.h>

#include "agent/ssh/words.h"
#include "proto/base/text.h"

Test(ssh_words, no_common_algorithm_says_who_offers_what)
{
	struct words w;

	words_of_error("kex error : no match for method server host key algo: server "
		       "[ssh-rsa,ssh-dss], client [ssh-ed25519,rsa-sha2-512]",
		       false, &w);
	cr_assert(strstr(w.why, "server host key algo"), "%s", w.why);
	cr_assert(strstr(w.why, "--legacy"), "%s", w.why);
	cr_assert(strstr(w.why, "the device offers only ssh-rsa,ssh-dss;"), "%s", w.why);
	cr_assert_str_eq(w.theirs, "the device offers ssh-rsa,ssh-dss");
	cr_assert_str_eq(w.ours, "this program takes ssh-ed25519,rsa-sha2-512");
	words_of_error("kex error : no match for method x: server [a], client [b]", true, &w);
	cr_assert_not(strstr(w.why, "--legacy"), "it was tried");
}

Test(ssh_words, an_offer_that_fills_the_message_is_an_offer)
{
	struct words w;

	words_of_error("kex error : no match for method kex algos: server [\x1b[31mfoo\n,aaaa",
		       false, &w);
	cr_assert(strstr(w.why, "the device offers only ?[31mfoo"), "%s", w.why);
	cr_assert_str_eq(w.ours, "this program takes others");
	cr_assert(text_is_clean(w.why, strlen(w.why)), "%s", w.why);
}

Test(ssh_words, a_closed_connection_is_called_so)
{
	struct words w;

	words_of_error("Socket error: disconnected", false, &w);
	cr_assert_str_eq(w.why, "the device closed the connection");
	cr_assert_str_eq(w.theirs, "");
	words_of_error("read_packet(): Packet len too high(2147483647 7fffffff)", false, &w);
	cr_assert_str_eq(w.why, "the device sends what is no SSH");
}

Test(ssh_words, what_the_device_says_is_one_clean_line)
{
	struct words w;
	char longest[4096];

	words_of_error("Received SSH_MSG_DISCONNECT: 2:\x1b[2Jbye\nType allow or deny: ", false,
		       &w);
	cr_assert(text_is_clean(w.why, strlen(w.why)), "%s", w.why);
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	words_of_error(longest, false, &w);
	cr_assert_leq(strlen(w.why), ITEM_WHY_MAX);
	memcpy(longest, "no match for method a: server [", 31);
	memcpy(longest + 2000, "], client [", 11);
	words_of_error(longest, false, &w);
	cr_assert_leq(strlen(w.theirs), ITEM_WHY_MAX);
	cr_assert(strstr(w.why, "xxx...; --legacy"), "%s", w.why);
	words_of_error("", false, &w);
	cr_assert_gt(strlen(w.why), 0);
}
