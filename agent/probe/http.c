/* SPDX-License-Identifier: Apache-2.0 */
#include "agent/probe/http.h"

#include <stdio.h>

#include "proto/base/err.h"

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
