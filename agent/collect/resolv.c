/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/collect/resolv.h"

#include <stdbool.h>
#include <string.h>

#define ADDR_CHARS "0123456789abcdefABCDEF.:"
#define ZONE_CHARS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-"

/* An address, with a zone behind '%' where there is one. */
static bool is_address(const char *a)
{
	size_t n = strspn(a, ADDR_CHARS);

	if (n == 0)
		return false;
	return a[n] == '\0' ||
	       (a[n] == '%' && a[n + 1] && a[n + 1 + strspn(a + n + 1, ZONE_CHARS)] == 0);
}

static void add(struct resolv *r, const char *p, size_t n)
{
	char addr[RESOLV_ADDR_LEN + 1];

	if (n > RESOLV_ADDR_LEN || r->count == RESOLV_SERVERS_MAX)
		return;
	memcpy(addr, p, n);
	addr[n] = '\0';
	if (strlen(addr) != n || !is_address(addr))
		return;
	for (size_t i = 0; i < r->count; i++)
		if (strcmp(r->at[i], addr) == 0)
			return;
	memcpy(r->at[r->count++], addr, n + 1);
}

static bool blank(char c)
{
	return c == ' ' || c == '\t';
}

static void parse_line(const char *p, size_t n, struct resolv *r)
{
	static const char word[] = "nameserver";
	size_t at = sizeof(word) - 1, end;

	if (n <= at || memcmp(p, word, at) != 0 || !blank(p[at]))
		return;
	while (at < n && blank(p[at]))
		at++;
	for (end = at; end < n && !blank(p[end]) && p[end] != '\r';)
		end++;
	add(r, p + at, end - at);
}

void resolv_parse(const char *text, size_t n, struct resolv *r)
{
	while (n > 0) {
		const char *nl = memchr(text, '\n', n);
		size_t len = nl ? (size_t)(nl - text) : n;
		size_t step = nl ? len + 1 : len;

		parse_line(text, len, r);
		text += step;
		n -= step;
	}
}
