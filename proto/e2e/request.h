/* SPDX-License-Identifier: Apache-2.0
 *
 * The signed session request: what an engineer asks for, over the engineer's own key. The
 * console makes it, the broker checks it; the same goes for SCOPE_REQ. Both work on the payload
 * of the frame: a SignedRequest of messages.proto.
 *
 * The bytes that arrived are what is hashed and checked; nothing is serialised a second time.
 */
#ifndef AS_E2E_REQUEST_H
#define AS_E2E_REQUEST_H

#include <stddef.h>
#include <stdint.h>

#include "proto/e2e/cert.h"
#include "proto/e2e/sign.h"
#include "proto/wire/messages.h"

#define REQUEST_CLOCK_MAX_S CERT_TOLERANCE_S /* between the two wall clocks */
#define REQUEST_MAX	    (MSG_BODY_MAX + MSG_CHAIN_MAX + SIGN_MAX + 16)

/* chain: cert_chain_from_pem() of the engineer's file; key fits its first certificate. Encodes a
 * SignedRequest: bytes written, AS_EFULL, AS_EBADMSG for a body its own validator refuses,
 * AS_E_TOO_BIG for a chain over CERT_CHAIN_MAX. */
int request_sign(const as_RequestBody *body, EVP_PKEY *key, const uint8_t *chain, size_t chain_len,
		 uint8_t *out, size_t cap);

/* What this session knows by itself. */
struct request_expect {
	uint8_t binding[32];	       /* inner_binding() of this connection */
	uint8_t broker_nonce[32];      /* of our HELLO */
	uint8_t hello_hash[32];	       /* the second half of spake2_aad() */
	uint8_t agent_spki_sha256[32]; /* of the inner server certificate */
	uint8_t peer_spki_sha256[32];  /* of the certificate the console showed in the inner TLS */
	const char *ca_pem;	       /* pinned; not ours */
	size_t ca_len;
	int64_t now; /* wall clock, seconds */
};

struct request {
	as_RequestBody body;
	struct cert_engineer engineer; /* verified; equal to what the body says */
	uint8_t sha256[32];	       /* of the body's bytes: request_sha256 of the grant */
};

/* AS_E_CERT, AS_E_CERT_EKU, AS_E_CERT_EXPIRED, AS_E_CLOCK as cert_check_engineer();
 * AS_E_CLOCK also when requested_at is more than REQUEST_CLOCK_MAX_S away from now;
 * AS_E_REQ_BINDING when it was made for another connection or by another engineer than the one
 * connected; AS_E_REQ_INVALID for everything else. *out untouched on failure. */
int request_verify(const uint8_t *msg, size_t n, const struct request_expect *expect,
		   struct request *out);

/* SHA-256 of the body inside a SignedRequest, without any check of it. AS_EBADMSG. */
int request_sha256(const uint8_t *msg, size_t n, uint8_t out[32]);

#endif
