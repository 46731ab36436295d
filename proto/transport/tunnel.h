/* SPDX-License-Identifier: Apache-2.0
 *
 * What is said to a proxy until the connection behind it stands: CONNECT with or without a login
 * (RFC 9110 section 9.3.6), or SOCKS 5. An engine: bytes in, bytes out, no socket. The proxy's
 * answer is hostile input: at most HTTP_HEAD_MAX bytes of it are kept, and whatever stands behind
 * its head is refused, because behind a tunnel nobody speaks before we do.
 *
 *   tunnel_start() -> [tunnel_out() to the proxy, its bytes to tunnel_feed()]* -> DONE
 * A way that is only a question for a page (ROUTE_PAGE) is asked here, too, and never DONE.
 *
 *   ANEW: the proxy wants a login. Connect to it once more and call tunnel_start() again.
 *
 * Negotiate and NTLM log in a connection, not a request: their tokens go to and fro on the second
 * connection, over several 407.
 *
 * User and password are sent only to a proxy that has asked for them; so is the login of the
 * person at this computer, and only where the way allows it (route_proxy.own_login).
 */
#ifndef AS_TRANSPORT_TUNNEL_H
#define AS_TRANSPORT_TUNNEL_H

#include "proto/route/report.h"
#include "proto/transport/own_login.h"
#include "proto/transport/proxy_login.h"
#include "proto/wire/http_head.h"

#define TUNNEL_LOGIN_MAX (16 + OWN_LOGIN_TOKEN_MAX / 3 * 4 + 8)
#define TUNNEL_OUT_MAX	 (TUNNEL_LOGIN_MAX + 1024)
#define TUNNEL_LOGINS	 2     /* a nonce may be too old once */
#define TUNNEL_PAGE_MAX	 65536 /* what a proxy may say between two tokens */

enum tunnel_result {
	TUNNEL_MORE,
	TUNNEL_DONE,
	TUNNEL_ANEW,
	TUNNEL_FAILED, /* report says why */
};

struct tunnel {
	const struct route *way; /* not ours */
	int state;
	unsigned logins;
	char login[TUNNEL_LOGIN_MAX]; /* "" until the proxy has asked */
	const struct own_login *own;  /* NULL: there is none */
	const char *scheme;	      /* of the own login that is going on; NULL: none is */
	unsigned rounds;
	size_t page; /* bytes of a 407's page that are still to come */
	uint8_t out[TUNNEL_OUT_MAX];
	size_t out_len;
	uint8_t in[HTTP_HEAD_MAX];
	size_t in_len;
	struct report report; /* step, why, err, status, who */
};

/* own: may be NULL; else it and what it points to live as long as the tunnel. */
void tunnel_init(struct tunnel *t, const struct route *way, const struct own_login *own);
void tunnel_done(struct tunnel *t); /* wipes */

/* A new connection to the proxy stands: out has the first bytes for it. */
enum tunnel_result tunnel_start(struct tunnel *t);

/* out was sent. */
void tunnel_sent(struct tunnel *t);

/* cnonce: fresh random bytes, used if a login must be made of these bytes. */
enum tunnel_result tunnel_feed(struct tunnel *t, const void *p, size_t n,
			       const uint8_t cnonce[PROXY_LOGIN_CNONCE]);

/* The proxy has closed the connection. */
enum tunnel_result tunnel_end(struct tunnel *t);

#endif
