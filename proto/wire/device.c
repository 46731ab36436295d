/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/device.h"

#include <string.h>

#include "proto/base/err.h"

#define LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
#define DIGITS	"0123456789"

static bool has_only(const char *s, size_t n, const char *allowed)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] == '\0' || !strchr(allowed, s[i]))
			return false;
	return true;
}

static bool take(const char *from, size_t n, char *out, size_t max)
{
	if (n == 0 || n > max)
		return false;
	memcpy(out, from, n);
	out[n] = '\0';
	return true;
}

/* Nothing that begins like an option. RouterOS takes settings behind a '+'. */
static bool take_user(const char *from, size_t n, struct device *d)
{
	return take(from, n, d->user, DEVICE_USER_MAX) && has_only(from, 1, LETTERS DIGITS "_") &&
	       has_only(from, n, LETTERS DIGITS "._-+");
}

/* "2001:db8::1", "fe80::1%eth0": what else it must be, getaddrinfo(AI_NUMERICHOST) knows. */
static bool is_ipv6(const char *host)
{
	size_t address = strcspn(host, "%"), colons = 0;
	const char *zone = host[address] == '%' ? host + address + 1 : NULL;

	for (size_t i = 0; i < address; i++)
		colons += host[i] == ':';
	if (zone && (!*zone || !has_only(zone, strlen(zone), LETTERS DIGITS "._-")))
		return false;
	return colons >= 2 && address <= 45 && has_only(host, address, "abcdefABCDEF" DIGITS ":.");
}

/* Labels of letters, digits, '-' and '_' between dots; none empty, none with a '-' in front. */
static bool is_name(const char *host)
{
	const char *at = host;

	for (;;) {
		size_t n = strcspn(at, ".");

		if (n == 0 || n > 63 || at[0] == '-' || !has_only(at, n, LETTERS DIGITS "_-"))
			return false;
		if (at[n] == '\0')
			return true;
		at += n + 1;
	}
}

/* Returns where the host ends, or NULL. */
static const char *take_host(const char *at, struct device *d)
{
	if (*at == '[') {
		size_t n = strcspn(++at, "]");

		if (at[n] != ']' || !take(at, n, d->host, DEVICE_HOST_MAX) || !is_ipv6(d->host))
			return NULL;
		return at + n + 1;
	}

	size_t n = strcspn(at, ":,");
	return take(at, n, d->host, DEVICE_HOST_MAX) && is_name(d->host) ? at + n : NULL;
}

static const char *take_port(const char *at, struct device *d)
{
	uint32_t port = 0;
	size_t n;

	d->port = DEVICE_PORT;
	if (*at != ':')
		return at;
	n = strspn(++at, DIGITS);
	if (n == 0 || n > 5 || at[0] == '0')
		return NULL;
	for (size_t i = 0; i < n; i++)
		port = port * 10 + (uint32_t)(at[i] - '0');
	d->port = (uint16_t)port;
	return port <= UINT16_MAX ? at + n : NULL;
}

bool device_type_is_plain(const char *type)
{
	size_t n = strlen(type);

	return n > 0 && n <= DEVICE_TYPE_MAX && type[0] != '-' &&
	       has_only(type, n, "abcdefghijklmnopqrstuvwxyz" DIGITS "-") &&
	       strcmp(type, "config") != 0 && strcmp(type, "legacy") != 0;
}

/* ",WORD" at *at? Goes behind it. */
static bool take_word(const char **at, const char *word)
{
	size_t n = strlen(word);

	if (**at != ',' || strncmp(*at + 1, word, n) != 0 || ((*at)[n + 1] && (*at)[n + 1] != ','))
		return false;
	*at += n + 1;
	return true;
}

static bool take_type(const char **at, struct device *d)
{
	char type[DEVICE_TYPE_MAX + 1];
	size_t n = **at == ',' ? strcspn(*at + 1, ",") : 0;

	if (!take(*at + 1, n, type, DEVICE_TYPE_MAX) || !device_type_is_plain(type))
		return false;
	memcpy(d->type, type, sizeof type);
	*at += n + 1;
	return true;
}

int device_parse(const char *target, struct device *out)
{
	struct device d = {0};
	size_t user = strcspn(target, "@");
	const char *at = target[user] ? target + user + 1 : NULL;

	if (!at || !take_user(target, user, &d))
		return AS_E_SCOPE;
	at = take_host(at, &d);
	if (at)
		at = take_port(at, &d);
	if (!at)
		return AS_E_SCOPE;
	take_type(&at, &d);
	d.config = take_word(&at, "config");
	d.legacy = take_word(&at, "legacy");
	if (*at)
		return AS_E_SCOPE;
	*out = d;
	return 0;
}
