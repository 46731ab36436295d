/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/code.h"

#include <openssl/rand.h>
#include <stdbool.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/hkdf.h"

#define ID_CHARS     4
#define SECRET_CHARS 6
#define DATA_CHARS   (ID_CHARS + SECRET_CHARS)
#define CHAR_BITS    5
#define CHAR_MASK    31u
#define GF32_POLY    0x25u /* x^5 + x^2 + 1; x is a generator */
#define INFO	     "assent code v1"

static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/* The value of a character as a person may type it, or -1. */
static int value_of(char c)
{
	if (c >= 'a' && c <= 'z')
		c = (char)(c - 'a' + 'A');
	if (c == 'O')
		c = '0';
	if (c == 'I' || c == 'L')
		c = '1';

	const char *at = c != '\0' ? strchr(alphabet, c) : NULL;
	return at ? (int)(at - alphabet) : -1;
}

static bool is_separator(char c)
{
	return c == ' ' || c == '\t' || c == '-' || c == '.' || c == '_';
}

static uint8_t times_x(uint8_t v)
{
	unsigned shifted = (unsigned)v << 1;

	return (uint8_t)(shifted & 0x20 ? shifted ^ GF32_POLY : shifted);
}

/* Horner's rule: ((a_10 x + a_9) x + ...) x, so that a_i weighs x^i. */
static uint8_t check_of(const uint8_t v[DATA_CHARS])
{
	uint8_t sum = 0;

	for (size_t i = DATA_CHARS; i-- > 0;)
		sum = times_x(sum ^ v[i]);
	return sum;
}

static void to_values(const struct code *c, uint8_t v[CODE_CHARS])
{
	for (size_t i = 0; i < ID_CHARS; i++)
		v[i] = (uint8_t)(c->id >> (CHAR_BITS * (ID_CHARS - 1 - i)) & CHAR_MASK);
	for (size_t i = 0; i < SECRET_CHARS; i++)
		v[ID_CHARS + i] =
		    (uint8_t)(c->secret >> (CHAR_BITS * (SECRET_CHARS - 1 - i)) & CHAR_MASK);
	v[DATA_CHARS] = check_of(v);
}

const char *code_format(const struct code *c, char out[CODE_TEXT_MAX])
{
	uint8_t v[CODE_CHARS];
	char *p = out;

	to_values(c, v);
	for (size_t i = 0; i < CODE_CHARS; i++) {
		if (i == ID_CHARS || i == ID_CHARS + SECRET_CHARS / 2)
			*p++ = '-';
		*p++ = alphabet[v[i]];
	}
	*p = '\0';
	secret_wipe(v, sizeof v);
	return out;
}

/* The characters that count, or AS_EBADMSG. */
static int read_values(const char *text, uint8_t v[CODE_CHARS])
{
	size_t n = 0;

	for (size_t i = 0; text[i] != '\0'; i++) {
		if (i == CODE_INPUT_MAX)
			return AS_EBADMSG;
		if (is_separator(text[i]))
			continue;

		int value = value_of(text[i]);
		if (value < 0 || n == CODE_CHARS)
			return AS_EBADMSG;
		v[n++] = (uint8_t)value;
	}
	return n == CODE_CHARS ? 0 : AS_EBADMSG;
}

int code_parse(const char *text, struct code *out)
{
	uint8_t v[CODE_CHARS] = {0};
	struct code c = {0};

	int err = read_values(text, v);
	if (err == 0 && check_of(v) != v[DATA_CHARS])
		err = AS_ETYPO;
	if (err == 0) {
		for (size_t i = 0; i < ID_CHARS; i++)
			c.id = c.id << CHAR_BITS | v[i];
		for (size_t i = ID_CHARS; i < DATA_CHARS; i++)
			c.secret = c.secret << CHAR_BITS | v[i];
		*out = c;
	}
	secret_wipe(v, sizeof v);
	secret_wipe(&c, sizeof c);
	return err;
}

int code_new(uint32_t id, struct code *out)
{
	uint32_t random;

	if (RAND_priv_bytes((unsigned char *)&random, sizeof random) != 1)
		return AS_E_INTERNAL;
	out->id = id & ((1u << CODE_ID_BITS) - 1);
	out->secret = random & ((1u << CODE_SECRET_BITS) - 1);
	secret_wipe(&random, sizeof random);
	return 0;
}

int code_w(const struct code *c, struct secret *out)
{
	uint8_t v[CODE_CHARS];
	char chars[DATA_CHARS];
	char info[sizeof INFO - 1 + ID_CHARS] = INFO;

	to_values(c, v);
	for (size_t i = 0; i < DATA_CHARS; i++)
		chars[i] = alphabet[v[i]];
	memcpy(info + sizeof INFO - 1, chars, ID_CHARS);

	int err = hkdf(chars + ID_CHARS, SECRET_CHARS, info, sizeof info, out->bytes, CODE_W_LEN);
	if (err == 0)
		out->len = CODE_W_LEN;
	secret_wipe(v, sizeof v);
	secret_wipe(chars, sizeof chars);
	return err;
}
