/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/handle.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/cursor.h"

#define KEY_INFO  "assent relay handle v1"
#define KEY_LEN	  32
#define NONCE_LEN 8
#define MAC_LEN	  (RELAY_HANDLE_LEN - NONCE_LEN)
#define MAC_INPUT 32 /* the longest role, id and nonce */

static int derive(const uint8_t *der, size_t n, struct secret *out)
{
	EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
	EVP_KDF_CTX *ctx = kdf ? EVP_KDF_CTX_new(kdf) : NULL;
	struct secret key = {.len = KEY_LEN};
	/* OSSL_PARAM is for both directions and so not const; these are only read. */
	OSSL_PARAM params[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, (char *)"SHA256", 0),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)der, n),
	    OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, (void *)KEY_INFO,
					      strlen(KEY_INFO)),
	    OSSL_PARAM_construct_end(),
	};
	bool ok = ctx && EVP_KDF_derive(ctx, key.bytes, key.len, params) == 1;

	EVP_KDF_CTX_free(ctx);
	EVP_KDF_free(kdf);
	if (ok)
		*out = key;
	secret_done(&key);
	return ok ? 0 : AS_E_INTERNAL;
}

int handle_key(SSL_CTX *ctx, struct secret *out)
{
	const EVP_PKEY *key = SSL_CTX_get0_privatekey(ctx);
	uint8_t *der = NULL;
	int n = key ? i2d_PrivateKey(key, &der) : 0;
	int err = !key ? AS_E_TLS : n <= 0 ? AS_E_INTERNAL : derive(der, (size_t)n, out);

	if (n > 0)
		OPENSSL_clear_free(der, (size_t)n);
	ERR_clear_error();
	return err;
}

int handle_make(const struct secret *key, enum relay_role role, uint32_t id, uint64_t nonce,
		uint8_t out[RELAY_HANDLE_LEN])
{
	const char *name = role == RELAY_ROLE_AGENT ? "agent" : "console";
	uint8_t input[MAC_INPUT], mac[EVP_MAX_MD_SIZE];
	struct writer in = writer_over(input, sizeof input);
	struct writer handle = writer_over(out, RELAY_HANDLE_LEN);

	writer_put(&in, name, strlen(name));
	writer_u32(&in, id);
	writer_u64(&in, nonce);
	int n = writer_finish(&in);
	if (n < 0 || key->len > INT_MAX ||
	    !HMAC(EVP_sha256(), key->bytes, (int)key->len, input, (size_t)n, mac, NULL))
		return AS_E_INTERNAL;
	writer_u64(&handle, nonce);
	writer_put(&handle, mac, MAC_LEN);
	secret_wipe(mac, sizeof mac);
	return 0;
}

bool handle_is_genuine(const struct secret *key, enum relay_role role, uint32_t id,
		       const uint8_t handle[RELAY_HANDLE_LEN])
{
	uint8_t right[RELAY_HANDLE_LEN];
	bool ok = handle_make(key, role, id, handle_nonce(handle), right) == 0 &&
		  secret_is_equal(handle, right, sizeof right);

	secret_wipe(right, sizeof right);
	return ok;
}

uint64_t handle_nonce(const uint8_t handle[RELAY_HANDLE_LEN])
{
	struct cursor c = cursor_over(handle, NONCE_LEN);

	return cursor_u64(&c);
}
