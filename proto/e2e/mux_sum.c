/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/e2e/mux_sum.h"

#define XXH_INLINE_ALL
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <xxhash.h>

#include "proto/base/err.h"
#include "proto/e2e/mux_sum_avx2.h"

struct mux_sum {
	EVP_MD_CTX *sha256; /* either this one ... */
	XXH3_state_t *fast; /* ... or that */
	bool wide;
};

static bool begin(struct mux_sum *s, bool fast)
{
	if (fast) {
		s->wide = mux_sum_avx2_works();
		s->fast = XXH3_createState();
		return s->fast && XXH3_128bits_reset(s->fast) == XXH_OK;
	}
	s->sha256 = EVP_MD_CTX_new();
	return s->sha256 && EVP_DigestInit_ex(s->sha256, EVP_sha256(), NULL) == 1;
}

struct mux_sum *mux_sum_new(bool fast)
{
	struct mux_sum *s = calloc(1, sizeof *s);

	if (s && begin(s, fast))
		return s;
	mux_sum_free(s);
	return NULL;
}

void mux_sum_free(struct mux_sum *s)
{
	if (!s)
		return;
	EVP_MD_CTX_free(s->sha256);
	XXH3_freeState(s->fast);
	free(s);
}

int mux_sum_add(struct mux_sum *s, const void *p, size_t n)
{
	bool ok = s->sha256 ? EVP_DigestUpdate(s->sha256, p, n) == 1
		  : s->wide ? mux_sum_avx2_add(s->fast, p, n)
			    : XXH3_128bits_update(s->fast, p, n) == XXH_OK;

	return ok ? 0 : AS_E_INTERNAL;
}

int mux_sum_get(struct mux_sum *s, uint8_t out[MUX_SUM_LEN])
{
	XXH128_canonical_t fast;

	memset(out, 0, MUX_SUM_LEN);
	if (s->sha256)
		return EVP_DigestFinal_ex(s->sha256, out, NULL) == 1 ? 0 : AS_E_INTERNAL;
	XXH128_canonicalFromHash(&fast, XXH3_128bits_digest(s->fast));
	memcpy(out, &fast, sizeof fast);
	return 0;
}
