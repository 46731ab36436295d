/* SPDX-License-Identifier: Apache-2.0
 *
 * Bytes that pass a hop without being decrypted there. Promises: whatever comes, cut anywhere, what
 * goes on is the same bytes in the same order and whole encrypted records only; what is refused is
 * refused however it is cut.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "proto/transport/sealed.h"
#include "proto/wire/tls_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool ok)
{
	if (!ok)
		abort();
}

/* How it ended, and in *came how much went on. */
static int play(const uint8_t *data, size_t size, size_t step, size_t *came)
{
	struct sealed s = {0};
	int err = 0;

	*came = 0;
	sealed_begin(&s, size);
	for (size_t at = 0; at < size && err == 0; at += step) {
		size_t part = size - at < step ? size - at : step, left = part, len;
		uint8_t *copy = malloc(part);
		const uint8_t *p = copy, *out;

		memcpy(copy, data + at, part);
		while (left > 0 && (err = sealed_feed(&s, &p, &left, &out, &len)) == 0) {
			if (len == 0)
				continue;
			must(tls_record_sealed_whole(out, len) == (int)len);
			must(*came + len <= at + part && memcmp(out, data + *came, len) == 0);
			*came += len;
		}
		free(copy);
		sealed_tidy(&s);
	}
	must(err < 0 || (s.left == 0 && *came == size));
	sealed_done(&s);
	return err;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t whole, part;

	if (size < 2)
		return 0;

	size_t step = 1 + (size_t)data[0] * 3;
	int at_once = play(data + 1, size - 1, size, &whole);
	int in_parts = play(data + 1, size - 1, step, &part);

	must((at_once == 0) == (in_parts == 0));
	must(at_once < 0 || whole == part);
	return 0;
}
