/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/fault/proxy.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "tests/fault/schedule.h"

#define PIECE_MAX  65536
#define QUEUE_HIGH (256u << 10) /* waiting to be written; then the other side is not read */
#define TICK_MS	   10
#define LINGER_MS  500 /* after closing in order, for what is still on its way */
#define BACKLOG	   64

#define NOT_CUT UINT64_MAX

enum { NEAR, FAR };

struct leg {
	uv_tcp_t tcp;
	struct wire *wire;
	bool ready, reading, ended, closing;
	bool deaf, drops; /* deaf: not read; drops: read and thrown away */
	bool end_when_drained, shut;
	size_t queued;
};

struct wire {
	struct proxy *p;
	struct wire *next, **link;
	struct leg legs[2];
	uv_connect_t connect;
	uint64_t dies_at; /* loop time; 0: not by itself */
	bool newest, gone;
	unsigned held;
};

struct write {
	uv_write_t req;
	struct leg *leg;
	size_t n;
	char bytes[];
};

static void pump(struct wire *w);

static struct leg *other(struct leg *l)
{
	return &l->wire->legs[l == &l->wire->legs[NEAR] ? FAR : NEAR];
}

/* ---- closing ---- */

static void unlink_wire(struct wire *w)
{
	if (w->gone)
		return;
	w->gone = true;
	*w->link = w->next;
	if (w->next)
		w->next->link = w->link;
	w->p->wire_count--;
}

static void free_when_closed(struct wire *w)
{
	struct proxy *p = w->p;

	if (--w->held > 0)
		return;
	unlink_wire(w); /* its two ends may have been closed one by one */
	p->held--;
	free(w);
}

static void on_leg_closed(uv_handle_t *h)
{
	free_when_closed(((struct leg *)h->data)->wire);
}

static void close_leg(struct leg *l, bool reset)
{
	if (l->closing)
		return;
	l->closing = true;
	l->reading = false;
	if (!reset || uv_tcp_close_reset(&l->tcp, on_leg_closed) < 0)
		uv_close((uv_handle_t *)&l->tcp, on_leg_closed);
}

static void drop_wire(struct wire *w, bool reset)
{
	unlink_wire(w);
	close_leg(&w->legs[NEAR], reset);
	close_leg(&w->legs[FAR], reset);
}

/* An orderly end toward this leg, behind what waits for it. libuv's own shutdown would forbid
 * the reset that may follow. */
static void say_end(struct leg *l)
{
	uv_os_fd_t fd;

	l->end_when_drained = true;
	if (l->shut || l->closing || l->queued > 0 || !l->ready)
		return;
	l->shut = true;
	if (uv_fileno((uv_handle_t *)&l->tcp, &fd) == 0)
		shutdown(fd, SHUT_WR);
}

static void end_wire(struct wire *w)
{
	w->dies_at = uv_now(w->p->loop) + LINGER_MS;
	for (int i = 0; i < 2; i++) {
		w->legs[i].drops = true;
		say_end(&w->legs[i]);
	}
}

/* ---- moving bytes ---- */

static void on_written(uv_write_t *req, int status)
{
	struct write *job = req->data;
	struct leg *l = job->leg;
	struct wire *w = l->wire;

	l->queued -= job->n;
	free(job);
	if (w->gone)
		return;
	if (status < 0) {
		drop_wire(w, true);
		return;
	}
	if (l->end_when_drained)
		say_end(l);
	pump(w);
}

static void send_on(struct leg *l, const char *bytes, size_t n)
{
	if (l->closing || l->shut)
		return;

	uv_buf_t buf = uv_buf_init((char *)bytes, (unsigned int)n);
	int done = l->queued == 0 ? uv_try_write((uv_stream_t *)&l->tcp, &buf, 1) : 0;
	if (done > 0) {
		bytes += done;
		n -= (size_t)done;
	}
	if (n == 0)
		return;

	struct write *job = malloc(sizeof *job + n);
	if (!job)
		abort();
	job->leg = l;
	job->n = n;
	job->req.data = job;
	memcpy(job->bytes, bytes, n);
	buf = uv_buf_init(job->bytes, (unsigned int)n);
	if (uv_write(&job->req, (uv_stream_t *)&l->tcp, &buf, 1, on_written) < 0) {
		free(job);
		drop_wire(l->wire, true);
		return;
	}
	l->queued += n;
}

static bool is_slow(const struct proxy *p)
{
	return p->slow_until > 0;
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	static char piece[PIECE_MAX]; /* one loop, one read at a time; copied before the next */
	const struct proxy *p = ((struct leg *)h->data)->wire->p;
	size_t n = is_slow(p) && p->slow_bytes < sizeof piece ? p->slow_bytes : sizeof piece;

	(void)suggested;
	*buf = uv_buf_init(piece, (unsigned int)n);
}

/* True: the piece was the one to cut, and the wire has come to its end. */
static bool cut_here(struct leg *from, const char *bytes, size_t n)
{
	struct wire *w = from->wire;
	struct proxy *p = w->p;

	if (p->cut_piece_left == NOT_CUT || p->cut_toward_relay != (from == &w->legs[NEAR]))
		return false;
	send_on(other(from), bytes, (size_t)(p->cut_piece_left % n));
	p->cut_piece_left = NOT_CUT;
	if (!w->gone)
		end_wire(w);
	return true;
}

static void count(struct leg *from, size_t n)
{
	struct proxy *p = from->wire->p;

	if (from == &from->wire->legs[NEAR]) {
		p->from_near += n;
		p->last_from_near_ns = uv_hrtime();
	} else {
		p->from_far += n;
	}
	if (from->wire->newest)
		p->newest_bytes += n;
}

static void on_end_of(struct leg *from, int err)
{
	struct wire *w = from->wire;

	from->ended = true;
	from->reading = false;
	uv_read_stop((uv_stream_t *)&from->tcp);
	if (err != UV_EOF) {
		drop_wire(w, true);
		return;
	}
	if (other(from)->ended || other(from)->closing) {
		drop_wire(w, false);
		return;
	}
	say_end(other(from));
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct leg *from = s->data;
	struct wire *w = from->wire;
	struct proxy *p = w->p;

	if (n == 0 || w->gone)
		return;
	if (n < 0) {
		on_end_of(from, (int)n);
		return;
	}
	if (from->drops)
		return;
	count(from, (size_t)n);
	if (!cut_here(from, buf->base, (size_t)n))
		send_on(other(from), buf->base, (size_t)n);
	if (is_slow(p) && from->reading) {
		uv_read_stop(s);
		from->reading = false; /* the tick goes on */
	} else if (!w->gone) {
		pump(w);
	}
	if (p->on_bytes)
		p->on_bytes(p->owner);
}

static bool may_read(const struct leg *l, const struct leg *to)
{
	const struct proxy *p = l->wire->p;

	if (!l->ready || l->ended || l->closing || l->deaf)
		return false;
	if (l->drops)
		return true;
	return to->ready && !to->closing && to->queued < QUEUE_HIGH && p->stalled_until == 0 &&
	       p->hole_until == 0;
}

static void pump(struct wire *w)
{
	for (int i = 0; i < 2; i++) {
		struct leg *l = &w->legs[i];
		bool read = may_read(l, other(l));

		if (read == l->reading)
			continue;
		l->reading = read;
		if (read)
			uv_read_start((uv_stream_t *)&l->tcp, on_alloc, on_read);
		else
			uv_read_stop((uv_stream_t *)&l->tcp);
	}
}

/* ---- connections ---- */

static void on_connected(uv_connect_t *req, int status)
{
	struct wire *w = req->data;

	if (w->gone)
		return;
	if (status < 0) {
		drop_wire(w, true);
		return;
	}
	w->legs[FAR].ready = true;
	uv_tcp_nodelay(&w->legs[FAR].tcp, 1);
	if (w->legs[FAR].end_when_drained)
		say_end(&w->legs[FAR]);
	pump(w);
}

static void connect_far(struct wire *w)
{
	if (uv_tcp_connect(&w->connect, &w->legs[FAR].tcp, (struct sockaddr *)&w->p->relay,
			   on_connected) < 0)
		drop_wire(w, true);
}

static void on_connection(uv_stream_t *s, int status)
{
	struct proxy *p = s->data;
	struct wire *w = status == 0 ? calloc(1, sizeof *w) : NULL;

	if (!w)
		return;
	*w = (struct wire){.p = p, .next = p->wires, .link = &p->wires, .held = 2, .newest = true};
	for (struct wire *old = p->wires; old; old = old->next)
		old->newest = false;
	if (w->next)
		w->next->link = &w->next;
	p->wires = w;
	p->held++;
	p->wire_count++;
	p->connections++;
	p->newest_bytes = 0;
	w->connect.data = w;
	for (int i = 0; i < 2; i++) {
		uv_tcp_init(p->loop, &w->legs[i].tcp);
		w->legs[i].tcp.data = &w->legs[i];
		w->legs[i].wire = w;
	}
	if (uv_accept(s, (uv_stream_t *)&w->legs[NEAR].tcp) < 0 || p->refuse_until > 0 ||
	    p->wire_count > PROXY_WIRES_MAX) {
		drop_wire(w, true);
		return;
	}
	w->legs[NEAR].ready = true;
	uv_tcp_nodelay(&w->legs[NEAR].tcp, 1);
	if (p->hole_until == 0)
		connect_far(w);
}

/* ---- time ---- */

static void pump_all(struct proxy *p)
{
	for (struct wire *w = p->wires, *next; w; w = next) {
		next = w->next;
		pump(w);
	}
}

static bool passed(uint64_t *until, uint64_t now)
{
	if (*until == 0 || *until > now)
		return false;
	*until = 0;
	return true;
}

/* Those from before the hole are gone as if the way had changed; those in it go on. */
static void end_hole(struct proxy *p)
{
	for (struct wire *w = p->wires, *next; w; w = next) {
		next = w->next;
		if (w->legs[FAR].ready)
			drop_wire(w, true);
		else
			connect_far(w);
	}
}

static void on_tick(uv_timer_t *t)
{
	struct proxy *p = t->data;
	uint64_t now = uv_now(p->loop);
	bool waits;

	if (passed(&p->hole_until, now))
		end_hole(p);
	passed(&p->stalled_until, now);
	passed(&p->slow_until, now);
	passed(&p->refuse_until, now);
	waits = p->hole_until || p->stalled_until || p->slow_until || p->refuse_until;
	for (struct wire *w = p->wires, *next; w; w = next) {
		next = w->next;
		waits = waits || w->dies_at > 0;
		if (w->dies_at > 0 && w->dies_at <= now)
			drop_wire(w, true);
	}
	pump_all(p);
	if (!waits)
		uv_timer_stop(t);
}

static uint64_t later(struct proxy *p, uint32_t ms)
{
	if (!uv_is_active((uv_handle_t *)&p->tick))
		uv_timer_start(&p->tick, on_tick, TICK_MS, TICK_MS);
	return uv_now(p->loop) + ms + 1;
}

/* ---- faults ---- */

void proxy_reset(struct proxy *p)
{
	while (p->wires)
		drop_wire(p->wires, true);
}

void proxy_fin(struct proxy *p)
{
	later(p, 0);
	for (struct wire *w = p->wires; w; w = w->next)
		end_wire(w);
	pump_all(p);
}

void proxy_half_near(struct proxy *p)
{
	for (struct wire *w = p->wires; w; w = w->next) {
		close_leg(&w->legs[NEAR], true);
		w->legs[FAR].drops = true;
	}
	pump_all(p);
}

void proxy_half_far(struct proxy *p, uint32_t ms)
{
	uint64_t at = later(p, ms);

	for (struct wire *w = p->wires; w; w = w->next) {
		close_leg(&w->legs[FAR], true);
		w->legs[NEAR].deaf = true;
		w->dies_at = at;
	}
	pump_all(p);
}

void proxy_hole(struct proxy *p, uint32_t ms)
{
	p->hole_until = later(p, ms);
	pump_all(p);
}

void proxy_refuse(struct proxy *p, uint32_t ms)
{
	p->refuse_until = later(p, ms);
	proxy_reset(p);
}

void proxy_stall(struct proxy *p, uint32_t ms)
{
	p->stalled_until = later(p, ms);
	pump_all(p);
}

void proxy_slow(struct proxy *p, uint32_t ms, uint32_t bytes_in_10_ms)
{
	p->slow_bytes = bytes_in_10_ms;
	p->slow_until = later(p, ms);
}

void proxy_truncate(struct proxy *p, bool toward_relay, uint32_t bytes)
{
	later(p, 0);
	p->cut_piece_left = bytes;
	p->cut_toward_relay = toward_relay;
}

void proxy_garbage(struct proxy *p, bool toward_relay, uint32_t bytes, uint64_t seed)
{
	char noise[4096];

	assert(bytes <= sizeof noise);
	for (uint32_t i = 0; i < bytes; i++)
		noise[i] = (char)fault_random(&seed);
	for (struct wire *w = p->wires, *next; w; w = next) {
		next = w->next;
		if (w->legs[NEAR].ready && w->legs[FAR].ready)
			send_on(&w->legs[toward_relay ? FAR : NEAR], noise, bytes);
	}
}

/* ---- life ---- */

void proxy_forget(struct proxy *p)
{
	proxy_reset(p);
	p->stalled_until = p->slow_until = p->refuse_until = p->hole_until = 0;
	p->cut_piece_left = NOT_CUT;
	p->from_near = p->from_far = p->connections = p->newest_bytes = 0;
	p->last_from_near_ns = 0;
}

static int listen_on_loopback(struct proxy *p)
{
	struct sockaddr_in sa;
	int len = sizeof sa;
	int err = uv_ip4_addr("127.0.0.1", 0, &sa);

	if (err == 0)
		err = uv_tcp_bind(&p->listener, (struct sockaddr *)&sa, 0);
	if (err == 0)
		err = uv_listen((uv_stream_t *)&p->listener, BACKLOG, on_connection);
	if (err == 0)
		err = uv_tcp_getsockname(&p->listener, (struct sockaddr *)&sa, &len);
	p->port = ntohs(sa.sin_port);
	return err;
}

int proxy_init(struct proxy *p, uv_loop_t *loop)
{
	*p = (struct proxy){.loop = loop, .cut_piece_left = NOT_CUT, .held = 2};
	uv_timer_init(loop, &p->tick);
	uv_tcp_init(loop, &p->listener);
	p->tick.data = p->listener.data = p;
	return listen_on_loopback(p);
}

static void on_closed(uv_handle_t *h)
{
	((struct proxy *)h->data)->held--;
}

void proxy_done(struct proxy *p)
{
	proxy_reset(p);
	uv_close((uv_handle_t *)&p->listener, on_closed);
	uv_close((uv_handle_t *)&p->tick, on_closed);
}

bool proxy_is_gone(const struct proxy *p)
{
	return p->held == 0;
}
