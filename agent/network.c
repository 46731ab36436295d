/* SPDX-License-Identifier: Apache-2.0
 *
 * The broker's side of the network: starts assent-net and assent-dial, hands the connected
 * socket from one to the other, and turns what net says into events.
 *
 * Ending: END is sent and net has BROKER_NET_GRACE_MS to say goodbye; then it is killed.
 */
#include "agent/broker_priv.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "agent/plat/pipe.h"
#include "proto/base/err.h"

/* ---- to net ---- */

void network_send(struct broker *b, uint8_t mux_type, const uint8_t *p, size_t n)
{
	struct ipc_msg m = {.type = IPC_SEND, .code = mux_type, .payload = p, .len = n};

	if (b->net_open)
		link_send(&b->net, &m);
}

void network_tell(struct broker *b, enum ipc_type type, uint32_t stream, int err)
{
	if (b->net_open)
		link_send_code(&b->net, type, stream, err_to_wire(err));
}

/* ---- from net ---- */

static void on_socket_closed(uv_handle_t *h)
{
	broker_gone_one(h->data);
	free(h);
}

static void close_socket(struct broker *b)
{
	if (!b->socket)
		return;
	uv_close((uv_handle_t *)b->socket, on_socket_closed);
	b->socket = NULL;
}

static void relay_lost(struct broker *b, int why)
{
	b->relay_why = why;
	b->on_the_way = false;
	broker_event_type(b, SESSION_EV_NET_LOST);
	reconnect_later(b);
}

static void try_way(struct broker *b);

/* This way does not lead to the relay: the next one, or none. */
static void way_failed(struct broker *b, const struct report *r)
{
	bool more = tries_fail(&b->ways, r);

	close_socket(b);
	if (!more)
		relay_lost(b, r->err);
	else
		try_way(b);
}

/* What only the relay itself can have said; everything else may be better on another way. */
static bool is_the_relays(int err)
{
	return err == AS_E_RATE || err == AS_E_VERSION || err == AS_E_BUSY || err == AS_E_CERT ||
	       err == AS_E_QUOTA;
}

/* What net says of a connection that was dialled for it. Address and times are the dial's. */
static void read_failure(const struct broker *b, const struct ipc_msg *m, struct report *out)
{
	struct report r = {.step = REPORT_RELAY, .err = err_from_wire(m->code)};

	if (r.err >= 0)
		r.err = AS_E_RELAY;
	r.why = is_the_relays(r.err) ? REPORT_RELAY_SAYS : REPORT_TLS_CUT;
	if (m->len > 0 && (report_decode(m->payload, m->len, &r) < 0 || r.step == REPORT_DONE)) {
		r.step = REPORT_RELAY;
		r.why = REPORT_SYSTEM;
		r.err = AS_E_RELAY;
	}
	memcpy(r.address, b->dialled.address, sizeof r.address);
	r.addresses = b->dialled.addresses;
	*out = r;
}

/* The relay is reached no more, or says something that no other try will change. */
static void on_relay_lost(struct broker *b, const struct ipc_msg *m)
{
	int why = err_from_wire(m->code);
	struct report r;

	close_socket(b);
	if (why == AS_E_CODE_UNKNOWN && b->session.state == SESSION_SUSP) {
		broker_fault(b, AS_E_PEER_LOST);
	} else if (b->on_the_way) {
		read_failure(b, m, &r);
		way_failed(b, &r);
	} else {
		relay_lost(b, why);
	}
}

static void on_greeting(struct broker *b, const struct ipc_msg *m)
{
	struct report r;

	if (report_decode(m->payload, m->len, &r) < 0) {
		broker_fault(b, AS_E_INTERNAL);
		return;
	}
	memcpy(b->inspector, r.issuer, sizeof b->inspector);
}

/* The relay has taken us: this is the way, also for the next time. */
static void way_stands(struct broker *b)
{
	const struct route *way = tries_route(&b->ways);
	bool news = b->ways.good != (int)b->ways.now;
	char text[ROUTE_TEXT_MAX];
	struct record_field f[] = {
	    {.name = "way", .text = route_text(way, text)},
	    {.name = "address", .text = b->dialled.address},
	    {.name = "inspected_by", .text = way->system_trust ? b->inspector : ""},
	};

	if (!b->on_the_way)
		return;
	close_socket(b); /* net has it, and the relay has answered on it */
	b->on_the_way = false;
	b->reached = true;
	tries_succeed(&b->ways);
	broker_note(b, RECORD_CONNECTED, f, 3);
	if (news && (way->proxy.via != ROUTE_DIRECT || way->carrier != ROUTE_TLS))
		ui_message(b->ui, "Connected to the support server %s.", text);
	if (news && way->system_trust)
		ui_message(
		    b->ui,
		    "Note: this network opens the connection to the support server "
		    "(certificate of \"%s\"), as your configuration allows. What you send is "
		    "encrypted once more, for the engineer alone.",
		    b->inspector);
}

static void on_peer_up(struct broker *b, const struct ipc_msg *m)
{
	struct ipc_msg nonce = {.type = IPC_NONCE, .payload = b->nonce, .len = sizeof b->nonce};

	if (b->session.state == SESSION_SUSP) {
		reconnect_on_peer_up(b, m);
		return;
	}
	nonce.stream = m->stream;
	if (b->session.state != SESSION_CODE) {
		broker_event_type(b, SESSION_EV_PEER_UP); /* refused by the table */
		return;
	}
	if (ipc_peer_decode(m->payload, m->len, &b->peer) < 0 ||
	    uv_random(NULL, NULL, b->nonce, sizeof b->nonce, 0, NULL) < 0) {
		broker_fault(b, AS_E_INTERNAL);
		return;
	}
	b->called = true;

	struct record_field f = {.name = "group", .text = b->peer.group};
	broker_note(b, RECORD_CALLED, &f, 1);
	link_send(&b->net, &nonce);
}

static void on_hellos(struct broker *b, const struct ipc_msg *m)
{
	assert(m->len == sizeof b->hello_hash); /* ipc.c */
	if (b->session.state == SESSION_CODE) {
		/* Once for each nonce: what the code proved is what the request must name. */
		if (!b->called) {
			broker_fault(b, AS_E_INTERNAL);
			return;
		}
		b->called = false;
		memcpy(b->hello_hash, m->payload, sizeof b->hello_hash);
	}
	broker_event_type(b, SESSION_EV_PEER_UP);
}

static void on_peer_lost(struct broker *b, uint32_t code, bool for_good)
{
	int why = err_from_wire(code);
	bool bad =
	    why != 0 && why != AS_E_PEER_LOST && why != AS_E_TRUNCATED && why != AS_E_TIMEOUT;

	pake_end(b);
	b->back_is = BROKER_NOBODY;
	if (for_good) {
		int err = why == AS_E_RESUME ? why : bad ? AS_E_PROTOCOL : AS_E_PEER_LOST;
		broker_fault(b, err);
		return;
	}
	broker_event(b, &(struct session_event){
			    .type = bad ? SESSION_EV_PEER_BAD : SESSION_EV_PEER_LOST, .err = why});
}

/* Once: the relay must not be able to push the prompt off the screen with lines of ours. */
static void on_notice(struct broker *b, uint64_t seconds)
{
	if (!b->noticed)
		ui_message(b->ui, "The support server will restart in %u seconds.",
			   (unsigned)seconds);
	b->noticed = true;
}

static void on_net_msg(const struct ipc_msg *m, void *owner)
{
	struct broker *b = owner;

	if (b->closing)
		return;
	switch (m->type) {
	case IPC_GREETED:
		on_greeting(b, m);
		break;
	case IPC_ALLOCATED:
		way_stands(b);
		b->id = (uint32_t)m->value;
		broker_event_type(b, SESSION_EV_ALLOCATED);
		break;
	case IPC_PEER_UP:
		on_peer_up(b, m);
		break;
	case IPC_HELLOS:
		if (b->session.state == SESSION_SUSP)
			reconnect_on_hellos(b);
		else
			on_hellos(b, m);
		break;
	case IPC_PAKE_A:
		pake_on_share(b, m->payload, m->len);
		break;
	case IPC_PAKE_CA:
		pake_on_confirm(b, m->payload, m->len);
		break;
	case IPC_REQUEST:
		request_on_message(b, m->payload, m->len, m->code == 1);
		break;
	case IPC_OPEN:
		door_on_open(b, m->stream, m->payload, m->len);
		break;
	case IPC_CONSUMED:
		operation_consumed(b, m->stream, m->value);
		break;
	case IPC_INPUT:
		operation_input(b, m->stream, m->payload, m->len);
		break;
	case IPC_INPUT_END:
		operation_input_end(b, m->stream, m->value == 1);
		break;
	case IPC_RESET:
		operation_cancel(b, m->stream, err_from_wire(m->code));
		break;
	case IPC_END:
		if (b->session.state == SESSION_SUSP) {
			reconnect_on_end(b);
			break;
		}
		broker_event(b, &(struct session_event){.type = SESSION_EV_PEER_END,
							.err = err_from_wire(m->code)});
		break;
	case IPC_PEER_LOST:
		on_peer_lost(b, m->code, m->value == 1);
		break;
	case IPC_RELAY_LOST:
		on_relay_lost(b, m);
		break;
	case IPC_REATTACHED:
		way_stands(b);
		break;
	case IPC_RESUME:
		reconnect_on_proof(b, m);
		break;
	case IPC_NOTICE:
		on_notice(b, m->value);
		break;
	default:
		broker_fault(b, AS_E_INTERNAL); /* a sibling that breaks the protocol: stop */
	}
}

static void kill_net(struct broker *b)
{
	if (b->net_running)
		uv_process_kill(&b->net_process, SIGKILL);
	if (b->net_is_child)
		plat_child_kill(&b->net_child);
}

/* Its pipe is gone: so is it, or at once. */
static void forget_child(struct broker *b)
{
	plat_child_kill(&b->net_child);
	plat_child_forget(&b->net_child);
	b->net_is_child = false;
	if (b->closing && !uv_is_closing((uv_handle_t *)&b->net_grace))
		uv_close((uv_handle_t *)&b->net_grace, broker_handle_closed);
}

static void on_net_gone(int why, void *owner)
{
	struct broker *b = owner;

	b->net_open = false;
	if (b->net_is_child)
		forget_child(b);
	broker_gone_one(b);
	if (b->closing)
		return;
	if (b->session.state >= SESSION_ACTIVE)
		broker_fault(b, AS_E_PEER_LOST); /* the keys and what waited are gone with it */
	else
		relay_lost(b, why);
}

static const struct link_events net_events = {on_net_msg, on_net_gone};

/* ---- processes ---- */

static void on_net_exit(uv_process_t *p, int64_t status, int signal)
{
	struct broker *b = p->data;

	(void)status;
	(void)signal;
	b->net_running = false;
	uv_close((uv_handle_t *)p, broker_handle_closed);
	if (b->closing && !uv_is_closing((uv_handle_t *)&b->net_grace))
		uv_close((uv_handle_t *)&b->net_grace, broker_handle_closed);
	if (b->net_open)
		link_close(&b->net, UV_EOF);
}

/* ---- dialling ---- */

void network_end_dial(struct broker *b)
{
	b->way_due = b->on_the_way = false;
	dialler_stop(&b->dialler);
}

bool network_may_dial(const struct broker *b)
{
	return dialler_is_free(&b->dialler);
}

/* The answer is whole: take the socket and pass it on. It stays open here until net says that
 * the relay answered on it, because a handle on its way may not be closed. */
static int take_socket(struct broker *b, uv_stream_t *from)
{
	uv_tcp_t *tcp = malloc(sizeof *tcp);
	if (!tcp)
		return UV_ENOMEM;

	int err = uv_tcp_init(&b->loop, tcp);
	if (err < 0) {
		free(tcp);
		return err;
	}
	tcp->data = b;
	b->handles++;
	b->socket = tcp;
	err = uv_accept(from, (uv_stream_t *)tcp);
	return err < 0 ? err
		       : way_send_socket(&b->sender, (uv_stream_t *)tcp, tries_route(&b->ways));
}

static void on_dial_answer(const struct report *r, uv_stream_t *from, void *owner)
{
	struct broker *b = owner;
	struct report own = *r;

	if (b->closing)
		return;
	reconnect_stop_trying(b); /* it is net's turn now, or the next try's */
	b->dialled = *r;
	if (r->step == REPORT_DONE) {
		int err = take_socket(b, from);
		if (err == 0)
			return;
		own = (struct report){.step = REPORT_CONNECT, .why = REPORT_SYSTEM, .err = err};
	}
	way_failed(b, &own);
}

static void try_way(struct broker *b)
{
	b->on_the_way = true;
	b->way_due = !dialler_is_free(&b->dialler);
	if (b->way_due)
		return;

	int err = dialler_start(&b->dialler, tries_route(&b->ways));
	if (err < 0)
		way_failed(
		    b, &(struct report){.step = REPORT_CONNECT, .why = REPORT_SYSTEM, .err = err});
	else
		reconnect_watch(b);
}

static void on_dial_free(void *owner)
{
	struct broker *b = owner;

	if (b->way_due && !b->closing)
		try_way(b);
}

void network_init(struct broker *b)
{
	dialler_init(&b->dialler, &b->loop);
	b->dialler.on_answer = on_dial_answer;
	b->dialler.on_free = on_dial_free;
	b->dialler.owner = b;
	b->sender = (struct way_sender){.net = &b->net, .config = b->config};
}

int network_dial(struct broker *b)
{
	if (!tries_begin(&b->ways))
		return AS_ECONFIG;
	try_way(b);
	return 0;
}

/* Where the system takes rights away at birth only. It has ended when its pipe has: on_net_gone().
 */
static int start_powerless(struct broker *b, const char *program)
{
	char path[BROKER_PATH_MAX];
	int err = plat_libexec(program, path, sizeof path);

	if (err == 0)
		err = plat_start_powerless(path, program, &b->net_child);
	if (err < 0)
		return err;
	b->net_is_child = true;
	err = uv_pipe_open(&b->net.pipe, b->net_child.pipe_fd);
	plat_pipe_peer(&b->net.pipe, b->net_child.pid);
	return err;
}

static int start_net(struct broker *b)
{
	static char program[] = "assent-net";
	int err = start_powerless(b, program);

	if (err != -ENOTSUP)
		return err;
	b->net_process.data = b;
	err = child_spawn(&b->loop, &b->net_process, program, &b->net.pipe, on_net_exit);
	if (b->net_process.type == UV_PROCESS)
		b->handles++;
	if (err < 0 && b->net_process.type == UV_PROCESS)
		uv_close((uv_handle_t *)&b->net_process, broker_handle_closed);
	b->net_running = err == 0;
	return err;
}

int network_start(struct broker *b)
{
	int err = link_init(&b->loop, &b->net, &net_events, b);
	if (err < 0)
		return err;
	b->handles++;
	b->net_open = true;
	err = start_net(b);
	if (err < 0)
		return err;
	err = link_start(&b->net);
	if (err == 0)
		err = way_send_config(&b->net, b->config);
	return err < 0 ? err : network_dial(b);
}

/* ---- the end ---- */

static void on_grace(uv_timer_t *t)
{
	struct broker *b = t->data;

	kill_net(b);
}

void network_end(struct broker *b, int reason)
{
	uv_close((uv_handle_t *)&b->redial, broker_handle_closed);
	network_end_dial(b);
	close_socket(b);
	if (!b->net_running && !b->net_is_child) {
		uv_close((uv_handle_t *)&b->net_grace, broker_handle_closed);
		if (b->net_open)
			link_close(&b->net, 0);
		return;
	}
	if (reason == AS_E_INTERNAL || !b->net_open)
		kill_net(b);
	else
		network_tell(b, IPC_END, 0, reason);
	uv_timer_start(&b->net_grace, on_grace, BROKER_NET_GRACE_MS, 0);
}
