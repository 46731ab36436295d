/* SPDX-License-Identifier: Apache-2.0
 *
 * The state of assent-net, shared by its parts: net.c (pipe and relay), peer.c (the console
 * behind the relay: channel, messages, streams) and back.c (a lost connection that comes back).
 */
#ifndef AS_AGENT_NET_PRIV_H
#define AS_AGENT_NET_PRIV_H

#include <stdbool.h>

#include "agent/ipc/link.h"
#include "agent/net/net.h"
#include "proto/e2e/channel.h"
#include "proto/e2e/inner.h"
#include "proto/e2e/spake2.h"
#include "proto/transport/hop.h"

#define NET_NAME_MAX   300
#define NET_HELLO_MAX  512
#define NET_PING_MS    15000 /* PROTOCOL.md section 9: inner PING */
#define NET_SILENCE_MS 45000
#define NET_PROOF_MS                                                                              \
	30000		    /* from PEER_BACK to the console's proof; looked at every NET_PING_MS \
			     */
#define NET_STOP_MS	150 /* for the goodbye of a session that somebody stopped */
#define NET_REPORT_STEP IPC_DATA_OF_MANY /* CONSUMED is sent for so much, or for the last */

struct net_stream {
	uint32_t id;		    /* 0: free */
	uint64_t written, reported; /* of our bytes */
	uint64_t taken;		    /* of the console's */
};

struct net {
	uv_loop_t *loop;
	struct link link;
	uv_timer_t ping;
	struct hop_loop *hops;
	struct hop *hop;		      /* NULL while there is no relay connection */
	SSL_CTX *outer, *inspected, *carrier; /* made when a way first needs them */
	char *system_cas;		      /* PEM, ours; NULL until the broker has sent some */
	size_t system_cas_len;
	struct ipc_way way;    /* of the present hop */
	struct report failure; /* of a hop that ended before HELLO */
	bool failed;
	char relay_name[NET_NAME_MAX];
	char relay_ca[IPC_PAYLOAD_MAX], engineer_ca[IPC_PAYLOAD_MAX];
	size_t relay_ca_len, engineer_ca_len;
	struct inner_agent inner;
	bool inner_ready;
	bool ending; /* the broker said END */
	uint32_t id; /* under which the relay knows us, and the proof of that */
	uint8_t handle[RELAY_HANDLE_LEN];
	bool reattaching; /* REATTACH was sent, its answer has not come */
	uint32_t attempt; /* which inner handshake this is, of all */

	/* the console of the moment; all of it is reset by peer_drop() */
	struct channel *channel;
	bool pumping;	 /* peer_pump() is running */
	bool in_channel; /* a callback of the channel is running: it may not be freed now */
	bool authed, console_ended;
	bool greeted; /* its HELLO has come */
	int doomed;   /* the channel must go when in_channel is over, for this reason */
	uint64_t heard_ms;
	uint8_t hello[NET_HELLO_MAX]; /* ours, while theirs has not come behind it */
	size_t hello_len;
	/* the console's HELLO and share, which may be here before the broker has given us a nonce
	 */
	uint8_t early_hello[NET_HELLO_MAX], early_share[SPAKE2_SHARE_LEN];
	size_t early_len;
	bool early_pake;
	struct ipc_peer peer;
	struct net_stream streams[MUX_STREAMS_MAX];

	/* the same console after a lost connection, back.c */
	bool stale; /* what arrives is still from the connection before */
	uint64_t back_ms;
	uint8_t session_id[IPC_SESSION_ID_LEN];
	uint8_t table[MUX_TABLE_LEN_MAX], own[MUX_TABLE_LEN_MAX];
	size_t table_len, own_len; /* table_len 0: no proof is with the broker */
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
uint64_t peer_ping(struct net *n); /* when to call again, in ms */

/* a lost connection, back.c; all of it after the code was proved */
void back_suspend(struct net *n);	 /* tells the broker, once for each loss */
void back_lose(struct net *n, int why);	 /* the channel failed: begin anew, or it is over */
void back_never(struct net *n, int why); /* it is over, and the broker hears it */
void back_begin(struct net *n);		 /* PEER_BACK came */
bool back_is_stale(struct net *n, const uint8_t *p, size_t len);
bool back_is_overdue(const struct net *n, uint64_t now);
int back_on_proof(struct net *n, const uint8_t *p, size_t len); /* RESUME came */
void back_accept(struct net *n, const struct ipc_msg *m);	/* the broker's answer */

#endif
