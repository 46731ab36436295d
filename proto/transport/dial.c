/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/dial.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/hostport.h"

/* Asking the resolver cannot be stopped once it runs: the request lives on without its dial. */
struct lookup {
	uv_getaddrinfo_t req;
	struct dial *d; /* NULL: nobody waits any more */
};

/* One connect(). Its callback may come after the dial has given it up. */
struct attempt {
	uv_connect_t req;
	uv_tcp_t *tcp;
	struct dial *d; /* NULL: given up; the handle is then being closed already */
};

struct dial {
	uv_loop_t *loop;
	uv_timer_t timer;
	uint64_t deadline_ms;
	struct lookup *lookup;
	struct attempt *attempt;
	struct addrinfo *addrs, *next; /* addrs: ours */
	bool finished;
	enum dial_step step;
	int err;
	uv_tcp_t *tcp;
	dial_done on_done;
	void *owner;
};

static void try_next(struct dial *d);

/* ---- the end ---- */

static void on_dropped(uv_handle_t *handle)
{
	free(handle);
}

void dial_drop(uv_tcp_t *tcp)
{
	uv_close((uv_handle_t *)tcp, on_dropped);
}

static void on_timer_closed(uv_handle_t *handle)
{
	struct dial *d = handle->data;
	struct dial end = *d;

	free(d);
	end.on_done(end.step, end.err, end.tcp, end.owner);
}

static void give_up_attempt(struct dial *d)
{
	if (!d->attempt)
		return;
	d->attempt->d = NULL;
	dial_drop(d->attempt->tcp);
	d->attempt = NULL;
}

static void finish(struct dial *d, enum dial_step step, int err, uv_tcp_t *tcp)
{
	d->finished = true;
	d->step = step;
	d->err = err;
	d->tcp = tcp;
	give_up_attempt(d);
	if (d->lookup) {
		d->lookup->d = NULL;
		(void)uv_cancel((uv_req_t *)&d->lookup->req);
		d->lookup = NULL;
	}
	if (d->addrs)
		uv_freeaddrinfo(d->addrs);
	d->addrs = d->next = NULL;
	uv_close((uv_handle_t *)&d->timer, on_timer_closed);
}

void dial_cancel(struct dial *d)
{
	if (!d->finished) {
		finish(d, d->lookup ? DIAL_NAME : DIAL_CONNECT, UV_ECANCELED, NULL);
	} else if (d->step == DIAL_OK) {
		dial_drop(d->tcp);
		d->tcp = NULL;
		d->step = DIAL_CONNECT;
		d->err = UV_ECANCELED;
	}
}

/* ---- one address after the other ---- */

static void on_connected(uv_connect_t *req, int status)
{
	struct attempt *a = req->data;
	struct dial *d = a->d;
	uv_tcp_t *tcp = a->tcp;

	free(a);
	if (!d)
		return;
	d->attempt = NULL;
	if (status == 0) {
		finish(d, DIAL_OK, 0, tcp);
		return;
	}
	dial_drop(tcp);
	d->err = status;
	try_next(d);
}

static int connect_to(struct dial *d, const struct sockaddr *addr)
{
	struct attempt *a = calloc(1, sizeof *a);
	uv_tcp_t *tcp = malloc(sizeof *tcp);
	int err = a && tcp ? uv_tcp_init(d->loop, tcp) : UV_ENOMEM;

	if (err < 0) {
		free(a);
		free(tcp);
		return err;
	}
	a->d = d;
	a->tcp = tcp;
	a->req.data = a;
	err = uv_tcp_connect(&a->req, tcp, addr, on_connected);
	if (err < 0) {
		free(a);
		dial_drop(tcp);
		return err;
	}
	d->attempt = a;
	return 0;
}

static void on_timer(uv_timer_t *timer)
{
	struct dial *d = timer->data;

	d->err = UV_ETIMEDOUT;
	if (d->lookup || uv_now(d->loop) >= d->deadline_ms) {
		finish(d, d->lookup ? DIAL_NAME : DIAL_CONNECT, UV_ETIMEDOUT, NULL);
		return;
	}
	give_up_attempt(d);
	try_next(d);
}

static void try_next(struct dial *d)
{
	uint64_t now = uv_now(d->loop);

	while (d->next && now < d->deadline_ms) {
		struct addrinfo *addr = d->next;
		uint64_t left_ms = d->deadline_ms - now;

		d->next = addr->ai_next;
		int err = connect_to(d, addr->ai_addr);
		if (err == 0) {
			bool short_one = d->next && left_ms > DIAL_ONE_MS;
			uv_timer_start(&d->timer, on_timer, short_one ? DIAL_ONE_MS : left_ms, 0);
			return;
		}
		d->err = err;
	}
	finish(d, DIAL_CONNECT, d->err < 0 ? d->err : UV_ETIMEDOUT, NULL);
}

static void on_resolved(uv_getaddrinfo_t *req, int status, struct addrinfo *res)
{
	struct lookup *look = req->data;
	struct dial *d = look->d;

	free(look);
	if (!d) {
		if (status == 0)
			uv_freeaddrinfo(res);
		return;
	}
	d->lookup = NULL;
	if (status < 0) {
		finish(d, DIAL_NAME, status, NULL);
		return;
	}
	d->addrs = d->next = res;
	try_next(d);
}

int dial_start(uv_loop_t *loop, const char *host_port, uint64_t timeout_ms, dial_done on_done,
	       void *owner, struct dial **out)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct hostport target;
	int err = hostport_split(host_port, &target);
	if (err < 0)
		return err;

	struct dial *d = calloc(1, sizeof *d);
	struct lookup *look = calloc(1, sizeof *look);
	if (d && look) {
		look->d = d;
		look->req.data = look;
		err =
		    uv_getaddrinfo(loop, &look->req, on_resolved, target.host, target.port, &hints);
	} else {
		err = UV_ENOMEM;
	}
	if (err < 0) {
		free(look);
		free(d);
		return err;
	}
	d->loop = loop;
	d->lookup = look;
	d->on_done = on_done;
	d->owner = owner;
	d->deadline_ms = uv_now(loop) + timeout_ms;
	uv_timer_init(loop, &d->timer); /* cannot fail */
	d->timer.data = d;
	uv_timer_start(&d->timer, on_timer, timeout_ms, 0);
	*out = d;
	return 0;
}
