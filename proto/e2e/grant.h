/* SPDX-License-Identifier: Apache-2.0
 *
 * The signed grant: what the customer agreed to, over the agent's install key. The broker makes
 * it, the console and `bundle verify` check it. Both work on a SignedGrant of messages.proto.
 */
#ifndef AS_E2E_GRANT_H
#define AS_E2E_GRANT_H

#include <stddef.h>
#include <stdint.h>

#include "proto/e2e/sign.h"
#include "proto/wire/messages.h"

#define GRANT_MAX (MSG_BODY_MAX + SIGN_MAX + SIGN_SPKI_MAX + 16)

/* Encodes a SignedGrant: bytes written, AS_EFULL, AS_EBADMSG for a body its validator refuses. */
int grant_sign(const as_GrantBody *body, EVP_PKEY *install_key, uint8_t *out, size_t cap);

struct grant {
	as_GrantBody body;
	uint8_t spki[SIGN_SPKI_MAX]; /* the key that signed */
	size_t spki_len;
	uint8_t sha256[32]; /* of the body's bytes: prev_grant_sha256 of the next one */
};

/* spki: the install key that must have signed, or NULL to take the one in the message (first
 * contact: it then only proves that nothing changed since). AS_EBADMSG, AS_ESIGNATURE. Time and
 * content are the caller's to judge. *out untouched on failure. */
int grant_verify(const uint8_t *msg, size_t n, const uint8_t *spki, size_t spki_len,
		 struct grant *out);

#endif
