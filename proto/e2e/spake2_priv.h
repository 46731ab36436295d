/* SPDX-License-Identifier: Apache-2.0
 *
 * What only spake2.c and its test know: with identities, scalars and additional data given from
 * outside, the vectors of RFC 9382 appendix B can be reproduced.
 */
#ifndef AS_E2E_SPAKE2_PRIV_H
#define AS_E2E_SPAKE2_PRIV_H

#include "proto/e2e/spake2.h"

#define SPAKE2_SCALAR_LEN   32
#define SPAKE2_IDENTITY_MAX 16
#define SPAKE2_KEY_LEN	    16 /* Ke, Ka, KcA, KcB */
#define SPAKE2_TT_MAX	    (6 * 8 + 2 * SPAKE2_IDENTITY_MAX + 3 * SPAKE2_SHARE_LEN + SPAKE2_SCALAR_LEN)

struct spake2_input {
	enum spake2_role role;
	const char *a, *b; /* identities of the console's and the agent's role */
	const uint8_t *w;  /* any length; reduced modulo the group order */
	size_t w_len;
	const uint8_t *scalar; /* x or y, SPAKE2_SCALAR_LEN bytes; NULL: a random one */
	const uint8_t *aad;
	size_t aad_len; /* at most SPAKE2_AAD_LEN */
};

struct spake2 *spake2_new_from(const struct spake2_input *in);

/* What spake2_take() derived; valid as long as s. */
struct spake2_keys {
	uint8_t tt[SPAKE2_TT_MAX];
	size_t tt_len;
	uint8_t ke[SPAKE2_KEY_LEN], ka[SPAKE2_KEY_LEN];
	uint8_t kca[SPAKE2_KEY_LEN], kcb[SPAKE2_KEY_LEN];
};
const struct spake2_keys *spake2_keys(const struct spake2 *s);

#endif
