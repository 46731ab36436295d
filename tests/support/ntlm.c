/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/ntlm.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#define MESSAGE_MAX 2048
#define NT_FIELD    20
#define DOMAIN	    28
#define USER	    36
#define PROOF	    16
#define NAME_MAX_16 256

static void put16(uint8_t *p, unsigned v)
{
	p[0] = (uint8_t)v;
	p[1] = (uint8_t)(v >> 8);
}

static void put32(uint8_t *p, uint32_t v)
{
	put16(p, v & 0xffff);
	put16(p + 2, v >> 16);
}

static unsigned get16(const uint8_t *p)
{
	return p[0] | (unsigned)p[1] << 8;
}

/* A length, the same again, where it begins. */
static void put_field(uint8_t *p, unsigned len, unsigned at)
{
	put16(p, len);
	put16(p + 2, len);
	put32(p + 4, at);
}

void ntlm_challenge(const uint8_t challenge[NTLM_CHALLENGE], char out[NTLM_TEXT_MAX])
{
	/* UTF-16, target, NTLM, always sign, server, extended security, target info, 128 bits */
	static const uint32_t flags =
	    0x1 | 0x4 | 0x200 | 0x8000 | 0x20000 | 0x80000 | 0x800000 | 0x20000000;
	static const uint8_t target[] = {'C', 0, 'O', 0, 'R', 0, 'P', 0};
	static const uint8_t info[] = {2,   0, 8,   0, 'C', 0, 'O', 0, 'R', 0, 'P', 0, 1, 0, 10, 0,
				       'P', 0, 'R', 0, 'O', 0, 'X', 0, 'Y', 0, 0,   0, 0, 0};
	uint8_t m[48 + sizeof target + sizeof info] = "NTLMSSP";

	put32(m + 8, 2);
	put_field(m + 12, sizeof target, 48);
	put32(m + 20, flags);
	memcpy(m + 24, challenge, NTLM_CHALLENGE);
	put_field(m + 40, sizeof info, 48 + sizeof target);
	memcpy(m + 48, target, sizeof target);
	memcpy(m + 48 + sizeof target, info, sizeof info);
	EVP_EncodeBlock((unsigned char *)out, m, sizeof m);
}

/* A field of the message; NULL when it does not lie in it. */
static const uint8_t *field(const uint8_t *m, size_t n, size_t at, size_t *len)
{
	size_t from = get16(m + at + 4) | (size_t)get16(m + at + 6) << 16;

	*len = get16(m + at);
	return from <= n && *len <= n - from ? m + from : NULL;
}

static void hmac_md5(const uint8_t *key, const uint8_t *p, size_t n, uint8_t out[PROOF])
{
	unsigned len = PROOF;

	HMAC(EVP_md5(), key, NTLM_HASH, p, n, out, &len);
}

/* ASCII names in UTF-16, the user's in capitals. */
static bool make_key(const uint8_t *user, size_t user_len, const uint8_t *domain, size_t domain_len,
		     const uint8_t hash[NTLM_HASH], uint8_t key[PROOF])
{
	uint8_t names[2 * NAME_MAX_16];

	if (user_len > NAME_MAX_16 || domain_len > NAME_MAX_16)
		return false;
	memcpy(names, user, user_len);
	for (size_t i = 0; i < user_len; i += 2)
		names[i] = (uint8_t)toupper(names[i]);
	memcpy(names + user_len, domain, domain_len);
	hmac_md5(hash, names, user_len + domain_len, key);
	return true;
}

static bool is_name(const uint8_t *utf16, size_t n, const char *name)
{
	if (n != 2 * strlen(name))
		return false;
	for (size_t i = 0; i < n; i += 2)
		if (utf16[i] != (uint8_t)name[i / 2] || utf16[i + 1] != 0)
			return false;
	return true;
}

bool ntlm_proves(const char *text, const uint8_t challenge[NTLM_CHALLENGE], const char *user,
		 const uint8_t hash[NTLM_HASH])
{
	uint8_t m[MESSAGE_MAX], key[PROOF], proof[PROOF], all[MESSAGE_MAX + NTLM_CHALLENGE];
	size_t len = strlen(text), nt_len, user_len, domain_len;

	if (len > sizeof m / 3 * 4 || len % 4 != 0)
		return false;

	int n = EVP_DecodeBlock(m, (const unsigned char *)text, (int)len);
	if (n < 64 || memcmp(m, "NTLMSSP\0\3\0\0", 12) != 0)
		return false;

	const uint8_t *nt = field(m, (size_t)n, NT_FIELD, &nt_len);
	const uint8_t *who = field(m, (size_t)n, USER, &user_len);
	const uint8_t *domain = field(m, (size_t)n, DOMAIN, &domain_len);
	if (!nt || !who || !domain || nt_len <= 2 * PROOF || !is_name(who, user_len, user) ||
	    !make_key(who, user_len, domain, domain_len, hash, key))
		return false;
	memcpy(all, challenge, NTLM_CHALLENGE);
	memcpy(all + NTLM_CHALLENGE, nt + PROOF, nt_len - PROOF);
	hmac_md5(key, all, NTLM_CHALLENGE + nt_len - PROOF, proof);
	return memcmp(proof, nt, PROOF) == 0;
}
