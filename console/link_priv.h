/* SPDX-License-Identifier: Apache-2.0
 *
 * What the files of a link share: link.c its life and its channel, link_relay.c what the relay
 * says, link_way.c the ways to it and coming back.
 */
#ifndef AS_CONSOLE_LINK_PRIV_H
#define AS_CONSOLE_LINK_PRIV_H

#include "console/link.h"
#include "proto/base/hostport.h"
#include "proto/transport/dial.h"
#include "proto/transport/hop.h"

#define LINK_DETAIL_MAX 1024

struct link {
	uv_loop_t *loop;
	const struct link_events *ev;
	void *owner;
	struct channel_events channel_ev; /* ours, in front of the owner's */
	struct dial *dial;
	struct hop_loop *hops;
	struct hop *hop;
	struct channel *channel;
	SSL_CTX *outer, *inner, *carrier; /* carrier: made when a way first needs it */
	struct hostport target;
	struct tries ways;
	struct report dialled, failure;
	bool failed; /* failure is of the hop that has just ended */
	char detail[LINK_DETAIL_MAX];
	uint64_t heard_ms;
	uint32_t join_id;
	int why; /* counts when closing or ended */
	bool ready, paired, feeding, pumping, closing, peer_ended, from_relay;

	/* what a lost connection needs; see link_suspend() */
	uint8_t handle[RELAY_HANDLE_LEN];
	bool has_handle, keeps, lost;
	bool live;   /* the channel has a TLS engine that the present connection feeds */
	bool fresh;  /* its first bytes were those of a new handshake */
	bool opened; /* that handshake is done: what comes now comes from who has its keys */
	unsigned tries;
	uint64_t try_ms;   /* when to dial; 0: not decided */
	uint64_t until_ms; /* the present try must be further by then; 0: no hurry */
};

/* ---- link.c ---- */

/* Nothing of it is left: the owner is told, and it is freed. */
void link_gone(struct link *l, int why);

/* What the owner is told besides, in one line. */
void link_say(struct link *l, const char *detail);

/* The mux and its streams live on, the TLS engine does not. Everybody who calls this returns at
 * once: the owner may have closed the link. */
void link_suspend(struct link *l, const char *detail);

/* Bytes of the agent; what the channel has to say, as far as the hop has room. */
void link_feed(struct link *l, const uint8_t *p, size_t n);
void link_pump(struct link *l);

/* The first words of the inner handshake go out behind JOIN, and the relay hands them on when it
 * has paired us: one round trip to it less. When it does not, they are thrown away. */
void link_begin_handshake(struct link *l);

/* ---- link_relay.c ---- */

void link_on_frame(struct hop *h, const struct relay_frame *f, void *owner);

/* ---- link_way.c ---- */

int link_dial(struct link *l);

#endif
