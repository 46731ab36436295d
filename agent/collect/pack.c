/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/pack.h"

#include <stdlib.h>
#include <string.h>
#include <zstd.h>

#define LEVEL	 1
#define WORTH	 8  /* an eighth must be saved */
#define SKIP_MAX 32 /* pieces without a try: 8 MiB */

struct pack {
	ZSTD_CCtx *ctx;
	unsigned skip, next_skip;
	size_t cap;
	uint8_t out[];
};

struct pack *pack_new(void)
{
	size_t cap = ZSTD_compressBound(PACK_PIECE);
	struct pack *p = calloc(1, sizeof *p + cap);

	if (!p)
		return NULL;
	p->cap = cap;
	p->ctx = ZSTD_createCCtx();
	if (p->ctx && !ZSTD_isError(ZSTD_CCtx_setParameter(p->ctx, ZSTD_c_compressionLevel, LEVEL)))
		return p;
	pack_free(p);
	return NULL;
}

void pack_free(struct pack *p)
{
	if (!p)
		return;
	ZSTD_freeCCtx(p->ctx);
	free(p);
}

bool pack_is_due(struct pack *p)
{
	if (p->skip == 0)
		return true;
	p->skip--;
	return false;
}

size_t pack_try(struct pack *p, const void *in, size_t n, const uint8_t **out)
{
	size_t made = ZSTD_compress2(p->ctx, p->out, p->cap, in, n);

	if (!ZSTD_isError(made) && made < n - n / WORTH) {
		p->next_skip = 0;
		*out = p->out;
		return made;
	}
	p->next_skip = p->next_skip == 0 ? 1 : p->next_skip * 2;
	if (p->next_skip > SKIP_MAX)
		p->next_skip = SKIP_MAX;
	p->skip = p->next_skip;
	return 0;
}

bool pack_is_zero(const uint8_t *p, size_t n)
{
	return n > 0 && p[0] == 0 && memcmp(p, p + 1, n - 1) == 0;
}
