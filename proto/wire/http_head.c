/* SPDX-License-Identifier: Apache-2.0 */
#include "proto/wire/http_head.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "proto/base/err.h"
#include "proto/base/text.h"

/* Length of the line at p without its end; *next is where the next one starts, NULL when the line
 * does not end within n bytes. */
static size_t line_at(const char *p, size_t n, const char **next)
{
	const char *nl = n ? memchr(p, '\n', n) : NULL;

	*next = nl ? nl + 1 : NULL;
	if (!nl)
		return n;

	size_t len = (size_t)(nl - p);
	return len > 0 && p[len - 1] == '\r' ? len - 1 : len;
}

/* Without blanks at both ends. */
static void trim(const char **p, size_t *n)
{
	while (*n > 0 && (**p == ' ' || **p == '\t')) {
		++*p;
		--*n;
	}
	while (*n > 0 && ((*p)[*n - 1] == ' ' || (*p)[*n - 1] == '\t'))
		--*n;
}

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "HTTP/1.1 301 Moved Permanently"; the reason may be missing. */
static int status_line(const char *p, size_t n, struct http_head *h)
{
	if (n < 12 || memcmp(p, "HTTP/", 5) != 0 || !digit(p[5]) || p[6] != '.' || !digit(p[7]) ||
	    p[8] != ' ' || !digit(p[9]) || !digit(p[10]) || !digit(p[11]) ||
	    (n > 12 && p[12] != ' '))
		return AS_EBADMSG;

	h->major = (uint8_t)(p[5] - '0');
	h->minor = (uint8_t)(p[7] - '0');
	h->status = (uint16_t)((p[9] - '0') * 100 + (p[10] - '0') * 10 + (p[11] - '0'));
	if (h->status < 100 || h->status > 599)
		return AS_EBADMSG;
	if (n > 13)
		text_line(p + 13, n - 13, h->reason, sizeof(h->reason));
	return 0;
}

/* The value when the line is the field `name`. */
static bool is_field(const char *p, size_t n, const char *name, const char **value, size_t *len)
{
	size_t skip = strlen(name);

	if (n <= skip || p[skip] != ':' || strncasecmp(p, name, skip) != 0)
		return false;
	*value = p + skip + 1;
	*len = n - skip - 1;
	trim(value, len);
	return true;
}

static void keep(const char *p, size_t n, const char *name, char out[HTTP_TEXT_MAX])
{
	const char *value;
	size_t len;

	if (is_field(p, n, name, &value, &len))
		text_line(value, len, out, HTTP_TEXT_MAX);
}

/* Up to and with the empty line; 0: not there within n bytes. */
static size_t head_size(const char *p, size_t n)
{
	const char *at = p, *next;

	while (at) {
		size_t left = n - (size_t)(at - p), len = line_at(at, left, &next);

		if (next && len == 0)
			return (size_t)(next - p);
		at = next;
	}
	return 0;
}

static int unfinished(size_t n)
{
	return n < HTTP_HEAD_MAX ? AS_ESHORT : AS_E_TOO_BIG;
}

int http_head_decode(const void *bytes, size_t n, struct http_head *out)
{
	size_t cap = n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX, len;
	struct http_head h = {0};
	const char *p = bytes, *next;

	/* Something that is not HTTP may never send a line end: refuse it by its first bytes. */
	if (cap > 0 && memcmp(p, "HTTP/", cap < 5 ? cap : 5) != 0)
		return AS_EBADMSG;
	len = line_at(p, cap, &next);

	int err = next ? status_line(p, len, &h) : 0;
	if (err < 0)
		return err;
	h.size = head_size(p, cap);
	if (h.size == 0)
		return unfinished(n);
	for (const char *at = next; at && at < p + h.size; at = next) {
		len = line_at(at, h.size - (size_t)(at - p), &next);
		keep(at, len, "Server", h.server);
		keep(at, len, "Location", h.location);
	}
	*out = h;
	return 0;
}

static bool is_version(const char *p)
{
	return memcmp(p, "HTTP/", 5) == 0 && digit(p[5]) && p[6] == '.' && digit(p[7]);
}

/* "GET /path HTTP/1.1" */
static int request_line(const char *p, size_t n, struct http_request_head *r)
{
	const char *blank = memchr(p, ' ', n);
	size_t method = blank ? (size_t)(blank - p) : 0;

	if (method == 0 || method > HTTP_METHOD_MAX || n < method + 1 + 1 + 1 + 8)
		return AS_EBADMSG;
	for (size_t i = 0; i < method; i++)
		if (p[i] < 'A' || p[i] > 'Z')
			return AS_EBADMSG;
	for (size_t i = method + 1; i < n - 9; i++)
		if ((unsigned char)p[i] <= ' ' || (unsigned char)p[i] >= 0x7f)
			return AS_EBADMSG;
	if (p[n - 9] != ' ' || !is_version(p + n - 8))
		return AS_EBADMSG;
	memcpy(r->method, p, method);
	r->method[method] = '\0';
	r->major = (uint8_t)(p[n - 3] - '0');
	r->minor = (uint8_t)(p[n - 1] - '0');
	return 0;
}

int http_request_decode(const void *bytes, size_t n, struct http_request_head *out)
{
	size_t cap = n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX, len;
	struct http_request_head r = {.method = ""};
	const char *p = bytes, *next;

	if (cap > 0 && (p[0] < 'A' || p[0] > 'Z'))
		return AS_EBADMSG;
	len = line_at(p, cap, &next);

	int err = next ? request_line(p, len, &r) : 0;
	if (err < 0)
		return err;
	r.size = head_size(p, cap);
	if (r.size == 0)
		return unfinished(n);
	*out = r;
	return 0;
}

bool http_field(const void *head, size_t n, const char *name, size_t i, const char **value,
		size_t *len)
{
	const char *p = head, *next;

	(void)line_at(p, n, &next);
	for (const char *at = next; at; at = next) {
		size_t size = line_at(at, n - (size_t)(at - p), &next);

		if (next && size == 0)
			return false;
		if (is_field(at, size, name, value, len) && i-- == 0)
			return true;
	}
	return false;
}

static bool has_word(const char *p, size_t n, const char *token)
{
	while (n > 0) {
		const char *comma = memchr(p, ',', n), *word = p;
		size_t len = comma ? (size_t)(comma - p) : n;

		n -= comma ? len + 1 : len;
		p += comma ? len + 1 : len;
		trim(&word, &len);
		if (len == strlen(token) && strncasecmp(word, token, len) == 0)
			return true;
	}
	return false;
}

bool http_has_token(const void *head, size_t n, const char *name, const char *token)
{
	const char *value;
	size_t len;

	for (size_t i = 0; http_field(head, n, name, i, &value, &len); i++)
		if (has_word(value, len, token))
			return true;
	return false;
}
