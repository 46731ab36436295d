/* SPDX-License-Identifier: Apache-2.0
 *
 * The relay: rendezvous by id and blind forwarding. It cannot decrypt what it forwards: that
 * code is not in its link.
 *
 * Life: server_start() -> server_drain() -> on_gone() exactly once; the server is freed just
 * before.
 */
#ifndef AS_RELAY_SERVER_H
#define AS_RELAY_SERVER_H

#include <stddef.h>
#include <stdint.h>
#include <uv.h>

#include "relay/config.h"

#define SERVER_DRAIN_S 30 /* what running sessions get after SIGTERM */

struct server;

/* config: outlives the server. Negative: why has one line that says what is wrong. When it fails
 * after the loop was used, the loop must still run once to close what had been opened. */
int server_start(uv_loop_t *loop, const struct relay_config *config, void (*on_gone)(void *owner),
		 void *owner, struct server **out, char why[CONFIG_WHY_MAX]);

/* ADDR:PORT that it listens on. Returns buf. */
const char *server_address(const struct server *s, char buf[LISTEN_TEXT_MAX]);

/* Reads the certificates again. On failure the old ones stay in use. */
int server_reload(struct server *s, char why[CONFIG_WHY_MAX]);

/* No new sessions; running ones are told and have seconds until they are cut. A second call
 * may shorten the time. */
void server_drain(struct server *s, uint32_t seconds);

/* For tests and metrics. */
uint32_t server_clients(const struct server *s);
uint32_t server_tickets(const struct server *s);

#endif
