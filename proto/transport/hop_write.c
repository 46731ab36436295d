/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/transport/hop_priv.h"
#include "proto/wire/tls_record.h"

#define WRITE_MAX  (64u << 10)	/* copied for one uv_write(), when the kernel is full */
#define FLUSH_AT   (128u << 10) /* keeps the engine's buffer small while one read is forwarded */
#define SEALED_MIN (8u << 10)	/* less is encrypted once more, with its announcement */
#define DIRECT_MIN (32u << 10)	/* less is copied, and leaves with what comes behind it */

struct write_job {
	uv_write_t req;
	struct hop *h;
	char bytes[];
};

/* ---- to the kernel ---- */

static void tell_low(struct hop *h)
{
	if (!h->was_high || h->phase != HOP_OPEN || hop_queued(h) >= HOP_LOW)
		return;
	h->was_high = false;
	if (h->ev->on_low)
		h->ev->on_low(h, h->owner);
}

/* A relay that refuses us writes why and closes; our own write then fails before we have read
 * that. So reading goes on for a moment and decides how the hop ended. */
static void on_broken(struct hop *h, int err)
{
	if (h->phase > HOP_OPEN || h->paused) {
		hop_drop(h, err);
		return;
	}
	if (h->broken == 0)
		uv_timer_start(&h->timer, hop_on_timer, HOP_LINGER_MS, 0);
	h->broken = err;
}

static void on_sent(uv_write_t *req, int status)
{
	struct write_job *job = req->data;
	struct hop *h = job->h;

	free(job);
	h->writing = 0;
	if (h->phase == HOP_GONE)
		return;
	if (status < 0) {
		on_broken(h, status);
		return;
	}
	hop_flush(h);
	tell_low(h);
}

static int write_later(struct hop *h, const uint8_t *p, size_t n)
{
	if (n > WRITE_MAX)
		n = WRITE_MAX;

	struct write_job *job = malloc(sizeof *job + n);
	if (!job)
		return UV_ENOMEM;
	job->h = h;
	job->req.data = job;
	memcpy(job->bytes, p, n);

	uv_buf_t buf = uv_buf_init(job->bytes, (unsigned int)n);
	int err = uv_write(&job->req, (uv_stream_t *)h->tcp, &buf, 1, on_sent);
	if (err < 0) {
		free(job);
		return err;
	}
	h->writing = n;
	return (int)n;
}

static void on_shutdown(uv_shutdown_t *req, int status)
{
	struct hop *h = req->data;

	h->shut = true;
	if (status < 0 || h->ended)
		hop_drop(h, h->why);
}

/* What comes next for the network. A carrier is given no more than it can wrap while there is still
 * something wrapped to send, so that nothing is copied long before it leaves. */
static const uint8_t *next_bytes(struct hop *h, size_t *n)
{
	if (!h->carrier)
		return tls_out(h->tls, n);

	const uint8_t *p = carrier_out(h->carrier, n);
	while (*n < FLUSH_AT && carrier_is_open(h->carrier)) {
		size_t left;
		const uint8_t *plain = tls_out(h->tls, &left);

		if (left > CARRIER_FRAME_MAX)
			left = CARRIER_FRAME_MAX;
		if (left == 0 || carrier_put(h->carrier, plain, left) < 0)
			break;
		tls_out_done(h->tls, left);
		p = carrier_out(h->carrier, n);
	}
	return p;
}

static void bytes_done(struct hop *h, size_t n)
{
	if (h->carrier)
		carrier_out_done(h->carrier, n);
	else
		tls_out_done(h->tls, n);
}

/* The carrier has a goodbye of its own, behind the TLS's. True: it is to be sent. */
static bool end_carrier(struct hop *h)
{
	if (!h->carrier || h->farewell)
		return false;
	h->farewell = true;
	return carrier_end(h->carrier) == 0;
}

static void say_goodbye(struct hop *h)
{
	h->phase = HOP_DRAIN;
	h->shutdown.data = h;
	if (uv_shutdown(&h->shutdown, (uv_stream_t *)h->tcp, on_shutdown) < 0)
		hop_drop(h, h->why);
}

static void put_pong(struct hop *h)
{
	struct relay_frame f = {.type = RELAY_PONG, .token = h->pong_token};
	uint8_t bytes[RELAY_FRAME_HEADER + RELAY_CONTROL_MAX];

	if (!h->pong_due || h->phase != HOP_OPEN || hop_queued(h) >= HOP_HIGH)
		return;

	int n = relay_frame_encode(&f, bytes, sizeof bytes);
	if (n > 0 && tls_write(h->tls, bytes, (size_t)n) == 0)
		h->pong_due = false;
}

void hop_flush(struct hop *h)
{
	if (h->phase >= HOP_DRAIN || h->broken < 0)
		return;
	put_pong(h);
	while (h->writing == 0) {
		size_t n;
		const uint8_t *p = next_bytes(h, &n);

		if (n == 0) {
			if (h->phase == HOP_GOODBYE && end_carrier(h))
				continue;
			if (h->phase == HOP_GOODBYE)
				say_goodbye(h);
			return;
		}

		uv_buf_t buf = uv_buf_init((char *)p, (unsigned int)n);
		int took = uv_try_write((uv_stream_t *)h->tcp, &buf, 1);
		if (took == UV_EAGAIN)
			took = write_later(h, p, n);
		if (took < 0) {
			on_broken(h, took);
			return;
		}
		bytes_done(h, (size_t)took);
	}
}

/* ---- once for all that one read has caused ---- */

void hop_read_begin(struct hop_loop *l)
{
	l->reading++;
}

/* A hop on the list cannot be freed before this: that happens in close callbacks only. */
void hop_read_end(struct hop_loop *l)
{
	if (--l->reading > 0)
		return;
	while (l->dirty) {
		struct hop *h = l->dirty;

		l->dirty = h->next_dirty;
		h->is_dirty = false;
		hop_flush(h);
		tell_low(h);
	}
}

void hop_flush_soon(struct hop *h)
{
	if (h->l->reading > 0 && !h->is_dirty) {
		h->is_dirty = true;
		h->next_dirty = h->l->dirty;
		h->l->dirty = h;
	}
	if (h->l->reading == 0 || hop_waiting(h) >= FLUSH_AT)
		hop_flush(h);
	if (hop_queued(h) >= HOP_HIGH)
		h->was_high = true;
}

void hop_batch_begin(struct hop *h)
{
	hop_read_begin(h->l);
}

void hop_batch_end(struct hop *h)
{
	hop_read_end(h->l);
}

/* ---- frames ---- */

static int queue_bytes(struct hop *h, const void *p, size_t n)
{
	if (h->phase != HOP_OPEN)
		return AS_ESTATE;

	int err = tls_write(h->tls, p, n);
	if (err < 0 && err != AS_EFULL)
		hop_close(h, err);
	return err;
}

static int send_bytes(struct hop *h, const void *p, size_t n)
{
	int err = queue_bytes(h, p, n);

	if (err == 0)
		hop_flush_soon(h);
	return err;
}

int hop_send(struct hop *h, const struct relay_frame *f)
{
	int n = relay_frame_encode(f, h->l->frame, sizeof h->l->frame);

	if (f->type == RELAY_HELLO)
		h->said = f->hello.features;
	return n < 0 ? n : send_bytes(h, h->l->frame, (size_t)n);
}

int hop_send_data(struct hop *h, const void *p, size_t n)
{
	if (n == 0 || n > RELAY_FRAME_PAYLOAD_MAX)
		return n == 0 ? AS_EBADMSG : AS_E_TOO_BIG;
	relay_frame_data_header(n, h->l->frame);
	memcpy(h->l->frame + RELAY_FRAME_HEADER, p, n);
	return send_bytes(h, h->l->frame, RELAY_FRAME_HEADER + n);
}

/* ---- records that are sealed already ---- */

/* As many whole records as one DATA frame takes; in the middle of one only if it is too long. */
static size_t data_piece(const uint8_t *p, size_t n)
{
	size_t whole = 0;

	while (n > RELAY_FRAME_PAYLOAD_MAX) {
		int size = tls_record_size(p + whole, n - whole);

		if (size <= 0 || whole + (size_t)size > RELAY_FRAME_PAYLOAD_MAX)
			return whole > 0 ? whole : RELAY_FRAME_PAYLOAD_MAX;
		whole += (size_t)size;
	}
	return n;
}

static int send_as_data(struct hop *h, const uint8_t *p, size_t n)
{
	int err = 0;

	while (err == 0 && n > 0) {
		size_t part = data_piece(p, n);

		err = hop_send_data(h, p, part);
		p += part;
		n -= part;
	}
	return err;
}

/* Past the queue, if nothing is on its way already: how much the kernel took. */
static int write_now(struct hop *h, const uint8_t *p, size_t n)
{
	size_t waits;
	const uint8_t *out = tls_out(h->tls, &waits);
	uv_buf_t bufs[] = {uv_buf_init((char *)out, (unsigned int)waits),
			   uv_buf_init((char *)p, (unsigned int)n)};
	int took;

	if (h->carrier || h->writing > 0 || h->broken < 0 || n < DIRECT_MIN)
		return 0;
	took = uv_try_write((uv_stream_t *)h->tcp, bufs, 2);
	if (took <= 0)
		return took == UV_EAGAIN ? 0 : took;
	if ((size_t)took < waits)
		waits = (size_t)took;
	tls_out_done(h->tls, waits);
	return took - (int)waits;
}

static int send_run(struct hop *h, const uint8_t *p, size_t n)
{
	const struct relay_frame f = {.type = RELAY_SEALED, .sealed_len = (uint32_t)n};
	int size = relay_frame_encode(&f, h->l->frame, sizeof h->l->frame);
	int err = size < 0 ? size : queue_bytes(h, h->l->frame, (size_t)size);

	if (err < 0)
		return err;

	int took = write_now(h, p, n);
	if (took < 0) {
		on_broken(h, took);
		return 0;
	}
	err = tls_put(h->tls, p + took, n - (size_t)took);
	if (err < 0)
		hop_drop(h, err); /* what it announced cannot follow */
	else
		hop_flush_soon(h);
	return err;
}

int hop_send_records(struct hop *h, const uint8_t *p, size_t n)
{
	bool runs =
	    h->said & h->heard & RELAY_TAKES_SEALED && n >= SEALED_MIN && n <= RELAY_SEALED_MAX;

	if (h->phase != HOP_OPEN)
		return AS_ESTATE;
	if (hop_waiting(h) + n + n / 64 + RELAY_FRAME_MAX > TLS_OUT_MAX)
		return AS_EFULL;
	if (runs && tls_record_sealed_whole(p, n) == (int)n)
		return send_run(h, p, n);
	return send_as_data(h, p, n);
}

int hop_mark(struct hop *h, uint64_t token)
{
	h->mark = token;
	return hop_send(h, &(struct relay_frame){.type = RELAY_PING, .token = token});
}

/* The header of DATA stands right before its payload in the other hop's buffer. */
int hop_forward(struct hop *to, const struct relay_frame *f)
{
	if (f->type == RELAY_SEALED)
		return hop_send_records(to, f->data.bytes, f->data.len);
	return send_bytes(to, f->data.bytes - RELAY_FRAME_HEADER, RELAY_FRAME_HEADER + f->data.len);
}

size_t hop_waiting(const struct hop *h)
{
	size_t n, wrapped = 0;

	tls_out(h->tls, &n);
	if (h->carrier)
		carrier_out(h->carrier, &wrapped);
	return n + wrapped;
}

size_t hop_queued(const struct hop *h)
{
	return hop_waiting(h) + h->writing;
}
