/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/route/system.h"

#include <string.h>
#include <strings.h>

#include "proto/base/err.h"
#include "proto/base/text.h"
#include "proto/route/url.h"

#define SEPARATORS "; \t\r\n"

static bool begins(const char *text, size_t n, const char *with)
{
	size_t len = strlen(with);

	return n >= len && strncasecmp(text, with, len) == 0;
}

/* Of one entry the part that says where the proxy is; NULL when it is for other connections. Some
 * pass a script's answer on with its words ("PROXY a:1; PROXY b:2"). */
static const char *for_tls(const char *entry, size_t n)
{
	const char *equals = memchr(entry, '=', n);

	if (!equals)
		return n == 5 && begins(entry, n, "PROXY") ? NULL : entry;
	return begins(entry, (size_t)(equals - entry) + 1, "https=") ? equals + 1 : NULL;
}

int system_proxy(const char *proxies, struct route_proxy *out, char why[ROUTE_WHY_MAX],
		 const char **rest)
{
	char one[HOSTPORT_TEXT_MAX + 16];

	for (const char *p = proxies + strspn(proxies, SEPARATORS); *p;) {
		size_t n = strcspn(p, SEPARATORS);
		const char *at = for_tls(p, n);
		size_t len = at ? n - (size_t)(at - p) : 0;

		if (len > 0 && len < sizeof one) {
			memcpy(one, at, len);
			one[len] = '\0';
			if (rest)
				*rest = p + n;
			return url_proxy(one, out, why) < 0 ? AS_ECONFIG : 1;
		}
		p += n;
		p += strspn(p, SEPARATORS);
	}
	return 0;
}

/* "https://", and a port behind a name or a bracket. */
static bool entry_matches(const struct hostport *to, const char *p, size_t n)
{
	const char *colon = NULL;

	if (begins(p, n, "http://"))
		return false;
	if (begins(p, n, "https://")) {
		p += 8;
		n -= 8;
	}
	if (begins(p, n, "<local>"))
		return n == 7 && !strpbrk(to->host, ".:");
	if (n > 0 && p[0] == '[') {
		const char *close = memchr(p, ']', n);
		size_t inner = close ? (size_t)(close - p) - 1 : 0;

		if (!close || (close + 1 < p + n && close[1] != ':'))
			return false;
		return text_glob(p + 1, inner, to->host, true) &&
		       (close + 1 == p + n ||
			text_glob(close + 2, n - (size_t)(close + 2 - p), to->port, true));
	}
	colon = memchr(p, ':', n);
	if (colon && !memchr(colon + 1, ':', n - (size_t)(colon + 1 - p))) {
		if (!text_glob(colon + 1, n - (size_t)(colon + 1 - p), to->port, true))
			return false;
		n = (size_t)(colon - p);
	}
	return n > 0 && text_glob(p, n, to->host, true);
}

bool system_is_exempt(const struct hostport *to, const char *bypass)
{
	const char *p = bypass + strspn(bypass, SEPARATORS ",");

	while (*p) {
		size_t n = strcspn(p, SEPARATORS ",");

		if (entry_matches(to, p, n))
			return true;
		p += n;
		p += strspn(p, SEPARATORS ",");
	}
	return false;
}
