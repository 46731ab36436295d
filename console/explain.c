/* SPDX-License-Identifier: Apache-2.0 */
#include "console/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console/identity.h"
#include "proto/base/err.h"
#include "proto/route/explain.h"
#include "proto/transport/dial.h"
#include "proto/transport/dial_hop.h"
#include "proto/transport/hop.h"
#include "proto/transport/outer.h"

struct explain {
	uv_loop_t loop;
	struct hostport relay;
	struct tries ways;
	struct hop_loop *hops;
	struct hop *hop;
	SSL_CTX *outer, *carrier;
	struct report dialled, failure;
	bool greeted, failed;
};

static void try_next(struct explain *e);

static void print(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

static void way_done(struct explain *e, const struct report *r)
{
	char text[EXPLAIN_MAX];

	tries_note(&e->ways, e->ways.now, r);
	print(explain_end(tries_route(&e->ways), r, text));
	e->ways.now++;
	try_next(e);
}

static void fault(struct explain *e, enum report_step step, int err)
{
	way_done(e, &(struct report){.step = step, .why = REPORT_SYSTEM, .err = err});
}

/* ---- the relay ---- */

static void on_ready(struct hop *h, void *owner)
{
	struct relay_frame hello = {
	    .type = RELAY_HELLO,
	    .hello = {RELAY_ROLE_CONSOLE, RELAY_VERSION, RELAY_VERSION, 0},
	};

	(void)owner;
	if (hop_send(h, &hello) < 0)
		hop_close(h, AS_E_RELAY);
}

static void on_frame(struct hop *h, const struct relay_frame *f, void *owner)
{
	struct explain *e = owner;

	e->greeted = f->type == RELAY_HELLO;
	hop_close(h, f->type == RELAY_ERROR ? err_from_wire(f->error_code) : 0);
}

static void on_failed(const struct report *r, void *owner)
{
	struct explain *e = owner;

	e->failed = true;
	e->failure = *r;
}

static void on_gone(int why, const char *detail, void *owner)
{
	struct explain *e = owner;
	struct report r = {.step = REPORT_DONE};

	(void)detail;
	e->hop = NULL;
	if (e->failed)
		r = e->failure;
	else if (!e->greeted)
		r = (struct report){.step = REPORT_RELAY,
				    .why = REPORT_RELAY_SAYS,
				    .err = why < 0 ? why : AS_E_RELAY};
	memcpy(r.address, e->dialled.address, sizeof r.address);
	way_done(e, &r);
}

static const struct hop_events hop_ev = {
    .on_ready = on_ready,
    .on_frame = on_frame,
    .on_failed = on_failed,
    .on_gone = on_gone,
};

/* ---- one way ---- */

static int open_hop(struct explain *e, uv_tcp_t *tcp)
{
	struct dial_hop to = {.hops = e->hops,
			      .way = tries_route(&e->ways),
			      .relay = e->relay.host,
			      .outer = e->outer,
			      .carrier = &e->carrier};

	e->greeted = e->failed = false;
	return dial_hop(&to, tcp, &hop_ev, e, &e->hop);
}

static void on_dialled(const struct report *r, uv_tcp_t *tcp, void *owner)
{
	struct explain *e = owner;
	char text[EXPLAIN_MAX];

	e->dialled = *r;
	print(explain_steps(tries_route(&e->ways), r, text));
	if (r->step != REPORT_DONE) {
		way_done(e, r);
		return;
	}

	int err = open_hop(e, tcp);
	if (err < 0)
		fault(e, REPORT_TLS, err);
}

static void try_next(struct explain *e)
{
	struct tries *t = &e->ways;
	char text[EXPLAIN_MAX];
	struct dial *d;

	for (; t->now < t->list.count; t->now++) {
		print(explain_way(t, t->now, text));
		if (tries_follows(t, t->now) < 0)
			break;
	}
	if (t->now == t->list.count)
		return; /* the loop ends by itself */

	int err = dial_start(&e->loop, tries_route(t), DIAL_TIMEOUT_MS, on_dialled, e, &d);
	if (err < 0)
		fault(e, REPORT_CONNECT, err);
}

static int prepare(struct explain *e, const struct identity *id, const char *relay,
		   const struct route_env *env)
{
	struct outer_pem ca = {id->ca.bytes, id->ca.len},
			 crt = {id->console_crt.bytes, id->console_crt.len},
			 key = {id->console_key.bytes, id->console_key.len};
	int err = hostport_split(relay, &e->relay);

	if (err == 0)
		err = route_list_make(&id->route, env, &e->relay, &e->ways.list);
	tries_init(&e->ways);
	if (err == 0)
		err = outer_console_ctx(ca, crt, key, &e->outer);
	if (err == 0)
		err = uv_loop_init(&e->loop);
	return err;
}

static bool run(struct explain *e)
{
	char text[EXPLAIN_MAX];
	bool works;

	print(explain_list(&e->ways, &e->relay, text));
	try_next(e);
	uv_run(&e->loop, UV_RUN_DEFAULT);
	print(explain_result(&e->ways, &e->relay, &works, text));
	return works;
}

int explain_run(const struct identity *id, const char *relay, const struct route_env *env,
		bool *works)
{
	struct explain *e = calloc(1, sizeof *e);
	if (!e)
		return UV_ENOMEM;

	int err = prepare(e, id, relay, env);
	if (err == 0) {
		e->hops = hop_loop_new(&e->loop);
		err = e->hops ? 0 : UV_ENOMEM;
		if (err == 0)
			*works = run(e);
		uv_loop_close(&e->loop);
	}
	hop_loop_free(e->hops);
	outer_ctx_free(e->outer);
	outer_ctx_free(e->carrier);
	route_list_wipe(&e->ways.list);
	free(e);
	return err;
}
