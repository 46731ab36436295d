/* SPDX-License-Identifier: Apache-2.0
 *
 * Compressed bytes from a hostile agent. Promises: never more output than granted, never more
 * than the ratio allows, pieces of at most one step, and below the ratio guard the same result
 * whatever the cut.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/e2e/pack.h"

#define GRANTED (3u << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	uint64_t bytes;
	uint32_t sum;
	int err, end;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static int on_bytes(const uint8_t *p, size_t n, void *owner)
{
	struct run *r = owner;

	must(n > 0 && n <= UNPACK_STEP);
	r->bytes += n;
	for (size_t i = 0; i < n; i++)
		r->sum = r->sum * 31 + p[i];
	return 0;
}

static struct run run(const uint8_t *data, size_t size, size_t step)
{
	struct run r = {0};
	struct unpack *u = unpack_new(GRANTED, on_bytes, &r);

	must(u != NULL);
	for (size_t at = 0; at < size && r.err == 0; at += step)
		r.err = unpack_feed(u, data + at, size - at < step ? size - at : step);
	r.end = unpack_end(u);
	must(r.end == 0 || r.err == 0 || r.end == r.err);
	must(unpack_total(u) == r.bytes && r.bytes <= GRANTED);
	must(r.bytes <= UNPACK_RATIO_FREE || r.bytes <= (uint64_t)size * UNPACK_RATIO);
	unpack_free(u);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct run whole = run(data, size, size > 0 ? size : 1), cut = run(data, size, 1);

	/* Where the ratio strikes depends on the input taken so far, and so on the cut. */
	if (cut.bytes == whole.bytes)
		must(cut.sum == whole.sum);
	if (whole.bytes < UNPACK_RATIO_FREE)
		must(cut.bytes == whole.bytes && cut.end == whole.end);
	return 0;
}
