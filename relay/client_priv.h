/* SPDX-License-Identifier: Apache-2.0
 *
 * One connection, shared by client.c (what it asks) and client_move.c (what it is told).
 */
#ifndef AS_RELAY_CLIENT_PRIV_H
#define AS_RELAY_CLIENT_PRIV_H

#include "relay/server_priv.h"

struct client {
	struct server *s;
	struct hop *hop;
	uint64_t prefix;
	bool from_proxy; /* a trusted one: whom it forwards is who comes */
	struct outer_peer peer;
	uint8_t role; /* enum relay_role; 0 before HELLO */
	enum book_side side;
	struct ticket *ticket; /* NULL: none, or none any more */
	/* It was told PEER_LOST and hop_mark(mark) has not come back: what it sends was meant for
	 * the connection that is lost, and must not reach the next one. 0: nothing of that kind. */
	uint64_t mark;
	/* PEER_BACK waits for the mark of this side or of the other. Until then both sides' DATA is
	 * dropped: the one sends for the past, the other too early. */
	bool back_due;
	struct client *prev, *next;
};

void client_send(struct client *c, const struct relay_frame *f);

/* ERROR, and the end of the connection. */
void client_refuse(struct client *c, int err);

/* The mark has come back. */
void client_caught_up(struct client *c);

/* Blind: the payload goes from one engine to the other. A slow reader stops its peer's reading. */
void client_forward(struct client *from, struct client *to, const struct relay_frame *f);

/* Rate limit for log lines that a stranger can cause. */
bool client_may_log(struct server *s);

#endif
