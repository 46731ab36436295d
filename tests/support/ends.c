/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/support/ends.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "proto/wire/tls_record.h"

#define WATCHDOG_MS 30000
#define RECORD_BODY 16349 /* of a full mux frame */

static void must(bool ok, const char *what)
{
	if (ok)
		return;
	fprintf(stderr, "ends: %s\n", what);
	abort();
}

/* ---- peers ---- */

uint32_t ends_digest(uint32_t digest, const void *p, size_t n)
{
	const uint8_t *at = p;

	for (size_t i = 0; i < n; i++)
		digest = (digest ^ at[i]) * UINT32_C(16777619);
	return digest;
}

void ends_records(uint8_t *out, size_t n)
{
	static uint8_t fill;
	size_t body;

	for (size_t at = 0; at < n; at += TLS_RECORD_HEADER + body) {
		body = n - at - TLS_RECORD_HEADER;
		if (body > RECORD_BODY)
			body = RECORD_BODY - TLS_RECORD_HEADER; /* never too little for one more */

		const uint8_t header[] = {TLS_RECORD_SEALED, 3, 3, (uint8_t)(body >> 8),
					  (uint8_t)body};

		memcpy(out + at, header, sizeof header);
		memset(out + at + sizeof header, ++fill, body);
	}
}

static void on_ready(struct hop *h, void *owner)
{
	struct peer *p = owner;
	const struct relay_frame hello = {.type = RELAY_HELLO,
					  .hello = {.role = (uint8_t)p->role,
						    .ver_min = RELAY_VERSION,
						    .ver_max = RELAY_VERSION,
						    .features = p->features}};

	p->hop = h;
	p->ready = true;
	if (p->role != 0)
		must(hop_send(h, &hello) == 0, "hello");
	if (p->on_ready)
		p->on_ready(p);
}

static void on_frame(struct hop *h, const struct relay_frame *f, void *owner)
{
	struct peer *p = owner;

	(void)h;
	must(f->type < ENDS_TYPES && f->type != RELAY_PING && f->type != RELAY_PONG, "frame type");
	p->heard[f->type]++;
	if (f->type == RELAY_DATA || f->type == RELAY_SEALED) {
		p->bytes += f->data.len;
		p->digest = ends_digest(p->digest, f->data.bytes, f->data.len);
	} else {
		p->last[f->type] = *f;
	}
	if (p->on_frame)
		p->on_frame(p, f);
}

static void on_low(struct hop *h, void *owner)
{
	struct peer *p = owner;

	(void)h;
	p->low++;
	if (p->on_low)
		p->on_low(p);
}

static void on_carried(struct hop *h, const char *forwarded, void *owner)
{
	struct peer *p = owner;

	(void)h;
	p->carried = true;
	snprintf(p->forwarded, sizeof p->forwarded, "%s", forwarded);
}

static void on_failed(const struct report *r, void *owner)
{
	struct peer *p = owner;

	must(!p->failed && !p->gone, "once, before the end");
	p->failed = true;
	p->failure = *r;
}

static void on_gone(int why, const char *detail, void *owner)
{
	struct peer *p = owner;

	must(detail != NULL, "detail");
	p->hop = NULL;
	p->gone = true;
	p->gone_count++;
	p->why = why;
}

const struct hop_events ends_events = {
    .on_carried = on_carried,
    .on_failed = on_failed,
    .on_ready = on_ready,
    .on_frame = on_frame,
    .on_low = on_low,
    .on_gone = on_gone,
};

/* ---- the loop ---- */

static void on_watchdog(uv_timer_t *timer)
{
	(void)timer;
	must(false, "what the test waits for does not come");
}

struct outer_pem ends_pem(const char *pem)
{
	return (struct outer_pem){pem, strlen(pem)};
}

void ends_init(struct ends *e)
{
	int64_t now = (int64_t)time(NULL);
	struct pki_spec ca = pki_ca_spec("Acme", now);
	struct pki_spec relay = pki_relay_spec("Acme", "127.0.0.1", now);
	struct pki_spec console = pki_console_spec("Acme", "jane", now);

	memset(e, 0, sizeof *e);
	pki_make(&ca, NULL, &e->ca);
	pki_make(&relay, &e->ca, &e->relay);
	pki_make(&console, &e->ca, &e->console);

	struct outer_pem trust = ends_pem(e->ca.pem);
	must(outer_server_ctx(ends_pem(e->relay.pem), ends_pem(e->relay.key_pem), trust,
			      &e->server_ctx) == 0,
	     "server context");
	must(outer_agent_ctx(trust, &e->agent_ctx) == 0, "agent context");
	must(outer_console_ctx(trust, ends_pem(e->console.pem), ends_pem(e->console.key_pem),
			       &e->console_ctx) == 0,
	     "console context");

	must(uv_loop_init(&e->loop) == 0, "loop");
	uv_timer_init(&e->loop, &e->watchdog);
	uv_timer_start(&e->watchdog, on_watchdog, WATCHDOG_MS, 0);
	uv_unref((uv_handle_t *)&e->watchdog);
	e->hops = hop_loop_new(&e->loop);
	must(e->hops != NULL, "hop loop");
}

void ends_step(struct ends *e)
{
	must(uv_run(&e->loop, UV_RUN_ONCE) != 0 || uv_loop_alive(&e->loop) == 0, "loop");
	must(uv_is_active((uv_handle_t *)&e->watchdog) != 0, "nothing can happen any more");
}

void ends_done(struct ends *e)
{
	uv_run(&e->loop, UV_RUN_DEFAULT);
	uv_close((uv_handle_t *)&e->watchdog, NULL);
	uv_run(&e->loop, UV_RUN_DEFAULT);
	must(uv_loop_close(&e->loop) == 0, "the loop still has handles");
	hop_loop_free(e->hops);
	outer_ctx_free(e->server_ctx);
	outer_ctx_free(e->agent_ctx);
	outer_ctx_free(e->console_ctx);
	pki_done(&e->ca);
	pki_done(&e->relay);
	pki_done(&e->console);
}

/* ---- connections ---- */

static uv_tcp_t *tcp_over(struct ends *e, int fd)
{
	uv_tcp_t *tcp = malloc(sizeof *tcp);

	must(tcp && uv_tcp_init(&e->loop, tcp) == 0 && uv_tcp_open(tcp, fd) == 0, "tcp");
	return tcp;
}

void ends_tcp_pair(struct ends *e, uv_tcp_t **a, uv_tcp_t **b)
{
	struct sockaddr_in addr;
	socklen_t n = sizeof addr;
	int door = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	int out = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(uv_ip4_addr("127.0.0.1", 0, &addr) == 0 &&
		 bind(door, (struct sockaddr *)&addr, sizeof addr) == 0 && listen(door, 1) == 0 &&
		 getsockname(door, (struct sockaddr *)&addr, &n) == 0 &&
		 connect(out, (struct sockaddr *)&addr, n) == 0,
	     "loopback connection");
	int in = accept4(door, NULL, NULL, SOCK_CLOEXEC);
	must(in >= 0, "accept");
	close(door);
	*a = tcp_over(e, out);
	*b = tcp_over(e, in);
}

void ends_pair_in(struct ends *e, struct peer *client, struct peer *server, struct carrier *carrier)
{
	uv_tcp_t *a, *b;

	ends_tcp_pair(e, &a, &b);
	must(hop_open_in(e->hops, a, tls_client(e->agent_ctx, "127.0.0.1"), carrier, &ends_events,
			 client, &client->hop) == 0,
	     "client hop");
	must(hop_open(e->hops, b, tls_server(e->server_ctx), &ends_events, server, &server->hop) ==
		 0,
	     "server hop");
	hop_allow_websocket(server->hop);
}

void ends_pair(struct ends *e, struct peer *client, struct peer *server)
{
	ends_pair_in(e, client, server, NULL);
}
