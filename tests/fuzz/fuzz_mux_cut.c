/* SPDX-License-Identifier: Apache-2.0
 *
 * Two honest muxes whose connection is cut wherever the input says: each pair of bytes is one deed
 * and how much of it. Promise: nothing is lost, doubled or changed (tests/support/mux_cut.h).
 */
#include <stdint.h>

#include "tests/support/mux_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cut_world world;

/* One of the last streams; those are the ones that something happens to. */
static uint32_t pick(const struct cut_world *w, uint8_t arg)
{
	size_t n = 0;

	while (n < CUT_STREAMS_MAX && w->end[CUT_CONSOLE].streams[n].known)
		n++;
	if (n == 0)
		return 1;
	return cut_id(n - 1 - arg % (n < 8 ? n : 8));
}

static void act(struct cut_world *w, uint8_t what, uint8_t arg)
{
	int end = what & 1;
	size_t much = (size_t)arg * arg;

	switch (what >> 1 & 15) {
	case 0:
		cut_open(w);
		break;
	case 1:
	case 2:
		cut_write(w, end, pick(w, arg), much + 1);
		break;
	case 3:
		cut_finish(w, end, pick(w, arg));
		break;
	case 4:
		cut_reset(w, end, pick(w, arg));
		break;
	case 5:
		cut_say(w, end, much / 8);
		break;
	case 6:
		w->end[end].hoards = arg & 1;
		break;
	case 7:
		cut_consume(w, end, pick(w, arg), much + 1);
		break;
	case 8:
	case 9:
		cut_produce(w, end, arg % 32 + 1);
		break;
	case 10:
		cut_deliver(w, end, arg);
		break;
	case 11:
	case 12:
		cut_deliver(w, end, much + 1);
		break;
	case 13:
		cut_lose(w, end);
		break;
	case 14:
		cut_reconnect(w);
		break;
	default:
		if (!w->end[0].gone && !w->end[1].gone)
			cut_settle(w);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	cut_start(&world);
	for (size_t i = 0; i + 1 < size && i < 4096; i += 2)
		act(&world, data[i], data[i + 1]);
	cut_finale(&world);
	cut_stop(&world);
	return 0;
}
