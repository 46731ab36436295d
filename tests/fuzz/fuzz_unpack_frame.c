/* SPDX-License-Identifier: Apache-2.0
 *
 * A PACKED record from a hostile agent. Promises: no more than ITEM_DATA_MAX bytes come out, and it
 * makes no difference how the bytes are cut.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/e2e/unpack_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct sum {
	uint32_t sum;
	size_t n;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static int on_bytes(const uint8_t *p, size_t n, void *owner)
{
	struct sum *s = owner;

	for (size_t i = 0; i < n; i++)
		s->sum = s->sum * 31 + p[i];
	s->n += n;
	must(n > 0 && n <= UNPACK_STEP && s->n <= ITEM_DATA_MAX);
	return 0;
}

static int feed(const uint8_t *data, size_t size, size_t step, struct sum *s)
{
	struct unpack_frame *u = unpack_frame_new();
	int err = 0;

	must(u != NULL);
	for (size_t at = 0; at < size && err == 0; at += step) {
		size_t n = size - at < step ? size - at : step;
		struct item it = {.type = ITEM_PACKED,
				  .packed = {data + at, n, at == 0, at + n == size}};

		err = unpack_frame_feed(u, &it, on_bytes, s);
	}
	unpack_frame_free(u);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct sum a = {0}, b = {0};
	int whole = feed(data, size, size > 0 ? size : 1, &a), cut = feed(data, size, 3, &b);

	must((whole == 0) == (cut == 0));
	if (whole == 0)
		must(a.n == b.n && a.sum == b.sum);
	return 0;
}
