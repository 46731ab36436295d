/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "agent/device/talk.h"
#include "proto/base/err.h"

static uint8_t buf[TALK_MAX];

static size_t make(enum talk_type type, size_t len)
{
	memset(buf, 'x', sizeof buf);
	talk_header(type, len, buf);
	return TALK_HEADER + len;
}

Test(talk, a_message_is_taken_when_it_is_whole)
{
	struct talk_msg m;
	size_t n = make(TALK_GO, 3);

	for (size_t i = 0; i < TALK_HEADER; i++)
		cr_assert_eq(talk_size(buf, i), 0);
	cr_assert_eq(talk_size(buf, TALK_HEADER), (int)n);
	cr_assert_eq(talk_decode(buf, n, &m), 0);
	cr_assert_eq(m.type, TALK_GO);
	cr_assert_eq(m.len, 3);
	cr_assert_eq(talk_decode(buf, n - 1, &m), AS_E_PROTOCOL);
	cr_assert_eq(talk_decode(buf, n + 1, &m), AS_E_PROTOCOL);
	cr_assert_eq(talk_decode(buf, 0, &m), AS_E_PROTOCOL);
}

Test(talk, each_type_has_its_limits_and_others_do_not_exist)
{
	static const struct {
		uint32_t type;
		size_t len;
	} bad[] = {
	    {0, 0},
	    {7, 0},
	    {37, 0},
	    {TALK_REFUSED, 1},
	    {TALK_KEY, 33},
	    {TALK_KEY, 34 + TALK_KEY_MAX + TALK_BANNER_MAX + 1},
	    {TALK_OVER, 0},
	    {TALK_OVER, TALK_TEXT_MAX + 2},
	    {TALK_GO, TALK_KEY_MAX + 1},
	    {TALK_ACCEPT, CATALOGUE_TEXT_MAX + 2},
	    {TALK_SECRET, TALK_SECRET_MAX + 1},
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		make((enum talk_type)bad[i].type, bad[i].len);
		cr_assert_eq(talk_size(buf, TALK_HEADER), AS_E_PROTOCOL, "%zu", i);
	}
}

Test(talk, a_key_comes_back_as_it_was)
{
	struct talk_key in = {.type = "ssh-ed25519", .banner = "OpenSSH_9.2p1 Debian-2"}, out;

	memset(in.sha256, 7, sizeof in.sha256);

	int n = talk_key_encode(&in, buf, sizeof buf);
	cr_assert_gt(n, 0);
	cr_assert_eq(talk_key_decode(buf, (size_t)n, &out), 0);
	cr_assert_eq(memcmp(&in, &out, sizeof in), 0);
	for (int i = 0; i < n; i++)
		cr_assert_eq(talk_key_decode(buf, (size_t)i, &out), AS_E_PROTOCOL, "%d", i);
	cr_assert_eq(talk_key_decode(buf, (size_t)n + 1, &out), AS_E_PROTOCOL);
}

Test(talk, a_key_with_words_that_are_not_clean_is_refused)
{
	static const struct talk_key bad[] = {
	    {.type = "", .banner = "x"},     {.type = "a b", .banner = "x"},
	    {.type = "a=b", .banner = "x"},  {.type = "#a", .banner = "x"},
	    {.type = "a\nb", .banner = "x"}, {.type = "a", .banner = "\x1b[2J"},
	    {.type = "a", .banner = "\xff"},
	};
	struct talk_key out;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
		int n = talk_key_encode(&bad[i], buf, sizeof buf);

		cr_assert_eq(talk_key_decode(buf, (size_t)n, &out), AS_E_PROTOCOL, "%zu", i);
	}
}

Test(talk, a_note_is_one_clean_line)
{
	struct talk_note in = {3, "the device refused"}, out;
	int n = talk_note_encode(&in, buf, sizeof buf);

	cr_assert_eq(talk_note_decode(buf, (size_t)n, &out), 0);
	cr_assert_eq(out.flag, 3);
	cr_assert_str_eq(out.text, in.text);
	buf[2] = '\n';
	cr_assert_eq(talk_note_decode(buf, (size_t)n, &out), AS_E_PROTOCOL);
	buf[2] = '\0';
	cr_assert_eq(talk_note_decode(buf, (size_t)n, &out), AS_E_PROTOCOL);
	cr_assert_eq(talk_note_decode(buf, 0, &out), AS_E_PROTOCOL);
}

Test(talk, a_secret_is_any_bytes_and_says_what_it_is)
{
	struct talk_secret in = {.kind = TALK_PRIVATE_KEY,
				 .pass = (const uint8_t *)"p\0q",
				 .pass_len = 3,
				 .text = (const uint8_t *)"-----BEGIN",
				 .text_len = 10},
			   out;
	int n = talk_secret_encode(&in, buf, sizeof buf);

	cr_assert_eq((size_t)n, talk_secret_size(&in), "no byte more is locked");
	cr_assert_eq(talk_secret_decode(buf, (size_t)n, &out), 0);
	cr_assert_eq(out.kind, TALK_PRIVATE_KEY);
	cr_assert(out.pass_len == 3 && memcmp(out.pass, "p\0q", 3) == 0);
	cr_assert(out.text_len == 10 && memcmp(out.text, "-----BEGIN", 10) == 0);
	cr_assert_eq(talk_secret_decode(buf, 5, &out), AS_E_PROTOCOL);
	buf[0] = 0;
	cr_assert_eq(talk_secret_decode(buf, (size_t)n, &out), AS_E_PROTOCOL);
	buf[0] = TALK_AGENT + 1;
	cr_assert_eq(talk_secret_decode(buf, (size_t)n, &out), AS_E_PROTOCOL);
	buf[0] = TALK_PASSWORD;
	buf[1] = 1; /* a passphrase of 256 bytes and more */
	cr_assert_eq(talk_secret_decode(buf, sizeof buf, &out), AS_E_PROTOCOL);
}
