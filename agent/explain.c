/* SPDX-License-Identifier: Apache-2.0
 *
 *   for each way: assent-dial -> socket -> assent-net -> GREETED and RELAY_LOST, or RELAY_LOST
 */
#include "agent/explain.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/broker.h"
#include "agent/dialler.h"
#include "agent/plat/plat.h"
#include "agent/way.h"
#include "proto/base/err.h"
#include "proto/route/explain.h"

struct explain {
	uv_loop_t loop;
	const struct agent_config *config;
	struct hostport relay;
	struct link net;
	uv_process_t net_process;
	struct dialler dialler;
	struct way_sender sender;
	struct tries ways;
	struct report dialled, greeting;
	uv_tcp_t *socket;
	bool greeted, due, ending;
	int err; /* a fault of our own */
};

static void try_next(struct explain *e);

static void print(const char *text)
{
	fputs(text, stdout);
	fflush(stdout);
}

/* ---- one way ---- */

static void on_socket_closed(uv_handle_t *h)
{
	free(h);
}

static void close_socket(struct explain *e)
{
	if (e->socket)
		uv_close((uv_handle_t *)e->socket, on_socket_closed);
	e->socket = NULL;
}

static void end(struct explain *e, int err)
{
	if (e->ending)
		return;
	e->ending = true;
	e->err = err;
	close_socket(e);
	dialler_stop(&e->dialler);
	link_close(&e->net, 0); /* assent-net ends with its pipe */
}

static void way_done(struct explain *e, const struct report *r)
{
	char text[EXPLAIN_MAX];

	tries_note(&e->ways, e->ways.now, r);
	print(explain_end(tries_route(&e->ways), r, text));
	close_socket(e);
	e->ways.now++;
	try_next(e);
}

static int hand_over(struct explain *e, uv_stream_t *from)
{
	uv_tcp_t *tcp = malloc(sizeof *tcp);
	int err = tcp ? uv_tcp_init(&e->loop, tcp) : UV_ENOMEM;

	if (err < 0) {
		free(tcp);
		return err;
	}
	e->socket = tcp;
	err = uv_accept(from, (uv_stream_t *)tcp);
	return err < 0 ? err
		       : way_send_socket(&e->sender, (uv_stream_t *)tcp, tries_route(&e->ways));
}

static void on_dial_answer(const struct report *r, uv_stream_t *from, void *owner)
{
	struct explain *e = owner;
	struct report own = *r;
	char text[EXPLAIN_MAX];

	if (e->ending)
		return;
	e->dialled = *r;
	e->greeted = false;
	print(explain_steps(tries_route(&e->ways), r, text));
	if (r->step == REPORT_DONE) {
		int err = hand_over(e, from);
		if (err == 0)
			return;
		own = (struct report){.step = REPORT_TLS, .why = REPORT_SYSTEM, .err = err};
	}
	way_done(e, &own);
}

static void on_dial_free(void *owner)
{
	struct explain *e = owner;

	if (e->due && !e->ending)
		try_next(e);
}

/* Leaves out what is known to fail, and says so. */
static void try_next(struct explain *e)
{
	char text[EXPLAIN_MAX];
	struct tries *t = &e->ways;

	for (; t->now < t->list.count; t->now++) {
		e->due = !dialler_is_free(&e->dialler);
		if (e->due)
			return;
		print(explain_way(t, t->now, text));
		if (tries_follows(t, t->now) < 0)
			break;
	}
	if (t->now == t->list.count) {
		end(e, 0);
		return;
	}

	int err = dialler_start(&e->dialler, tries_route(t));
	if (err < 0)
		end(e, err);
}

/* ---- assent-net ---- */

static void on_relay_lost(struct explain *e, const struct ipc_msg *m)
{
	struct report r = e->greeting;

	if (!e->greeted && report_decode(m->payload, m->len, &r) < 0)
		r = (struct report){.step = REPORT_RELAY,
				    .why = REPORT_RELAY_SAYS,
				    .err = m->code ? err_from_wire(m->code) : AS_E_RELAY};
	memcpy(r.address, e->dialled.address, sizeof r.address);
	way_done(e, &r);
}

static void on_net_msg(const struct ipc_msg *m, void *owner)
{
	struct explain *e = owner;

	if (e->ending)
		return;
	if (m->type == IPC_GREETED)
		e->greeted = report_decode(m->payload, m->len, &e->greeting) == 0;
	else if (m->type == IPC_RELAY_LOST)
		on_relay_lost(e, m);
	else
		end(e, AS_E_PROTOCOL);
}

static void on_net_gone(int why, void *owner)
{
	end(owner, why < 0 ? why : AS_E_INTERNAL);
}

static const struct link_events net_events = {on_net_msg, on_net_gone};

static void on_net_exit(uv_process_t *p, int64_t status, int signal)
{
	(void)status;
	(void)signal;
	uv_close((uv_handle_t *)p, NULL);
}

static int start_net(struct explain *e)
{
	int err = link_init(&e->loop, &e->net, &net_events, e);
	if (err < 0)
		return err;
	err = child_spawn(&e->loop, &e->net_process, "assent-net", &e->net.pipe, on_net_exit);
	if (err < 0 && e->net_process.type == UV_PROCESS)
		uv_close((uv_handle_t *)&e->net_process, NULL);
	if (err == 0)
		err = link_start(&e->net);
	if (err == 0)
		err = way_send_config(&e->net, e->config);
	return err;
}

static int run(struct explain *e)
{
	char text[EXPLAIN_MAX];
	bool works;
	int err;

	print(explain_list(&e->ways, &e->relay, text));
	dialler_init(&e->dialler, &e->loop);
	e->dialler.on_answer = on_dial_answer;
	e->dialler.on_free = on_dial_free;
	e->dialler.owner = e;
	e->sender = (struct way_sender){.net = &e->net, .config = e->config, .only_greet = true};
	err = start_net(e);
	if (err < 0)
		end(e, err);
	else
		try_next(e);
	uv_run(&e->loop, UV_RUN_DEFAULT);
	if (e->err == 0) {
		print(explain_result(&e->ways, &e->relay, &works, text));
		return works ? AGENT_EXIT_OK : AGENT_EXIT_RELAY;
	}
	fprintf(stderr, "assent-agent: %s. Install the program again.\n",
		err_text(e->err, text, sizeof text));
	return AGENT_EXIT_FAULT;
}

int explain_run(const struct agent_config *config)
{
	struct explain *e = calloc(1, sizeof *e);
	int code = AGENT_EXIT_FAULT;

	uv_disable_stdio_inheritance();
	if (!e || plat_guard_secrets() < 0 || uv_loop_init(&e->loop) < 0) {
		free(e);
		return code;
	}
	e->config = config;
	(void)hostport_split(config->relay, &e->relay); /* config.c has done it before */
	if (way_list(config, &e->ways) < 0) {
		fputs(way_none, stderr);
		code = AGENT_EXIT_CONFIG;
	} else {
		code = run(e);
	}
	uv_loop_close(&e->loop);
	route_list_wipe(&e->ways.list);
	free(e);
	return code;
}
