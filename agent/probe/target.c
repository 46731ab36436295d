/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/target.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "proto/base/err.h"

#define NAME_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"
#define ADDR_CHARS NAME_CHARS ":%" /* and a zone: fe80::1%eth0 */

static const struct {
	const char *text;
	uint16_t port; /* 0: the caller's */
	enum target_speaks speaks;
} schemes[] = {
    {"https://", 443, TARGET_HTTPS},
    {"http://", 80, TARGET_HTTP},
    {"tls://", 0, TARGET_TLS},
    {"tcp://", 0, TARGET_TCP},
};

/* Ports on which a service starts without being asked to. Elsewhere a connection must do. */
static enum target_speaks speaks_on(uint16_t port)
{
	switch (port) {
	case 443:
	case 8443:
		return TARGET_HTTPS;
	case 80:
	case 8080:
		return TARGET_HTTP;
	case 465:
	case 636:
	case 853:
	case 993:
	case 995:
	case 3269:
	case 5061:
	case 6514:
		return TARGET_TLS;
	default:
		return TARGET_TCP;
	}
}

static int port_parse(const char *text, uint16_t *out)
{
	size_t n = strspn(text, "0123456789");
	unsigned v = 0;

	if (n == 0 || n > 5 || text[n] != '\0')
		return AS_EBADMSG;
	for (size_t i = 0; i < n; i++)
		v = v * 10 + (unsigned)(text[i] - '0');
	if (v == 0 || v > 65535)
		return AS_EBADMSG;
	*out = (uint16_t)v;
	return 0;
}

/* Where the host ends, and the text of the port or NULL. */
static int split(const char **host, size_t *len, const char **port)
{
	const char *text = *host;
	const char *colon = strchr(text, ':');
	const char *end;

	*port = NULL;
	if (text[0] == '[') {
		end = strchr(text, ']');
		if (!end || (end[1] != '\0' && end[1] != ':'))
			return AS_EBADMSG;
		*host = text + 1;
		*port = end[1] == ':' ? end + 2 : NULL;
	} else if (colon && !strchr(colon + 1, ':')) {
		end = colon;
		*port = colon + 1;
	} else {
		end = text + strlen(text); /* a name, or a bare IPv6 address */
	}
	*len = (size_t)(end - *host);
	return 0;
}

int target_parse(const char *text, uint16_t default_port, struct target *out)
{
	struct target t = {.port = default_port};
	const char *host = text, *port;
	size_t len;
	bool told = false;

	for (size_t i = 0; i < sizeof(schemes) / sizeof(schemes[0]) && !told; i++) {
		size_t n = strlen(schemes[i].text);

		if (strncmp(text, schemes[i].text, n) != 0)
			continue;
		told = true;
		host = text + n;
		t.speaks = schemes[i].speaks;
		t.port = schemes[i].port ? schemes[i].port : default_port;
	}

	int err = split(&host, &len, &port);
	if (err == 0 && port)
		err = port_parse(port, &t.port);
	if (err < 0)
		return err;
	if (len > TARGET_HOST_MAX)
		return AS_E_TOO_BIG;
	memcpy(t.host, host, len);

	const char *allowed = strchr(t.host, ':') ? ADDR_CHARS : NAME_CHARS;
	if (len == 0 || t.host[0] == '-' || strspn(t.host, allowed) != len)
		return AS_EBADMSG;
	if (!told)
		t.speaks = speaks_on(t.port);
	*out = t;
	return 0;
}

bool target_is_address(const struct target *t)
{
	struct in_addr v4;

	return strchr(t->host, ':') || inet_pton(AF_INET, t->host, &v4) == 1;
}

const char *target_text(const struct target *t, char buf[TARGET_TEXT])
{
	bool v6 = strchr(t->host, ':') != NULL;

	snprintf(buf, TARGET_TEXT, "%s%s%s:%u", v6 ? "[" : "", t->host, v6 ? "]" : "", t->port);
	return buf;
}
