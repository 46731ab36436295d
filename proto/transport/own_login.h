/* SPDX-License-Identifier: Apache-2.0
 *
 * The login of the person at this computer, made by the system's own library (SSPI on Windows):
 * Negotiate or NTLM, token by token, on one connection. Who dials hands it in; without one a proxy
 * that takes nothing else is said to be of a kind that we do not know.
 */
#ifndef AS_TRANSPORT_OWN_LOGIN_H
#define AS_TRANSPORT_OWN_LOGIN_H

#include <stddef.h>
#include <stdint.h>

#define OWN_LOGIN_TOKEN_MAX  12000 /* a Kerberos ticket of somebody with many groups */
#define OWN_LOGIN_ROUNDS_MAX 4	   /* NTLM needs two */

struct own_login {
	/* The next token for the proxy `host`: the first of a login when n is 0, else the answer to
	 * the proxy's. Bytes in out, or negative. */
	int (*step)(void *ctx, const char *scheme, const char *host, const uint8_t *in, size_t n,
		    uint8_t *out, size_t cap);
	void *ctx;
};

#endif
