/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <stdbool.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/sign.h"
#include "tests/support/pki.h"

static const char body[] = "what was agreed";

static EVP_PKEY *key_of(bool ed25519)
{
	return ed25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519") : sign_key_new();
}

Test(sign, both_kinds_of_key_sign_and_check)
{
	for (int ed = 0; ed < 2; ed++) {
		EVP_PKEY *key = key_of(ed);
		uint8_t sig[SIGN_MAX], spki[SIGN_SPKI_MAX];
		size_t n = 0;

		cr_assert_eq(sign_make(key, SIGN_GRANT, body, sizeof body, sig, &n), 0);
		cr_assert(n > 0 && n <= SIGN_MAX);
		cr_assert_eq(sign_check(key, SIGN_GRANT, body, sizeof body, sig, n), 0);

		int len = sign_spki(key, spki);
		cr_assert_eq(len, ed ? 44 : SIGN_SPKI_MAX);
		cr_assert_eq(
		    sign_check_spki(spki, (size_t)len, SIGN_GRANT, body, sizeof body, sig, n), 0);
		sign_key_free(key);
	}
}

Test(sign, anything_changed_is_refused)
{
	for (int ed = 0; ed < 2; ed++) {
		EVP_PKEY *key = key_of(ed), *other = key_of(ed);
		uint8_t sig[SIGN_MAX + 1] = {0};
		size_t n = 0;

		cr_assert_eq(sign_make(key, SIGN_GRANT, body, sizeof body, sig, &n), 0);
		cr_assert_eq(sign_check(key, SIGN_REQUEST, body, sizeof body, sig, n),
			     AS_ESIGNATURE);
		cr_assert_eq(sign_check(key, SIGN_GRANT, body, sizeof body - 1, sig, n),
			     AS_ESIGNATURE);
		cr_assert_eq(sign_check(other, SIGN_GRANT, body, sizeof body, sig, n),
			     AS_ESIGNATURE);
		cr_assert_eq(sign_check(key, SIGN_GRANT, body, sizeof body, sig, n + 1),
			     AS_ESIGNATURE);
		for (size_t cut = 0; cut < n; cut++)
			cr_assert_eq(sign_check(key, SIGN_GRANT, body, sizeof body, sig, cut),
				     AS_ESIGNATURE);
		for (size_t at = 0; at < n; at++) {
			sig[at] ^= 1;
			cr_assert_eq(sign_check(key, SIGN_GRANT, body, sizeof body, sig, n),
				     AS_ESIGNATURE);
			sig[at] ^= 1;
		}
		sign_key_free(key);
		sign_key_free(other);
	}
}

/* Ed25519 is deterministic, so the signed bytes can be pinned: label, 0, SHA-256 of the body. */
Test(sign, what_is_signed_is_label_zero_and_hash)
{
	EVP_PKEY *key = key_of(true);
	uint8_t sig[SIGN_MAX], want[64], msg[sizeof SIGN_GRANT + SHA256_DIGEST_LENGTH] = SIGN_GRANT;
	size_t n = 0, want_n = sizeof want;
	EVP_MD_CTX *md = EVP_MD_CTX_new();

	SHA256((const uint8_t *)body, sizeof body, msg + sizeof SIGN_GRANT);
	EVP_DigestSignInit(md, NULL, NULL, NULL, key);
	EVP_DigestSign(md, want, &want_n, msg, sizeof msg);
	cr_assert_eq(sign_make(key, SIGN_GRANT, body, sizeof body, sig, &n), 0);
	cr_assert_eq(n, want_n);
	cr_assert_eq(memcmp(sig, want, n), 0);
	EVP_MD_CTX_free(md);
	sign_key_free(key);
}

Test(sign, keys_come_back_from_their_file)
{
	for (int ed = 0; ed < 2; ed++) {
		EVP_PKEY *key = key_of(ed), *back = NULL;
		char pem[SIGN_PEM_MAX];
		uint8_t a[32], b[32];
		int n = sign_key_save(key, pem);

		cr_assert(n > 0);
		cr_assert_eq(sign_key_load(pem, (size_t)n, &back), 0);
		cr_assert_eq(sign_spki_sha256(key, a), 0);
		cr_assert_eq(sign_spki_sha256(back, b), 0);
		cr_assert_eq(memcmp(a, b, sizeof a), 0);
		cr_assert_eq(sign_key_load(pem, (size_t)n / 2, &back), AS_ECONFIG);
		sign_key_free(key);
		sign_key_free(back);
	}
}

Test(sign, other_kinds_of_key_are_refused)
{
	const enum pki_key kinds[] = {PKI_P384, PKI_RSA};

	for (size_t i = 0; i < 2; i++) {
		struct pki_spec spec = pki_ca_spec("Acme", PKI_NOW);
		struct pki p;
		EVP_PKEY *key = NULL;
		uint8_t sig[SIGN_MAX];
		size_t n = 0;

		spec.key = kinds[i];
		pki_make(&spec, NULL, &p);
		cr_assert_eq(sign_key_load(p.key_pem, p.key_pem_len, &key), AS_ECONFIG);
		cr_assert_eq(sign_make(p.key, SIGN_GRANT, body, sizeof body, sig, &n), AS_ECONFIG);
		cr_assert_eq(sign_check(p.key, SIGN_GRANT, body, sizeof body, sig, 70),
			     AS_ESIGNATURE);
		pki_done(&p);
	}
}

Test(sign, a_key_with_a_passphrase_is_refused_without_asking)
{
	EVP_PKEY *key = sign_key_new(), *back = NULL;
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem = NULL;

	PEM_write_bio_PKCS8PrivateKey(bio, key, EVP_aes_128_cbc(), "secret", 6, NULL, NULL);

	long n = BIO_get_mem_data(bio, &pem);
	cr_assert_eq(sign_key_load(pem, (size_t)n, &back), AS_ECONFIG);
	cr_assert_eq(sign_key_load("", 0, &back), AS_ECONFIG);
	BIO_free(bio);
	sign_key_free(key);
}

Test(sign, an_spki_must_be_exactly_one_key)
{
	EVP_PKEY *key = key_of(true);
	uint8_t sig[SIGN_MAX], spki[SIGN_SPKI_MAX + 1] = {0};
	size_t n = 0;

	cr_assert_eq(sign_make(key, SIGN_GRANT, body, sizeof body, sig, &n), 0);
	size_t len = (size_t)sign_spki(key, spki);

	for (size_t cut = 0; cut < len; cut++)
		cr_assert_eq(sign_check_spki(spki, cut, SIGN_GRANT, body, sizeof body, sig, n),
			     AS_ESIGNATURE);
	cr_assert_eq(sign_check_spki(spki, len + 1, SIGN_GRANT, body, sizeof body, sig, n),
		     AS_ESIGNATURE, "trailing");
	cr_assert_eq(sign_check_spki(spki, sizeof spki, SIGN_GRANT, body, sizeof body, sig, n),
		     AS_ESIGNATURE, "too long");
	sign_key_free(key);
}

Test(sign, a_key_in_another_form_is_refused)
{
	uint8_t spki[SIGN_SPKI_MAX], sig[SIGN_MAX];
	size_t sig_len;
	EVP_PKEY *key = NULL;
	int n;

	do { /* a key whose last four bits are zero: they may then be called unused */
		sign_key_free(key);
		key = sign_key_new();
		n = sign_spki(key, spki);
	} while ((spki[n - 1] & 0x0f) != 0);
	cr_assert_eq(sign_make(key, SIGN_GRANT, "x", 1, sig, &sig_len), 0);
	cr_assert_eq(sign_check_spki(spki, (size_t)n, SIGN_GRANT, "x", 1, sig, sig_len), 0);
	spki[n - 66] = 4; /* the bit string's count of unused bits stands before the point */
	cr_assert_eq(sign_check_spki(spki, (size_t)n, SIGN_GRANT, "x", 1, sig, sig_len),
		     AS_ESIGNATURE);
	sign_key_free(key);
}
