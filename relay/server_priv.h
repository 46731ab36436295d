/* SPDX-License-Identifier: Apache-2.0
 *
 * Shared by server.c (life) and client.c (one connection).
 */
#ifndef AS_RELAY_SERVER_PRIV_H
#define AS_RELAY_SERVER_PRIV_H

#include <stdbool.h>

#include "proto/base/secret.h"
#include "proto/transport/bucket.h"
#include "proto/transport/handle.h"
#include "proto/transport/hop.h"
#include "proto/transport/listen.h"
#include "proto/transport/outer.h"
#include "relay/book.h"
#include "relay/quota.h"
#include "relay/server.h"

struct client;

struct server {
	uv_loop_t *loop;
	const struct relay_config *config; /* not ours */
	SSL_CTX *ctx;
	struct hop_loop *hops;
	struct listener *listener;
	struct book *book;
	struct quota *quota;
	struct bucket_table *log_lines;		     /* what strangers can make us write */
	struct secret handle_key, handle_key_before; /* before: of the key until the last reload */
	uint64_t next_mark;
	uv_timer_t tick;
	struct client *clients; /* all of them, newest first */
	uint32_t count;
	bool draining, listening;
	uint64_t drain_until_ms;
	void (*on_gone)(void *owner);
	void *owner;
};

/* Takes tcp on success. */
int client_accept(struct server *s, uv_tcp_t *tcp, uint64_t prefix);

/* Carries out a move on both sides. cause: the frame that made it, or NULL. */
void client_apply(struct server *s, const struct book_move *m, const struct relay_frame *cause);

/* With today's key or, after a reload, with yesterday's. */
bool server_made_handle(const struct server *s, enum relay_role role, uint32_t id,
			const uint8_t handle[RELAY_HANDLE_LEN]);

/* The relay goes away in so many seconds: everybody is told; who is not in a session is sent away.
 * seconds 0: all are, and there is nothing left to announce. */
void client_drain_all(struct server *s, uint32_t seconds);

/* A client has left the list. */
void server_check_end(struct server *s);

uint64_t server_now_ms(const struct server *s);

#endif
