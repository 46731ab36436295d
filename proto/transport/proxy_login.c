/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/transport/proxy_login.h"

#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/base/hex.h"
#include "proto/base/secret.h"
#include "proto/transport/hash.h"

#define PART_MAX  1024 /* of what is hashed */
#define QUOTED(n) (2 * (n) + 3)

struct login {
	const struct auth_offer *offer;
	const struct route *way;
	const char *uri;
	const uint8_t *cnonce;
	char *out;
};

/* ---- Digest ---- */

/* The hash of up to six parts with colons between them. */
static int hash_parts(enum hash h, char out[HASH_HEX_MAX + 1], const char *const parts[])
{
	char text[PART_MAX];
	size_t n = 0;
	int err = 0;

	for (size_t i = 0; parts[i] && err == 0; i++) {
		size_t len = strlen(parts[i]);

		if (n + len + 1 > sizeof text) {
			err = AS_E_TOO_BIG;
			break;
		}
		if (i > 0)
			text[n++] = ':';
		memcpy(text + n, parts[i], len);
		n += len;
	}
	if (err == 0)
		err = hash_hex(h, text, n, out);
	secret_wipe(text, sizeof text);
	return err;
}

static int digest_response(const struct login *l, const char *cnonce, char out[HASH_HEX_MAX + 1])
{
	const struct auth_offer *o = l->offer;
	const struct route_proxy *p = &l->way->proxy;
	enum hash h = o->digest == AUTH_DIGEST_MD5 ? HASH_MD5 : HASH_SHA256;
	char a1[HASH_HEX_MAX + 1], a2[HASH_HEX_MAX + 1];
	int err = hash_parts(h, a1, (const char *const[]){p->user, o->realm, p->password, NULL});

	if (err == 0 && o->sess)
		err = hash_parts(h, a1, (const char *const[]){a1, o->nonce, cnonce, NULL});
	if (err == 0)
		err = hash_parts(h, a2, (const char *const[]){"CONNECT", l->uri, NULL});
	if (err == 0)
		err = hash_parts(
		    h, out,
		    (const char *const[]){a1, o->nonce, "00000001", cnonce, "auth", a2, NULL});
	secret_wipe(a1, sizeof a1);
	return err;
}

static bool can_digest(const struct login *l)
{
	return l->offer->digest != AUTH_DIGEST_NONE;
}

static int make_digest(const struct login *l)
{
	const struct auth_offer *o = l->offer;
	char response[HASH_HEX_MAX + 1], cnonce[2 * PROXY_LOGIN_CNONCE + 1];
	char user[QUOTED(ROUTE_USER_MAX)], realm[QUOTED(AUTH_VALUE_MAX)],
	    nonce[QUOTED(AUTH_VALUE_MAX)], opaque[QUOTED(AUTH_VALUE_MAX)] = "";

	hex_encode(l->cnonce, PROXY_LOGIN_CNONCE, cnonce);

	int err = digest_response(l, cnonce, response);
	if (err < 0 || auth_quote(l->way->proxy.user, user, sizeof user) < 0 ||
	    auth_quote(o->realm, realm, sizeof realm) < 0 ||
	    auth_quote(o->nonce, nonce, sizeof nonce) < 0 ||
	    (o->has_opaque && auth_quote(o->opaque, opaque, sizeof opaque) < 0))
		return err < 0 ? err : AS_E_TOO_BIG;

	int n = snprintf(l->out, PROXY_LOGIN_MAX,
			 "Digest username=%s, realm=%s, nonce=%s, uri=\"%s\", algorithm=%s%s, "
			 "qop=auth, nc=00000001, cnonce=\"%s\", response=\"%s\"%s%s",
			 user, realm, nonce, l->uri,
			 o->digest == AUTH_DIGEST_MD5 ? "MD5" : "SHA-256", o->sess ? "-sess" : "",
			 cnonce, response, o->has_opaque ? ", opaque=" : "", opaque);
	return n < 0 || n >= PROXY_LOGIN_MAX ? AS_E_TOO_BIG : 0;
}

/* ---- Basic ---- */

static bool can_basic(const struct login *l)
{
	return l->offer->basic && l->way->basic;
}

static int make_basic(const struct login *l)
{
	char plain[2 * ROUTE_USER_MAX + 2];
	int n = snprintf(plain, sizeof plain, "%s:%s", l->way->proxy.user, l->way->proxy.password);

	memcpy(l->out, "Basic ", 6);
	hash_base64(plain, (size_t)n, l->out + 6);
	secret_wipe(plain, sizeof plain);
	return 0;
}

/* Best first. */
static const struct {
	bool (*can)(const struct login *l);
	int (*make)(const struct login *l);
} schemes[] = {
    {can_digest, make_digest},
    {can_basic, make_basic},
};

enum report_why proxy_login(const struct auth_offer *offer, const struct route *way,
			    const char *uri, const uint8_t cnonce[PROXY_LOGIN_CNONCE],
			    char out[PROXY_LOGIN_MAX])
{
	const struct login l = {offer, way, uri, cnonce, out};

	if (!way->proxy.user[0])
		return offer->basic || offer->digest != AUTH_DIGEST_NONE ? REPORT_PROXY_ASKS
									 : REPORT_PROXY_SCHEMES;
	for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++)
		if (schemes[i].can(&l) && schemes[i].make(&l) == 0)
			return REPORT_OK;
	return offer->basic && !way->basic ? REPORT_PROXY_BASIC : REPORT_PROXY_SCHEMES;
}
