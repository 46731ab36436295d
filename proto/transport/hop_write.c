/* SPDX-License-Identifier: Apache-2.0 */
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/transport/hop_priv.h"

#define WRITE_MAX (64u << 10)  /* copied for one uv_write(), when the kernel is full */
#define FLUSH_AT  (128u << 10) /* keeps the engine's buffer small while one read is forwarded */

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

static int send_bytes(struct hop *h, const void *p, size_t n)
{
	if (h->phase != HOP_OPEN)
		return AS_ESTATE;

	int err = tls_write(h->tls, p, n);
	if (err == AS_EFULL)
		return err;
	if (err < 0)
		hop_close(h, err);
	else
		hop_flush_soon(h);
	return err;
}

int hop_send(struct hop *h, const struct relay_frame *f)
{
	int n = relay_frame_encode(f, h->l->frame, sizeof h->l->frame);

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

_Static_assert(RELAY_FRAME_HEADER <= TLS_OUT_FRONT, "what an inner engine leaves in front");

int hop_send_data_at(struct hop *h, uint8_t *p, size_t n)
{
	if (n == 0 || n > RELAY_FRAME_PAYLOAD_MAX)
		return n == 0 ? AS_EBADMSG : AS_E_TOO_BIG;
	relay_frame_data_header(n, p - RELAY_FRAME_HEADER);
	return send_bytes(h, p - RELAY_FRAME_HEADER, RELAY_FRAME_HEADER + n);
}

int hop_mark(struct hop *h, uint64_t token)
{
	h->mark = token;
	return hop_send(h, &(struct relay_frame){.type = RELAY_PING, .token = token});
}

/* The frame's header stands right before its payload in the other hop's buffer. */
int hop_forward(struct hop *to, const struct relay_frame *f)
{
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
