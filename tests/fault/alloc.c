/* SPDX-License-Identifier: Apache-2.0
 *
 * Memory that runs out: each engine plays its part again and again, and the n-th allocation
 * fails, n = 0, 1, 2 ... until the part passes with none failing; then the same with all
 * allocations failing from the n-th on. Nothing may crash, nothing may be left allocated, and
 * what arrives all the same must be right.
 *
 * The linker leads the project's own calls of malloc() here (--wrap); those inside OpenSSL and
 * zlib are their makers' business.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <openssl/ssl.h>
#include <zlib.h>

#include "proto/e2e/channel.h"
#include "proto/e2e/pack.h"
#include "proto/wire/item.h"
#include "proto/wire/messages.h"
#include "tests/support/pki.h"

#define NEVER	    UINT64_MAX
#define STREAMS	    2
#define STREAM_SIZE 300000u /* more than the first window */
#define CHUNK	    10000u
#define TURNS_MAX   20000 /* a part that turns longer hangs */
#define COUNT_MAX   100000

/* ---- the countdown ---- */

static uint64_t countdown = NEVER;
static bool only_once, has_failed;
static long alive;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t size);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t size);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);

static bool fails(void)
{
	if (countdown == NEVER)
		return false;
	if (countdown > 0) {
		countdown--;
		return false;
	}
	if (only_once)
		countdown = NEVER;
	has_failed = true;
	return true;
}

static void *born(void *p)
{
	alive += p != NULL;
	return p;
}

void *__wrap_malloc(size_t n)
{
	return fails() ? NULL : born(__real_malloc(n));
}

void *__wrap_calloc(size_t n, size_t size)
{
	return fails() ? NULL : born(__real_calloc(n, size));
}

void *__wrap_realloc(void *p, size_t n)
{
	if (fails())
		return NULL;
	return p ? __real_realloc(p, n) : born(__real_realloc(p, n));
}

void __wrap_free(void *p)
{
	alive -= p != NULL;
	__real_free(p);
}

static _Noreturn void broken(const char *what)
{
	fprintf(stderr, "alloc: %s\n", what);
	exit(1);
}

/* ---- two ends, with or without TLS ---- */

struct end {
	struct mux *mux;
	struct channel *ch; /* NULL: the mux alone */
	struct end *peer;
	bool is_agent, gave_up;
	bool back; /* its resume is done */
	unsigned opened, fins;
	uint32_t streams[STREAMS];
	uint64_t at[STREAMS]; /* agent: written; console: received */
	bool finished[STREAMS];
};

static SSL_CTX *agent_ctx, *console_ctx;

static uint8_t pattern(uint64_t at)
{
	return (uint8_t)(at * 7 + (at >> 9));
}

static int slot(const struct end *e, uint32_t stream)
{
	for (int i = 0; i < STREAMS; i++)
		if (e->streams[i] == stream)
			return i;
	broken("bytes of a stream that is not there");
}

static void check(struct end *e, int err)
{
	if (err < 0)
		e->gave_up = true;
}

static void send_table(struct end *e, uint8_t type)
{
	uint8_t table[8192];
	int n = mux_resume_table(e->mux, table, sizeof table);

	check(e, n < 0 ? n : mux_send(e->mux, type, table, (size_t)n));
}

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	struct end *e = owner;
	int err = 0;

	if (type == MUX_OPEN) {
		if (e->opened == STREAMS)
			broken("a stream opens twice");
		e->streams[e->opened] = 2 * e->opened + 1;
		e->opened++;
	} else if (type == MUX_RESUME || type == MUX_RESUMED) {
		err = mux_resume(e->mux, p, n);
		if (err == 0 && e->is_agent)
			send_table(e, MUX_RESUMED);
		e->back = err == 0;
	}
	return err;
}

static int on_data(uint32_t stream, const uint8_t *p, size_t n, void *owner)
{
	struct end *e = owner;
	int i = slot(e, stream);

	for (size_t k = 0; k < n; k++)
		if (p[k] != pattern(e->at[i] + k))
			broken("a wrong byte");
	e->at[i] += n;
	mux_consumed(e->mux, stream, n);
	return 0;
}

static void on_fin(uint32_t stream, bool ok, void *owner)
{
	struct end *e = owner;

	if (!ok || e->at[slot(e, stream)] != STREAM_SIZE)
		broken("a stream with a good end is not whole");
	e->fins++;
}

static const struct mux_events mux_ev = {
    .on_message = on_message, .on_data = on_data, .on_fin = on_fin};
static const struct channel_events channel_ev = {
    .mux = {.on_message = on_message, .on_data = on_data, .on_fin = on_fin}};

/* One piece. False: there was none. */
static bool carry(struct end *from, struct end *to)
{
	static uint8_t frame[MUX_FRAME_MAX];
	uint8_t copy[2 * TLS_RECORD_MAX];
	const uint8_t *p = frame;
	size_t n = 0;
	int err;

	if (from->gave_up || to->gave_up)
		return false;
	if (from->ch) {
		err = channel_next_out(from->ch, 1, &p, &n);
	} else {
		err = mux_next(from->mux, frame, sizeof frame);
		n = err > 0 ? (size_t)err : 0;
	}
	check(from, err);
	if (err < 0 || n == 0)
		return false;
	memcpy(copy, p, n < sizeof copy ? n : sizeof copy);
	if (from->ch)
		channel_out_done(from->ch, n);
	check(to, to->ch ? channel_feed(to->ch, copy, n, 0) : mux_feed(to->mux, copy, n, 0));
	return true;
}

static void settle(struct end *a, struct end *c)
{
	unsigned turns = 0;

	while ((int)carry(a, c) + (int)carry(c, a) > 0)
		if (++turns > TURNS_MAX)
			broken("does not come to rest");
}

static void open_streams(struct end *c)
{
	for (int i = 0; i < STREAMS && !c->gave_up; i++) {
		uint8_t buf[64];

		check(c, mux_stream_open(c->mux, &c->streams[i]));
		if (c->gave_up)
			return;

		as_Open msg = {
		    .stream = c->streams[i], .op_id = 1, .first_credit = MUX_WINDOW_FIRST};
		int n = msg_encode(MSG_OPEN, &msg, buf, sizeof buf);
		check(c, n < 0 ? n : mux_send(c->mux, MUX_OPEN, buf, (size_t)n));
	}
}

/* As much of each stream as is taken. */
static void write_some(struct end *a)
{
	uint8_t buf[CHUNK];

	for (unsigned i = 0; i < a->opened && !a->gave_up; i++) {
		uint64_t left = STREAM_SIZE - a->at[i];
		size_t n = left < CHUNK ? (size_t)left : CHUNK;

		if (a->finished[i])
			continue;
		for (size_t k = 0; k < n; k++)
			buf[k] = pattern(a->at[i] + k);

		int took = n > 0 ? mux_stream_write(a->mux, a->streams[i], buf, n) : 0;
		check(a, took);
		a->at[i] += took > 0 ? (uint64_t)took : 0;
		if (took < 0 || a->at[i] < STREAM_SIZE)
			continue;
		check(a, mux_stream_finish(a->mux, a->streams[i]));
		a->finished[i] = true;
	}
}

/* Cut in the middle of the bytes, and everything once more over a new connection. */
static void lose_and_resume(struct end *a, struct end *c)
{
	struct end *both[] = {a, c};

	for (int i = 0; i < 2; i++) {
		struct end *e = both[i];

		e->back = false;
		if (e->ch)
			channel_suspend(e->ch);
		else
			mux_suspend(e->mux);
		if (e->ch)
			check(e, channel_resume(e->ch, e->is_agent ? agent_ctx : console_ctx));
	}
	settle(a, c);
	if (!c->gave_up)
		send_table(c, MUX_RESUME);
	settle(a, c);
	if (a->gave_up || c->gave_up || (a->back && c->back))
		return;
	/* A hello that could not be made is told by the silence that follows; a timer ends that. */
	if (!has_failed)
		broken("the resume stands still");
	c->gave_up = true;
}

static bool transfer(struct end *a, struct end *c)
{
	unsigned turns = 0;

	settle(a, c);
	if (!a->gave_up && !c->gave_up) {
		mux_set_authed(a->mux);
		mux_set_authed(c->mux);
	}
	open_streams(c);
	settle(a, c);
	while (!a->gave_up && !c->gave_up && c->fins < STREAMS) {
		write_some(a);
		if (++turns == 10) {
			carry(a, c); /* some of it is on its way, some has come */
			lose_and_resume(a, c);
		} else {
			settle(a, c);
		}
		if (turns > TURNS_MAX)
			broken("the transfer stands still");
	}
	return !a->gave_up && !c->gave_up;
}

static void say_goodbye(struct end *e)
{
	const uint8_t *p;
	size_t n;

	channel_end(e->ch, e->gave_up ? -1 : 0);
	for (int i = 0; i < 100 && channel_next_out(e->ch, 1, &p, &n) == 0 && n > 0; i++)
		channel_out_done(e->ch, n);
}

/* ---- the parts: true when nothing was missing ---- */

static bool play_mux(void)
{
	struct end a = {.is_agent = true}, c = {.peer = &a};
	bool done = false;

	a.peer = &c;
	a.mux = mux_new(MUX_AGENT, &mux_ev, &a);
	c.mux = mux_new(MUX_CONSOLE, &mux_ev, &c);
	if (a.mux && c.mux)
		done = transfer(&a, &c);
	mux_free(a.mux);
	mux_free(c.mux);
	return done;
}

static bool play_channel(void)
{
	struct end a = {.is_agent = true}, c = {.peer = &a};
	bool done = false;

	a.peer = &c;
	a.ch = channel_new(true, agent_ctx, &channel_ev, &a);
	c.ch = channel_new(false, console_ctx, &channel_ev, &c);
	if (a.ch && c.ch) {
		a.mux = channel_mux(a.ch);
		c.mux = channel_mux(c.ch);
		done = transfer(&a, &c);
		say_goodbye(&a);
		say_goodbye(&c);
	}
	channel_free(a.ch);
	channel_free(c.ch);
	return done;
}

/* A TLS engine for itself: what is cut small must be kept until it is whole. */
static bool play_tls(void)
{
	struct tls *s = tls_server(agent_ctx), *c = tls_client(console_ctx, NULL);
	struct tls *both[] = {s, c};
	bool fine = s && c, said = false;
	size_t heard = 0;

	for (int turn = 0; fine && turn < TURNS_MAX && heard < CHUNK; turn++) {
		struct tls *from = both[turn % 2], *to = both[1 - turn % 2];
		uint8_t bytes[61], plain[4096];
		size_t n, got;
		const uint8_t *out = tls_out(from, &n);

		n = n < sizeof bytes ? n : sizeof bytes;
		if (n > 0)
			memcpy(bytes, out, n);
		tls_out_done(from, n);
		fine = tls_feed(to, bytes, n) == 0;
		do {
			int err = fine ? tls_read(to, plain, sizeof plain, &got) : -1;
			fine = err >= 0;
			heard += fine ? got : 0;
		} while (fine && got > 0);
		if (fine && !said && tls_is_open(c) && tls_is_open(s)) {
			static const uint8_t zeros[CHUNK];

			said = true;
			fine = tls_write(s, zeros, sizeof zeros) == 0;
		}
	}
	tls_free(s);
	tls_free(c);
	return fine && heard == CHUNK;
}

static int on_item(const struct item *it, void *arg)
{
	if (it->type == ITEM_DATA)
		*(size_t *)arg += it->data.len;
	return 0;
}

struct unpacked {
	struct item_decoder decoder;
	size_t bytes;
};

static int on_unpacked(const uint8_t *p, size_t n, void *owner)
{
	struct unpacked *u = owner;

	return item_decode(&u->decoder, p, n, on_item, &u->bytes);
}

/* A collector's stream as it comes: zlib, and item records in it. */
static bool play_unpack(void)
{
	static uint8_t plain[ITEM_RECORD_MAX + ITEM_HEADER + CHUNK], packed[2 * CHUNK];
	struct item file = {.type = ITEM_FILE,
			    .file = {.name = "a", .source_kind = ITEM_FROM_FILE, .source = "/a"}};
	struct unpacked out = {.bytes = 0};
	uLongf n = sizeof packed;
	int head = item_encode(&file, plain, sizeof plain);

	if (head < 0)
		broken("an item cannot be encoded");
	item_data_header(CHUNK, plain + head);
	if (compress(packed, &n, plain, (uLong)head + ITEM_HEADER + CHUNK) != Z_OK)
		broken("zlib");

	struct unpack *u = unpack_new(UNPACK_TOTAL_MAX, on_unpacked, &out);
	int err = u ? 0 : -1;
	for (size_t at = 0; at < n && err == 0; at += 7)
		err = unpack_feed(u, packed + at, n - at < 7 ? n - at : 7);
	if (u && err == 0)
		err = unpack_end(u);
	unpack_free(u);
	if (err == 0 && out.bytes != CHUNK)
		broken("bytes are missing");
	return err == 0;
}

static const struct {
	const char *name;
	bool (*play)(void);
} parts[] = {
    {"mux", play_mux}, {"channel", play_channel}, {"tls", play_tls}, {"unpack", play_unpack}};

static void every_failure_of(size_t i, bool once)
{
	for (uint64_t n = 0; n < COUNT_MAX; n++) {
		countdown = n;
		only_once = once;
		has_failed = false;
		alive = 0;

		bool done = parts[i].play();
		countdown = NEVER;
		if (alive != 0) {
			fprintf(stderr, "%s, allocation %llu: %ld blocks are left\n", parts[i].name,
				(unsigned long long)n, alive);
			exit(1);
		}
		if (has_failed)
			continue;
		if (!done)
			broken("a part does not pass with all its memory");
		printf("%s: %llu allocations, each failed %s\n", parts[i].name,
		       (unsigned long long)n, once ? "once" : "with all after it");
		return;
	}
	broken("no end of allocations");
}

static void make_contexts(void)
{
	struct pki_spec spec = pki_relay_spec("Acme", "agent.test", (int64_t)time(NULL));
	struct pki key;

	pki_make(&spec, NULL, &key);
	agent_ctx = tls_context(true, "assent-e2e/1");
	console_ctx = tls_context(false, "assent-e2e/1");
	SSL_CTX_use_certificate(agent_ctx, key.cert);
	SSL_CTX_use_PrivateKey(agent_ctx, key.key);
	X509_STORE_add_cert(SSL_CTX_get_cert_store(console_ctx), key.cert);
	SSL_CTX_set_verify(console_ctx, SSL_VERIFY_PEER, NULL);
	pki_done(&key);
}

int main(void)
{
	make_contexts();
	for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
		every_failure_of(i, true);
		every_failure_of(i, false);
	}
	SSL_CTX_free(agent_ctx);
	SSL_CTX_free(console_ctx);
	return 0;
}
