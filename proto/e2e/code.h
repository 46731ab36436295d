/* SPDX-License-Identifier: Apache-2.0
 *
 * The code a customer reads aloud: IIII-SSS-SSSC in Crockford's base32 (PROTOCOL.md section 2).
 *
 *   IIII    id: names the agent at the relay; public
 *   SSSSSS  secret: proved with SPAKE2, never sent to anybody in any form
 *   C       check character: with a_1..a_10 the ten others and g a generator of GF(32),
 *           C = sum of g^i * a_i. Every position has its own weight, so every wrong character
 *           and every two swapped ones are caught here and no guess is spent on them.
 */
#ifndef AS_E2E_CODE_H
#define AS_E2E_CODE_H

#include <stddef.h>
#include <stdint.h>

#include "proto/base/secret.h"

#define CODE_ID_BITS	 20
#define CODE_SECRET_BITS 30
#define CODE_CHARS	 11 /* that count: 4 id, 6 secret, 1 check */
#define CODE_TEXT_MAX	 14 /* "IIII-SSS-SSSC" and the final NUL */
#define CODE_INPUT_MAX	 64 /* what a person may type, separators included */
#define CODE_W_LEN	 48 /* 16 bytes more than the group order: the reduction has no bias */

struct code {
	uint32_t id;	 /* below 1 << CODE_ID_BITS */
	uint32_t secret; /* below 1 << CODE_SECRET_BITS; wipe the struct after use */
};

/* Higher bits of id and secret are ignored. Returns out. */
const char *code_format(const struct code *c, char out[CODE_TEXT_MAX]);

/* What a person typed: lower case is fine, O is 0, I and L are 1; blanks, dashes, dots and
 * underscores are dropped. AS_ETYPO when only the check character is wrong, AS_EBADMSG for a
 * wrong number of characters or one that no code has. *out untouched on failure. */
int code_parse(const char *text, struct code *out);

/* A new secret for the id the relay gave, from the system's generator. */
int code_new(uint32_t id, struct code *out);

/* The password both sides put into SPAKE2, CODE_W_LEN bytes: HKDF-SHA256 with no salt, the six
 * secret characters (as code_format() writes them, no dash) as key and
 * "assent code v1" || the four id characters as info. */
int code_w(const struct code *c, struct secret *out);

#endif
