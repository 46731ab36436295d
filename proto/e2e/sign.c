/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/sign.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/e2e/key.h"

#define TOSIGN_MAX (SIGN_LABEL_MAX + 1 + SHA256_DIGEST_LENGTH)

/* label || 0 || SHA-256(body); 0 for a label that is too long, which only we could cause. */
static size_t to_sign(const char *label, const void *body, size_t n, uint8_t out[TOSIGN_MAX])
{
	size_t label_len = strlen(label);

	if (label_len > SIGN_LABEL_MAX)
		return 0;
	memcpy(out, label, label_len + 1);
	SHA256(body, n, out + label_len + 1);
	return label_len + 1 + SHA256_DIGEST_LENGTH;
}

/* Ed25519 hashes by itself and wants no digest named. */
static const EVP_MD *digest_for(const EVP_PKEY *key)
{
	return EVP_PKEY_is_a(key, "ED25519") ? NULL : EVP_sha256();
}

int sign_make(EVP_PKEY *key, const char *label, const void *body, size_t n, uint8_t sig[SIGN_MAX],
	      size_t *sig_len)
{
	uint8_t msg[TOSIGN_MAX];
	size_t msg_len = to_sign(label, body, n, msg);
	size_t len = SIGN_MAX;

	if (!key_is_ours(key))
		return AS_ECONFIG;

	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = md && msg_len > 0 &&
		  EVP_DigestSignInit(md, NULL, digest_for(key), NULL, key) == 1 &&
		  EVP_DigestSign(md, sig, &len, msg, msg_len) == 1;

	EVP_MD_CTX_free(md);
	if (!ok)
		return AS_E_INTERNAL;
	*sig_len = len;
	return 0;
}

int sign_check(EVP_PKEY *key, const char *label, const void *body, size_t n, const uint8_t *sig,
	       size_t sig_len)
{
	uint8_t msg[TOSIGN_MAX];
	size_t msg_len = to_sign(label, body, n, msg);

	if (!key_is_ours(key) || sig_len > SIGN_MAX)
		return AS_ESIGNATURE;

	EVP_MD_CTX *md = EVP_MD_CTX_new();
	bool ok = md && msg_len > 0 &&
		  EVP_DigestVerifyInit(md, NULL, digest_for(key), NULL, key) == 1 &&
		  EVP_DigestVerify(md, sig, sig_len, msg, msg_len) == 1;

	EVP_MD_CTX_free(md);
	return ok ? 0 : AS_ESIGNATURE;
}

/* One key has one form: OpenSSL also reads others, such as a bit string that says its last bits
 * do not count when they are zero anyway. */
static bool is_canonical(EVP_PKEY *key, const uint8_t *spki, size_t spki_len)
{
	unsigned char *der = NULL;
	int n = i2d_PUBKEY(key, &der);
	bool same = n > 0 && (size_t)n == spki_len && memcmp(der, spki, spki_len) == 0;

	OPENSSL_free(der);
	return same;
}

int sign_check_spki(const uint8_t *spki, size_t spki_len, const char *label, const void *body,
		    size_t n, const uint8_t *sig, size_t sig_len)
{
	const unsigned char *p = spki;

	if (spki_len > SIGN_SPKI_MAX)
		return AS_ESIGNATURE;

	EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)spki_len);
	int err = AS_ESIGNATURE;

	if (key && p == spki + spki_len && is_canonical(key, spki, spki_len))
		err = sign_check(key, label, body, n, sig, sig_len);
	EVP_PKEY_free(key);
	return err;
}

EVP_PKEY *sign_key_new(void)
{
	return EVP_EC_gen("P-256");
}

void sign_key_free(EVP_PKEY *key)
{
	EVP_PKEY_free(key);
}

/* OpenSSL would ask for a passphrase on the terminal. */
static int no_passphrase(char *buf, int size, int rwflag, void *arg)
{
	(void)buf;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

int sign_key_load(const char *pem, size_t n, EVP_PKEY **out)
{
	BIO *bio = n <= SIGN_PEM_FILE_MAX ? BIO_new_mem_buf(pem, (int)n) : NULL;
	EVP_PKEY *key = bio ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL) : NULL;

	BIO_free(bio);
	if (!key || !key_is_ours(key)) {
		EVP_PKEY_free(key);
		return AS_ECONFIG;
	}
	*out = key;
	return 0;
}

int sign_key_save(EVP_PKEY *key, char pem[SIGN_PEM_MAX])
{
	/* A secure BIO wipes what it held. */
	BIO *bio = BIO_new(BIO_s_secmem());
	int err = AS_E_INTERNAL;

	if (bio && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1) {
		char *data = NULL;
		long n = BIO_get_mem_data(bio, &data);

		if (n > 0 && n <= SIGN_PEM_MAX) {
			memcpy(pem, data, (size_t)n);
			err = (int)n;
		}
	}
	BIO_free(bio);
	return err;
}

int sign_spki(EVP_PKEY *key, uint8_t out[SIGN_SPKI_MAX])
{
	int n = i2d_PUBKEY(key, NULL);

	if (n <= 0 || n > SIGN_SPKI_MAX)
		return AS_ECONFIG;

	unsigned char *p = out;
	return i2d_PUBKEY(key, &p);
}

int sign_spki_sha256(EVP_PKEY *key, uint8_t out[32])
{
	uint8_t spki[SIGN_SPKI_MAX];
	int n = sign_spki(key, spki);

	if (n < 0)
		return n;
	SHA256(spki, (size_t)n, out);
	return 0;
}
