/* SPDX-License-Identifier: Apache-2.0 */
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"
#include "proto/wire/http_auth.h"

static struct auth_offer offer(const char *value)
{
	struct auth_offer o = {.basic = false};

	auth_offer_add(&o, value, strlen(value));
	return o;
}

Test(http_auth, reads_a_challenge)
{
	struct auth_offer o =
	    offer("Digest realm=\"Squid \\\"x\\\"\", nonce=\"abc==\", qop=\"auth,auth-int\", "
		  "opaque=\"o\", stale=TRUE");

	cr_assert_eq(o.digest, AUTH_DIGEST_MD5, "MD5 when nothing else is said");
	cr_assert_str_eq(o.realm, "Squid \"x\"");
	cr_assert_str_eq(o.nonce, "abc==");
	cr_assert_str_eq(o.opaque, "o");
	cr_assert(o.stale && o.has_opaque && !o.sess && !o.basic);
	cr_assert_str_eq(o.schemes, "Digest");
}

Test(http_auth, tells_schemes_from_parameters)
{
	struct auth_offer o = offer("Negotiate, NTLM TlRMTVNTUAACAAA==, Basic realm=\"a, b\", "
				    "Digest realm=x,nonce=n,algorithm=SHA-256,qop=auth");

	cr_assert_str_eq(o.schemes, "Negotiate, NTLM, Basic, Digest");
	cr_assert(o.basic);
	cr_assert_eq(o.digest, AUTH_DIGEST_SHA256);
	cr_assert_str_eq(o.realm, "x");
}

Test(http_auth, takes_the_strongest_digest)
{
	static const char md5[] = "Digest realm=a, nonce=weak, algorithm=MD5, qop=auth";
	static const char sha[] = "Digest realm=a, nonce=strong, algorithm=SHA-256-sess, qop=auth";
	struct auth_offer o = offer(md5), p = offer(sha);

	auth_offer_add(&o, sha, sizeof sha - 1);
	auth_offer_add(&p, md5, sizeof md5 - 1);
	cr_assert_str_eq(o.nonce, "strong");
	cr_assert_str_eq(p.nonce, "strong");
	cr_assert(o.sess && p.sess);
}

Test(http_auth, takes_no_digest_that_it_cannot_answer)
{
	static const char *const bad[] = {
	    "Digest realm=a, nonce=n",		     /* no qop: RFC 2069 */
	    "Digest realm=a, nonce=n, qop=auth-int", /* over the body */
	    "Digest realm=a, qop=auth",		     /* no nonce */
	    "Digest nonce=n, qop=auth",		     /* no realm */
	    "Digest realm=a, nonce=n, qop=auth, algorithm=SHA-512-256",
	    "Digest realm=a, nonce=\"n\x1b[2J\", qop=auth",	 /* not clean */
	    "Digest realm=a, nonce=\"n, qop=auth",		 /* not closed */
	    "Basic realm=\"Digest realm=a, nonce=n, qop=auth\"", /* in quotes */
	};

	for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
		cr_assert_eq(offer(bad[i]).digest, AUTH_DIGEST_NONE, "%s", bad[i]);
}

Test(http_auth, has_limits)
{
	char text[2 * AUTH_VALUE_MAX], many[4096];
	int n = snprintf(text, sizeof text, "Digest realm=a, qop=auth, nonce=\"%0*d\"",
			 AUTH_VALUE_MAX, 1);
	size_t at = 0;

	cr_assert(n > 0 && (size_t)n < sizeof text);
	cr_assert_eq(offer(text).digest, AUTH_DIGEST_NONE);
	text[strlen(text) - 1] = '\0';
	memmove(strchr(text, '"') + 1, strchr(text, '"') + 2, strlen(strchr(text, '"') + 2) + 1);
	strcat(text, "\"");
	cr_assert_eq(offer(text).digest, AUTH_DIGEST_MD5, "one less fits");
	for (unsigned i = 0; at + 32 < sizeof many; i++)
		at += (size_t)snprintf(many + at, sizeof many - at, "Scheme%u x=y, ", i);
	cr_assert_lt(strlen(offer(many).schemes), AUTH_SCHEMES_MAX);
}

Test(http_auth, quotes_what_it_sends_back)
{
	char out[16];

	cr_assert_eq(auth_quote("a\"b\\c", out, sizeof out), 9);
	cr_assert_str_eq(out, "\"a\\\"b\\\\c\"");
	cr_assert_eq(auth_quote("aaaaaaaaaaaaaaaaa", out, sizeof out), AS_EFULL);
	cr_assert_eq(auth_quote("", out, 2), AS_EFULL);
}
