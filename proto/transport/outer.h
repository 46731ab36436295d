/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is trusted on the outer hop, peer <-> relay (PROTOCOL.md section 3, layer L1). The
 * relay shows a server certificate; a console shows a client certificate under the
 * organisation's CA; an agent shows none. All PEM comes as bytes in memory, because
 * assent-net may not open files. This file and handle.c are the only ones of transport that
 * speak to OpenSSL.
 */
#ifndef AS_TRANSPORT_OUTER_H
#define AS_TRANSPORT_OUTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "proto/tls/tls.h"

#define OUTER_ALPN   "assent-relay/1"
#define OUTER_ID_MAX 128

struct outer_pem {
	const void *bytes; /* not ours; needs no final NUL */
	size_t len;
};

/* The makers below return 0 and a context for outer_ctx_free(), or:
 *   AS_E_CERT  our own certificate cannot be read
 *   AS_E_TLS   our own key cannot be read, or does not belong to the certificate
 *   AS_ECONFIG the CA certificate cannot be read
 *   -ENOMEM
 * An engine holds its context: the context may be freed while engines live. */

/* A client certificate is asked for and not required. One that is shown must verify: chain to
 * console_ca, clientAuth and AS_OID_CONSOLE, one SAN URI assent://ORG/console/ID. */
int outer_server_ctx(struct outer_pem cert, struct outer_pem key, struct outer_pem console_ca,
		     SSL_CTX **out);

/* The name to check the relay's certificate against goes to tls_client(). */
int outer_agent_ctx(struct outer_pem relay_ca, SSL_CTX **out);
int outer_console_ctx(struct outer_pem relay_ca, struct outer_pem cert, struct outer_pem key,
		      SSL_CTX **out);

/* For a network that opens TLS, when the policy allows it: whoever shows a certificate for the
 * relay's name under one of these CAs is taken for the relay. It can read and change what the relay
 * could; the inner TLS is not concerned. */
int outer_inspected_ctx(struct outer_pem cas, SSL_CTX **out);

/* The TLS around a WebSocket: it only has to please middleboxes. Nothing is checked, because what
 * it carries is the outer TLS, which is pinned. */
int outer_carrier_ctx(SSL_CTX **out);

void outer_ctx_free(SSL_CTX *ctx);

/* Notes in t (tls_peer()) whose certificate a client engine has been shown, once its handshake is
 * done. A certificate that is refused is noted by itself. */
void outer_note_peer(struct tls *t);

struct outer_peer {
	bool is_console;	   /* showed a certificate, and it was verified */
	char id[OUTER_ID_MAX + 1]; /* of the console's SAN URI; else "" */
	uint8_t spki_sha256[32];   /* of its key; else zeros */
};

/* Who is on the other side of a server engine whose handshake is done. */
void outer_peer(struct tls *t, struct outer_peer *out);

#endif
