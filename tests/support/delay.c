/* SPDX-License-Identifier: Apache-2.0
 *
 * A wire of a given length: what comes in at one end goes out at the other DELAY milliseconds
 * later, in order and at any rate, in both directions. For measuring round trips where the kernel
 * has no netem. With CUT, all connections break once so many bytes have gone one way; new ones
 * live. SIGUSR1: a line that says how many bytes went each way.
 *
 * usage: delay HOST:PORT DELAY-MS [CUT-BYTES]          the first line says where it listens
 */
#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <uv.h>

#define READ_MAX  65536
#define QUEUE_MAX (64u << 20) /* bytes under way in one direction; then the sender waits */

struct chunk {
	struct chunk *next;
	uint64_t due_ms;
	size_t n; /* 0: the sender has shut down its end */
	uv_write_t req;
	char bytes[];
};

struct way {
	struct wire *wire;
	uv_stream_t *from, *to;
	uv_timer_t timer;
	struct chunk *first, *last;
	size_t queued;
	bool stopped;
	uv_shutdown_t shut;
};

struct wire {
	struct wire *next, **at; /* in all */
	uv_tcp_t near, far;
	struct way ways[2];
	uv_connect_t connect;
	int held;
	bool closing;
};

static uv_loop_t *loop;
static struct sockaddr_in target;
static uint64_t delay_ms;
static struct wire *all;
static uint64_t carried[2], cut_at = UINT64_MAX;

static void free_way(struct way *w)
{
	while (w->first) {
		struct chunk *c = w->first;

		w->first = c->next;
		free(c);
	}
}

static void let_go(struct wire *w)
{
	if (--w->held > 0)
		return;
	*w->at = w->next;
	if (w->next)
		w->next->at = w->at;
	free_way(&w->ways[0]);
	free_way(&w->ways[1]);
	free(w);
}

static void on_tcp_closed(uv_handle_t *h)
{
	let_go(h->data);
}

static void on_timer_closed(uv_handle_t *h)
{
	let_go(((struct way *)h->data)->wire);
}

static void drop(struct wire *w)
{
	if (w->closing)
		return;
	w->closing = true;
	uv_close((uv_handle_t *)&w->near, on_tcp_closed);
	uv_close((uv_handle_t *)&w->far, on_tcp_closed);
	uv_close((uv_handle_t *)&w->ways[0].timer, on_timer_closed);
	uv_close((uv_handle_t *)&w->ways[1].timer, on_timer_closed);
}

static void count(int way, size_t n)
{
	carried[way] += n;
	if (carried[way] < cut_at)
		return;
	cut_at = UINT64_MAX;
	for (struct wire *w = all; w; w = w->next)
		drop(w);
}

static void on_alloc(uv_handle_t *h, size_t suggested, uv_buf_t *buf)
{
	struct chunk *c = malloc(sizeof *c + READ_MAX);

	(void)h;
	(void)suggested;
	*buf = c ? uv_buf_init(c->bytes, READ_MAX) : uv_buf_init(NULL, 0);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf);

static void on_written(uv_write_t *req, int status)
{
	struct chunk *c = (struct chunk *)(void *)((char *)req - offsetof(struct chunk, req));
	struct wire *w = req->handle->data;
	struct way *way = &w->ways[req->handle == (uv_stream_t *)&w->near];

	way->queued -= c->n;
	free(c);
	if (status < 0)
		drop(w);
	else if (way->stopped && way->queued < QUEUE_MAX / 2 && !w->closing)
		way->stopped = uv_read_start(way->from, on_alloc, on_read) != 0;
}

static void on_due(uv_timer_t *t);

static void arm(struct way *way)
{
	uint64_t now = uv_now(loop);

	if (way->first)
		uv_timer_start(&way->timer, on_due,
			       way->first->due_ms > now ? way->first->due_ms - now : 0, 0);
}

static void on_due(uv_timer_t *t)
{
	struct way *way = t->data;

	while (way->first && way->first->due_ms <= uv_now(loop)) {
		struct chunk *c = way->first;
		uv_buf_t buf = uv_buf_init(c->bytes, (unsigned)c->n);

		way->first = c->next;
		if (!way->first)
			way->last = NULL;
		if (c->n == 0) {
			uv_shutdown(&way->shut, way->to, NULL);
			free(c);
		} else if (uv_write(&c->req, way->to, &buf, 1, on_written) < 0) {
			free(c);
			drop(way->wire);
			return;
		}
	}
	arm(way);
}

static void on_read(uv_stream_t *s, ssize_t n, const uv_buf_t *buf)
{
	struct wire *w = s->data;
	struct way *way = &w->ways[s != (uv_stream_t *)&w->near];
	struct chunk *c =
	    buf->base ? (struct chunk *)(void *)(buf->base - offsetof(struct chunk, bytes)) : NULL;

	if (n == 0 || !c || (n < 0 && n != UV_EOF)) {
		free(c);
		if (n < 0)
			drop(w);
		return;
	}
	c->next = NULL;
	c->n = n > 0 ? (size_t)n : 0;
	c->due_ms = uv_now(loop) + delay_ms;
	if (way->last)
		way->last->next = c;
	else
		way->first = c;
	way->last = c;
	way->queued += c->n;
	if (way->first == c)
		arm(way);
	if (way->queued >= QUEUE_MAX) {
		way->stopped = true;
		uv_read_stop(s);
	}
	count(way == &w->ways[1], c->n);
}

static void on_connected(uv_connect_t *req, int status)
{
	struct wire *w = req->handle->data;

	if (status < 0 || uv_read_start((uv_stream_t *)&w->near, on_alloc, on_read) < 0 ||
	    uv_read_start((uv_stream_t *)&w->far, on_alloc, on_read) < 0)
		drop(w);
}

/* Opening a connection takes its round trip, too. */
static void on_connect_due(uv_timer_t *t)
{
	struct way *way = t->data;

	if (uv_tcp_connect(&way->wire->connect, &way->wire->far, (const struct sockaddr *)&target,
			   on_connected) < 0)
		drop(way->wire);
}

static void on_connection(uv_stream_t *server, int status)
{
	struct wire *w = calloc(1, sizeof *w);

	if (status < 0 || !w)
		abort();
	w->next = all;
	w->at = &all;
	if (all)
		all->at = &w->next;
	all = w;
	uv_tcp_init(loop, &w->near);
	uv_tcp_init(loop, &w->far);
	w->near.data = w->far.data = w;
	w->held = 4;
	for (int i = 0; i < 2; i++) {
		w->ways[i].wire = w;
		uv_timer_init(loop, &w->ways[i].timer);
	}
	w->ways[0].from = w->ways[1].to = (uv_stream_t *)&w->near;
	w->ways[0].to = w->ways[1].from = (uv_stream_t *)&w->far;
	for (int i = 0; i < 2; i++)
		w->ways[i].timer.data = &w->ways[i];
	if (uv_accept(server, (uv_stream_t *)&w->near) < 0)
		drop(w);
	uv_tcp_nodelay(&w->near, 1);
	uv_tcp_nodelay(&w->far, 1);
	uv_timer_start(&w->ways[0].timer, on_connect_due, 2 * delay_ms, 0);
}

static void on_signal(uv_signal_t *h, int number)
{
	(void)h;
	(void)number;
	printf("carried %llu there, %llu back\n", (unsigned long long)carried[0],
	       (unsigned long long)carried[1]);
	fflush(stdout);
}

int main(int argc, char **argv)
{
	char host[64];
	const char *colon = argc >= 3 ? strrchr(argv[1], ':') : NULL;
	struct sockaddr_in at;
	int len = sizeof at;
	static uv_tcp_t server;
	static uv_signal_t asked;

	if (!colon || (size_t)(colon - argv[1]) >= sizeof host)
		return fputs("usage: delay HOST:PORT DELAY-MS [CUT-BYTES]\n", stderr), 2;
	snprintf(host, sizeof host, "%.*s", (int)(colon - argv[1]), argv[1]);
	delay_ms = strtoull(argv[2], NULL, 10);
	if (argc > 3)
		cut_at = strtoull(argv[3], NULL, 10);
	loop = uv_default_loop();
	if (uv_ip4_addr(host, atoi(colon + 1), &target) < 0 || uv_ip4_addr("127.0.0.1", 0, &at) < 0)
		return 2;
	uv_tcp_init(loop, &server);
	if (uv_tcp_bind(&server, (const struct sockaddr *)&at, 0) < 0 ||
	    uv_listen((uv_stream_t *)&server, 128, on_connection) < 0 ||
	    uv_tcp_getsockname(&server, (struct sockaddr *)&at, &len) < 0)
		return 1;
	uv_signal_init(loop, &asked);
	uv_signal_start(&asked, on_signal, SIGUSR1);
	uv_ip4_name(&at, host, sizeof host);
	printf("listening on %s:%u\n", host, (unsigned)ntohs(at.sin_port));
	fflush(stdout);
	return uv_run(loop, UV_RUN_DEFAULT);
}
