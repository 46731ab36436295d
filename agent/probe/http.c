/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/http.h"

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

/* Copies the value when the line is the field `name`. */
static void field(const char *p, size_t n, const char *name, char out[HTTP_TEXT_MAX])
{
	size_t len = strlen(name);

	if (n <= len || p[len] != ':' || strncasecmp(p, name, len) != 0)
		return;
	p += len + 1;
	n -= len + 1;
	while (n > 0 && (*p == ' ' || *p == '\t')) {
		p++;
		n--;
	}
	text_line(p, n, out, HTTP_TEXT_MAX);
}

int http_head_decode(const void *bytes, size_t n, struct http_head *out)
{
	size_t left = n < HTTP_HEAD_MAX ? n : HTTP_HEAD_MAX;
	struct http_head h = {0};
	const char *p = bytes, *next;
	size_t len = line_at(p, left, &next);

	/* Something that is not HTTP may never send a line end: refuse it by its first bytes. */
	if (left > 0 && memcmp(p, "HTTP/", left < 5 ? left : 5) != 0)
		return AS_EBADMSG;

	int err = next ? status_line(p, len, &h) : 0;
	while (err == 0 && next) {
		left -= (size_t)(next - p);
		p = next;
		len = line_at(p, left, &next);
		if (next && len == 0) {
			*out = h;
			return 0;
		}
		if (next) {
			field(p, len, "Server", h.server);
			field(p, len, "Location", h.location);
		}
	}
	if (err < 0)
		return err;
	return n < HTTP_HEAD_MAX ? AS_ESHORT : AS_E_TOO_BIG;
}

int http_request(const char *host, char *buf, size_t cap)
{
	int n = snprintf(buf, cap,
			 "HEAD / HTTP/1.1\r\n"
			 "Host: %s\r\n"
			 "User-Agent: assent-probe/" ASSENT_VERSION "\r\n"
			 "Accept: */*\r\n"
			 "Connection: close\r\n"
			 "\r\n",
			 host);

	return n < 0 || (size_t)n >= cap ? AS_EFULL : n;
}
