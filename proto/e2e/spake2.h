/* SPDX-License-Identifier: Apache-2.0
 *
 * SPAKE2-P256-SHA256-HKDF-HMAC of RFC 9382: both sides prove that they know the same code, and
 * whoever does not learns nothing but that one guess was wrong. A = "console", B = "agent".
 *
 *   console                         agent
 *   spake2_new                      spake2_new
 *   spake2_share  ---- pA ------->  spake2_take
 *   spake2_take   <--- pB --------  spake2_share
 *   spake2_mac    ---- cA ------->  spake2_check     a wrong cA is a counted guess
 *   spake2_check  <--- cB --------  spake2_mac       only after cA was right
 *
 * The confirmation keys are bound to additional data, here the channel: spake2_aad(). Without
 * that a relay with a rogue engineer certificate could stand between the two and pass the four
 * messages on (PROTOCOL.md section 1).
 */
#ifndef AS_E2E_SPAKE2_H
#define AS_E2E_SPAKE2_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/secret.h"

#define SPAKE2_SHARE_LEN 65 /* an uncompressed point of P-256 */
#define SPAKE2_MAC_LEN	 32
#define SPAKE2_AAD_LEN	 64 /* TLS exporter (32) || SHA-256 of both HELLOs (32) */

enum spake2_role { SPAKE2_CONSOLE, SPAKE2_AGENT };
struct spake2;

/* w: from code_w(), copied. aad: SPAKE2_AAD_LEN bytes, copied; NULL when it is not known yet: then
 * spake2_bind() comes before spake2_take(). NULL when memory or the random generator fails. */
struct spake2 *spake2_new(enum spake2_role role, const struct secret *w,
			  const uint8_t aad[SPAKE2_AAD_LEN]);

/* Our share does not depend on it, so it may be on its way before both HELLOs are known. Once:
 * AS_ESTATE the second time, or after spake2_take(). */
int spake2_bind(struct spake2 *s, const uint8_t aad[SPAKE2_AAD_LEN]);
void spake2_free(struct spake2 *s); /* wipes everything */

/* binding: inner_binding(). The hash is over the payloads of the two HELLO frames, the
 * console's first. */
int spake2_aad(const uint8_t binding[32], const void *console_hello, size_t console_len,
	       const void *agent_hello, size_t agent_len, uint8_t out[SPAKE2_AAD_LEN]);

/* Our share. Always possible, always the same bytes. */
void spake2_share(const struct spake2 *s, uint8_t out[SPAKE2_SHARE_LEN]);

/* The peer's share, once. AS_EBADMSG for anything but an uncompressed point of the curve, or one
 * that leads to the neutral element; AS_ESTATE the second time, or without additional data. */
int spake2_take(struct spake2 *s, const uint8_t *share, size_t n);

/* Our confirmation. AS_ESTATE before the peer's share was taken, and for the agent before the
 * console's confirmation was right. */
int spake2_mac(const struct spake2 *s, uint8_t out[SPAKE2_MAC_LEN]);

/* The peer's confirmation, one try: AS_E_CODE_WRONG, AS_ESTATE before spake2_take() and after a
 * first answer. Takes the same time whatever is wrong. */
int spake2_check(struct spake2 *s, const uint8_t *mac, size_t n);

/* resume_key_0 of PROTOCOL.md section 4, 32 bytes. AS_ESTATE before spake2_check() said yes. */
int spake2_resume_key(const struct spake2 *s, struct secret *out);

#endif
