/* SPDX-License-Identifier: Apache-2.0
 *
 * Handles: what lets a lost side come back to a relay that remembers nothing (PROTOCOL.md
 * section 8). A handle authenticates itself:
 *
 *   nonce[8] || first 8 bytes of HMAC-SHA256(key, "agent" or "console" || id u32 || nonce)
 *
 * Both sides of one pairing have the same nonce, so the relay can bring them together again. The
 * key comes from the relay's private key and therefore outlives a restart. A handle opens nothing
 * but the relay's door: the ends prove themselves to each other inside the inner TLS.
 */
#ifndef AS_TRANSPORT_HANDLE_H
#define AS_TRANSPORT_HANDLE_H

#include <stdbool.h>
#include <stdint.h>

#include "proto/base/secret.h"
#include "proto/tls/tls.h"
#include "proto/wire/relay_frame.h"

/* The key that belongs to ctx's private key. AS_E_TLS when ctx has none, AS_E_INTERNAL. Wipe it
 * with secret_done(). */
int handle_key(SSL_CTX *ctx, struct secret *out);

/* role: RELAY_ROLE_AGENT or RELAY_ROLE_CONSOLE. 0 or AS_E_INTERNAL. */
int handle_make(const struct secret *key, enum relay_role role, uint32_t id, uint64_t nonce,
		uint8_t out[RELAY_HANDLE_LEN]);

/* Made with this key for this role and this id? Takes the same time for every wrong one. */
bool handle_is_genuine(const struct secret *key, enum relay_role role, uint32_t id,
		       const uint8_t handle[RELAY_HANDLE_LEN]);

uint64_t handle_nonce(const uint8_t handle[RELAY_HANDLE_LEN]);

#endif
