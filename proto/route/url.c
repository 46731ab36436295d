/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/route/url.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/base/err.h"
#include "proto/base/secret.h"
#include "proto/base/text.h"

static int fail(char *why, const char *text)
{
	snprintf(why, ROUTE_WHY_MAX, "%s", text);
	return AS_ECONFIG;
}

/* Length of "scheme://", or 0. */
static size_t scheme_of(const char *text, const char *scheme)
{
	size_t n = strlen(scheme);

	return strncasecmp(text, scheme, n) == 0 && strncmp(text + n, "://", 3) == 0 ? n + 3 : 0;
}

static int hex(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
				      : -1;
}

/* With %XX decoded; what is no clean line could break the request that it is put into. */
static bool take_user(const char *p, size_t n, char out[ROUTE_USER_MAX + 1])
{
	size_t len = 0;

	for (size_t i = 0; i < n; i++, len++) {
		int c = (unsigned char)p[i];

		if (c == '%') {
			if (i + 2 >= n || hex(p[i + 1]) < 0 || hex(p[i + 2]) < 0)
				return false;
			c = hex(p[i + 1]) * 16 + hex(p[i + 2]);
			i += 2;
		}
		if (len >= ROUTE_USER_MAX || c == 0)
			return false;
		out[len] = (char)c;
	}
	out[len] = '\0';
	return text_is_clean(out, len);
}

/* host, host:port, [v6], [v6]:port */
static bool take_place(const char *p, size_t n, const char *usual_port, struct hostport *out)
{
	char text[HOSTPORT_TEXT_MAX];
	const char *close = n > 0 && p[0] == '[' ? memchr(p, ']', n) : p;
	const char *colon = close ? memchr(close, ':', n - (size_t)(close - p)) : NULL;
	int len;

	if (n == 0 || n >= sizeof text)
		return false;
	len = snprintf(text, sizeof text, colon ? "%.*s" : "%.*s:%s", (int)n, p, usual_port);
	return len > 0 && (size_t)len < sizeof text && hostport_split(text, out) == 0 &&
	       hostport_number(out) > 0 &&
	       out->host[strspn(out->host, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789.-_:%")] == '\0';
}

static bool take_credentials(const char *p, size_t n, struct route_proxy *out)
{
	const char *colon = memchr(p, ':', n);
	size_t user = colon ? (size_t)(colon - p) : n;

	return user > 0 && take_user(p, user, out->user) &&
	       (!colon || take_user(colon + 1, n - user - 1, out->password));
}

/* The last '@': a careless password may contain one. */
static const char *last_at(const char *p, size_t n)
{
	while (n > 0)
		if (p[--n] == '@')
			return p + n;
	return NULL;
}

int url_proxy(const char *text, struct route_proxy *out, char why[ROUTE_WHY_MAX])
{
	struct route_proxy p = {.via = ROUTE_HTTP};
	size_t skip = scheme_of(text, "http");
	int err = 0;

	if (skip == 0 && (skip = scheme_of(text, "socks5h")) == 0)
		skip = scheme_of(text, "socks5");
	if (skip > 0 && scheme_of(text, "http") == 0)
		p.via = ROUTE_SOCKS5;
	if (skip == 0 && scheme_of(text, "https") > 0)
		return fail(why, "a proxy that is itself reached by TLS (https://) is not "
				 "supported; use its http:// or socks5h:// port");
	if (skip == 0 && strstr(text, "://"))
		return fail(why, "the kind of proxy must be http:// or socks5h://");
	text += skip;

	size_t n = strlen(text);
	const char *slash = memchr(text, '/', n), *at;
	if (slash && slash[1] == '\0')
		n--;
	at = last_at(text, n);
	if (at && !take_credentials(text, (size_t)(at - text), &p))
		err = fail(why, "user and password must be written user:password@, at most 128 "
				"characters each, special ones as %XX");
	if (at) {
		n -= (size_t)(at + 1 - text);
		text = at + 1;
	}
	if (err == 0 && !take_place(text, n, p.via == ROUTE_HTTP ? "80" : "1080", &p.at))
		err =
		    fail(why, "the proxy must be written http://HOST:PORT or socks5h://HOST:PORT");
	if (err == 0)
		*out = p;
	secret_wipe(&p, sizeof p);
	return err;
}

static bool is_path(const char *p)
{
	for (; *p; p++)
		if ((unsigned char)*p <= ' ' || (unsigned char)*p >= 0x7f || *p == '#')
			return false;
	return true;
}

int url_websocket(const char *text, enum route_carrier *carrier, struct hostport *at,
		  char path[ROUTE_PATH_MAX + 1], char why[ROUTE_WHY_MAX])
{
	size_t skip = scheme_of(text, "wss");
	bool tls = skip > 0;

	if (!tls)
		skip = scheme_of(text, "ws");
	if (skip == 0)
		return fail(why, "a WebSocket must be written ws://HOST/PATH or wss://HOST/PATH");
	text += skip;

	size_t n = strcspn(text, "/");
	const char *rest = text[n] ? text + n : "/";
	if (!take_place(text, n, tls ? "443" : "80", at) || !is_path(rest) ||
	    strlen(rest) > ROUTE_PATH_MAX)
		return fail(why, "a WebSocket must be written ws://HOST/PATH or wss://HOST/PATH");
	*carrier = tls ? ROUTE_WSS : ROUTE_WS;
	memcpy(path, rest, strlen(rest) + 1);
	return 0;
}
