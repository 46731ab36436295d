/* SPDX-License-Identifier: Apache-2.0
 *
 * What stands between a TCP connection and the relay's TLS where a network passes nothing but web
 * traffic: a WebSocket (RFC 6455), for a client also inside a carrier TLS. An engine: no socket.
 *
 *   network -> carrier_feed() -> carrier_read()* -> bytes of the relay's TLS
 *   bytes of the relay's TLS -> carrier_put() -> carrier_out()/carrier_out_done() -> network
 *
 * The relay's TLS is inside and is checked there as always. So the carrier proves nothing and is
 * asked for nothing: whose certificate the carrier TLS shows does not matter, and what a middlebox
 * does to the bytes breaks the TLS inside.
 *
 * A WebSocket is used as a stream: where frames begin and end means nothing. A server takes masked
 * frames only, a client unmasked ones only; text frames, extensions and subprotocols do not exist
 * here. A request with an Origin comes from a web page and is refused.
 */
#ifndef AS_TRANSPORT_CARRIER_H
#define AS_TRANSPORT_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/route/report.h"
#include "proto/tls/tls.h"

#define CARRIER_END	      1
#define CARRIER_FRAME_MAX     (16u << 10) /* payload bytes of a frame that we make */
#define CARRIER_OUT_MAX	      (256u << 10)
#define CARRIER_FORWARDED_MAX 63

struct carrier;

/* to, path: what is asked for. tls: outer_carrier_ctx(), or NULL for a bare WebSocket. key: random.
 * NULL when memory is short. */
struct carrier *carrier_client(const struct hostport *to, const char *path, SSL_CTX *tls,
			       const uint8_t key[16]);
struct carrier *carrier_server(void);

/* What a way needs: *out NULL for ROUTE_TLS. *tls: made when it is first needed, and the caller's
 * to free (outer_ctx_free()). */
int carrier_for(enum route_carrier kind, const struct hostport *to, const char *path, SSL_CTX **tls,
		struct carrier **out);
void carrier_free(struct carrier *c);

/* The next bytes from the network. They are unmasked in place and must stay valid until
 * carrier_read() has returned 0. */
int carrier_feed(struct carrier *c, uint8_t *p, size_t n);
void carrier_feed_end(struct carrier *c); /* TCP has ended */

/* *n bytes at *p, valid until the next call; 0 with *n == 0: feed me; CARRIER_END: the other side
 * said goodbye; negative: it is over. After every call there may be something to send. */
int carrier_read(struct carrier *c, const uint8_t **p, size_t *n);

/* n <= CARRIER_FRAME_MAX bytes as one frame. AS_ESTATE before carrier_is_open(). */
int carrier_put(struct carrier *c, const void *p, size_t n);
int carrier_end(struct carrier *c); /* the goodbye */

const uint8_t *carrier_out(struct carrier *c, size_t *n);
void carrier_out_done(struct carrier *c, size_t n);

bool carrier_is_open(const struct carrier *c); /* the upgrade is done */

/* A client's: how far it came, and who answered instead (step, why, status, who, issuer). */
void carrier_report(const struct carrier *c, struct report *r);

/* A server's: the last address in X-Forwarded-For, which the nearest proxy has put there; "". */
const char *carrier_forwarded(const struct carrier *c);

#endif
