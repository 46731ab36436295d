/* SPDX-License-Identifier: Apache-2.0
 *
 * A hostile peer against the mux. The first byte chooses role and state, the rest is what the
 * peer sends. Promises: it makes no difference how the bytes are cut; no stream gets more than its
 * window; no more streams than allowed; an error stays; whatever we answer are good frames.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "proto/e2e/mux.h"

#define FLAG_CONSOLE 1
#define FLAG_AUTHED  2
#define FLAG_LISTEN  4
#define FLAG_CONSUME 8

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct run {
	struct mux *mux;
	uint8_t flags;
	uint64_t bytes, consumed;
	unsigned events;
	int err;
};

static void must(bool ok)
{
	if (!ok)
		abort();
}

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	struct run *r = owner;

	r->events = r->events * 31 + type + (n > 0 ? p[n - 1] : 0);
	if (type == MUX_OPEN && (r->flags & FLAG_LISTEN))
		for (uint32_t id = 1; id < 16; id += 2)
			(void)mux_stream_listen(r->mux, id);
	return 0;
}

static int on_data(uint32_t stream, const uint8_t *p, size_t n, void *owner)
{
	struct run *r = owner;
	struct mux_stat stat;

	must(n > 0 && mux_stream_stat(r->mux, stream, &stat));
	must(stat.received - stat.consumed <= MUX_WINDOW_MAX);
	r->bytes += n;
	must(r->bytes - r->consumed <= MUX_SESSION_WINDOW);
	r->events = r->events * 31 + stream + p[n - 1];
	if (r->flags & FLAG_CONSUME) {
		r->consumed += n;
		mux_consumed(r->mux, stream, n);
	}
	return 0;
}

static void on_fin(uint32_t stream, bool ok, void *owner)
{
	((struct run *)owner)->events += stream * 3 + ok;
}

static void on_reset(uint32_t stream, int code, void *owner)
{
	((struct run *)owner)->events += stream * 5 + (unsigned)code;
}

static const struct mux_events events = {
    .on_message = on_message,
    .on_data = on_data,
    .on_fin = on_fin,
    .on_reset = on_reset,
};

static void drain(struct run *r)
{
	uint8_t buf[MUX_FRAME_MAX];
	struct mux_frame f;

	for (;;) {
		bool any = mux_has_output(r->mux);
		int n = mux_next(r->mux, buf, sizeof buf);

		must(n >= 0 && any == (n > 0));
		if (n == 0)
			break;
		must(mux_frame_decode(buf, (size_t)n, &f) == 0);
	}
}

/* Output is taken only at the end, so that both cuts see the same credit. */
static struct run run(const uint8_t *data, size_t size, uint8_t flags, size_t step)
{
	struct run r = {.flags = flags};
	uint32_t id;

	r.mux = mux_new(flags & FLAG_CONSOLE ? MUX_CONSOLE : MUX_AGENT, &events, &r);
	must(r.mux != NULL);
	if (flags & FLAG_AUTHED)
		mux_set_authed(r.mux);
	for (int i = 0; i < 3; i++)
		(void)mux_stream_open(r.mux, &id);
	drain(&r);
	for (size_t at = 0; at < size; at += step) {
		r.err = mux_feed(r.mux, data + at, size - at < step ? size - at : step, 1);
		must(mux_streams(r.mux) <= MUX_STREAMS_MAX);
	}
	if (r.err != 0)
		must(mux_feed(r.mux, data, size, 1 << 20) == r.err && mux_why(r.mux)[0] != '\0');
	drain(&r);
	mux_free(r.mux);
	return r;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;

	struct run whole = run(data + 1, size - 1, data[0], size);
	struct run cut = run(data + 1, size - 1, data[0], 1);

	must(whole.err == cut.err && whole.events == cut.events && whole.bytes == cut.bytes);
	return 0;
}
