/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes in front of the relay. Promises: a frame that decodes has the size that its header said,
 * and encodes to the same bytes again; what does not decode leaves the struct untouched.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/wire/relay_frame.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check(const uint8_t *data, size_t size)
{
	uint8_t again[RELAY_FRAME_MAX];
	struct relay_frame f, before;

	memset(&f, 0x5a, sizeof f);
	memcpy(&before, &f, sizeof f);
	if (relay_frame_decode(data, size, &f) < 0) {
		must(memcmp(&f, &before, sizeof f) == 0);
		return;
	}
	must(relay_frame_size(data, size) == (int)size && size <= RELAY_FRAME_MAX);
	must(relay_frame_encode(&f, again, sizeof again) == (int)size);
	must(memcmp(again, data, size) == 0);
	must(relay_frame_encode(&f, again, size - 1) < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	check(data, size);

	int n = relay_frame_size(data, size);
	must(n == 0 ? size < RELAY_FRAME_HEADER : n < 0 || n <= RELAY_FRAME_MAX);
	if (n > 0 && (size_t)n <= size)
		check(data, (size_t)n);
	return 0;
}
