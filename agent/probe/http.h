/* SPDX-License-Identifier: Apache-2.0
 *
 * The head of an HTTP answer, as far as a probe needs it. Pure; the bytes are a stranger's.
 */
#ifndef AS_AGENT_PROBE_HTTP_H
#define AS_AGENT_PROBE_HTTP_H

#include <stddef.h>
#include <stdint.h>

#define HTTP_HEAD_MAX 8192
#define HTTP_TEXT_MAX 128

struct http_head {
	uint8_t major, minor;
	uint16_t status;	    /* 100..599 */
	char reason[HTTP_TEXT_MAX]; /* clean text; "" when missing */
	char server[HTTP_TEXT_MAX];
	char location[HTTP_TEXT_MAX];
};

/* AS_ESHORT: the head is not whole yet, read on; AS_E_TOO_BIG: it is longer than HTTP_HEAD_MAX;
 * AS_EBADMSG: not HTTP. Bytes after the empty line are not looked at. */
int http_head_decode(const void *p, size_t n, struct http_head *out);

/* "HEAD / HTTP/1.1" with its Host line; bytes written or AS_EFULL. host: as in the URL. */
#define HTTP_REQUEST_MAX 512
int http_request(const char *host, char *buf, size_t cap);

#endif
