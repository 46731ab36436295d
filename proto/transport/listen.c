/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/listen.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/hostport.h"
#include "proto/transport/bucket.h"
#include "proto/transport/dial.h"

#define BACKLOG	     1024
#define PREFIX_SLOTS 8192
#define TOTAL_SLOTS  8 /* one key */
#define SECOND_MS    1000
#define RETRY_MS     5 /* the kernel keeps who waits */

struct listener {
	uv_tcp_t tcp;
	uv_timer_t retry;
	int held;
	bool closing;
	struct bucket_table *total, *prefixes;
	char text[LISTEN_TEXT_MAX];
	const struct listen_events *ev;
	void *owner;
};

/* ---- prefixes ---- */

static uint64_t big_endian(const uint8_t *p, int n)
{
	uint64_t v = 0;

	while (n-- > 0)
		v = v << 8 | *p++;
	return v;
}

uint64_t listen_prefix(const struct sockaddr *addr)
{
	static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
	uint8_t bytes[16];

	if (addr->sa_family == AF_INET) {
		memcpy(bytes, &((const struct sockaddr_in *)addr)->sin_addr, 4);
		return UINT64_C(4) << 56 | big_endian(bytes, 4);
	}
	if (addr->sa_family != AF_INET6)
		return 0;
	memcpy(bytes, &((const struct sockaddr_in6 *)addr)->sin6_addr, 16);
	if (memcmp(bytes, mapped, sizeof mapped) == 0)
		return UINT64_C(4) << 56 | big_endian(bytes + 12, 4);
	return UINT64_C(6) << 56 | big_endian(bytes, 7);
}

const char *listen_prefix_text(uint64_t prefix, char buf[LISTEN_PREFIX_TEXT_MAX])
{
	unsigned int b[7];

	for (int i = 0; i < 7; i++)
		b[i] = (unsigned int)(prefix >> (48 - 8 * i)) & 0xff;
	if (prefix >> 56 == 4)
		snprintf(buf, LISTEN_PREFIX_TEXT_MAX, "%u.%u.%u.%u/32", b[3], b[4], b[5], b[6]);
	else
		snprintf(buf, LISTEN_PREFIX_TEXT_MAX, "%x:%x:%x:%x::/56", b[0] << 8 | b[1],
			 b[2] << 8 | b[3], b[4] << 8 | b[5], b[6] << 8);
	return buf;
}

/* ---- visitors ---- */

static void welcome(struct listener *l, uv_tcp_t *tcp)
{
	struct sockaddr_storage addr;
	int n = sizeof addr;

	if (uv_tcp_getpeername(tcp, (struct sockaddr *)&addr, &n) == 0) {
		uint64_t prefix = listen_prefix((const struct sockaddr *)&addr);
		bool crowd =
		    l->ev->is_crowd && l->ev->is_crowd((const struct sockaddr *)&addr, l->owner);

		if ((crowd || bucket_take(l->prefixes, prefix, uv_now(l->tcp.loop))) &&
		    l->ev->on_visitor(tcp, prefix, l->owner) == 0)
			return;
	}
	dial_drop(tcp);
}

static void on_retry(uv_timer_t *timer);

static void accept_one(struct listener *l)
{
	if (!bucket_take(l->total, 0, uv_now(l->tcp.loop))) {
		uv_timer_start(&l->retry, on_retry, RETRY_MS, 0);
		return;
	}

	uv_tcp_t *tcp = malloc(sizeof *tcp);
	if (!tcp || uv_tcp_init(l->tcp.loop, tcp) < 0) {
		free(tcp);
		uv_timer_start(&l->retry, on_retry, SECOND_MS, 0);
		return;
	}
	if (uv_accept((uv_stream_t *)&l->tcp, (uv_stream_t *)tcp) < 0)
		dial_drop(tcp);
	else
		welcome(l, tcp);
}

/* Until uv_accept() is called libuv does not look at the socket again: that is the throttle. */
static void on_retry(uv_timer_t *timer)
{
	accept_one(timer->data);
}

static void on_connection(uv_stream_t *s, int status)
{
	if (status == 0)
		accept_one(s->data);
}

/* ---- life ---- */

static void free_listener(struct listener *l)
{
	bucket_table_free(l->total);
	bucket_table_free(l->prefixes);
	free(l);
}

static void on_closed(uv_handle_t *handle)
{
	struct listener *l = handle->data;

	if (--l->held > 0)
		return;

	const struct listen_events *ev = l->ev;
	void *owner = l->owner;
	bool told = l->closing;

	free_listener(l);
	if (told && ev->on_gone)
		ev->on_gone(owner);
}

static void close_handles(struct listener *l)
{
	uv_close((uv_handle_t *)&l->tcp, on_closed);
	uv_close((uv_handle_t *)&l->retry, on_closed);
}

void listen_close(struct listener *l)
{
	if (l->closing)
		return;
	l->closing = true;
	close_handles(l);
}

static void note_address(struct listener *l)
{
	struct sockaddr_storage addr;
	int n = sizeof addr;
	char ip[INET6_ADDRSTRLEN] = "?";
	bool v6;
	uint16_t port;

	if (uv_tcp_getsockname(&l->tcp, (struct sockaddr *)&addr, &n) < 0)
		return;
	v6 = addr.ss_family == AF_INET6;
	port = v6 ? ((struct sockaddr_in6 *)&addr)->sin6_port
		  : ((struct sockaddr_in *)&addr)->sin_port;
	if (v6)
		uv_ip6_name((const struct sockaddr_in6 *)&addr, ip, sizeof ip);
	else
		uv_ip4_name((const struct sockaddr_in *)&addr, ip, sizeof ip);
	snprintf(l->text, sizeof l->text, v6 ? "[%s]:%u" : "%s:%u", ip, (unsigned int)ntohs(port));
}

static int bind_to(struct listener *l, const char *addr_port)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE};
	struct hostport target;
	uv_getaddrinfo_t req;
	int err = hostport_split(addr_port, &target);

	if (err < 0)
		return err;
	err = uv_getaddrinfo(l->tcp.loop, &req, NULL, target.host, target.port, &hints);
	if (err < 0)
		return err;
	err = uv_tcp_bind(&l->tcp, req.addrinfo->ai_addr, 0);
	uv_freeaddrinfo(req.addrinfo);
	return err;
}

/* A socket that listens already only gets the backlog. */
static int open_door(struct listener *l)
{
	int err = uv_listen((uv_stream_t *)&l->tcp, BACKLOG, on_connection);

	if (err == 0)
		note_address(l);
	return err;
}

static struct listener *make(const struct listen_limits *lim)
{
	const struct bucket_rate total = {lim->total_per_s, lim->total_burst, SECOND_MS};
	const struct bucket_rate prefix = {lim->prefix_per_s, lim->prefix_burst, SECOND_MS};
	struct listener *l = calloc(1, sizeof *l);
	uint64_t salt = 0;

	if (!l || uv_random(NULL, NULL, &salt, sizeof salt, 0, NULL) < 0) {
		free(l);
		return NULL;
	}
	l->total = bucket_table_new(TOTAL_SLOTS, total, salt);
	l->prefixes = bucket_table_new(PREFIX_SLOTS, prefix, salt);
	if (l->total && l->prefixes)
		return l;
	free_listener(l);
	return NULL;
}

/* addr_port NULL: socket. */
static int start(uv_loop_t *loop, const char *addr_port, int socket,
		 const struct listen_limits *limits, const struct listen_events *ev, void *owner,
		 struct listener **out)
{
	struct listener *l = make(limits);
	if (!l)
		return UV_ENOMEM;

	l->ev = ev;
	l->owner = owner;
	int err = uv_tcp_init(loop, &l->tcp);
	if (err < 0) {
		free_listener(l);
		return err;
	}
	uv_timer_init(loop, &l->retry); /* cannot fail */
	l->tcp.data = l->retry.data = l;
	l->held = 2;

	err = addr_port ? bind_to(l, addr_port) : uv_tcp_open(&l->tcp, socket);
	if (err == 0)
		err = open_door(l);
	if (err < 0) {
		close_handles(l); /* freed when the loop runs; the owner hears nothing */
		return err;
	}
	*out = l;
	return 0;
}

int listen_start(uv_loop_t *loop, const char *addr_port, const struct listen_limits *limits,
		 const struct listen_events *ev, void *owner, struct listener **out)
{
	return start(loop, addr_port, -1, limits, ev, owner, out);
}

int listen_start_socket(uv_loop_t *loop, int socket, const struct listen_limits *limits,
			const struct listen_events *ev, void *owner, struct listener **out)
{
	return start(loop, NULL, socket, limits, ev, owner, out);
}

const char *listen_text(const struct listener *l, char buf[LISTEN_TEXT_MAX])
{
	memcpy(buf, l->text, LISTEN_TEXT_MAX);
	return buf;
}
