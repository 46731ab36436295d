/* SPDX-License-Identifier: Apache-2.0
 *
 * no_proxy: whose connections do not go through the proxy.
 */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "proto/route/route.h"

struct address {
	uint8_t bytes[16];
	unsigned bits; /* 32, 128; 0: it is a name */
};

static bool take_v4(const char *text, uint8_t out[4])
{
	for (int i = 0; i < 4; i++) {
		char *end;
		unsigned long part = strtoul(text, &end, 10);

		if (!isdigit((unsigned char)*text) || end - text > 3 || part > 255 ||
		    *end != (i < 3 ? '.' : '\0'))
			return false;
		out[i] = (uint8_t)part;
		text = end + 1;
	}
	return true;
}

/* RFC 4291 section 2.2, all three forms. */
static bool take_v6(const char *text, uint8_t out[16])
{
	uint8_t head[16] = {0}, tail[16] = {0};
	size_t n = 0, t = 0;
	bool gap = false;

	if (strncmp(text, "::", 2) == 0) {
		gap = true;
		text += 2;
	}
	while (*text) {
		uint8_t *to = gap ? tail : head;
		size_t *len = gap ? &t : &n;
		char *end;
		unsigned long part = strtoul(text, &end, 16);

		if (!isxdigit((unsigned char)*text) || end - text > 4 || *len + 2 > 16)
			return false;
		if (*end == '.') {
			if (*len + 4 > 16 || !take_v4(text, to + *len))
				return false;
			*len += 4;
			break;
		}
		to[(*len)++] = (uint8_t)(part >> 8);
		to[(*len)++] = (uint8_t)part;
		text = end;
		if (*text == '\0')
			break;
		if (*text++ != ':' || *text == '\0')
			return false;
		if (*text == ':') {
			if (gap)
				return false;
			gap = true;
			text++;
		}
	}
	if (n + t > 16 || (!gap && n != 16) || (gap && n + t > 14))
		return false;
	memcpy(out, head, 16);
	memcpy(out + 16 - t, tail, t);
	return true;
}

static struct address address_of(const char *text)
{
	struct address a = {.bits = 0};

	if (take_v4(text, a.bytes))
		a.bits = 32;
	else if (take_v6(text, a.bytes))
		a.bits = 128;
	return a;
}

static bool has_prefix(const struct address *a, const struct address *net, unsigned bits)
{
	size_t whole = bits / 8;

	if (a->bits != net->bits || memcmp(a->bytes, net->bytes, whole) != 0)
		return false;
	if (bits % 8 == 0)
		return true;
	return ((a->bytes[whole] ^ net->bytes[whole]) >> (8 - bits % 8)) == 0;
}

/* "192.0.2.0/24", "2001:db8::/32", or without a prefix length. */
static bool is_in_network(const struct address *host, char *entry)
{
	char *slash = strchr(entry, '/');
	unsigned long bits = 128;

	if (slash) {
		char *end;

		*slash = '\0';
		bits = strtoul(slash + 1, &end, 10);
		if (!isdigit((unsigned char)slash[1]) || *end)
			return false;
	}

	struct address net = address_of(entry);
	if (net.bits == 0 || (slash && bits > net.bits))
		return false;
	return has_prefix(host, &net, slash ? (unsigned)bits : net.bits);
}

static size_t without_dot(const char *name)
{
	size_t n = strlen(name);

	return n > 1 && name[n - 1] == '.' ? n - 1 : n;
}

static bool is_below(const char *host, const char *entry)
{
	size_t skip = strncmp(entry, "*.", 2) == 0 ? 2 : entry[0] == '.', h, n;

	entry += skip;
	h = without_dot(host);
	n = without_dot(entry);
	if (n == 0 || h < n || strncasecmp(host + h - n, entry, n) != 0)
		return false;
	return h == n || host[h - n - 1] == '.';
}

/* Cuts "host:port" and "[v6]:port"; false when the port is another one. */
static bool take_port(char **entry, const char *port)
{
	char *close = **entry == '[' ? strchr(*entry, ']') : NULL;
	char *colon = strchr(close ? close : *entry, ':');

	if (close) {
		*close = '\0';
		++*entry;
	}
	if (!colon || (!close && strchr(colon + 1, ':')))
		return true; /* none, or an IPv6 address without brackets */
	*colon = '\0';
	return strcmp(colon + 1, port) == 0;
}

static bool matches(const struct hostport *to, const struct address *host, char *entry)
{
	if (strcmp(entry, "*") == 0)
		return true;
	if (!take_port(&entry, to->port))
		return false;
	return host->bits > 0 ? is_in_network(host, entry) : is_below(to->host, entry);
}

bool route_is_exempt(const struct hostport *to, const char *no_proxy)
{
	struct address host = address_of(to->host);
	char entry[HOSTPORT_TEXT_MAX];

	while (no_proxy && *no_proxy) {
		size_t n = strcspn(no_proxy, ", \t");

		if (n > 0 && n < sizeof entry) {
			memcpy(entry, no_proxy, n);
			entry[n] = '\0';
			if (matches(to, &host, entry))
				return true;
		}
		no_proxy += n;
		no_proxy += strspn(no_proxy, ", \t");
	}
	return false;
}
