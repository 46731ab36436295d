/* SPDX-License-Identifier: Apache-2.0
 *
 * A TLS handshake with whoever answers, to describe it: version, cipher, certificates and
 * whether this computer trusts them. Nothing secret is ever sent over such a connection, so old
 * versions and bad certificates are accepted and named, where a refusal would hide the fault.
 */
#ifndef AS_AGENT_PROBE_HANDSHAKE_H
#define AS_AGENT_PROBE_HANDSHAKE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/probe/target.h"

typedef struct ssl_ctx_st SSL_CTX;
typedef struct ssl_st SSL;
struct report;

#define HANDSHAKE_CHAIN_MAX 8
#define HANDSHAKE_WHY_MAX   160

/* Shared by all threads; NULL when memory is short. SSL_CTX_free() ends it. */
SSL_CTX *handshake_context(void);

/* Over a connected, non-blocking socket, which stays the caller's. alpn: one protocol's name.
 * 0 with *out for SSL_free(), or AS_E_TLS with words in why, AS_E_TIMEOUT, -errno, -ENOMEM. */
int handshake_run(SSL_CTX *ctx, int fd, const struct target *t, const char *alpn, uint64_t until,
		  SSL **out, char why[HANDSHAKE_WHY_MAX]);

/* Writes version, cipher and the chain; adds version, time and the certificate's end to the result.
 * private_ca: say nothing about trust, the issuer is not one this computer should know. */
void handshake_report(SSL *ssl, uint64_t ms, bool private_ca, struct report *r);

/* After a call on ssl that returned ret <= 0: waits until it may be repeated (0), or
 * AS_E_TRUNCATED at the end of the connection, AS_E_TLS, AS_E_TIMEOUT, -errno. */
int handshake_wait(SSL *ssl, int ret, uint64_t until);

#endif
