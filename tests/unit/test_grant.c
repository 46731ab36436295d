/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <openssl/sha.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/grant.h"

static as_GrantBody sample(void)
{
	as_GrantBody b = as_GrantBody_init_zero;

	b.version = MSG_BODY_VERSION;
	b.lifetime_s = 1800;
	b.not_before = 1790000000;
	b.expires = b.not_before + b.lifetime_s;
	b.scopes_count = 1;
	b.scopes[0].kind = SCOPE_LOGS;
	b.has_consent = true;
	b.consent.method = 1;
	snprintf(b.host, sizeof b.host, "web1");
	return b;
}

Test(grant, what_the_broker_signs_the_console_accepts)
{
	EVP_PKEY *key = sign_key_new();
	as_GrantBody body = sample();
	uint8_t msg[GRANT_MAX], spki[SIGN_SPKI_MAX], hash[32];
	struct grant g;
	as_SignedGrant m;
	int n = grant_sign(&body, key, msg, sizeof msg);
	int spki_len = sign_spki(key, spki);

	cr_assert(n > 0);
	cr_assert_eq(grant_verify(msg, (size_t)n, NULL, 0, &g), 0);
	cr_assert_eq(g.spki_len, (size_t)spki_len);
	cr_assert_eq(memcmp(g.spki, spki, g.spki_len), 0);
	cr_assert_str_eq(g.body.host, "web1");
	cr_assert_eq(grant_verify(msg, (size_t)n, spki, (size_t)spki_len, &g), 0);
	cr_assert_eq(msg_decode(MSG_SIGNED_GRANT, msg, (size_t)n, &m), 0);
	SHA256(m.body.bytes, m.body.size, hash);
	cr_assert_eq(memcmp(g.sha256, hash, 32), 0);
	sign_key_free(key);
}

Test(grant, another_install_key_is_refused)
{
	EVP_PKEY *key = sign_key_new(), *other = sign_key_new();
	as_GrantBody body = sample();
	uint8_t msg[GRANT_MAX], spki[SIGN_SPKI_MAX];
	struct grant g = {.spki_len = 1};
	int n = grant_sign(&body, other, msg, sizeof msg);
	int spki_len = sign_spki(key, spki);

	cr_assert_eq(grant_verify(msg, (size_t)n, spki, (size_t)spki_len, &g), AS_ESIGNATURE);
	cr_assert_eq(grant_verify(msg, (size_t)n, spki, (size_t)spki_len - 1, &g), AS_ESIGNATURE);
	cr_assert_eq(g.spki_len, 1, "untouched");
	sign_key_free(key);
	sign_key_free(other);
}

Test(grant, every_changed_byte_is_noticed)
{
	EVP_PKEY *key = sign_key_new();
	as_GrantBody body = sample();
	uint8_t msg[GRANT_MAX + 1];
	struct grant g;
	int n = grant_sign(&body, key, msg, sizeof msg);

	for (int at = 0; at < n; at++) {
		msg[at] ^= 0x04;
		cr_assert_lt(grant_verify(msg, (size_t)n, NULL, 0, &g), 0, "byte %d", at);
		msg[at] ^= 0x04;
	}
	for (int cut = 0; cut < n; cut++)
		cr_assert_lt(grant_verify(msg, (size_t)cut, NULL, 0, &g), 0);
	msg[n] = 0;
	cr_assert_eq(grant_verify(msg, (size_t)n + 1, NULL, 0, &g), AS_EBADMSG, "trailing");
	cr_assert_eq(grant_verify(msg, (size_t)n, NULL, 0, &g), 0);
	sign_key_free(key);
}

Test(grant, a_request_signature_is_no_grant)
{
	EVP_PKEY *key = sign_key_new();
	as_GrantBody body = sample();
	as_SignedGrant m;
	uint8_t msg[GRANT_MAX];
	struct grant g;
	size_t sig_len = 0;
	int n = grant_sign(&body, key, msg, sizeof msg);

	cr_assert_eq(msg_decode(MSG_SIGNED_GRANT, msg, (size_t)n, &m), 0);
	cr_assert_eq(sign_make(key, SIGN_REQUEST, m.body.bytes, m.body.size, m.sig.bytes, &sig_len),
		     0);
	m.sig.size = (pb_size_t)sig_len;
	n = msg_encode(MSG_SIGNED_GRANT, &m, msg, sizeof msg);
	cr_assert_eq(grant_verify(msg, (size_t)n, NULL, 0, &g), AS_ESIGNATURE);
	sign_key_free(key);
}

Test(grant, a_body_its_validator_refuses_is_not_signed)
{
	EVP_PKEY *key = sign_key_new();
	as_GrantBody body = sample();
	uint8_t msg[GRANT_MAX];

	cr_assert_eq(grant_sign(&body, key, msg, 50), AS_EFULL);
	body.scopes_count = 0;
	cr_assert_eq(grant_sign(&body, key, msg, sizeof msg), AS_EBADMSG);
	sign_key_free(key);
}
