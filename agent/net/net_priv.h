/* SPDX-License-Identifier: Apache-2.0
 *
 * The state of assent-net, shared by its two halves: net.c (pipe and relay) and peer.c (the
 * console behind the relay: channel, messages, streams).
 */
#ifndef AS_AGENT_NET_PRIV_H
#define AS_AGENT_NET_PRIV_H

#include <stdbool.h>

#include "agent/ipc/link.h"
#include "agent/net/net.h"
#include "proto/e2e/channel.h"
#include "proto/e2e/inner.h"
#include "proto/transport/hop.h"

#define NET_NAME_MAX	300
#define NET_HELLO_MAX	512
#define NET_PING_MS	15000 /* PROTOCOL.md section 9: inner PING */
#define NET_SILENCE_MS	45000
#define NET_REPORT_STEP (16u << 10) /* CONSUMED is sent for so many bytes, or for the last */

struct net_stream {
	uint32_t id; /* 0: free */
	uint64_t written, reported;
};

struct net {
	uv_loop_t *loop;
	struct link link;
	uv_timer_t ping;
	struct hop_loop *hops;
	struct hop *hop; /* NULL while there is no relay connection */
	SSL_CTX *outer;
	char relay_name[NET_NAME_MAX];
	char relay_ca[IPC_PAYLOAD_MAX], engineer_ca[IPC_PAYLOAD_MAX];
	size_t relay_ca_len, engineer_ca_len;
	struct inner_agent inner;
	bool inner_ready;
	bool ending; /* the broker said END */

	/* the console of the moment; all of it is reset by peer_drop() */
	struct channel *channel;
	bool in_channel; /* a callback of the channel is running: it may not be freed now */
	bool authed, console_ended;
	int doomed; /* the channel must go when in_channel is over, for this reason */
	uint64_t heard_ms;
	uint8_t hello[NET_HELLO_MAX];
	size_t hello_len;
	struct ipc_peer peer;
	struct net_stream streams[MUX_STREAMS_MAX];
};

/* to the broker */
void net_tell(struct net *n, enum ipc_type type, uint32_t stream, uint64_t value, int err);
void net_tell_bytes(struct net *n, enum ipc_type type, uint32_t code, uint32_t stream,
		    const void *p, size_t len);

/* CLOSE to the relay. It learns how the connection was, never what the customer or the code said
 * (PROTOCOL.md section 5). */
void net_close_peer(struct net *n, int err, bool keep_id);

/* the console's side of it, peer.c */
int peer_begin(struct net *n); /* PAIRED came */
void peer_feed(struct net *n, const uint8_t *p, size_t len);
void peer_pump(struct net *n);		/* as far as the hop has room */
void peer_lost(struct net *n, int why); /* tell the broker, then drop */
void peer_drop(struct net *n);		/* forget the console */
void peer_from_broker(struct net *n, const struct ipc_msg *m);
void peer_ping(struct net *n);

#endif
