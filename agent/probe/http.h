/* SPDX-License-Identifier: Apache-2.0
 *
 * What the probe asks a web server. What the server answers is read by wire/http_head.h.
 */
#ifndef AS_AGENT_PROBE_HTTP_H
#define AS_AGENT_PROBE_HTTP_H

#include <stddef.h>

/* "HEAD / HTTP/1.1" with its Host line; bytes written or AS_EFULL. host: as in the URL. */
#define HTTP_REQUEST_MAX 512
int http_request(const char *host, char *buf, size_t cap);

#endif
