/* SPDX-License-Identifier: Apache-2.0
 *
 * What a proxy says in its Proxy-Authenticate fields (RFC 9110 section 11, RFC 7616): which
 * schemes it takes, and the best of its Digest challenges. Pure; the bytes are a stranger's.
 */
#ifndef AS_WIRE_HTTP_AUTH_H
#define AS_WIRE_HTTP_AUTH_H

#include <stdbool.h>
#include <stddef.h>

#define AUTH_VALUE_MAX	 256 /* realm, nonce, opaque; a challenge with longer ones is not taken */
#define AUTH_SCHEMES_MAX 96

enum auth_digest { AUTH_DIGEST_NONE, AUTH_DIGEST_MD5, AUTH_DIGEST_SHA256 };

struct auth_offer {
	char schemes[AUTH_SCHEMES_MAX]; /* "Negotiate, NTLM, Basic", clean, for a person */
	bool basic;
	bool negotiate, ntlm; /* which only a system's own library can answer */
	/* the strongest Digest challenge that we can answer: qop=auth, an algorithm we know */
	enum auth_digest digest;
	bool sess;  /* the "-sess" form of the algorithm */
	bool stale; /* the nonce was too old, user and password may be right */
	bool has_opaque;
	char realm[AUTH_VALUE_MAX], nonce[AUTH_VALUE_MAX], opaque[AUTH_VALUE_MAX]; /* unquoted */
};

/* Adds what one field's value offers to *out, which the caller has made empty. What cannot be read
 * is skipped. */
void auth_offer_add(struct auth_offer *out, const char *value, size_t n);

/* The token of a challenge that continues a login: "NTLM TlRMTVNT...". It points into the value.
 * False: this is no such challenge of that scheme. */
bool auth_token(const char *value, size_t n, const char *scheme, const char **token, size_t *len);

/* text between quotes, with what must be escaped. Bytes written without the NUL, or AS_EFULL. */
int auth_quote(const char *text, char *out, size_t cap);

#endif
