/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <ctype.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/e2e/code.h"

static const char letters[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";
static const struct code sample = {.id = 0x5a3c7, .secret = 0x2b1e0f9d};

static int parses(const char *text)
{
	struct code c;

	return code_parse(text, &c);
}

Test(code, has_the_form_people_read_aloud)
{
	char text[CODE_TEXT_MAX];

	code_format(&(struct code){.id = 1, .secret = 0}, text);
	cr_assert_eq(strlen(text), CODE_TEXT_MAX - 1);
	cr_assert_eq(text[4], '-');
	cr_assert_eq(text[8], '-');
	cr_assert_eq(strncmp(text, "0001-000-000", 12), 0);
}

Test(code, comes_back_from_its_text)
{
	char text[CODE_TEXT_MAX];
	struct code c;

	for (uint32_t i = 0; i < 4096; i++) {
		struct code in = {.id = (i * 2654435761u) >> 12, .secret = (i * 2246822519u) >> 2};

		cr_assert_eq(code_parse(code_format(&in, text), &c), 0);
		cr_assert_eq(c.id, in.id);
		cr_assert_eq(c.secret, in.secret);
	}
}

Test(code, forgives_how_people_type)
{
	char text[CODE_TEXT_MAX], typed[CODE_INPUT_MAX];
	struct code c;
	size_t n = 0;

	code_format(&(struct code){.id = 0x00421, .secret = 0x00108421}, text);
	for (const char *p = text; *p; p++) {
		typed[n++] = (char)(*p == '0' ? 'o' : *p == '1' ? 'l' : tolower((unsigned char)*p));
		typed[n++] = *p == '-' ? '.' : ' ';
	}
	typed[n] = '\0';
	cr_assert_eq(code_parse(typed, &c), 0);
	cr_assert_eq(c.id, 0x00421);
	cr_assert_eq(c.secret, 0x00108421);
}

Test(code, catches_every_wrong_character)
{
	char text[CODE_TEXT_MAX];

	for (uint32_t round = 0; round < 64; round++) {
		struct code c = {.id = sample.id ^ round * 977,
				 .secret = sample.secret ^ round * 7919};

		code_format(&c, text);
		for (size_t at = 0; text[at]; at++) {
			char right = text[at];

			if (right == '-')
				continue;
			for (const char *p = letters; *p; p++) {
				text[at] = *p;
				cr_assert_eq(parses(text), *p == right ? 0 : AS_ETYPO);
			}
			text[at] = right;
		}
	}
}

Test(code, catches_every_swap_of_two_characters)
{
	char text[CODE_TEXT_MAX], swapped[CODE_TEXT_MAX];

	for (uint32_t round = 0; round < 256; round++) {
		struct code c = {.id = sample.id ^ round * 977,
				 .secret = sample.secret ^ round * 7919};

		code_format(&c, text);
		for (size_t i = 0; text[i]; i++)
			for (size_t j = i + 1; text[j]; j++) {
				if (text[i] == '-' || text[j] == '-' || text[i] == text[j])
					continue;
				memcpy(swapped, text, sizeof swapped);
				swapped[i] = text[j];
				swapped[j] = text[i];
				cr_assert_eq(parses(swapped), AS_ETYPO);
			}
	}
}

Test(code, refuses_wrong_lengths_and_characters)
{
	static const char *const bad[] = {
	    "",
	    "-",
	    "0",
	    "0000-000-000",
	    "0000-000-00000",
	    "0000-000-000U",
	    "0000-000-000*",
	    "0000-000-00\xc3\xb6",
	    "----------------------------------------------------------------00000000000",
	};
	struct code c = sample;

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(code_parse(bad[i], &c), AS_EBADMSG, "%s", bad[i]);
	cr_assert_eq(c.id, sample.id);
	cr_assert_eq(c.secret, sample.secret);
	cr_assert_eq(parses("0000-000-0000"), 0);
}

/* Computed with Python's hmac over RFC 5869: it must never change. */
Test(code, makes_the_same_password_for_ever)
{
	struct code c = {.id = 0, .secret = 0};
	struct secret w = {0};
	char hex[2 * CODE_W_LEN + 1];

	cr_assert_eq(code_w(&c, &w), 0);
	cr_assert_eq(w.len, CODE_W_LEN);
	cr_assert_eq(strcmp(hex_encode(w.bytes, w.len, hex),
			    "bf0deae911da4b5554053f49803fe9d3302a01cc0b679a48"
			    "b4ef245ec18cb50c038e6690552265306511d65f52a3b2a5"),
		     0);
}

Test(code, makes_another_password_for_every_part)
{
	struct secret a = {0}, b = {0}, d = {0};
	struct code c = sample;

	code_w(&c, &a);
	c.id ^= 1;
	code_w(&c, &b);
	c.id ^= 1;
	c.secret ^= 1;
	code_w(&c, &d);
	cr_assert_neq(memcmp(a.bytes, b.bytes, CODE_W_LEN), 0);
	cr_assert_neq(memcmp(a.bytes, d.bytes, CODE_W_LEN), 0);
}

Test(code, a_new_one_keeps_the_id_and_stays_in_its_bits)
{
	uint32_t seen = 0;

	for (int i = 0; i < 64; i++) {
		struct code c;

		cr_assert_eq(code_new(0xfffff, &c), 0);
		cr_assert_eq(c.id, 0xfffff);
		cr_assert_eq(c.secret >> CODE_SECRET_BITS, 0);
		seen |= c.secret;
	}
	cr_assert_eq(seen, (1u << CODE_SECRET_BITS) - 1);
}
