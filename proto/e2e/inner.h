/* SPDX-License-Identifier: Apache-2.0
 *
 * Layer L3 of PROTOCOL.md: the TLS 1.3 channel between agent (server) and console (client) that
 * the relay cannot look into. This file makes the two SSL_CTX for proto/tls and says what each
 * side trusts:
 *
 *   agent    wants an engineer's certificate under the pinned CA, as cert_check_engineer();
 *            shows a self-signed certificate over a key made for this one code.
 *   console  takes any self-signed P-256 certificate. That alone proves nothing: the agent is
 *            proved by SPAKE2, which is bound to this channel by inner_binding(). And a TLS 1.3
 *            client is done before the server has judged its certificate: the channel counts
 *            as open only when the agent's HELLO has come.
 *
 * Records below 4 KiB are padded to multiples of 512 bytes (section 6).
 */
#ifndef AS_E2E_INNER_H
#define AS_E2E_INNER_H

#include <stddef.h>
#include <stdint.h>

#include "proto/e2e/cert.h"
#include "proto/tls/tls.h"

#define INNER_ALPN	  "assent-e2e/1"
#define INNER_BINDING_LEN 32
#define INNER_PAD_UNIT	  512
#define INNER_PAD_BELOW	  4096

/* The agent's side, in place; it must not move while connections made from ctx live. */
struct inner_agent {
	SSL_CTX *ctx; /* for tls_server(); ours */
	uint8_t spki_sha256[CERT_SHA256_LEN];
	const char *ca_pem; /* the caller's, outlives this */
	size_t ca_len;
	int64_t (*now)(void); /* clock_wall_s() in programs */
};

/* Makes a fresh key and certificate. AS_ECONFIG when ca_pem holds no certificate, AS_E_INTERNAL
 * when OpenSSL fails; nothing to undo then. */
int inner_agent_init(struct inner_agent *a, const char *ca_pem, size_t ca_len,
		     int64_t (*now)(void));
void inner_agent_done(struct inner_agent *a);

/* The console's side, for tls_client(ctx, NULL). cert_pem: the engineer's certificate and what
 * stands between it and the CA; key_pem: its key. Free with inner_console_free(). AS_ECONFIG when
 * they cannot be read or do not belong together. */
int inner_console_new(const char *cert_pem, size_t cert_len, const char *key_pem, size_t key_len,
		      SSL_CTX **out);
void inner_console_free(SSL_CTX *ctx);

/* After the handshake (AS_ESTATE before). */
int inner_binding(struct tls *t, uint8_t out[INNER_BINDING_LEN]); /* equal at both ends */
int inner_peer_spki_sha256(struct tls *t, uint8_t out[CERT_SHA256_LEN]);
/* The peer's certificates as DER, its own first: bytes written, AS_E_TOO_BIG over cap. */
int inner_peer_chain(struct tls *t, uint8_t *out, size_t cap);

#endif
