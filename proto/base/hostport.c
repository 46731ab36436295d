/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/base/hostport.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "proto/base/err.h"

static int copy_part(const char *from, size_t n, char *out, size_t cap)
{
	if (n == 0 || n >= cap)
		return AS_ECONFIG;
	memcpy(out, from, n);
	out[n] = '\0';
	return 0;
}

static bool is_port(const char *text)
{
	unsigned long port = 0;

	for (const char *p = text; *p; p++) {
		if (*p < '0' || *p > '9')
			return false;
		port = port * 10 + (unsigned long)(*p - '0');
	}
	return port <= 65535;
}

int hostport_split(const char *text, struct hostport *out)
{
	struct hostport t = {{0}, {0}};
	const char *colon = strrchr(text, ':');
	const char *host = text, *end = colon;

	if (!colon)
		return AS_ECONFIG;
	if (*host == '[') {
		if (end == host || end[-1] != ']')
			return AS_ECONFIG;
		host++;
		end--;
	} else if (strchr(text, ':') != colon) {
		return AS_ECONFIG; /* an IPv6 address needs its brackets */
	}
	if (copy_part(host, (size_t)(end - host), t.host, sizeof t.host) < 0 ||
	    copy_part(colon + 1, strlen(colon + 1), t.port, sizeof t.port) < 0 ||
	    !is_port(t.port) || strpbrk(t.host, " \t/@[]"))
		return AS_ECONFIG;
	*out = t;
	return 0;
}

const char *hostport_text(const struct hostport *hp, char buf[HOSTPORT_TEXT_MAX])
{
	snprintf(buf, HOSTPORT_TEXT_MAX, strchr(hp->host, ':') ? "[%s]:%s" : "%s:%s", hp->host,
		 hp->port);
	return buf;
}

uint16_t hostport_number(const struct hostport *hp)
{
	return (uint16_t)strtoul(hp->port, NULL, 10);
}
