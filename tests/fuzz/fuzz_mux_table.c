/* SPDX-License-Identifier: Apache-2.0
 *
 * The account of a hostile peer after a lost connection. The first byte chooses who reads it, the
 * rest is the table. Promises: one that decodes is encoded to the same bytes; one that is refused
 * is refused for good; after one that is taken we still send good frames, within our bounds.
 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/mux_table.h"
#include "tests/support/mux_cut.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cut_world world;

static void must(bool ok)
{
	if (!ok)
		abort();
}

static void check_codec(const uint8_t *p, size_t n)
{
	static struct mux_table t;
	static uint8_t again[MUX_TABLE_LEN_MAX];

	if (mux_table_decode(p, n, &t) < 0)
		return;
	must(t.n <= MUX_TABLE_STREAMS_MAX && t.session_received <= t.session_max);
	must(mux_table_encode(&t, again, sizeof again) == (int)n);
	must(memcmp(again, p, n) == 0);
}

/* Streams in every state: new, half sent, ended, reset, refused, in both directions. */
static void make_history(struct cut_world *w)
{
	cut_start(w);
	for (int i = 0; i < 9; i++)
		cut_open(w);
	cut_settle(w);
	for (size_t i = 0; i < 9; i++) {
		cut_write(w, CUT_AGENT, cut_id(i), 1000);
		cut_write(w, CUT_CONSOLE, cut_id(i), 300);
	}
	cut_produce(w, CUT_AGENT, 5);
	cut_deliver(w, CUT_AGENT, 2500);
	cut_finish(w, CUT_AGENT, cut_id(0));
	cut_finish(w, CUT_CONSOLE, cut_id(0));
	cut_reset(w, CUT_AGENT, cut_id(1));
	cut_reset(w, CUT_CONSOLE, cut_id(2));
	cut_say(w, CUT_AGENT, 100);
	cut_say(w, CUT_CONSOLE, 100);
	cut_open(w);
	cut_produce(w, CUT_AGENT, 100);
	cut_produce(w, CUT_CONSOLE, 100);
	cut_lose(w, CUT_AGENT);
	cut_lose(w, CUT_CONSOLE);
}

static void check_bounds(const struct mux *m)
{
	struct mux_stat stat;

	for (size_t i = 0; i < 16; i++)
		if (mux_stream_stat(m, cut_id(i), &stat))
			must(stat.kept <= MUX_WINDOW_MAX && stat.queued <= MUX_QUEUE_MAX &&
			     stat.sent + stat.queued <= 1000);
}

static void check_use(struct mux *m, const uint8_t *p, size_t n)
{
	uint8_t buf[MUX_FRAME_MAX];
	struct mux_frame f;
	int err = mux_resume(m, p, n);
	int size;

	if (err < 0) {
		must(err == AS_E_RESUME && mux_error(m) == err && mux_is_suspended(m));
		must(mux_resume(m, p, n) == err && mux_next(m, buf, sizeof buf) == 0);
		return;
	}
	must(!mux_is_suspended(m) && mux_error(m) == 0);
	(void)mux_send(m, MUX_RESUMED, "x", 1);
	for (size_t sent = 0; (size = mux_next(m, buf, sizeof buf)) > 0; sent += (size_t)size) {
		must(mux_frame_decode(buf, (size_t)size, &f) == 0);
		must(sent < 64 << 10);
	}
	must(size == 0);
	check_bounds(m);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	check_codec(data + 1, size - 1);
	make_history(&world);
	check_use(world.end[data[0] & 1].mux, data + 1, size - 1);
	cut_stop(&world);
	return 0;
}
