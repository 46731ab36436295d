/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/sha256.h"

#include <openssl/evp.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"

int sha256(const void *p, size_t n, uint8_t out[SHA256_LEN])
{
	if (EVP_Digest(p, n, out, NULL, EVP_sha256(), NULL) == 1)
		return 0;
	memset(out, 0, SHA256_LEN);
	return AS_E_INTERNAL;
}

struct sha256_stream {
	EVP_MD_CTX *md;
	bool failed;
};

struct sha256_stream *sha256_stream_new(void)
{
	struct sha256_stream *s = calloc(1, sizeof *s);

	if (!s)
		return NULL;
	s->md = EVP_MD_CTX_new();
	if (s->md && EVP_DigestInit_ex(s->md, EVP_sha256(), NULL) == 1)
		return s;
	sha256_stream_free(s);
	return NULL;
}

void sha256_stream_free(struct sha256_stream *s)
{
	if (!s)
		return;
	EVP_MD_CTX_free(s->md);
	free(s);
}

int sha256_stream_add(struct sha256_stream *s, const void *p, size_t n)
{
	s->failed = s->failed || EVP_DigestUpdate(s->md, p, n) != 1;
	return s->failed ? AS_E_INTERNAL : 0;
}

int sha256_stream_get(const struct sha256_stream *s, uint8_t out[SHA256_LEN])
{
	EVP_MD_CTX *copy = EVP_MD_CTX_new(); /* finishing would end the stream */
	bool ok = copy && !s->failed && EVP_MD_CTX_copy_ex(copy, s->md) == 1 &&
		  EVP_DigestFinal_ex(copy, out, NULL) == 1;

	EVP_MD_CTX_free(copy);
	if (!ok)
		memset(out, 0, SHA256_LEN);
	return ok ? 0 : AS_E_INTERNAL;
}
