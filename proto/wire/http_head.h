/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of an HTTP message, as far as a probe, a proxy's client and a WebSocket need it. Pure;
 * the bytes are a stranger's. A head is at most HTTP_HEAD_MAX bytes; what follows its empty line
 * is not looked at.
 */
#ifndef AS_WIRE_HTTP_HEAD_H
#define AS_WIRE_HTTP_HEAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX	8192
#define HTTP_TEXT_MAX	128
#define HTTP_METHOD_MAX 15

struct http_head {
	uint8_t major, minor;
	uint16_t status;	    /* 100..599 */
	char reason[HTTP_TEXT_MAX]; /* clean text; "" when missing */
	char server[HTTP_TEXT_MAX];
	char location[HTTP_TEXT_MAX];
	size_t size; /* up to and with the empty line */
};

/* An answer. AS_ESHORT: the head is not whole yet, read on; AS_E_TOO_BIG: it is longer than
 * HTTP_HEAD_MAX; AS_EBADMSG: not HTTP. */
int http_head_decode(const void *p, size_t n, struct http_head *out);

struct http_request_head {
	char method[HTTP_METHOD_MAX + 1];
	uint8_t major, minor;
	size_t size;
};

/* A request; fails as http_head_decode(). */
int http_request_decode(const void *p, size_t n, struct http_request_head *out);

/* The i-th field of this name in a whole head of n bytes, of either kind. *value points into the
 * head, without blanks around it. False when there are not so many. */
bool http_field(const void *head, size_t n, const char *name, size_t i, const char **value,
		size_t *len);

/* Is token, in any case, one of the comma-separated words of the fields of this name? */
bool http_has_token(const void *head, size_t n, const char *name, const char *token);

#endif
