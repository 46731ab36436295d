/* SPDX-License-Identifier: Apache-2.0
 *
 * What an agent's configuration says in the name of the organisation, signed by the organisation's
 * authority: whom to call, and who that is. Whoever can change the configuration, but not the
 * certificate beside it, can then not send a customer who calls back to another telephone.
 * What belongs to the administrator of the computer (proxy, language, patience) is not in it.
 */
#ifndef AS_E2E_SETTINGS_H
#define AS_E2E_SETTINGS_H

#include <stddef.h>

#include "proto/e2e/sign.h"

#define SETTINGS_HEX_MAX (2 * SIGN_MAX + 1) /* a signature as text, NUL included */

struct settings {
	const char *relay, *organisation, *phone; /* one line each */
};

/* 0, AS_E_TOO_BIG, or an error of sign_make(). */
int settings_sign(EVP_PKEY *ca_key, const struct settings *s, char hex[SETTINGS_HEX_MAX]);

/* By the key of one of the certificates in ca_pem. AS_ESIGNATURE when it is not, or is no
 * signature; AS_ECONFIG when ca_pem holds no certificate. */
int settings_check(const char *ca_pem, size_t n, const struct settings *s, const char *hex);

#endif
