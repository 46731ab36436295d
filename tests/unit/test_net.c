/* SPDX-License-Identifier: Apache-2.0
 *
 * assent-net in our own process, with a broker, a relay and a console that do what the test wants.
 */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "agent/net/net_priv.h"
#include "proto/base/err.h"
#include "proto/wire/messages.h"
#include "tests/support/ends.h"

#define SMALL	    (32 << 10) /* of the kernel's buffers */
#define MUCH	    (32u << 20)
#define CONSOLE_NOW 1000 /* its time stands still: it is always in a hurry */

static struct ends e;
static struct net *net;
static struct link broker;
static struct peer relay;

static struct {
	struct channel *ch;
	SSL_CTX *ctx;
	uint32_t stream;
	uint64_t got;
	int messages[256], ends, end_code, err;
} console;

/* What the broker has sent on the console's stream, and what net says has left. */
static uint32_t open_stream;
static uint64_t written, consumed;
static bool is_up, knows_hellos, broker_gone;

/* ---- the console, whose bytes the relay carries ---- */

static void console_speak(void)
{
	const uint8_t *p;
	size_t n;

	while (relay.hop && channel_next_out(console.ch, 1, &p, &n) == 0 && n > 0) {
		cr_assert_eq(hop_send_records(relay.hop, p, n), 0);
		channel_out_done(console.ch, n);
	}
}

static int on_message(uint8_t type, const uint8_t *p, size_t n, void *owner)
{
	(void)p;
	(void)n;
	(void)owner;
	console.messages[type]++;
	return 0;
}

static int on_data(uint32_t stream, const uint8_t *p, size_t n, void *owner)
{
	(void)p;
	(void)owner;
	console.got += n;
	mux_consumed(channel_mux(console.ch), stream, n);
	return 0;
}

static void on_end(int code, void *owner)
{
	(void)owner;
	cr_assert_eq(relay.heard[RELAY_CLOSE], 0, "END comes first");
	console.ends++;
	console.end_code = code;
}

static const struct channel_events console_events = {
    .mux = {.on_message = on_message, .on_data = on_data}, .on_end = on_end};

static void console_start(void)
{
	struct pki_spec spec = pki_engineer_spec("Acme", "jane", "Jane Doe", (int64_t)time(NULL));
	struct pki jane;

	pki_make(&spec, &e.ca, &jane);
	cr_assert_eq(
	    inner_console_new(jane.pem, jane.pem_len, jane.key_pem, jane.key_pem_len, &console.ctx),
	    0);
	pki_done(&jane);
	console.ch = channel_new(false, console.ctx, &console_events, NULL);
}

static void say(uint8_t type, enum msg kind, const void *msg)
{
	uint8_t buf[512];
	int n = msg_encode(kind, msg, buf, sizeof buf);

	cr_assert_gt(n, 0);
	cr_assert_eq(mux_send(channel_mux(console.ch), type, buf, (size_t)n), 0);
	console_speak();
}

/* ---- the relay ---- */

static void on_relay_frame(struct peer *p, const struct relay_frame *f)
{
	static const struct relay_frame allocated = {.type = RELAY_ALLOCATED,
						     .allocated = {.id = 7, .life_s = 600}},
					paired = {.type = RELAY_PAIRED, .paired = {true, {1}}};

	if (f->type == RELAY_ALLOC) {
		cr_assert_eq(hop_send(p->hop, &allocated), 0);
		cr_assert_eq(hop_send(p->hop, &paired), 0);
		console_start();
		console_speak();
	} else if (f->type == RELAY_DATA || f->type == RELAY_SEALED) {
		console.err = channel_feed(console.ch, f->data.bytes, f->data.len, CONSOLE_NOW);
		console_speak();
	}
}

/* ---- the broker ---- */

static void write_more(void)
{
	static uint8_t piece[IPC_DATA_MAX];
	struct ipc_msg m = {.type = IPC_DATA,
			    .stream = open_stream,
			    .payload = piece,
			    .len = (size_t)(consumed + IPC_WINDOW - written)};

	if (open_stream == 0 || m.len == 0 || net->ending)
		return;
	cr_assert_eq(link_send(&broker, &m), 0);
	written += m.len;
}

static void on_broker_msg(const struct ipc_msg *m, void *owner)
{
	static const uint8_t nonce[32];
	struct ipc_msg answer = {.stream = m->stream};

	(void)owner;
	switch (m->type) {
	case IPC_PEER_UP:
		is_up = true;
		answer.type = IPC_NONCE;
		answer.payload = nonce;
		answer.len = sizeof nonce;
		link_send(&broker, &answer);
		break;
	case IPC_HELLOS:
		knows_hellos = true;
		answer.type = IPC_AUTHED;
		link_send(&broker, &answer);
		break;
	case IPC_OPEN:
		open_stream = m->stream;
		answer.type = IPC_ACCEPT;
		link_send(&broker, &answer);
		write_more();
		break;
	case IPC_CONSUMED:
		consumed = m->value;
		write_more();
		break;
	default:
		break;
	}
}

static void on_broker_gone(int why, void *owner)
{
	(void)why;
	(void)owner;
	broker_gone = true;
}

static const struct link_events broker_events = {on_broker_msg, on_broker_gone};

static void configure(enum ipc_config what, const char *text)
{
	const struct ipc_msg m = {.type = IPC_CONFIG,
				  .code = what,
				  .payload = (const uint8_t *)text,
				  .len = strlen(text)};

	cr_assert_eq(link_send(&broker, &m), 0);
}

static void limit(const uv_tcp_t *tcp, int which)
{
	uv_os_fd_t fd;
	int small = SMALL;

	cr_assert_eq(uv_fileno((const uv_handle_t *)tcp, &fd), 0);
	cr_assert_eq(setsockopt(fd, SOL_SOCKET, which, &small, sizeof small), 0);
}

static void on_closed(uv_handle_t *h)
{
	free(h);
}

/* A session whose code is proved, and a stream on which the broker writes as much as it may. */
static void open_session(void)
{
	struct ipc_way way = {.carrier = ROUTE_TLS, .host = "127.0.0.1", .port = "1"};
	uv_tcp_t *out, *in;
	int pipe[2];

	ends_init(&e);
	cr_assert_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, pipe), 0);
	cr_assert_eq(link_init(&e.loop, &broker, &broker_events, NULL), 0);
	cr_assert_eq(uv_pipe_open(&broker.pipe, pipe[0]), 0);
	cr_assert_eq(link_start(&broker), 0);
	cr_assert_eq(net_start(&e.loop, pipe[1], &net), 0);
	configure(IPC_RELAY_NAME, "127.0.0.1");
	configure(IPC_RELAY_CA, e.ca.pem);
	configure(IPC_ENGINEER_CA, e.ca.pem);

	relay = (struct peer){
	    .role = RELAY_ROLE_RELAY, .features = RELAY_TAKES_SEALED, .on_frame = on_relay_frame};
	ends_tcp_pair(&e, &out, &in);
	limit(out, SO_SNDBUF);
	limit(in, SO_RCVBUF);
	cr_assert_eq(
	    hop_open(e.hops, in, tls_server(e.server_ctx), &ends_events, &relay, &relay.hop), 0);
	cr_assert_eq(link_send_socket(&broker, (uv_stream_t *)out, &way), 0);
	uv_close((uv_handle_t *)out, on_closed);

	ENDS_UNTIL(&e, is_up && console.messages[MUX_HELLO]);

	as_Hello hello = {
	    .ver_min = 1, .ver_max = MSG_VERSION, .has_limits = true, .limits = {.max_streams = 1}};
	say(MUX_HELLO, MSG_HELLO, &hello);
	ENDS_UNTIL(&e, knows_hellos && relay.heard[RELAY_PAIRED]);
	mux_set_authed(channel_mux(console.ch));
	cr_assert_eq(mux_stream_open(channel_mux(console.ch), &console.stream), 0);

	as_Open open = {.stream = console.stream, .op_id = 1, .first_credit = MUX_WINDOW_FIRST};
	say(MUX_OPEN, MSG_OPEN, &open);
	ENDS_UNTIL(&e, console.got >= MUCH);
}

static void close_session(void)
{
	ENDS_UNTIL(&e, relay.gone && broker_gone);
	ends_done(&e);
	net_free(net);
	channel_free(console.ch);
	inner_console_free(console.ctx);
}

/* The goodbye is made whatever waits before it: else the engineer reads of a lost connection. */
Test(net, says_goodbye_behind_a_queue_that_is_full)
{
	open_session();
	hop_pause(relay.hop);
	ENDS_UNTIL(&e, hop_queued(net->hop) >= HOP_HIGH);
	cr_assert_eq(link_send_code(&broker, IPC_END, 0, 0), 0);
	ENDS_UNTIL(&e, net->ending);
	hop_resume(relay.hop);
	ENDS_UNTIL(&e, console.ends || relay.gone);
	cr_assert_eq(console.ends, 1, "%d", relay.why);
	cr_assert_eq(console.end_code, 0);
	close_session();
	cr_assert_eq(relay.heard[RELAY_CLOSE], 1);
}

/* What is urgent waits behind little. */
Test(net, makes_no_more_than_its_hop_has_room_for)
{
	open_session();
	hop_pause(relay.hop);
	ENDS_UNTIL(&e, hop_queued(net->hop) >= HOP_HIGH);
	cr_assert_lt(hop_queued(net->hop), HOP_HIGH + 2 * RELAY_FRAME_MAX);
	hop_resume(relay.hop);
	cr_assert_eq(link_send_code(&broker, IPC_END, 0, 0), 0);
	close_session();
	cr_assert_gt(relay.heard[RELAY_SEALED], 0);
}
