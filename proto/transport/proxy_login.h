/* SPDX-License-Identifier: Apache-2.0
 *
 * The Proxy-Authorization that answers a proxy's 407: Digest (RFC 7616) before Basic (RFC 7617),
 * and Basic only where the configuration allows it. A scheme is one row of the table in the .c
 * file. Negotiate and NTLM need a connection that is kept over several 407: own_login.h.
 */
#ifndef AS_TRANSPORT_PROXY_LOGIN_H
#define AS_TRANSPORT_PROXY_LOGIN_H

#include "proto/route/report.h"
#include "proto/wire/http_auth.h"

#define PROXY_LOGIN_MAX	   2600
#define PROXY_LOGIN_CNONCE 16

/* The field's value, for "CONNECT uri". cnonce: random bytes. REPORT_OK, or why there is none. */
enum report_why proxy_login(const struct auth_offer *offer, const struct route *way,
			    const char *uri, const uint8_t cnonce[PROXY_LOGIN_CNONCE],
			    char out[PROXY_LOGIN_MAX]);

#endif
