/* SPDX-License-Identifier: Apache-2.0
 *
 * A WebSocket's other side, whole bytes or in pieces: the first byte chooses side and size of the
 * pieces. What comes out is the same however it was cut, and never more than went in; what is to be
 * sent stays bounded.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/transport/carrier.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool ok)
{
	if (!ok)
		abort();
}

struct outcome {
	int end;
	size_t bytes;
	uint32_t digest;
};

static void read_all(struct carrier *c, struct outcome *o)
{
	const uint8_t *p;
	size_t n, waiting;

	do {
		o->end = carrier_read(c, &p, &n);
		for (size_t i = 0; i < n; i++)
			o->digest = (o->digest ^ p[i]) * UINT32_C(16777619);
		o->bytes += n;
	} while (n > 0);
	carrier_out(c, &waiting);
	check(waiting <= 2 * CARRIER_FRAME_MAX);
}

static struct outcome play(bool server, const uint8_t *data, size_t size, size_t step)
{
	static const struct hostport to = {"relay.example", "443"};
	static const uint8_t key[16] = "the sample nonce";
	struct carrier *c = server ? carrier_server() : carrier_client(&to, "/", NULL, key);
	struct outcome o = {.end = 0};
	uint8_t *copy = malloc(size + 1);

	check(c && copy);
	memcpy(copy, data, size);
	for (size_t at = 0; at < size && o.end == 0; at += step) {
		check(carrier_feed(c, copy + at, step < size - at ? step : size - at) == 0);
		read_all(c, &o);
	}
	if (carrier_is_open(c) && o.end == 0)
		check(carrier_put(c, "x", 1) == 0 || carrier_put(c, "x", 1) < 0);
	carrier_free(c);
	free(copy);
	return o;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size < 1)
		return 0;

	bool server = data[0] & 1;
	struct outcome whole = play(server, data + 1, size - 1, size),
		       cut = play(server, data + 1, size - 1, 1 + data[0] / 2);

	check(whole.end == cut.end && whole.bytes == cut.bytes && whole.digest == cut.digest);
	check(whole.bytes < size);
	return 0;
}
