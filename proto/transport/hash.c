/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/hash.h"

#include <openssl/err.h>
#include <openssl/evp.h>

#include "proto/base/err.h"
#include "proto/base/hex.h"

static const EVP_MD *method(enum hash h)
{
	return h == HASH_MD5 ? EVP_md5() : h == HASH_SHA1 ? EVP_sha1() : EVP_sha256();
}

int hash_bytes(enum hash h, const void *p, size_t n, uint8_t out[HASH_MAX])
{
	unsigned int len = 0;

	if (EVP_Digest(p, n, out, &len, method(h), NULL) == 1)
		return (int)len;
	ERR_clear_error();
	return AS_E_INTERNAL;
}

int hash_hex(enum hash h, const void *p, size_t n, char out[HASH_HEX_MAX + 1])
{
	uint8_t bytes[HASH_MAX];
	int len = hash_bytes(h, p, n, bytes);

	if (len < 0)
		return len;
	hex_encode(bytes, (size_t)len, out);
	return 0;
}

size_t hash_base64(const void *p, size_t n, char *out)
{
	return (size_t)EVP_EncodeBlock((unsigned char *)out, p, (int)n);
}
